#include "connection.h"

#include "block.h"
#include "dispatch.h"
#include "door.h"
#include "hello.h"
#include "job.h"
#include "log.h"
#include "net.h"
#include "raw.h"
#include "reply.h"
#include "thread.h"

// A guest that is emulated is slow; a stranger may keep a place for so long.
#define HELLO_DEADLINE_MS 30000
// For the last frame to be written, and for the host to close its side.
#define FAREWELL_DEADLINE_MS 2000
#define RECEIVE_SIP 4096

static DWORD WINAPI run(void *argument);
static void serve(struct connection *connection);
static bool receive(struct connection *connection, DWORD timeout);
static enum frame_result next_frame(struct connection *connection, DWORD timeout);
static void refuse(struct connection *connection, const char *code, const char *message);
static void quiesce(struct connection *connection);
static void linger(struct connection *connection);

void connection_start(SOCKET socket) {
  static volatile LONG connections;
  struct connection *connection = block_take(sizeof *connection);
  if (!connection) {
    closesocket(socket);
    return;
  }
  connection->references = 1;
  connection->number = (unsigned)InterlockedIncrement(&connections);
  connection->socket = socket;
  connection->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
  connection->received = CreateEventW(NULL, TRUE, FALSE, NULL);
  connection->at = connection->end = connection->bytes;
  connection->appetite = RECEIVE_SIP;
  frame_decoder_start(&connection->decoder, connection->payload);
  streams_open(&connection->streams);

  if (connection->stop && connection->received) {
    door_knock(connection);
    if (thread_run(run, connection)) return;
    door_leave(connection);
  }
  closesocket(socket);
  connection_let_go(connection);
}

void connection_cut(struct connection *connection) {
  if (connection->detachable) {
    if (connection->job) job_release(connection->job);
    streams_abandon(&connection->streams, STREAM_DETACH);
  } else {
    streams_abandon(&connection->streams, STREAM_KILL);
    if (connection->job) job_kill(connection->job);
  }
  InterlockedExchange(&connection->cut, TRUE);
  SetEvent(connection->stop);
}

void connection_hold(struct connection *connection) {
  InterlockedIncrement(&connection->references);
}

void connection_let_go(struct connection *connection) {
  if (InterlockedDecrement(&connection->references) > 0) return;
  outbox_free(&connection->outbox);
  if (connection->job) CloseHandle(connection->job);
  if (connection->stop) CloseHandle(connection->stop);
  if (connection->received) CloseHandle(connection->received);
  block_free(connection);
}

static DWORD WINAPI run(void *argument) {
  struct connection *connection = argument;
  serve(connection);
  door_leave(connection);
  SetEvent(connection->stop);
  outbox_close(&connection->outbox);
  closesocket(connection->socket);
  log_line("connection %u: ended", connection->number);
  connection_let_go(connection);
  return 0;
}

static void serve(struct connection *connection) {
  if (!receive(connection, HELLO_DEADLINE_MS)) return;
  connection->job = job_create(true);
  // What a person types does not begin with a HELLO's type.
  if (connection->job && *connection->at != FRAME_HELLO) {
    if (raw_serve(connection)) linger(connection);
    return;
  }
  bool greeted = next_frame(connection, HELLO_DEADLINE_MS) == FRAME_READY && hello_is_one(&connection->decoder.frame);
  if (!greeted || !connection->job || !outbox_open(&connection->outbox, connection->socket, connection->stop)) {
    log_line("connection %u: closed, it did not begin with a HELLO", connection->number);
    return;
  }

  struct problem problem = hello_answer(connection, &connection->decoder.frame);
  while (!problem.code) {
    enum frame_result result = next_frame(connection, INFINITE);
    if (result == FRAME_ILLEGAL) {
      problem = (struct problem){"BAD_FRAME", connection->decoder.illegal};
    } else if (result == FRAME_INCOMPLETE) {
      connection_cut(connection);
      return;
    } else if (connection->decoder.frame.type == FRAME_QUIESCE && connection->decoder.frame.stream == 0) {
      quiesce(connection);
      return;
    } else {
      problem = dispatch(connection, &connection->decoder.frame);
    }
  }
  refuse(connection, problem.code, problem.message);
}

// FRAME_INCOMPLETE at the end of the connection.
static enum frame_result next_frame(struct connection *connection, DWORD timeout) {
  ULONGLONG start = GetTickCount64();
  for (;;) {
    if (connection->cut) return FRAME_INCOMPLETE;
    enum frame_result result = frame_decode(&connection->decoder, &connection->at, connection->end);
    if (result != FRAME_INCOMPLETE) return result;

    ULONGLONG passed = GetTickCount64() - start;
    if (timeout != INFINITE && passed >= timeout) return FRAME_INCOMPLETE;
    if (!receive(connection, timeout == INFINITE ? INFINITE : timeout - (DWORD)passed)) return FRAME_INCOMPLETE;
  }
}

static bool receive(struct connection *connection, DWORD timeout) {
  int count = net_receive(connection->socket, connection->received, connection->stop, connection->bytes,
                          connection->appetite, timeout);
  bool filled = count == (int)connection->appetite;
  connection->appetite = filled ? sizeof connection->bytes : RECEIVE_SIP;
  connection->at = connection->bytes;
  connection->end = connection->bytes + (count > 0 ? count : 0);
  return count > 0;
}

static void refuse(struct connection *connection, const char *code, const char *message) {
  log_line("connection %u: %s: %s", connection->number, code, message);
  streams_abandon(&connection->streams, STREAM_KILL);
  job_kill(connection->job);
  char text[REPLY_MAX];
  size_t length = reply_error(text, code, 0, message);
  if (outbox_farewell(&connection->outbox, FRAME_ERROR, text, length, FAREWELL_DEADLINE_MS)) linger(connection);
}

static void quiesce(struct connection *connection) {
  if (!door_forget(connection)) return;
  log_line("connection %u: quiesced", connection->number);
  job_release(connection->job);
  streams_abandon(&connection->streams, STREAM_DETACH);
  if (outbox_farewell(&connection->outbox, FRAME_QUIESCED, NULL, 0, FAREWELL_DEADLINE_MS)) linger(connection);
}

// Closing a socket with unread bytes resets the connection, and the host may lose our last frame.
static void linger(struct connection *connection) {
  shutdown(connection->socket, SD_SEND);
  ULONGLONG deadline = GetTickCount64() + FAREWELL_DEADLINE_MS;
  for (ULONGLONG now; (now = GetTickCount64()) < deadline;) {
    if (net_receive(connection->socket, connection->received, connection->stop, connection->bytes,
                    sizeof connection->bytes, (DWORD)(deadline - now)) <= 0) {
      return;
    }
  }
}
