// What must hold for any bytes at all, for the random rounds of `fuzz-test` and for libFuzzer.
#ifndef OSRUN_FUZZ_H
#define OSRUN_FUZZ_H

#include <stddef.h>
#include <stdint.h>

// As a connection's bytes: decodes them in parts, whose lengths `cuts` gives by turns (NULL: all at once), gives each
// payload to those who would read it, and returns a sum of all that was found, which no split may change.
uint64_t fuzz_connection(const uint8_t *bytes, size_t length, const uint8_t *cuts, size_t cut_count);

// As the payload of each control frame.
void fuzz_payload(const uint8_t *bytes, size_t length);

#endif
