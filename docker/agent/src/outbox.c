#include "outbox.h"

#include "block.h"
#include "frame.h"
#include "net.h"
#include "thread.h"

#define CAPACITY (1024 * 1024)
// Data may fill the ring so far.
#define DATA_CAPACITY (768 * 1024)

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
  bool open = outbox_post(outbox, type, stream, payload, length);
  outbox_flush(outbox);
  return open;
}

bool outbox_post(struct outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length) {
  AcquireSRWLockExclusive(&outbox->lock);
  while (!outbox->closed && !has_room(outbox, type, length)) {
    outbox_flush(outbox);
    SleepConditionVariableSRW(&outbox->drained, &outbox->lock, INFINITE, 0);
  }
  bool open = !outbox->closed;
  if (open) put(outbox, type, stream, payload, length);
  ReleaseSRWLockExclusive(&outbox->lock);
  return open;
}

void outbox_flush(struct outbox *outbox) {
  WakeConditionVariable(&outbox->filled);
}

bool outbox_farewell(struct outbox *outbox, uint8_t type, const void *payload, size_t length, DWORD timeout) {
  ULONGLONG deadline = GetTickCount64() + timeout;
  AcquireSRWLockExclusive(&outbox->lock);
  outbox->closed = true;
  WakeAllConditionVariable(&outbox->drained);
  bool in_time = true;
  while (in_time && !outbox->broken && !has_room(outbox, type, length)) in_time = wait_until(outbox, deadline);
  if (in_time && !outbox->broken) put(outbox, type, 0, payload, length);
  outbox_flush(outbox);
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
  AcquireSRWLockExclusive(&outbox->lock);
  while (!outbox->broken) {
    const uint8_t *run;
    size_t length = ring_peek(&outbox->ring, &run);
    if (length == 0) {
      SleepConditionVariableSRW(&outbox->filled, &outbox->lock, INFINITE, 0);
      continue;
    }
    ReleaseSRWLockExclusive(&outbox->lock);
    bool sent = net_send(outbox->socket, outbox->event, outbox->stop, run, length);
    AcquireSRWLockExclusive(&outbox->lock);
    ring_drop(&outbox->ring, length);
    if (!sent) outbox->closed = outbox->broken = true;
    WakeAllConditionVariable(&outbox->drained);
  }
  ReleaseSRWLockExclusive(&outbox->lock);
  SetEvent(outbox->stop);
  return 0;
}
