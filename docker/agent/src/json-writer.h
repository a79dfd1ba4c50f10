// Writes one flat JSON object into a buffer of the caller. Pure.
#ifndef OSRUN_JSON_WRITER_H
#define OSRUN_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
  char *text;
  size_t capacity;
  size_t length;
  // Set if something did not fit; the text is then no JSON.
  bool overflow;
};

void json_write_begin(struct json_writer *writer, char *text, size_t capacity);
// Bytes that are no UTF-8 become U+FFFD.
void json_write_string(struct json_writer *writer, const char *name, const char *value);
void json_write_integer(struct json_writer *writer, const char *name, int64_t value);
void json_write_boolean(struct json_writer *writer, const char *name, bool value);
void json_write_end(struct json_writer *writer);

#endif
