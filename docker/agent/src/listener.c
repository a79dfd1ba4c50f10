#include "listener.h"

#include <stdbool.h>

#include "connection.h"
#include "log.h"
#include "net.h"

// A port may still be held by an agent that is just ending.
#define BIND_DEADLINE_MS 60000
#define RETRY_MS 250

static SOCKET listen_in_time(const struct in_addr *address, unsigned short port);
static void accept_all(SOCKET listener);

void listener_run(const struct in_addr *address, unsigned short port) {
  for (;;) {
    SOCKET listener = listen_in_time(address, port);
    if (listener == INVALID_SOCKET) return;
    log_line("listening on port %u", port);
    accept_all(listener);
    closesocket(listener);
  }
}

static SOCKET listen_in_time(const struct in_addr *address, unsigned short port) {
  for (ULONGLONG start = GetTickCount64();; Sleep(RETRY_MS)) {
    SOCKET listener = net_listen(address, port);
    if (listener != INVALID_SOCKET) return listener;
    if (GetTickCount64() - start > BIND_DEADLINE_MS) {
      log_line("port %u cannot be had after %d s (error %d): is another agent running?", port, BIND_DEADLINE_MS / 1000,
               WSAGetLastError());
      return INVALID_SOCKET;
    }
  }
}

// Until the listening socket itself fails: a caller that is gone before it is accepted does not count.
static void accept_all(SOCKET listener) {
  for (int failures = 0; failures < 20;) {
    SOCKET accepted = net_accept(listener);
    if (accepted != INVALID_SOCKET) {
      failures = 0;
      connection_start(accepted);
      continue;
    }
    failures++;
    log_line("accept failed (error %d)", WSAGetLastError());
    Sleep(RETRY_MS);
  }
}
