#include "ring.h"

#include <string.h>

void ring_start(struct ring *ring, uint8_t *bytes, size_t capacity) {
  *ring = (struct ring){.bytes = bytes, .capacity = capacity};
}

size_t ring_room(const struct ring *ring) {
  return ring->capacity - ring->length;
}

void ring_put(struct ring *ring, const void *bytes, size_t length) {
  if (length == 0) return;
  size_t end = (ring->start + ring->length) % ring->capacity;
  size_t first = ring->capacity - end < length ? ring->capacity - end : length;
  memcpy(ring->bytes + end, bytes, first);
  if (first < length) memcpy(ring->bytes, (const uint8_t *)bytes + first, length - first);
  ring->length += length;
}

size_t ring_peek(const struct ring *ring, const uint8_t **run) {
  *run = ring->bytes + ring->start;
  size_t until_wrap = ring->capacity - ring->start;
  return ring->length < until_wrap ? ring->length : until_wrap;
}

void ring_drop(struct ring *ring, size_t length) {
  ring->length -= length;
  ring->start = ring->length == 0 ? 0 : (ring->start + length) % ring->capacity;
}

uint32_t ring_take(struct ring *ring, size_t length) {
  ring_drop(ring, length);
  ring->untold += (uint32_t)length;
  uint32_t granted = ring->untold < ring->capacity / 4 ? 0 : ring->untold;
  ring->untold -= granted;
  return granted;
}
