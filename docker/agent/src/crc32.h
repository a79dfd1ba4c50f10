// The CRC-32 of zip and gzip. Pure.
#ifndef OSRUN_CRC32_H
#define OSRUN_CRC32_H

#include <stddef.h>
#include <stdint.h>

// Once, before the first `crc32_add`.
void crc32_prepare(void);

// The digest of what was digested before and of these bytes after it; it starts as 0.
uint32_t crc32_add(uint32_t digest, const void *bytes, size_t length);

#endif
