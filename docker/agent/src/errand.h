// A stream that is no command: a file, a connection into the guest, typing. Its thread does the work in plain blocking
// steps; the connection's thread only leaves messages here, which wake it.
#ifndef OSRUN_ERRAND_H
#define OSRUN_ERRAND_H

#include "connection.h"
#include "request.h"
#include "ring.h"
#include "stream.h"

// The most that is read or written in one go.
#define ERRAND_CHUNK 131072

struct errand;

struct errand_kind {
  // Of a struct whose first member is an errand.
  size_t size;
  // What its thread does. It sends the last frame.
  void (*run)(struct errand *errand);
  // Frees what the struct holds besides; NULL if nothing.
  void (*clean)(struct errand *errand);
};

struct errand {
  struct stream stream;
  const struct errand_kind *kind;
  struct connection *connection;
  // Manual reset, set with `killed`.
  HANDLE stop;

  SRWLOCK lock;
  // Something below has changed.
  CONDITION_VARIABLE changed;
  // What came on channel 0; no capacity if the errand takes nothing.
  struct ring mail;
  // By CLOSE_IN: nothing follows what is in `mail`.
  bool mail_ends;
  // The same by COMMIT. `uncommitted` is what is wrong with it, or NULL.
  bool committed;
  const char *uncommitted;
  struct commit_request commit;
  // What the host takes more of channel 1.
  uint64_t credit;
  // By the host, or by the end of its connection.
  bool killed;
};

// All else in the struct is zero. NULL, and an ERROR was sent, if there is no room for one more.
struct errand *errand_create(const struct errand_kind *kind, struct connection *connection, uint32_t id, bool takes);
// Takes the caller's reference.
void errand_start(struct errand *errand);

// A frame for it, on the connection's thread.
const char *errand_receive(struct stream *stream, const struct frame *frame);

// The rest is for the errand's threads.

void errand_kill(struct errand *errand);
bool errand_killed(struct errand *errand);

// Waits until there is mail. Returns the length of its oldest run, at most ERRAND_CHUNK, which stays until it is taken;
// 0 when no more will come, or when killed.
size_t errand_mail(struct errand *errand, const uint8_t **run);
// Drops so much of it, and grants it to the host again.
void errand_taken(struct errand *errand, size_t length);

// Waits for credit on channel 1. Returns how much there is, at most ERRAND_CHUNK; 0 when killed.
size_t errand_allowance(struct errand *errand);
// Sends it all on channel 1, as there is credit; false when killed. Only one thread may do so.
bool errand_put(struct errand *errand, const void *bytes, size_t length);

// Sends a frame that is not the last one.
void errand_send(struct errand *errand, uint8_t type, const void *payload, size_t length);
// Each sends the last frame.
void errand_done(struct errand *errand, const char *json, size_t length);
// The message is the subject, and what Windows says if `win32` is not 0.
void errand_fail(struct errand *errand, const char *code, DWORD win32, const char *subject);

#endif
