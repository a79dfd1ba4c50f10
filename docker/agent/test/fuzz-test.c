// Random rounds, the same in each run. FUZZ_ROUNDS gives their number, FUZZ_SEED the first random number.
#include "check.h"
#include "frame.h"
#include "fuzz.h"
#include "random.h"

#define SEQUENCE_MAX 4096

static const char *const payloads[] = {
    "{\"magic\":\"osrun\",\"min\":1,\"max\":1,\"secret\":\"00ffAB\",\"time\":1795469451977,\"setClock\":true,"
    "\"attempt\":7,\"raw\":false}",
    "{\"commandLine\":\"cmd /c \\\"echo \\u00e9\\ud83d\\ude00\\\"\",\"cwd\":\"C:\\\\x\","
    "\"env\":{\"A\":\"1\",\"B\":null},\"stdin\":\"pipe\",\"tty\":{\"columns\":80,\"rows\":25}}",
    "{\"commandLine\":\"\xE4\xBD\xA0\xF0\x9F\x98\x80\",\"stdin\":\"null\"}",
    "{\"set\":1795469451977}",
    "{}",
    "P\0\x19",
    "\x01\0\0\x04",
    "",
};
static const uint32_t payload_lengths[] = {0, 0, 0, 0, 0, 4, 5, 0};
static const uint8_t types[] = {FRAME_HELLO, FRAME_EXEC,   FRAME_EXEC, FRAME_CLOCK,
                                FRAME_CLOCK, FRAME_RESIZE, FRAME_WINDOW, FRAME_KILL};

enum { PAYLOADS = sizeof payloads / sizeof *payloads };

static uint64_t state;
static unsigned long rounds;

static uint32_t length_of(size_t index) {
  return payload_lengths[index] ? payload_lengths[index] : (uint32_t)strlen(payloads[index]);
}

static size_t put_frame(uint8_t *to, size_t index, uint32_t stream) {
  uint32_t length = length_of(index);
  frame_encode_header(to, types[index], stream, length);
  memcpy(to + FRAME_HEADER, payloads[index], length);
  return FRAME_HEADER + length;
}

static size_t valid_sequence(uint8_t *to) {
  size_t length = 0;
  for (size_t index = 0; index < PAYLOADS; index++) length += put_frame(to + length, index, (uint32_t)index);
  return length;
}

// Tokens at which a reader of frames or of JSON takes another way.
static size_t mutate(uint8_t *bytes, size_t length, size_t capacity) {
  static const char *const tokens[] = {"\"", "\\",   "\\u", "\\u0000", "\\ud800",          "{",    "}",
                                       "[",  "]",    ",",   ":",       "null",             "-",    "1e9",
                                       "=",  "\xC3", " ",   "\xF0\x9F", "9007199254740993", "\xFF", "\xFF\xFF\xFF\xFF"};
  size_t at = length ? random_below(&state, length) : 0;
  size_t count = 1 + random_below(&state, 8);
  const char *token = tokens[random_below(&state, sizeof tokens / sizeof *tokens)];
  switch (random_below(&state, 6)) {
    case 0:
      if (length) bytes[at] ^= (uint8_t)(1 << random_below(&state, 8));
      return length;
    case 1:
      if (length) bytes[at] = (uint8_t)random_next(&state);
      return length;
    case 2:
      if (count > length - at) count = length - at;
      memmove(bytes + at, bytes + at + count, length - at - count);
      return length - count;
    case 3:
      if (count > length - at) count = length - at;
      if (length + count > capacity) return length;
      memmove(bytes + at + count, bytes + at, length - at);
      return length + count;
    case 4:
      count = strlen(token);
      if (length + count > capacity) return length;
      memmove(bytes + at + count, bytes + at, length - at);
      memcpy(bytes + at, token, count);
      return length + count;
    default:
      return random_below(&state, 4) ? length : at;
  }
}

// As many as make up `length`: one tells of at most 255 bytes.
static size_t put_cuts(uint8_t *cuts, size_t count, size_t length) {
  for (size_t part; length > 0; length -= part) {
    part = length < 255 ? length : 255;
    cuts[count++] = (uint8_t)part;
  }
  return count;
}

static void every_split(void) {
  uint8_t bytes[SEQUENCE_MAX];
  size_t length = valid_sequence(bytes);
  uint64_t whole = fuzz_connection(bytes, length, NULL, 0);
  for (size_t first = 1; first < length; first++) {
    uint8_t cuts[SEQUENCE_MAX];
    size_t count = put_cuts(cuts, 0, first);
    count = put_cuts(cuts, count, length - first);
    CHECK(fuzz_connection(bytes, length, cuts, count) == whole);
  }
  for (uint8_t size = 1; size < 255; size++) CHECK(fuzz_connection(bytes, length, &size, 1) == whole);
}

static void mutated_sequences(void) {
  for (unsigned long round = 0; round < rounds; round++) {
    uint8_t bytes[SEQUENCE_MAX], cuts[8];
    size_t length = 0;
    for (uint32_t frames = 1 + random_below(&state, 5); frames > 0; frames--) {
      length += put_frame(bytes + length, random_below(&state, PAYLOADS), random_next(&state));
    }
    for (uint32_t steps = random_below(&state, 6); steps > 0; steps--) length = mutate(bytes, length, sizeof bytes);
    for (size_t index = 0; index < sizeof cuts; index++) cuts[index] = (uint8_t)random_below(&state, 64);
    CHECK(fuzz_connection(bytes, length, cuts, sizeof cuts) == fuzz_connection(bytes, length, NULL, 0));
  }
}

static void mutated_payloads(void) {
  for (unsigned long round = 0; round < rounds * 4; round++) {
    uint8_t bytes[SEQUENCE_MAX];
    size_t index = random_below(&state, PAYLOADS), length = length_of(index);
    memcpy(bytes, payloads[index], length);
    for (uint32_t steps = 1 + random_below(&state, 5); steps > 0; steps--) length = mutate(bytes, length, sizeof bytes);
    fuzz_payload(bytes, length);
  }
}

int main(void) {
  rounds = random_setting("FUZZ_ROUNDS", 20000);
  state = random_setting("FUZZ_SEED", 1);
  TEST("a recorded connection says the same however it is split", every_split);
  TEST("mutated frames are the same frames, or the same error, however they are split", mutated_sequences);
  TEST("mutated payloads are refused, or mean what they say", mutated_payloads);
  return 0;
}
