#define _CRT_RAND_S
#include "hello.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "connection.h"
#include "door.h"
#include "json-writer.h"
#include "log.h"
#include "reply.h"
#include "request.h"

#define PROTOCOL_VERSION 1
#define CLOCK_TOLERANCE_MS 100

static char nonce[33];
static ULONGLONG started;

static void send_answer(struct connection *connection, const char *clock);

bool hello_prepare(void) {
  started = GetTickCount64();
  for (int part = 0; part < 4; part++) {
    unsigned random;
    if (rand_s(&random) != 0) return false;
    snprintf(nonce + part * 8, 9, "%08x", random);
  }
  return true;
}

bool hello_is_one(const struct frame *frame) {
  return frame->type == FRAME_HELLO && frame->stream == 0 && request_is_osrun(frame);
}

struct problem hello_answer(struct connection *connection, const struct frame *frame) {
  struct hello_request request;
  const char *wrong = request_hello(frame, &request);
  if (wrong) return (struct problem){"BAD_REQUEST", wrong};
  if (request.min > PROTOCOL_VERSION || request.max < PROTOCOL_VERSION) {
    return (struct problem){"UNSUPPORTED_VERSION", "this agent speaks version 1 of the protocol only"};
  }
  const char *refusal = door_enter(connection, request.secret, request.attempt, request.raw);
  SecureZeroMemory(request.secret, sizeof request.secret);
  if (refusal) return (struct problem){refusal, "this HELLO's secret is not the agent's, or its attempt is an older one"};

  const char *clock = request.set_clock ? clock_set(request.time, CLOCK_TOLERANCE_MS) : "kept";
  log_line("connection %u: open, clock %s", connection->number, clock);
  send_answer(connection, clock);
  return (struct problem){0};
}

static void send_answer(struct connection *connection, const char *clock) {
  char text[REPLY_MAX];
  struct json_writer writer;
  json_write_begin(&writer, text, sizeof text);
  json_write_string(&writer, "magic", "osrun");
  json_write_integer(&writer, "version", PROTOCOL_VERSION);
  json_write_string(&writer, "nonce", nonce);
  json_write_integer(&writer, "time", clock_now());
  json_write_integer(&writer, "uptime", (int64_t)(GetTickCount64() - started));
  json_write_string(&writer, "clock", clock);
  json_write_end(&writer);
  outbox_send(&connection->outbox, FRAME_HELLO, 0, text, writer.length);
}
