// A ring of bytes in a buffer of the caller. Pure. Bytes that were peeked at stay where they are until dropped.
#ifndef OSRUN_RING_H
#define OSRUN_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring {
  uint8_t *bytes;
  size_t capacity;
  size_t start;
  size_t length;
  // Taken and not granted again.
  uint32_t untold;
};

void ring_start(struct ring *ring, uint8_t *bytes, size_t capacity);
size_t ring_room(const struct ring *ring);
// `length` must be at most `ring_room`.
void ring_put(struct ring *ring, const void *bytes, size_t length);
// The longest run of the oldest bytes; returns its length.
size_t ring_peek(const struct ring *ring, const uint8_t **run);
// `length` must be at most `ring->length`.
void ring_drop(struct ring *ring, size_t length);
// The same, where the writer may put only what it was granted. Returns how many bytes to grant it now: they are granted
// in steps of a quarter of the ring, as telling it costs as much as a piece of data.
uint32_t ring_take(struct ring *ring, size_t length);

#endif
