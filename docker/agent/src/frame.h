// The frames of the wire: 12 bytes of header, then the payload; little endian. Pure: no I/O, no allocation.
#ifndef OSRUN_FRAME_H
#define OSRUN_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER 12
#define FRAME_MAX_PAYLOAD 262144
// What each channel of each stream may send before the receiver grants more.
#define FRAME_INITIAL_CREDIT 262144

enum frame_type {
  FRAME_HELLO = 0x01,
  FRAME_ERROR = 0x02,
  FRAME_EXEC = 0x03,
  FRAME_STARTED = 0x04,
  FRAME_EXIT = 0x05,
  FRAME_KILL = 0x06,
  FRAME_CLOSE_IN = 0x07,
  FRAME_RESIZE = 0x08,
  FRAME_DATA_IN = 0x10,
  FRAME_DATA_OUT = 0x11,
  FRAME_DATA_ERR = 0x12,
  FRAME_EOF_OUT = 0x13,
  FRAME_EOF_ERR = 0x14,
  FRAME_WINDOW = 0x15,
  FRAME_PING = 0x20,
  FRAME_PONG = 0x21,
  FRAME_QUIESCE = 0x30,
  FRAME_QUIESCED = 0x31,
  FRAME_CLOCK = 0x32,
  FRAME_DETACH = 0x33,
  FRAME_FILE = 0x40,
  FRAME_DONE = 0x41,
  FRAME_COMMIT = 0x42,
  FRAME_CONNECT = 0x43,
  FRAME_TYPE = 0x44,
};

enum frame_channel { CHANNEL_IN = 0, CHANNEL_OUT = 1, CHANNEL_ERR = 2 };

struct frame {
  uint8_t type;
  uint32_t stream;
  uint32_t length;
  const uint8_t *payload;
};

enum frame_result { FRAME_INCOMPLETE, FRAME_READY, FRAME_ILLEGAL };

struct frame_decoder {
  uint8_t header[FRAME_HEADER];
  size_t header_filled;
  uint8_t *payload;
  size_t payload_filled;
  bool delivered;
  struct frame frame;
  // Why the bytes are no frames, or NULL. Once set, the decoder stays at FRAME_ILLEGAL.
  const char *illegal;
};

// `payload` is the caller's, FRAME_MAX_PAYLOAD bytes, and holds one frame's payload until the next call.
void frame_decoder_start(struct frame_decoder *decoder, uint8_t *payload);

// Takes bytes from `*at` up to `end`. FRAME_READY: `decoder->frame` is valid until the next call, and there may be
// more bytes. FRAME_INCOMPLETE: all were taken.
enum frame_result frame_decode(struct frame_decoder *decoder, const uint8_t **at, const uint8_t *end);

void frame_encode_header(uint8_t header[FRAME_HEADER], uint8_t type, uint32_t stream, uint32_t length);

// A WINDOW frame's payload is a channel and how many bytes more it may send.
#define FRAME_WINDOW_PAYLOAD 5
void frame_encode_window(uint8_t payload[FRAME_WINDOW_PAYLOAD], enum frame_channel channel, uint32_t add);
bool frame_decode_window(const struct frame *frame, uint8_t *channel, uint32_t *add);

#endif
