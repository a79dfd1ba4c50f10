#include "utf8.h"

#include <stdbool.h>

static bool is_tail(const char *at, const char *end, size_t count);

size_t utf8_length(const char *at, const char *end) {
  if (at >= end) return 0;
  uint8_t first = (uint8_t)at[0];
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (!is_tail(at + 1, end, length - 1)) return 0;

  uint8_t second = (uint8_t)at[1];
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return length;
}

size_t utf8_encode(uint32_t code_point, char out[4]) {
  if (code_point < 0x80) {
    out[0] = (char)code_point;
    return 1;
  }
  size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
  for (size_t byte = length - 1; byte > 0; byte--) {
    out[byte] = (char)(0x80 | (code_point & 0x3F));
    code_point >>= 6;
  }
  static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  out[0] = (char)(lead[length] | code_point);
  return length;
}

static bool is_tail(const char *at, const char *end, size_t count) {
  if ((size_t)(end - at) < count) return false;
  for (size_t index = 0; index < count; index++) {
    if (((uint8_t)at[index] & 0xC0) != 0x80) return false;
  }
  return true;
}
