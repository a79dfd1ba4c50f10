#include "check.h"
#include "ring.h"

static void order_is_kept(void) {
  enum { CAPACITY = 7 };
  uint8_t *bytes = (uint8_t *)exact_copy("0123456", CAPACITY);
  struct ring ring;
  ring_start(&ring, bytes, CAPACITY);
  uint8_t put = 0, expected = 0;
  uint32_t random = 7;
  for (int round = 0; round < 100000; round++) {
    random = random * 1664525 + 1013904223;
    size_t room = ring_room(&ring);
    size_t count = (random >> 24) % (room + 1);
    uint8_t part[CAPACITY];
    for (size_t index = 0; index < count; index++) part[index] = put++;
    ring_put(&ring, part, count);
    CHECK(ring_room(&ring) == room - count);

    const uint8_t *run;
    size_t length = ring_peek(&ring, &run);
    CHECK(length <= ring.length && (length > 0) == (ring.length > 0));
    size_t taken = (random >> 16) % (length + 1);
    for (size_t index = 0; index < taken; index++) CHECK(run[index] == expected++);
    ring_drop(&ring, taken);
  }
  free(bytes);
}

static void what_was_peeked_at_stays(void) {
  uint8_t bytes[8];
  struct ring ring;
  ring_start(&ring, bytes, sizeof bytes);
  ring_put(&ring, "abcdef", 6);
  ring_drop(&ring, 4);
  const uint8_t *run;
  CHECK(ring_peek(&ring, &run) == 2);
  ring_put(&ring, "ghijkl", 6);
  CHECK(memcmp(run, "ef", 2) == 0 && ring_room(&ring) == 0);
}

static void what_was_taken_is_granted_in_steps(void) {
  uint8_t bytes[16];
  struct ring ring;
  ring_start(&ring, bytes, sizeof bytes);
  ring_put(&ring, "abcdefghijkl", 12);
  CHECK(ring_take(&ring, 3) == 0 && ring_room(&ring) == 7);
  CHECK(ring_take(&ring, 2) == 5);
  CHECK(ring_take(&ring, 7) == 7);
}

int main(void) {
  TEST("bytes come out in the order they went in", order_is_kept);
  TEST("bytes that were peeked at stay while others come", what_was_peeked_at_stays);
  TEST("what was taken is granted again in steps", what_was_taken_is_granted_in_steps);
  return 0;
}
