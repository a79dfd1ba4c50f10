// A reader for the few small JSON objects that a host sends. Nothing is built in memory: `json_check` proves a text
// whole, and after it values are slices of that text. Pure: no I/O, no allocation, recursion bounded.
#ifndef OSRUN_JSON_H
#define OSRUN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX_DEPTH 16

enum json_kind { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

// A value, without the white space around it. All functions but `json_check` want one that came from it.
struct json {
  const char *at;
  size_t length;
};

// True if the text is exactly one object: valid UTF-8, at most JSON_MAX_DEPTH deep, no lone surrogates, and no
// U+0000 in a string, so that every string can be a C string.
bool json_check(const char *text, size_t length, struct json *object);

enum json_kind json_kind(struct json value);

// The object's member of that name; of several the last, as JSON.parse has it.
bool json_member(struct json object, const char *name, struct json *value);

// Walks an object's members: start with `*position` 0, until false.
bool json_next(struct json object, size_t *position, struct json *name, struct json *value);

// Writes a string's text and a final NUL to `out`, which has room for `value.length` bytes; returns its length.
size_t json_text(struct json string, char *out);

bool json_text_is(struct json string, const char *text);
bool json_text_contains(struct json string, char ascii);

// Whole numbers written without fraction or exponent, up to 2^53 either way; else false.
bool json_integer(struct json value, int64_t *out);

#endif
