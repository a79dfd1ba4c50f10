// What lives on a stream's number: a command or an errand. A connection knows only this of it.
#ifndef OSRUN_STREAM_H
#define OSRUN_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

#include "frame.h"

enum stream_fate {
  // The connection was lost: end what it started.
  STREAM_KILL,
  // The host takes its leave before a snapshot: go on without a listener.
  STREAM_DETACH,
};

struct stream {
  uint32_t id;
  volatile LONG references;
  // A frame for this stream, on the connection's thread, so it must not wait for the host. Returns NULL, or how the
  // host broke the protocol.
  const char *(*receive)(struct stream *stream, const struct frame *frame);
  // On any thread. Nobody listens any more.
  void (*abandon)(struct stream *stream, enum stream_fate fate);
  void (*destroy)(struct stream *stream);
};

void stream_hold(struct stream *stream);
// Destroys it with the last reference.
void stream_let_go(struct stream *stream);

#endif
