#include "crc32.h"

// Eight bytes a step, each through a table of its own: a guest that is emulated has no fast instruction for it.
#define SLICES 8
#define POLYNOMIAL 0xEDB88320u

static uint32_t tables[SLICES][256];

static uint64_t read_u64(const uint8_t *at);

void crc32_prepare(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; bit++) rest = rest & 1 ? rest >> 1 ^ POLYNOMIAL : rest >> 1;
    tables[0][byte] = rest;
  }
  for (int slice = 1; slice < SLICES; slice++) {
    for (int byte = 0; byte < 256; byte++) {
      uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = before >> 8 ^ tables[0][before & 0xFF];
    }
  }
}

uint32_t crc32_add(uint32_t digest, const void *bytes, size_t length) {
  const uint8_t *at = bytes;
  uint32_t rest = ~digest;
  for (; length >= SLICES; length -= SLICES, at += SLICES) {
    uint64_t eight = read_u64(at) ^ rest;
    rest = tables[7][eight & 0xFF] ^ tables[6][eight >> 8 & 0xFF] ^ tables[5][eight >> 16 & 0xFF] ^
           tables[4][eight >> 24 & 0xFF] ^ tables[3][eight >> 32 & 0xFF] ^ tables[2][eight >> 40 & 0xFF] ^
           tables[1][eight >> 48 & 0xFF] ^ tables[0][eight >> 56];
  }
  for (; length > 0; length--) rest = rest >> 8 ^ tables[0][(rest ^ *at++) & 0xFF];
  return ~rest;
}

// The compiler makes one load of it.
static uint64_t read_u64(const uint8_t *at) {
  return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
         (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}
