#include "check.h"
#include "crc32.h"

static uint32_t digest(const char *text) {
  return crc32_add(0, text, strlen(text));
}

static void known_digests(void) {
  CHECK(digest("") == 0);
  CHECK(digest("a") == 0xE8B7BE43);
  CHECK(digest("123456789") == 0xCBF43926);
  CHECK(digest("The quick brown fox jumps over the lazy dog") == 0x414FA339);
}

// Bit by bit, as the polynomial is defined.
static uint32_t slow(const uint8_t *bytes, size_t length) {
  uint32_t rest = 0xFFFFFFFF;
  for (size_t index = 0; index < length; index++) {
    rest ^= bytes[index];
    for (int bit = 0; bit < 8; bit++) rest = rest & 1 ? rest >> 1 ^ 0xEDB88320 : rest >> 1;
  }
  return ~rest;
}

static void every_length_and_cut(void) {
  uint8_t bytes[100];
  uint32_t random = 7;
  for (size_t index = 0; index < sizeof bytes; index++) {
    random = random * 1664525 + 1013904223;
    bytes[index] = (uint8_t)(random >> 24);
  }
  for (size_t length = 0; length <= sizeof bytes; length++) {
    uint8_t *copy = (uint8_t *)exact_copy(bytes, length);
    uint32_t expected = slow(bytes, length);
    for (size_t cut = 0; cut <= length; cut++) {
      CHECK(crc32_add(crc32_add(0, copy, cut), copy + cut, length - cut) == expected);
    }
    free(copy);
  }
}

int main(void) {
  crc32_prepare();
  TEST("a digest is that of zip and gzip", known_digests);
  TEST("bytes may come in pieces of any length", every_length_and_cut);
  return 0;
}
