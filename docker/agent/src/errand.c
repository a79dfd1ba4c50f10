#include "errand.h"

#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "reply.h"
#include "stream-start.h"
#include "text.h"

// With those of connections that are gone, and that have not noticed yet.
#define ERRANDS_MAX 256

static volatile LONG alive;

static DWORD WINAPI run(void *argument);
static void abandon(struct stream *stream, enum stream_fate fate);
static void destroy(struct stream *stream);
static void end(struct errand *errand, uint8_t type, const void *payload, size_t length);

struct errand *errand_create(const struct errand_kind *kind, struct connection *connection, uint32_t id, bool takes) {
  struct errand *errand = calloc(1, kind->size);
  if (errand) {
    LONG count = InterlockedIncrement(&alive);
    connection_hold(connection);
    errand->kind = kind;
    errand->connection = connection;
    errand->stream = (struct stream){.id = id, .references = 1, .receive = errand_receive,
                                     .abandon = abandon, .destroy = destroy};
    errand->credit = FRAME_INITIAL_CREDIT;
    errand->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (takes) ring_start(&errand->mail, malloc(FRAME_INITIAL_CREDIT), FRAME_INITIAL_CREDIT);
    if (errand->stop && (errand->mail.bytes || !takes) && count <= ERRANDS_MAX) return errand;
    stream_let_go(&errand->stream);
  }
  stream_refuse(connection, id, "LIMIT", "the agent has no room for one more of its streams");
  return NULL;
}

void errand_start(struct errand *errand) {
  stream_start(errand->connection, &errand->stream, run);
}

void errand_kill(struct errand *errand) {
  AcquireSRWLockExclusive(&errand->lock);
  errand->killed = true;
  SetEvent(errand->stop);
  WakeAllConditionVariable(&errand->changed);
  ReleaseSRWLockExclusive(&errand->lock);
}

bool errand_killed(struct errand *errand) {
  AcquireSRWLockShared(&errand->lock);
  bool killed = errand->killed;
  ReleaseSRWLockShared(&errand->lock);
  return killed;
}

void errand_send(struct errand *errand, uint8_t type, const void *payload, size_t length) {
  outbox_send(&errand->connection->outbox, type, errand->stream.id, payload, length);
}

void errand_done(struct errand *errand, const char *json, size_t length) {
  end(errand, FRAME_DONE, json, length);
}

void errand_fail(struct errand *errand, const char *code, DWORD win32, const char *subject) {
  char reason[200], message[640], text[REPLY_MAX];
  if (win32) {
    snprintf(message, sizeof message, "%s (error %lu: %s)", subject, win32,
             text_of_error(win32, reason, sizeof reason));
  } else {
    snprintf(message, sizeof message, "%s", subject);
  }
  log_line("connection %u, stream %u: %s: %s", errand->connection->number, errand->stream.id, code, message);
  end(errand, FRAME_ERROR, text, reply_error(text, code, win32, message));
}

static DWORD WINAPI run(void *argument) {
  struct errand *errand = argument;
  errand->kind->run(errand);
  stream_let_go(&errand->stream);
  return 0;
}

static void abandon(struct stream *stream, enum stream_fate fate) {
  (void)fate;
  errand_kill((struct errand *)stream);
}

static void destroy(struct stream *stream) {
  struct errand *errand = (struct errand *)stream;
  if (errand->kind->clean) errand->kind->clean(errand);
  if (errand->stop) CloseHandle(errand->stop);
  free(errand->mail.bytes);
  connection_let_go(errand->connection);
  free(errand);
  InterlockedDecrement(&alive);
}

// The number goes before the last frame: with it, the host may use it again.
static void end(struct errand *errand, uint8_t type, const void *payload, size_t length) {
  streams_remove(&errand->connection->streams, &errand->stream);
  outbox_send(&errand->connection->outbox, type, errand->stream.id, payload, length);
}
