#include "json-writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

static void put_name(struct json_writer *writer, const char *name);
static void put_string(struct json_writer *writer, const char *value);
static void put_text(struct json_writer *writer, const char *text);
static void put(struct json_writer *writer, const char *bytes, size_t length);

void json_write_begin(struct json_writer *writer, char *text, size_t capacity) {
  *writer = (struct json_writer){.text = text, .capacity = capacity};
  put_text(writer, "{");
}

void json_write_string(struct json_writer *writer, const char *name, const char *value) {
  put_name(writer, name);
  put_string(writer, value);
}

void json_write_integer(struct json_writer *writer, const char *name, int64_t value) {
  char digits[32];
  snprintf(digits, sizeof digits, "%" PRId64, value);
  put_name(writer, name);
  put_text(writer, digits);
}

void json_write_boolean(struct json_writer *writer, const char *name, bool value) {
  put_name(writer, name);
  put_text(writer, value ? "true" : "false");
}

void json_write_end(struct json_writer *writer) {
  put_text(writer, "}");
}

static void put_name(struct json_writer *writer, const char *name) {
  if (writer->length > 1) put_text(writer, ",");
  put_string(writer, name);
  put_text(writer, ":");
}

static void put_string(struct json_writer *writer, const char *value) {
  const char *end = value + strlen(value);
  put_text(writer, "\"");
  while (value < end) {
    size_t length = utf8_length(value, end);
    uint8_t byte = (uint8_t)*value;
    if (length == 0) {
      put_text(writer, "\xEF\xBF\xBD");
      length = 1;
    } else if (byte == '"' || byte == '\\' || byte < 0x20) {
      char escape[8];
      snprintf(escape, sizeof escape, "\\u%04x", byte);
      put_text(writer, escape);
    } else {
      put(writer, value, length);
    }
    value += length;
  }
  put_text(writer, "\"");
}

static void put_text(struct json_writer *writer, const char *text) {
  put(writer, text, strlen(text));
}

static void put(struct json_writer *writer, const char *bytes, size_t length) {
  if (writer->overflow || writer->capacity - writer->length < length) {
    writer->overflow = true;
    return;
  }
  memcpy(writer->text + writer->length, bytes, length);
  writer->length += length;
}
