#include "request.h"

#include <stdlib.h>
#include <string.h>

// The files of Windows count from 1601, and 0 means no time there.
#define FILE_TIME_MIN (INT64_C(-11644473600000) + 1)
#define YEAR_9999_MS INT64_C(253402300799999)

static bool read_object(const struct frame *frame, struct json *object);
static bool has(struct json object, const char *name, struct json *value);
static const char *read_secret(struct json object, char *secret);
static const char *read_terminal(struct json object, struct exec_request *request);
static const char *check_environment(struct json environment);
static bool read_op(struct json object, enum file_op *op);
static bool read_digest(struct json object, uint32_t *digest);

bool request_is_osrun(const struct frame *frame) {
  struct json object, magic;
  return read_object(frame, &object) && has(object, "magic", &magic) && json_kind(magic) == JSON_STRING &&
         json_text_is(magic, "osrun");
}

const char *request_hello(const struct frame *frame, struct hello_request *request) {
  struct json object, value;
  memset(request, 0, sizeof *request);
  if (!read_object(frame, &object)) return "HELLO is not a JSON object";
  if (!has(object, "min", &value) || !json_integer(value, &request->min)) return "HELLO needs an integer min";
  if (!has(object, "max", &value) || !json_integer(value, &request->max)) return "HELLO needs an integer max";
  if (!has(object, "time", &value) || !json_integer(value, &request->time)) {
    return "HELLO needs an integer time, in milliseconds since the epoch";
  }
  if (!has(object, "setClock", &value)) return "HELLO needs setClock, true or false";
  request->set_clock = json_kind(value) == JSON_TRUE;
  if (!request->set_clock && json_kind(value) != JSON_FALSE) return "HELLO needs setClock, true or false";
  if (has(object, "attempt", &value) && !json_integer(value, &request->attempt)) return "HELLO's attempt is no integer";
  if (has(object, "raw", &value)) {
    request->raw = json_kind(value) == JSON_TRUE;
    if (!request->raw && json_kind(value) != JSON_FALSE) return "HELLO's raw is neither true nor false";
  }
  return read_secret(object, request->secret);
}

const char *request_exec(const struct frame *frame, struct exec_request *request) {
  struct json object, value;
  memset(request, 0, sizeof *request);
  if (!read_object(frame, &object)) return "EXEC is not a JSON object";

  if (!has(object, "commandLine", &request->command_line) || json_kind(request->command_line) != JSON_STRING ||
      json_text_is(request->command_line, "")) {
    return "EXEC needs a commandLine, a string that is not empty";
  }
  if (has(object, "self", &value)) {
    request->self = json_kind(value) == JSON_TRUE;
    if (!request->self && json_kind(value) != JSON_FALSE) return "EXEC's self is neither true nor false";
  }
  request->has_directory = has(object, "cwd", &request->directory);
  if (request->has_directory &&
      (json_kind(request->directory) != JSON_STRING || json_text_is(request->directory, ""))) {
    return "EXEC's cwd is not a string with something in it";
  }
  if (!has(object, "stdin", &value) || json_kind(value) != JSON_STRING ||
      (!json_text_is(value, "pipe") && !json_text_is(value, "null"))) {
    return "EXEC needs stdin, \"pipe\" or \"null\"";
  }
  request->pipe_input = json_text_is(value, "pipe");

  const char *wrong = read_terminal(object, request);
  if (wrong) return wrong;
  request->has_environment = has(object, "env", &request->environment);
  return request->has_environment ? check_environment(request->environment) : NULL;
}

const char *request_resize(const struct frame *frame, struct terminal_size *size) {
  static const char *const problem = "RESIZE is not 4 bytes, columns and rows from 1 to 1000";
  if (frame->length != 4) return problem;
  const uint8_t *at = frame->payload;
  *size = (struct terminal_size){(uint16_t)(at[0] | at[1] << 8), (uint16_t)(at[2] | at[3] << 8)};
  return size->columns - 1u < REQUEST_MAX_SIDE && size->rows - 1u < REQUEST_MAX_SIDE ? NULL : problem;
}

const char *request_clock(const struct frame *frame, struct clock_request *request) {
  struct json object, value;
  memset(request, 0, sizeof *request);
  if (!read_object(frame, &object)) return "CLOCK is not a JSON object";
  request->set = has(object, "set", &value);
  if (request->set && !json_integer(value, &request->time)) {
    return "CLOCK's set is not an integer, in milliseconds since the epoch";
  }
  return NULL;
}

const char *request_file(const struct frame *frame, struct file_request *request) {
  struct json object, value;
  memset(request, 0, sizeof *request);
  if (!read_object(frame, &object)) return "FILE is not a JSON object";
  if (!read_op(object, &request->op)) return "FILE needs an op: read, write, list, stat, make or remove";
  if (!has(object, "path", &request->path) || json_kind(request->path) != JSON_STRING ||
      json_text_is(request->path, "")) {
    return "FILE needs a path, a string that is not empty";
  }
  if (has(object, "recursive", &value)) {
    request->recursive = json_kind(value) == JSON_TRUE;
    if (!request->recursive && json_kind(value) != JSON_FALSE) return "FILE's recursive is not true or false";
  }
  request->has_modified = has(object, "modified", &value);
  if (request->has_modified && (!json_integer(value, &request->modified) || request->modified < FILE_TIME_MIN ||
                                request->modified > YEAR_9999_MS)) {
    return "FILE's modified is not an integer, in milliseconds since the epoch, of the years 1601 to 9999";
  }
  return NULL;
}

const char *request_commit(const struct frame *frame, struct commit_request *request) {
  struct json object, value;
  memset(request, 0, sizeof *request);
  if (!read_object(frame, &object)) return "COMMIT is not a JSON object";
  if (!has(object, "size", &value) || !json_integer(value, &request->size) || request->size < 0) {
    return "COMMIT needs a size, an integer that is not negative";
  }
  return read_digest(object, &request->digest) ? NULL : "COMMIT needs a digest of 8 hexadecimal digits";
}

const char *request_connect(const struct frame *frame, uint16_t *port) {
  struct json object, value;
  int64_t number;
  if (!read_object(frame, &object)) return "CONNECT is not a JSON object";
  if (!has(object, "port", &value) || !json_integer(value, &number) || number < 1 || number > UINT16_MAX) {
    return "CONNECT needs a port, an integer from 1 to 65535";
  }
  *port = (uint16_t)number;
  return NULL;
}

const char *request_type(const struct frame *frame, struct json *text) {
  struct json object;
  if (!read_object(frame, &object)) return "TYPE is not a JSON object";
  return has(object, "text", text) && json_kind(*text) == JSON_STRING ? NULL : "TYPE needs a text, a string";
}

static bool read_object(const struct frame *frame, struct json *object) {
  return json_check((const char *)frame->payload, frame->length, object);
}

// A member that is null is taken as absent.
static bool has(struct json object, const char *name, struct json *value) {
  return json_member(object, name, value) && json_kind(*value) != JSON_NULL;
}

static const char *read_secret(struct json object, char *secret) {
  static const char *const problem = "HELLO needs a secret of 1 to 128 hexadecimal digits";
  struct json value;
  if (!has(object, "secret", &value) || json_kind(value) != JSON_STRING) return problem;
  if (value.length < 3 || value.length > REQUEST_MAX_SECRET + 2) return problem;
  size_t length = json_text(value, secret);
  return strspn(secret, "0123456789abcdefABCDEF") == length ? NULL : problem;
}

static const char *read_terminal(struct json object, struct exec_request *request) {
  struct json terminal, value;
  int64_t columns, rows;
  if (!has(object, "tty", &terminal)) return NULL;
  if (json_kind(terminal) != JSON_OBJECT || !has(terminal, "columns", &value) || !json_integer(value, &columns) ||
      !has(terminal, "rows", &value) || !json_integer(value, &rows) || columns < 1 || columns > REQUEST_MAX_SIDE ||
      rows < 1 || rows > REQUEST_MAX_SIDE) {
    return "EXEC's tty is not an object of columns and rows from 1 to 1000";
  }
  if (!request->pipe_input) return "EXEC with a tty needs stdin \"pipe\"";
  request->terminal = (struct terminal_size){(uint16_t)columns, (uint16_t)rows};
  return NULL;
}

static const char *check_environment(struct json environment) {
  static const char *const problem = "EXEC's env is not an object of strings and nulls";
  size_t position = 0;
  struct json name, value;
  if (json_kind(environment) != JSON_OBJECT) return problem;
  while (json_next(environment, &position, &name, &value)) {
    if (json_kind(value) != JSON_STRING && json_kind(value) != JSON_NULL) return problem;
    if (json_text_is(name, "") || json_text_contains(name, '=')) {
      return "EXEC's env has a name that is empty or holds '='";
    }
  }
  return NULL;
}

static bool read_op(struct json object, enum file_op *op) {
  static const char *const names[] = {"read", "write", "list", "stat", "make", "remove"};
  struct json value;
  if (!has(object, "op", &value) || json_kind(value) != JSON_STRING) return false;
  for (int index = 0; index < 6; index++) {
    *op = (enum file_op)index;
    if (json_text_is(value, names[index])) return true;
  }
  return false;
}

static bool read_digest(struct json object, uint32_t *digest) {
  struct json value;
  if (!has(object, "digest", &value) || json_kind(value) != JSON_STRING || value.length != 10) return false;
  char digits[10];
  if (json_text(value, digits) != 8 || strspn(digits, "0123456789abcdefABCDEF") != 8) return false;
  *digest = (uint32_t)strtoul(digits, NULL, 16);
  return true;
}
