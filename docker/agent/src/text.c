#include "text.h"

#include <stdlib.h>
#include <windows.h>

wchar_t *text_wide(struct json string) {
  char *utf8 = malloc(string.length);
  // UTF-16 never needs more units than UTF-8 needs bytes.
  wchar_t *wide = malloc(string.length * sizeof(wchar_t));
  if (utf8 && wide) {
    int length = (int)json_text(string, utf8);
    int units = length ? MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, length, wide, length) : 0;
    wide[units] = 0;
  } else {
    free(wide);
    wide = NULL;
  }
  free(utf8);
  return wide;
}

char *text_utf8(const wchar_t *wide, char *out, size_t capacity) {
  size_t units = wcslen(wide);
  if (units >= capacity) units = capacity - 1;
  int length = 0;
  while (units > 0) {
    if (IS_HIGH_SURROGATE(wide[units - 1])) units--;
    if (units == 0) break;
    length = WideCharToMultiByte(CP_UTF8, 0, wide, (int)units, out, (int)capacity - 1, NULL, NULL);
    if (length > 0) break;
    units = units * 3 / 4;
  }
  out[length] = 0;
  return out;
}

char *text_of_error(unsigned long error, char *out, size_t capacity) {
  wchar_t wide[256];
  DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
  DWORD length = FormatMessageW(flags, NULL, error, 0, wide, sizeof wide / sizeof *wide, NULL);
  while (length > 0 && wide[length - 1] == L' ') length--;
  wide[length] = 0;
  return text_utf8(length ? wide : L"unknown error", out, capacity);
}
