// Between the UTF-8 of the wire and the UTF-16 of Windows.
#ifndef OSRUN_TEXT_H
#define OSRUN_TEXT_H

#include <stddef.h>
#include <wchar.h>

#include "json.h"

// A JSON string's text, to be freed; NULL if memory is short.
wchar_t *text_wide(struct json string);

// As much of it as fits, NUL-terminated, never half a character. Returns `out`.
char *text_utf8(const wchar_t *wide, char *out, size_t capacity);

// What Windows says about an error, without a line end. Returns `out`.
char *text_of_error(unsigned long error, char *out, size_t capacity);

#endif
