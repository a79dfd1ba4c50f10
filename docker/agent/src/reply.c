#include "reply.h"

#include <string.h>

#include "json-writer.h"
#include "utf8.h"

// A byte of a message takes at most six in JSON.
#define MESSAGE_MAX 640

size_t reply_error(char text[REPLY_MAX], const char *code, unsigned long win32, const char *message) {
  char shortened[MESSAGE_MAX];
  const char *at = message, *end = message + strlen(message);
  size_t length = 0;
  while (at < end) {
    size_t character = utf8_length(at, end);
    if (character == 0) character = 1;
    if (length + character >= sizeof shortened) break;
    memcpy(shortened + length, at, character);
    length += character;
    at += character;
  }
  shortened[length] = 0;

  struct json_writer writer;
  json_write_begin(&writer, text, REPLY_MAX);
  json_write_string(&writer, "code", code);
  json_write_integer(&writer, "win32", win32);
  json_write_string(&writer, "message", shortened);
  json_write_end(&writer);
  return writer.length;
}
