#include "outbox.h"

#include "block.h"
#include "frame.h"
#include "net.h"
#include "thread.h"

#define CAPACITY (1024 * 1024)
// Data may fill the ring so far.
#define DATA_CAPACITY (768 * 1024)

// With the lock held.
static bool post(struct outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length);
static void flush(struct outbox *outbox);
static void write_run(struct outbox *outbox, bool wait);
static bool has_room(const struct outbox *outbox, uint8_t type, size_t length);
static void put(struct outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length);
static bool wait_until(struct outbox *outbox, ULONGLONG deadline);
static DWORD WINAPI write_all(void *argument);

bool outbox_open(struct outbox *outbox, SOCKET socket, HANDLE stop) {
  InitializeSRWLock(&outbox->lock);
  InitializeConditionVariable(&outbox->drained);
  InitializeConditionVariable(&outbox->filled);
  outbox->socket = socket;
  outbox->stop = stop;
  ring_start(&outbox->ring, block_take(CAPACITY), CAPACITY);
  outbox->event = CreateEventW(NULL, TRUE, FALSE, NULL);
  if (!outbox->ring.bytes || !outbox->event) return false;
  outbox->writer = thread_start(write_all, outbox);
  return outbox->writer != NULL;
}

bool outbox_send(struct outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length) {
  AcquireSRWLockExclusive(&outbox->lock);
  bool open = post(outbox, type, stream, payload, length);
  flush(outbox);
  ReleaseSRWLockExclusive(&outbox->lock);
  return open;
}

bool outbox_post(struct outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length) {
  AcquireSRWLockExclusive(&outbox->lock);
  bool open = post(outbox, type, stream, payload, length);
  ReleaseSRWLockExclusive(&outbox->lock);
  return open;
}

void outbox_flush(struct outbox *outbox) {
  AcquireSRWLockExclusive(&outbox->lock);
  flush(outbox);
  ReleaseSRWLockExclusive(&outbox->lock);
}

bool outbox_farewell(struct outbox *outbox, uint8_t type, const void *payload, size_t length, DWORD timeout) {
  ULONGLONG deadline = GetTickCount64() + timeout;
  AcquireSRWLockExclusive(&outbox->lock);
  outbox->closed = true;
  WakeAllConditionVariable(&outbox->drained);
  bool in_time = true;
  flush(outbox);
  while (in_time && !outbox->broken && !has_room(outbox, type, length)) in_time = wait_until(outbox, deadline);
  if (in_time && !outbox->broken) put(outbox, type, 0, payload, length);
  flush(outbox);
  while (in_time && !outbox->broken && outbox->ring.length > 0) in_time = wait_until(outbox, deadline);
  bool written = in_time && !outbox->broken;
  ReleaseSRWLockExclusive(&outbox->lock);
  return written;
}

void outbox_close(struct outbox *outbox) {
  AcquireSRWLockExclusive(&outbox->lock);
  outbox->closed = outbox->broken = true;
  WakeAllConditionVariable(&outbox->drained);
  WakeAllConditionVariable(&outbox->filled);
  // The socket is its owner's to close once nobody writes to it.
  while (outbox->writing) SleepConditionVariableSRW(&outbox->drained, &outbox->lock, INFINITE, 0);
  ReleaseSRWLockExclusive(&outbox->lock);
  if (!outbox->writer) return;
  WaitForSingleObject(outbox->writer, INFINITE);
  CloseHandle(outbox->writer);
  outbox->writer = NULL;
}

void outbox_free(struct outbox *outbox) {
  if (outbox->event) CloseHandle(outbox->event);
  block_free(outbox->ring.bytes);
}

static bool post(struct outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length) {
  while (!outbox->closed && !has_room(outbox, type, length)) {
    flush(outbox);
    if (has_room(outbox, type, length)) break;
    SleepConditionVariableSRW(&outbox->drained, &outbox->lock, INFINITE, 0);
  }
  if (!outbox->closed) put(outbox, type, stream, payload, length);
  return !outbox->closed;
}

// Mostly the socket takes all at once, and no other thread has to be woken for it.
static void flush(struct outbox *outbox) {
  if (outbox->writing || outbox->broken) return;
  if (outbox->ring.length > 0) write_run(outbox, false);
  if (outbox->ring.length > 0 || outbox->broken) WakeConditionVariable(&outbox->filled);
}

// Writes the ring up to its end or its wrap, without the lock. Who does not wait writes what the socket takes now.
static void write_run(struct outbox *outbox, bool wait) {
  const uint8_t *run;
  size_t length = ring_peek(&outbox->ring, &run), sent = length;
  outbox->writing = true;
  ReleaseSRWLockExclusive(&outbox->lock);
  bool whole = wait ? net_send(outbox->socket, outbox->event, outbox->stop, run, length)
                    : net_send_now(outbox->socket, run, length, &sent);
  AcquireSRWLockExclusive(&outbox->lock);
  outbox->writing = false;
  ring_drop(&outbox->ring, sent);
  if (!whole) outbox->closed = outbox->broken = true;
  WakeAllConditionVariable(&outbox->drained);
}

static bool has_room(const struct outbox *outbox, uint8_t type, size_t length) {
  bool data = type == FRAME_DATA_OUT || type == FRAME_DATA_ERR;
  return outbox->ring.length + FRAME_HEADER + length <= (data ? DATA_CAPACITY : CAPACITY);
}

static void put(struct outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length) {
  uint8_t header[FRAME_HEADER];
  frame_encode_header(header, type, stream, (uint32_t)length);
  ring_put(&outbox->ring, header, sizeof header);
  ring_put(&outbox->ring, payload, length);
}

static bool wait_until(struct outbox *outbox, ULONGLONG deadline) {
  ULONGLONG now = GetTickCount64();
  return now < deadline && SleepConditionVariableSRW(&outbox->drained, &outbox->lock, (DWORD)(deadline - now), 0);
}

static DWORD WINAPI write_all(void *argument) {
  struct outbox *outbox = argument;
  thread_trim_stack();
  AcquireSRWLockExclusive(&outbox->lock);
  while (!outbox->broken) {
    if (outbox->ring.length == 0 || outbox->writing) {
      SleepConditionVariableSRW(&outbox->filled, &outbox->lock, INFINITE, 0);
    } else {
      write_run(outbox, true);
    }
  }
  ReleaseSRWLockExclusive(&outbox->lock);
  SetEvent(outbox->stop);
  return 0;
}
