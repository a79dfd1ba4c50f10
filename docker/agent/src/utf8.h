// UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF. Pure.
#ifndef OSRUN_UTF8_H
#define OSRUN_UTF8_H

#include <stddef.h>
#include <stdint.h>

// The length of the one valid character at `at`, 1 to 4, or 0 if there is none.
size_t utf8_length(const char *at, const char *end);

// Writes a code point that is no surrogate; returns its length, 1 to 4.
size_t utf8_encode(uint32_t code_point, char out[4]);

// Writes UTF-16 up to its final NUL, and a NUL, to `out`, which has room for three bytes a unit and that NUL. Half a
// surrogate pair becomes U+FFFD. Returns the length.
size_t utf8_of_utf16(const uint16_t *units, char *out);

#endif
