#include "errand.h"

static const char *receive_data(struct errand *errand, const struct frame *frame);
static void commit(struct errand *errand, const struct frame *frame);
static void grant(struct errand *errand, const struct frame *frame);

const char *errand_receive(struct stream *stream, const struct frame *frame) {
  struct errand *errand = (struct errand *)stream;
  const char *wrong = NULL;
  if (frame->type == FRAME_KILL) errand_kill(errand);
  AcquireSRWLockExclusive(&errand->lock);
  switch (frame->type) {
    case FRAME_DATA_IN:
      wrong = receive_data(errand, frame);
      break;
    case FRAME_CLOSE_IN:
      errand->mail_ends = true;
      break;
    case FRAME_COMMIT:
      commit(errand, frame);
      break;
    case FRAME_WINDOW:
      grant(errand, frame);
      break;
    default:
      break;
  }
  WakeAllConditionVariable(&errand->changed);
  ReleaseSRWLockExclusive(&errand->lock);
  return wrong;
}

size_t errand_mail(struct errand *errand, const uint8_t **oldest) {
  AcquireSRWLockExclusive(&errand->lock);
  while (errand->mail.length == 0 && !errand->mail_ends && !errand->committed && !errand->killed) {
    SleepConditionVariableSRW(&errand->changed, &errand->lock, INFINITE, 0);
  }
  size_t length = errand->killed ? 0 : ring_peek(&errand->mail, oldest);
  ReleaseSRWLockExclusive(&errand->lock);
  return length < ERRAND_CHUNK ? length : ERRAND_CHUNK;
}

void errand_taken(struct errand *errand, size_t length) {
  AcquireSRWLockExclusive(&errand->lock);
  uint32_t granted = ring_take(&errand->mail, length);
  ReleaseSRWLockExclusive(&errand->lock);
  if (granted == 0) return;
  uint8_t window[FRAME_WINDOW_PAYLOAD];
  frame_encode_window(window, CHANNEL_IN, granted);
  errand_send(errand, FRAME_WINDOW, window, sizeof window);
}

size_t errand_allowance(struct errand *errand) {
  AcquireSRWLockExclusive(&errand->lock);
  while (errand->credit == 0 && !errand->killed) {
    SleepConditionVariableSRW(&errand->changed, &errand->lock, INFINITE, 0);
  }
  uint64_t credit = errand->killed ? 0 : errand->credit;
  ReleaseSRWLockExclusive(&errand->lock);
  return credit < ERRAND_CHUNK ? (size_t)credit : ERRAND_CHUNK;
}

bool errand_put(struct errand *errand, const void *bytes, size_t length) {
  for (const uint8_t *at = bytes; length > 0;) {
    size_t part = errand_allowance(errand);
    if (part == 0) return false;
    if (part > length) part = length;
    AcquireSRWLockExclusive(&errand->lock);
    errand->credit -= part;
    ReleaseSRWLockExclusive(&errand->lock);
    errand_send(errand, FRAME_DATA_OUT, at, part);
    at += part;
    length -= part;
  }
  return true;
}

// Bytes that nobody takes, or after the end, are nobody's.
static const char *receive_data(struct errand *errand, const struct frame *frame) {
  if (errand->mail.capacity == 0 || errand->mail_ends || errand->committed) return NULL;
  if (frame->length > ring_room(&errand->mail)) return "more bytes on channel 0 than the host has credit for";
  ring_put(&errand->mail, frame->payload, frame->length);
  return NULL;
}

static void commit(struct errand *errand, const struct frame *frame) {
  if (errand->committed || errand->mail_ends) return;
  errand->committed = true;
  errand->uncommitted = request_commit(frame, &errand->commit);
}

static void grant(struct errand *errand, const struct frame *frame) {
  uint8_t channel;
  uint32_t add;
  if (!frame_decode_window(frame, &channel, &add) || channel != CHANNEL_OUT) return;
  if (errand->credit <= UINT32_MAX) errand->credit += add;
}
