// What the host's control payloads ask for. Pure: the slices point into the payload.
#ifndef OSRUN_REQUEST_H
#define OSRUN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "json.h"

#define REQUEST_MAX_SECRET 128
#define REQUEST_MAX_SIDE 1000

struct hello_request {
  int64_t min, max;
  // Hexadecimal digits, padded with zeros to its full size.
  char secret[REQUEST_MAX_SECRET + 1];
  // Milliseconds since the epoch, UTC.
  int64_t time;
  // Grows with each attempt of one host to connect; 0 where the host does not count.
  int64_t attempt;
  bool set_clock;
  // The raw dialect is let in.
  bool raw;
};

// Of a terminal; 0 columns: none.
struct terminal_size {
  uint16_t columns, rows;
};

struct exec_request {
  struct json command_line;
  // The command line is for this program itself, and begins after its name.
  bool self;
  bool has_directory, has_environment;
  struct json directory;
  // An object of strings, and of nulls for variables to remove.
  struct json environment;
  bool pipe_input;
  struct terminal_size terminal;
};

struct clock_request {
  bool set;
  int64_t time;
};

enum file_op { FILE_OP_READ, FILE_OP_WRITE, FILE_OP_LIST, FILE_OP_STAT, FILE_OP_MAKE, FILE_OP_REMOVE };

struct file_request {
  enum file_op op;
  struct json path;
  bool recursive, has_modified;
  // Milliseconds since the epoch, UTC, of a year that a file can have.
  int64_t modified;
};

struct commit_request {
  int64_t size;
  uint32_t digest;
};

// True if the payload comes from one of us: an object with our magic.
bool request_is_osrun(const struct frame *frame);

// Each returns NULL, or a sentence that says what is wrong with the request.
const char *request_hello(const struct frame *frame, struct hello_request *request);
const char *request_exec(const struct frame *frame, struct exec_request *request);
const char *request_resize(const struct frame *frame, struct terminal_size *size);
const char *request_clock(const struct frame *frame, struct clock_request *request);
const char *request_file(const struct frame *frame, struct file_request *request);
const char *request_commit(const struct frame *frame, struct commit_request *request);
const char *request_connect(const struct frame *frame, uint16_t *port);
const char *request_type(const struct frame *frame, struct json *text);

#endif
