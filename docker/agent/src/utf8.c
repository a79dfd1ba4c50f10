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

size_t utf8_of_utf16(const uint16_t *units, char *out) {
  char *to = out;
  while (*units) {
    uint32_t code_point = *units++;
    if (code_point >= 0xD800 && code_point <= 0xDFFF) {
      bool pair = code_point <= 0xDBFF && *units >= 0xDC00 && *units <= 0xDFFF;
      code_point = pair ? 0x10000 + ((code_point - 0xD800) << 10) + (uint32_t)(*units++ - 0xDC00) : 0xFFFD;
    }
    char encoded[4];
    size_t length = utf8_encode(code_point, encoded);
    for (size_t byte = 0; byte < length; byte++) *to++ = encoded[byte];
  }
  *to = 0;
  return (size_t)(to - out);
}

static bool is_tail(const char *at, const char *end, size_t count) {
  if ((size_t)(end - at) < count) return false;
  for (size_t index = 0; index < count; index++) {
    if (((uint8_t)at[index] & 0xC0) != 0x80) return false;
  }
  return true;
}
