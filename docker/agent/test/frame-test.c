#include "check.h"
#include "frame.h"

static uint8_t payload[FRAME_MAX_PAYLOAD];

static size_t encode(uint8_t *to, uint8_t type, uint32_t stream, const void *bytes, uint32_t length) {
  frame_encode_header(to, type, stream, length);
  if (length) memcpy(to + FRAME_HEADER, bytes, length);
  return FRAME_HEADER + length;
}

static size_t three_frames(uint8_t *to) {
  size_t length = encode(to, FRAME_PING, 0, "hello", 5);
  length += encode(to + length, FRAME_KILL, 0xFFFFFFFF, NULL, 0);
  return length + encode(to + length, FRAME_DATA_IN, 0x01020304, "\0\xFF\n", 3);
}

static void expect_three(struct frame_decoder *decoder, int index) {
  const struct frame *frame = &decoder->frame;
  if (index == 0) {
    CHECK(frame->type == FRAME_PING && frame->stream == 0 && frame->length == 5);
    CHECK(memcmp(frame->payload, "hello", 5) == 0);
  } else if (index == 1) {
    CHECK(frame->type == FRAME_KILL && frame->stream == 0xFFFFFFFF && frame->length == 0);
  } else {
    CHECK(frame->type == FRAME_DATA_IN && frame->stream == 0x01020304 && frame->length == 3);
    CHECK(memcmp(frame->payload, "\0\xFF\n", 3) == 0);
  }
}

// Feeds a heap copy of one part, and returns how many frames were found so far.
static int feed(struct frame_decoder *decoder, const uint8_t *bytes, size_t length, int found) {
  uint8_t *copy = (uint8_t *)exact_copy(bytes, length);
  const uint8_t *at = copy;
  enum frame_result result;
  while ((result = frame_decode(decoder, &at, copy + length)) == FRAME_READY) expect_three(decoder, found++);
  CHECK(result == FRAME_INCOMPLETE && at == copy + length);
  free(copy);
  return found;
}

static void every_split(void) {
  uint8_t bytes[64];
  size_t length = three_frames(bytes);
  for (size_t first = 0; first <= length; first++) {
    for (size_t second = first; second <= length; second++) {
      struct frame_decoder decoder;
      frame_decoder_start(&decoder, payload);
      int found = feed(&decoder, bytes, first, 0);
      found = feed(&decoder, bytes + first, second - first, found);
      CHECK(feed(&decoder, bytes + second, length - second, found) == 3);
    }
  }
}

static void byte_by_byte(void) {
  uint8_t bytes[64];
  size_t length = three_frames(bytes);
  struct frame_decoder decoder;
  frame_decoder_start(&decoder, payload);
  int found = 0;
  for (size_t index = 0; index < length; index++) found = feed(&decoder, bytes + index, 1, found);
  CHECK(found == 3);
}

static void header_bytes(void) {
  uint8_t header[FRAME_HEADER];
  frame_encode_header(header, 0x11, 0x0A0B0C0D, 0x00030201);
  CHECK(memcmp(header, "\x11\0\0\0\x0D\x0C\x0B\x0A\x01\x02\x03\0", FRAME_HEADER) == 0);
}

static void longest_frame(void) {
  static uint8_t bytes[FRAME_HEADER + FRAME_MAX_PAYLOAD];
  static uint8_t body[FRAME_MAX_PAYLOAD];
  for (size_t index = 0; index < sizeof body; index++) body[index] = (uint8_t)(index * 31);
  encode(bytes, FRAME_DATA_IN, 1, body, FRAME_MAX_PAYLOAD);
  uint8_t *exact = (uint8_t *)exact_copy(payload, sizeof payload);
  struct frame_decoder decoder;
  frame_decoder_start(&decoder, exact);
  const uint8_t *at = bytes;
  CHECK(frame_decode(&decoder, &at, bytes + sizeof bytes) == FRAME_READY);
  CHECK(decoder.frame.length == FRAME_MAX_PAYLOAD && memcmp(decoder.frame.payload, body, sizeof body) == 0);
  free(exact);
}

static void truncated(void) {
  uint8_t bytes[64];
  size_t length = encode(bytes, FRAME_PING, 0, "hello", 5);
  for (size_t cut = 0; cut < length; cut++) {
    struct frame_decoder decoder;
    frame_decoder_start(&decoder, payload);
    const uint8_t *at = bytes;
    CHECK(frame_decode(&decoder, &at, bytes + cut) == FRAME_INCOMPLETE);
  }
}

static void expect_illegal(const uint8_t header[FRAME_HEADER]) {
  struct frame_decoder decoder;
  frame_decoder_start(&decoder, payload);
  uint8_t bytes[FRAME_HEADER + 4] = {0};
  memcpy(bytes, header, FRAME_HEADER);
  const uint8_t *at = bytes;
  CHECK(frame_decode(&decoder, &at, bytes + sizeof bytes) == FRAME_ILLEGAL);
  CHECK(decoder.illegal);
  uint8_t good[FRAME_HEADER];
  frame_encode_header(good, FRAME_PING, 0, 0);
  at = good;
  CHECK(frame_decode(&decoder, &at, good + sizeof good) == FRAME_ILLEGAL);
}

static void illegal_headers(void) {
  static const uint32_t lengths[] = {FRAME_MAX_PAYLOAD + 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
  uint8_t header[FRAME_HEADER];
  for (size_t index = 0; index < sizeof lengths / sizeof *lengths; index++) {
    frame_encode_header(header, FRAME_PING, 0, lengths[index]);
    expect_illegal(header);
  }
  for (int byte = 1; byte <= 3; byte++) {
    for (int bit = 0; bit < 8; bit++) {
      frame_encode_header(header, FRAME_PING, 0, 0);
      header[byte] = (uint8_t)(1 << bit);
      expect_illegal(header);
    }
  }
}

static void garbage(void) {
  uint32_t random = 1;
  uint8_t *exact = (uint8_t *)exact_copy(payload, sizeof payload);
  for (int round = 0; round < 20000; round++) {
    struct frame_decoder decoder;
    frame_decoder_start(&decoder, exact);
    uint8_t bytes[100];
    for (size_t index = 0; index < sizeof bytes; index++) {
      random = random * 1664525 + 1013904223;
      // Mostly zeros, so that some headers are legal.
      bytes[index] = random >> 31 ? (uint8_t)(random >> 16) : 0;
    }
    size_t cut = random % sizeof bytes;
    const uint8_t *at = bytes;
    while (frame_decode(&decoder, &at, bytes + cut) == FRAME_READY) CHECK(decoder.frame.length <= FRAME_MAX_PAYLOAD);
    while (frame_decode(&decoder, &at, bytes + sizeof bytes) == FRAME_READY) {
    }
  }
  free(exact);
}

static void windows(void) {
  uint8_t bytes[FRAME_WINDOW_PAYLOAD + 1] = {0}, channel;
  uint32_t add;
  frame_encode_window(bytes, CHANNEL_ERR, 0xFFFFFFFE);
  struct frame frame = {.type = FRAME_WINDOW, .length = FRAME_WINDOW_PAYLOAD, .payload = bytes};
  CHECK(frame_decode_window(&frame, &channel, &add) && channel == CHANNEL_ERR && add == 0xFFFFFFFE);
  frame.length = 4;
  CHECK(!frame_decode_window(&frame, &channel, &add));
  frame.length = 6;
  CHECK(!frame_decode_window(&frame, &channel, &add));
}

int main(void) {
  TEST("frames are found whatever two places the bytes are split at", every_split);
  TEST("frames are found in single bytes", byte_by_byte);
  TEST("a header is little endian", header_bytes);
  TEST("a frame may have 262144 bytes", longest_frame);
  TEST("a frame that is cut off is never delivered", truncated);
  TEST("illegal lengths, flags and reserved bytes end the decoding for good", illegal_headers);
  TEST("garbage never leads outside the buffers", garbage);
  TEST("a WINDOW has exactly 5 bytes", windows);
  return 0;
}
