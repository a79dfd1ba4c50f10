// The live streams of one connection. Thread-safe; holds a reference to each.
#ifndef OSRUN_STREAMS_H
#define OSRUN_STREAMS_H

#include "stream.h"

#define STREAMS_MAX 64

struct streams {
  SRWLOCK lock;
  bool closed;
  struct stream *items[STREAMS_MAX];
};

enum streams_answer { STREAMS_ADDED, STREAMS_IN_USE, STREAMS_FULL };

void streams_open(struct streams *streams);
// STREAMS_FULL also after `streams_abandon`.
enum streams_answer streams_add(struct streams *streams, struct stream *stream);
// With a reference for the caller; NULL if there is none.
struct stream *streams_find(struct streams *streams, uint32_t id);
void streams_remove(struct streams *streams, struct stream *stream);
// Abandons all, and takes no more.
void streams_abandon(struct streams *streams, enum stream_fate fate);

#endif
