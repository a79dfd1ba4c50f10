#include "net.h"

static int finish(SOCKET socket, OVERLAPPED *overlapped, HANDLE stop, DWORD timeout);

SOCKET net_listen(const struct in_addr *address, unsigned short port) {
  DWORD flags = WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT;
  SOCKET listener = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, flags);
  if (listener == INVALID_SOCKET) return INVALID_SOCKET;
  // Otherwise another program could bind the same port and take our connections.
  BOOL exclusive = TRUE;
  setsockopt(listener, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&exclusive, sizeof exclusive);
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = *address};
  if (bind(listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(listener, SOMAXCONN) == 0) return listener;

  int error = WSAGetLastError();
  closesocket(listener);
  WSASetLastError(error);
  return INVALID_SOCKET;
}

SOCKET net_accept(SOCKET listener) {
  SOCKET accepted = accept(listener, NULL, NULL);
  if (accepted == INVALID_SOCKET) return INVALID_SOCKET;
  SetHandleInformation((HANDLE)accepted, HANDLE_FLAG_INHERIT, 0);
  BOOL no_delay = TRUE;
  setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, (const char *)&no_delay, sizeof no_delay);
  return accepted;
}

int net_receive(SOCKET socket, HANDLE event, HANDLE stop, void *buffer, size_t size, DWORD timeout) {
  WSABUF part = {.buf = buffer, .len = (ULONG)size};
  OVERLAPPED overlapped = {.hEvent = event};
  DWORD flags = 0;
  DWORD count;
  int result = WSARecv(socket, &part, 1, &count, &flags, &overlapped, NULL);
  if (result == 0) return (int)count;
  return WSAGetLastError() == WSA_IO_PENDING ? finish(socket, &overlapped, stop, timeout) : -1;
}

bool net_send(SOCKET socket, HANDLE event, HANDLE stop, const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    WSABUF part = {.buf = (char *)at, .len = (ULONG)length};
    OVERLAPPED overlapped = {.hEvent = event};
    DWORD count;
    int result = WSASend(socket, &part, 1, &count, 0, &overlapped, NULL);
    if (result == SOCKET_ERROR && WSAGetLastError() != WSA_IO_PENDING) return false;
    int sent = result == 0 ? (int)count : finish(socket, &overlapped, stop, INFINITE);
    if (sent <= 0) return false;
    at += sent;
    length -= (size_t)sent;
  }
  return true;
}

static int finish(SOCKET socket, OVERLAPPED *overlapped, HANDLE stop, DWORD timeout) {
  HANDLE handles[] = {stop, overlapped->hEvent};
  bool done = WaitForMultipleObjects(2, handles, FALSE, timeout) == WAIT_OBJECT_0 + 1;
  if (!done) CancelIoEx((HANDLE)socket, overlapped);
  DWORD count, flags;
  BOOL succeeded = WSAGetOverlappedResult(socket, overlapped, &count, TRUE, &flags);
  return done && succeeded ? (int)count : -1;
}
