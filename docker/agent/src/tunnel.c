#include "tunnel.h"

#include <stdio.h>
#include <stdlib.h>

#include "block.h"
#include "errand.h"
#include "net.h"
#include "stream-start.h"
#include "thread.h"

struct tunnel {
  struct errand errand;
  uint16_t port;
  SOCKET socket;
  // One for each direction, and one direction's thread runs the whole before and after.
  HANDLE sending, receiving;
  volatile LONG directions;
  // Why the connection was lost, or 0.
  volatile LONG error;
};

static void run(struct errand *errand);
static void clean(struct errand *errand);
static DWORD WINAPI carry_in(void *argument);
static void carry_out(struct tunnel *tunnel);
static void lose(struct tunnel *tunnel, int error);
static void leave(struct tunnel *tunnel);
static void fail(struct tunnel *tunnel, DWORD error);
static void hang_up(struct tunnel *tunnel);

void tunnel_start(struct connection *connection, const struct frame *frame) {
  static const struct errand_kind kind = {sizeof(struct tunnel), run, clean};
  uint16_t port;
  const char *wrong = request_connect(frame, &port);
  if (wrong) {
    stream_refuse(connection, frame->stream, "BAD_REQUEST", wrong);
    return;
  }
  struct tunnel *tunnel = (struct tunnel *)errand_create(&kind, connection, frame->stream, true);
  if (!tunnel) return;
  tunnel->port = port;
  tunnel->socket = INVALID_SOCKET;
  errand_start(&tunnel->errand);
}

static void run(struct errand *errand) {
  struct tunnel *tunnel = (struct tunnel *)errand;
  tunnel->sending = CreateEventW(NULL, TRUE, FALSE, NULL);
  tunnel->receiving = CreateEventW(NULL, TRUE, FALSE, NULL);
  if (tunnel->sending && tunnel->receiving) {
    tunnel->socket = net_connect(tunnel->port, tunnel->receiving, errand->stop);
  } else {
    WSASetLastError(WSAENOBUFS);
  }
  if (tunnel->socket == INVALID_SOCKET) {
    fail(tunnel, (DWORD)WSAGetLastError());
    return;
  }
  errand_send(errand, FRAME_STARTED, "{}", 2);
  tunnel->directions = 2;
  stream_hold(&errand->stream);
  if (!thread_run(carry_in, tunnel)) {
    lose(tunnel, WSAENOBUFS);
    leave(tunnel);
    stream_let_go(&errand->stream);
  }
  carry_out(tunnel);
  leave(tunnel);
}

static void clean(struct errand *errand) {
  struct tunnel *tunnel = (struct tunnel *)errand;
  if (tunnel->sending) CloseHandle(tunnel->sending);
  if (tunnel->receiving) CloseHandle(tunnel->receiving);
}

static DWORD WINAPI carry_in(void *argument) {
  struct tunnel *tunnel = argument;
  struct errand *errand = &tunnel->errand;
  const uint8_t *run_of_mail;
  for (size_t length; (length = errand_mail(errand, &run_of_mail)) > 0;) {
    if (!net_send(tunnel->socket, tunnel->sending, errand->stop, run_of_mail, length)) {
      lose(tunnel, WSAGetLastError());
      break;
    }
    errand_taken(errand, length);
  }
  if (!errand_killed(errand)) shutdown(tunnel->socket, SD_SEND);
  leave(tunnel);
  stream_let_go(&errand->stream);
  return 0;
}

static void carry_out(struct tunnel *tunnel) {
  struct errand *errand = &tunnel->errand;
  uint8_t *chunk = block_take(ERRAND_CHUNK);
  if (!chunk) lose(tunnel, WSAENOBUFS);
  for (size_t most; (most = errand_allowance(errand)) > 0;) {
    int count = net_receive(tunnel->socket, tunnel->receiving, errand->stop, chunk, most, INFINITE);
    if (count <= 0) {
      if (count < 0) lose(tunnel, WSAGetLastError());
      else errand_send(errand, FRAME_EOF_OUT, NULL, 0);
      break;
    }
    errand_put(errand, chunk, (size_t)count);
  }
  block_free(chunk);
}

// Ends the other direction too.
static void lose(struct tunnel *tunnel, int error) {
  if (!errand_killed(&tunnel->errand)) InterlockedCompareExchange(&tunnel->error, error, 0);
  errand_kill(&tunnel->errand);
}

// The direction that ends last tells the end.
static void leave(struct tunnel *tunnel) {
  if (InterlockedDecrement(&tunnel->directions) > 0) return;
  hang_up(tunnel);
  if (tunnel->error) fail(tunnel, (DWORD)tunnel->error);
  else errand_done(&tunnel->errand, "{}", 2);
}

static void fail(struct tunnel *tunnel, DWORD error) {
  char subject[64];
  snprintf(subject, sizeof subject, "the connection to port %u in the guest failed", tunnel->port);
  errand_fail(&tunnel->errand, "CONNECT_FAILED", error, subject);
}

// What did not end by itself is reset, so that the other side does not take it for whole.
static void hang_up(struct tunnel *tunnel) {
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  if (errand_killed(&tunnel->errand)) {
    setsockopt(tunnel->socket, SOL_SOCKET, SO_LINGER, (const char *)&at_once, sizeof at_once);
  }
  closesocket(tunnel->socket);
}
