#include "streams.h"

static struct stream **slot_of(struct streams *streams, uint32_t id);

void stream_hold(struct stream *stream) {
  InterlockedIncrement(&stream->references);
}

void stream_let_go(struct stream *stream) {
  if (InterlockedDecrement(&stream->references) == 0) stream->destroy(stream);
}

void streams_open(struct streams *streams) {
  *streams = (struct streams){.lock = SRWLOCK_INIT};
}

enum streams_answer streams_add(struct streams *streams, struct stream *stream) {
  enum streams_answer answer = STREAMS_FULL;
  AcquireSRWLockExclusive(&streams->lock);
  if (slot_of(streams, stream->id)) {
    answer = STREAMS_IN_USE;
  } else if (!streams->closed) {
    for (int index = 0; index < STREAMS_MAX && answer == STREAMS_FULL; index++) {
      if (streams->items[index]) continue;
      stream_hold(stream);
      streams->items[index] = stream;
      answer = STREAMS_ADDED;
    }
  }
  ReleaseSRWLockExclusive(&streams->lock);
  return answer;
}

struct stream *streams_find(struct streams *streams, uint32_t id) {
  AcquireSRWLockShared(&streams->lock);
  struct stream **slot = slot_of(streams, id);
  struct stream *stream = slot ? *slot : NULL;
  if (stream) stream_hold(stream);
  ReleaseSRWLockShared(&streams->lock);
  return stream;
}

void streams_remove(struct streams *streams, struct stream *stream) {
  AcquireSRWLockExclusive(&streams->lock);
  struct stream **slot = slot_of(streams, stream->id);
  bool held = slot && *slot == stream;
  if (held) *slot = NULL;
  ReleaseSRWLockExclusive(&streams->lock);
  if (held) stream_let_go(stream);
}

void streams_abandon(struct streams *streams, enum stream_fate fate) {
  for (int index = 0; index < STREAMS_MAX; index++) {
    AcquireSRWLockExclusive(&streams->lock);
    streams->closed = true;
    struct stream *stream = streams->items[index];
    streams->items[index] = NULL;
    ReleaseSRWLockExclusive(&streams->lock);
    if (!stream) continue;
    stream->abandon(stream, fate);
    stream_let_go(stream);
  }
}

static struct stream **slot_of(struct streams *streams, uint32_t id) {
  for (int index = 0; index < STREAMS_MAX; index++) {
    if (streams->items[index] && streams->items[index]->id == id) return &streams->items[index];
  }
  return NULL;
}
