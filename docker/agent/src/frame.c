#include "frame.h"

#include <string.h>

static size_t take(uint8_t *to, size_t filled, size_t wanted, const uint8_t **at, const uint8_t *end);
static const char *read_header(struct frame_decoder *decoder);
static uint32_t read_u32(const uint8_t *at);
static void write_u32(uint8_t *at, uint32_t value);

void frame_decoder_start(struct frame_decoder *decoder, uint8_t *payload) {
  memset(decoder, 0, sizeof *decoder);
  decoder->payload = payload;
}

enum frame_result frame_decode(struct frame_decoder *decoder, const uint8_t **at, const uint8_t *end) {
  if (decoder->illegal) return FRAME_ILLEGAL;
  if (decoder->delivered) frame_decoder_start(decoder, decoder->payload);

  if (decoder->header_filled < FRAME_HEADER) {
    decoder->header_filled += take(decoder->header, decoder->header_filled, FRAME_HEADER, at, end);
    if (decoder->header_filled < FRAME_HEADER) return FRAME_INCOMPLETE;
    decoder->illegal = read_header(decoder);
    if (decoder->illegal) return FRAME_ILLEGAL;
  }

  decoder->payload_filled += take(decoder->payload, decoder->payload_filled, decoder->frame.length, at, end);
  if (decoder->payload_filled < decoder->frame.length) return FRAME_INCOMPLETE;
  decoder->frame.payload = decoder->payload;
  decoder->delivered = true;
  return FRAME_READY;
}

void frame_encode_header(uint8_t header[FRAME_HEADER], uint8_t type, uint32_t stream, uint32_t length) {
  header[0] = type;
  header[1] = header[2] = header[3] = 0;
  write_u32(header + 4, stream);
  write_u32(header + 8, length);
}

void frame_encode_window(uint8_t payload[FRAME_WINDOW_PAYLOAD], enum frame_channel channel, uint32_t add) {
  payload[0] = (uint8_t)channel;
  write_u32(payload + 1, add);
}

bool frame_decode_window(const struct frame *frame, uint8_t *channel, uint32_t *add) {
  if (frame->length != FRAME_WINDOW_PAYLOAD) return false;
  *channel = frame->payload[0];
  *add = read_u32(frame->payload + 1);
  return true;
}

static size_t take(uint8_t *to, size_t filled, size_t wanted, const uint8_t **at, const uint8_t *end) {
  size_t available = (size_t)(end - *at);
  size_t count = wanted - filled < available ? wanted - filled : available;
  if (count == 0) return 0;
  memcpy(to + filled, *at, count);
  *at += count;
  return count;
}

static const char *read_header(struct frame_decoder *decoder) {
  const uint8_t *header = decoder->header;
  if (header[1] != 0) return "the frame's flags are not 0";
  if (header[2] != 0 || header[3] != 0) return "the frame's reserved field is not 0";
  decoder->frame.type = header[0];
  decoder->frame.stream = read_u32(header + 4);
  decoder->frame.length = read_u32(header + 8);
  if (decoder->frame.length > FRAME_MAX_PAYLOAD) return "the frame is longer than 262144 bytes";
  return NULL;
}

static uint32_t read_u32(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void write_u32(uint8_t *at, uint32_t value) {
  for (int byte = 0; byte < 4; byte++) at[byte] = (uint8_t)(value >> (8 * byte));
}
