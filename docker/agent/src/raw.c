#include "raw.h"

#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "door.h"
#include "job.h"
#include "log.h"
#include "net.h"
#include "raw-output.h"
#include "spawn.h"
#include "thread.h"

#define LINE_MAX 8192
// A person types it. Until then the connection is a stranger, and may be cut for another.
#define LINE_DEADLINE_MS 300000

static bool read_line(struct connection *connection, char *line);
static wchar_t *command_of(const char *line);
static void run(struct connection *connection, wchar_t *command_line);
static void follow(struct connection *connection, struct spawned *spawned, HANDLE ended);
static bool feed(struct spawned *spawned, HANDLE ended, OVERLAPPED *overlapped, const uint8_t *bytes, size_t length);
static void close_input(struct spawned *spawned);

bool raw_serve(struct connection *connection) {
  char line[LINE_MAX + 1];
  if (!door_allows_raw() || !read_line(connection, line) || !door_enter_raw(connection)) return false;
  wchar_t *command_line = command_of(line);
  log_line("connection %u: raw: %.200s", connection->number, line);
  if (command_line) run(connection, command_line);
  free(command_line);
  // All is sent: its place is free for another.
  door_leave(connection);
  return true;
}

// What comes after the line stays between `at` and `end`.
static bool read_line(struct connection *connection, char *line) {
  ULONGLONG deadline = GetTickCount64() + LINE_DEADLINE_MS;
  for (size_t length = 0; length < LINE_MAX;) {
    while (connection->at < connection->end && length < LINE_MAX) {
      char byte = (char)*connection->at++;
      line[length] = 0;
      if (byte == '\n') return length > 0;
      if (byte == 0) return false;
      line[length++] = byte;
    }
    ULONGLONG now = GetTickCount64();
    if (connection->at < connection->end || now >= deadline) return false;
    int count = net_receive(connection->socket, connection->received, connection->stop, connection->bytes,
                            sizeof connection->bytes, (DWORD)(deadline - now));
    if (count <= 0) return false;
    connection->at = connection->bytes;
    connection->end = connection->bytes + count;
  }
  return false;
}

// NULL if the line is no UTF-8.
static wchar_t *command_of(const char *line) {
  size_t length = strcspn(line, "\r");
  wchar_t *command_line = malloc((length + 32) * sizeof *command_line);
  if (!command_line) return NULL;
  wcscpy(command_line, L"cmd /d /s /c \"");
  wchar_t *at = command_line + wcslen(command_line);
  int units = length ? MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, line, (int)length, at, (int)length) : 0;
  wcscpy(at + units, L"\"");
  if (units > 0) return command_line;
  free(command_line);
  return NULL;
}

static void run(struct connection *connection, wchar_t *command_line) {
  struct kit kit;
  struct spawned spawned = {0};
  struct spawn_failure failure;
  struct launch launch = {.command_line = command_line, .pipe_input = true};
  if (!kit_take(&kit)) return;
  HANDLE self = GetCurrentProcess();
  CloseHandle(kit.theirs[1]);
  kit.theirs[1] = NULL;
  // One pipe for both, so that they come back in the order in which they were written.
  bool joined = DuplicateHandle(self, kit.theirs[0], self, &kit.theirs[1], 0, TRUE, DUPLICATE_SAME_ACCESS);
  if (joined && spawn(&launch, connection->job, &kit, &spawned, &failure)) {
    kit_handed_out(&kit);
    // A cut that came before the process did.
    if (connection->cut) job_kill(connection->job);
    struct raw_output output = {.connection = connection, .kit = &kit, .process = spawned.process,
                                .ended = CreateEventW(NULL, TRUE, FALSE, NULL)};
    if (output.ended && thread_run(raw_output_run, &output)) follow(connection, &spawned, output.ended);
    else job_kill(kit.job);
    if (output.ended) CloseHandle(output.ended);
  } else if (joined) {
    strcat(failure.message, "\r\n");
    net_send(connection->socket, connection->received, connection->stop, failure.message, strlen(failure.message));
  }
  spawned_free(&spawned);
  kit_free(&kit);
}

// Until all output was sent, or the connection is lost.
static void follow(struct connection *connection, struct spawned *spawned, HANDLE ended) {
  OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
  int count = (int)(connection->end - connection->at);
  const uint8_t *bytes = connection->at;
  while (overlapped.hEvent) {
    // What a command that has closed its stdin is sent is dropped.
    if (count > 0 && !feed(spawned, ended, &overlapped, bytes, (size_t)count)) close_input(spawned);
    count = net_receive(connection->socket, connection->received, ended, connection->bytes, sizeof connection->bytes,
                        INFINITE);
    if (count <= 0) break;
    bytes = connection->bytes;
  }
  close_input(spawned);
  if (count < 0 && WaitForSingleObject(ended, 0) == WAIT_TIMEOUT) connection_cut(connection);
  WaitForSingleObject(ended, INFINITE);
  if (overlapped.hEvent) CloseHandle(overlapped.hEvent);
}

static bool feed(struct spawned *spawned, HANDLE ended, OVERLAPPED *overlapped, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    DWORD count = 0;
    if (!spawned->input) return false;
    if (!WriteFile(spawned->input, bytes, (DWORD)length, NULL, overlapped) && GetLastError() != ERROR_IO_PENDING) {
      return false;
    }
    HANDLE handles[] = {ended, overlapped->hEvent};
    if (WaitForMultipleObjects(2, handles, FALSE, INFINITE) == WAIT_OBJECT_0) CancelIoEx(spawned->input, overlapped);
    if (!GetOverlappedResult(spawned->input, overlapped, &count, TRUE)) return false;
    bytes += count;
    length -= count;
  }
  return true;
}

static void close_input(struct spawned *spawned) {
  if (spawned->input) CloseHandle(spawned->input);
  spawned->input = NULL;
}
