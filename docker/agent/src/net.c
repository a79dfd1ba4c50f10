#include "net.h"

#include <ws2tcpip.h>

static SOCKET connect_to(const struct sockaddr *name, int length, HANDLE event, HANDLE stop);
static int wait_for_connection(SOCKET socket, HANDLE event, HANDLE stop);
static void send_at_once(SOCKET socket);
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
  send_at_once(accepted);
  // Only for `net_send_now`: it is nothing to what is overlapped.
  u_long on = TRUE;
  ioctlsocket(accepted, FIONBIO, &on);
  return accepted;
}

SOCKET net_connect(unsigned short port, HANDLE event, HANDLE stop) {
  struct sockaddr_in old = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  SOCKET connected = connect_to((const struct sockaddr *)&old, sizeof old, event, stop);
  int error = WSAGetLastError();
  if (connected != INVALID_SOCKET || error == WSA_OPERATION_ABORTED) return connected;
  struct sockaddr_in6 new = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  connected = connect_to((const struct sockaddr *)&new, sizeof new, event, stop);
  // What 127.0.0.1 said is what the host wants to know: ::1 may not even be there.
  if (connected == INVALID_SOCKET) WSASetLastError(error);
  return connected;
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

bool net_send_now(SOCKET socket, const void *bytes, size_t length, size_t *sent) {
  int count = send(socket, bytes, (int)length, 0);
  *sent = count > 0 ? (size_t)count : 0;
  return count >= 0 || WSAGetLastError() == WSAEWOULDBLOCK;
}

static SOCKET connect_to(const struct sockaddr *name, int length, HANDLE event, HANDLE stop) {
  DWORD flags = WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT;
  SOCKET connected = WSASocketW(name->sa_family, SOCK_STREAM, IPPROTO_TCP, NULL, 0, flags);
  if (connected == INVALID_SOCKET) return INVALID_SOCKET;
  ResetEvent(event);
  // The socket does not block from here on, which is nothing to what is overlapped.
  int error = WSAEventSelect(connected, event, FD_CONNECT) == 0 ? 0 : WSAGetLastError();
  if (!error && connect(connected, name, length) != 0) error = WSAGetLastError();
  if (error == WSAEWOULDBLOCK) error = wait_for_connection(connected, event, stop);
  if (!error) {
    WSAEventSelect(connected, NULL, 0);
    send_at_once(connected);
    return connected;
  }
  closesocket(connected);
  WSASetLastError(error);
  return INVALID_SOCKET;
}

static int wait_for_connection(SOCKET socket, HANDLE event, HANDLE stop) {
  HANDLE handles[] = {stop, event};
  WSANETWORKEVENTS events;
  if (WaitForMultipleObjects(2, handles, FALSE, INFINITE) != WAIT_OBJECT_0 + 1) return WSA_OPERATION_ABORTED;
  return WSAEnumNetworkEvents(socket, NULL, &events) == 0 ? events.iErrorCode[FD_CONNECT_BIT] : WSAGetLastError();
}

// Without Nagle's delay.
static void send_at_once(SOCKET socket) {
  BOOL no_delay = TRUE;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, (const char *)&no_delay, sizeof no_delay);
}

static int finish(SOCKET socket, OVERLAPPED *overlapped, HANDLE stop, DWORD timeout) {
  HANDLE handles[] = {stop, overlapped->hEvent};
  bool done = WaitForMultipleObjects(2, handles, FALSE, timeout) == WAIT_OBJECT_0 + 1;
  if (!done) CancelIoEx((HANDLE)socket, overlapped);
  DWORD count, flags;
  BOOL succeeded = WSAGetOverlappedResult(socket, overlapped, &count, TRUE, &flags);
  return done && succeeded ? (int)count : -1;
}
