#include "raw-output.h"

#include "net.h"

// As for other commands: a pipe that is open but silent for so long is held by a process that was left behind.
#define DRAIN_DEADLINE_MS 1000

static int read_output(struct raw_output *raw, OVERLAPPED *overlapped);
static bool wait_for_output(struct raw_output *raw, HANDLE readable);

DWORD WINAPI raw_output_run(void *argument) {
  struct raw_output *raw = argument;
  struct connection *connection = raw->connection;
  HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
  OVERLAPPED overlapped = {.hEvent = raw->kit->outputs[0].overlapped.hEvent};
  int count;
  bool sent = event != NULL;
  while (sent && (count = read_output(raw, &overlapped)) > 0) {
    sent = net_send(connection->socket, event, connection->stop, raw->kit->outputs[0].chunk, (size_t)count);
  }
  if (!sent) connection_cut(connection);
  if (event) CloseHandle(event);
  SetEvent(raw->ended);
  return 0;
}

// How many bytes; 0 at the end.
static int read_output(struct raw_output *raw, OVERLAPPED *overlapped) {
  HANDLE pipe = raw->kit->outputs[0].pipe;
  for (;;) {
    DWORD count = 0;
    if (!ReadFile(pipe, raw->kit->outputs[0].chunk, OUTPUT_CHUNK, NULL, overlapped) &&
        GetLastError() != ERROR_IO_PENDING) {
      return 0;
    }
    if (!wait_for_output(raw, overlapped->hEvent)) CancelIoEx(pipe, overlapped);
    if (!GetOverlappedResult(pipe, overlapped, &count, TRUE)) return 0;
    // A child that writes nothing, in so many words, completes a read with 0 bytes: that is no end.
    if (count > 0) return (int)count;
  }
}

static bool wait_for_output(struct raw_output *raw, HANDLE readable) {
  HANDLE handles[] = {readable, raw->process};
  if (WaitForMultipleObjects(2, handles, FALSE, INFINITE) == WAIT_OBJECT_0) return true;
  return WaitForSingleObject(readable, DRAIN_DEADLINE_MS) == WAIT_OBJECT_0;
}
