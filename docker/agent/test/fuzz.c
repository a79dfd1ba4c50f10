#include "fuzz.h"

#include "check.h"
#include "frame.h"
#include "reply.h"
#include "request.h"

static uint8_t payload[FRAME_MAX_PAYLOAD];

static uint64_t mix(uint64_t sum, uint64_t value) {
  return (sum ^ value) * UINT64_C(1099511628211);
}

static void read_text(struct json string) {
  char *out = malloc(string.length);
  CHECK(out);
  size_t length = json_text(string, out);
  CHECK(length == strlen(out) && length < string.length);
  bool ascii = true;
  for (size_t index = 0; index < length; index++) ascii &= (uint8_t)out[index] < 0x80;
  // It compares with names of the protocol, which are ASCII.
  if (ascii) CHECK(json_text_is(string, out));
  free(out);
}

static void check_exec(const struct frame *frame) {
  struct exec_request request;
  if (request_exec(frame, &request)) return;
  read_text(request.command_line);
  CHECK(!json_text_is(request.command_line, ""));
  if (request.has_directory) read_text(request.directory);
  CHECK(request.terminal.columns <= REQUEST_MAX_SIDE && request.terminal.rows <= REQUEST_MAX_SIDE);
  CHECK((request.terminal.columns == 0) == (request.terminal.rows == 0));
  CHECK(request.terminal.columns == 0 || request.pipe_input);
  size_t position = 0;
  struct json name, value;
  while (request.has_environment && json_next(request.environment, &position, &name, &value)) {
    read_text(name);
    CHECK(!json_text_contains(name, '='));
    if (json_kind(value) == JSON_STRING) read_text(value);
    else CHECK(json_kind(value) == JSON_NULL);
  }
}

static void check_hello(const struct frame *frame) {
  struct hello_request request;
  if (request_hello(frame, &request)) return;
  size_t length = strlen(request.secret);
  CHECK(length >= 1 && length <= REQUEST_MAX_SECRET);
  for (size_t index = length; index < sizeof request.secret; index++) CHECK(request.secret[index] == 0);
}

static void check_error(const uint8_t *bytes, size_t length) {
  char *message = exact_copy(bytes, length + 1), *text = malloc(REPLY_MAX);
  CHECK(text);
  message[length] = 0;
  struct json object;
  CHECK(json_check(text, reply_error(text, "BAD_REQUEST", 1, message), &object));
  free(text);
  free(message);
}

static void check_frame(const struct frame *frame) {
  struct clock_request clock;
  struct terminal_size size;
  uint8_t channel;
  uint32_t add;
  request_is_osrun(frame);
  request_clock(frame, &clock);
  if (!request_resize(frame, &size)) CHECK(frame->length == 4 && size.columns - 1u < 1000 && size.rows - 1u < 1000);
  CHECK(frame_decode_window(frame, &channel, &add) == (frame->length == FRAME_WINDOW_PAYLOAD));
  check_hello(frame);
  check_exec(frame);
}

void fuzz_payload(const uint8_t *bytes, size_t length) {
  uint8_t *copy = (uint8_t *)exact_copy(bytes, length);
  struct frame frame = {.length = (uint32_t)length, .payload = copy};
  check_frame(&frame);
  free(copy);
  // One byte more than the bytes: the caller's have none to spare.
  uint8_t *longer = malloc(length + 1);
  CHECK(longer);
  if (length) memcpy(longer, bytes, length);
  longer[length] = 0;
  check_error(longer, length);
  free(longer);
}

static uint64_t take_frame(uint64_t sum, const struct frame *frame) {
  CHECK(frame->length <= FRAME_MAX_PAYLOAD);
  sum = mix(mix(mix(sum, frame->type), frame->stream), frame->length);
  for (uint32_t index = 0; index < frame->length; index++) sum = mix(sum, frame->payload[index]);
  fuzz_payload(frame->payload, frame->length);
  return sum;
}

uint64_t fuzz_connection(const uint8_t *bytes, size_t length, const uint8_t *cuts, size_t cut_count) {
  struct frame_decoder decoder;
  frame_decoder_start(&decoder, payload);
  uint64_t sum = UINT64_C(14695981039346656037);
  bool illegal = false;
  for (size_t done = 0, part = 0; done < length; part++) {
    size_t count = cut_count ? cuts[part % cut_count] : length;
    // A cut of 0 bytes is a part as well, but something must go on.
    if (count == 0 && part % 2) count = 1;
    if (count > length - done) count = length - done;
    uint8_t *copy = (uint8_t *)exact_copy(bytes + done, count);
    const uint8_t *at = copy;
    enum frame_result result;
    while ((result = frame_decode(&decoder, &at, copy + count)) == FRAME_READY) {
      CHECK(!illegal);
      sum = take_frame(sum, &decoder.frame);
    }
    CHECK(!illegal || result == FRAME_ILLEGAL);
    CHECK(result == FRAME_ILLEGAL || at == copy + count);
    illegal = result == FRAME_ILLEGAL;
    CHECK(illegal == (decoder.illegal != NULL));
    free(copy);
    done += count;
  }
  return mix(sum, illegal);
}
