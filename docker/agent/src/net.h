// Sockets, with waits that another thread can end.
#ifndef OSRUN_NET_H
#define OSRUN_NET_H

#include <stdbool.h>
#include <winsock2.h>
#include <windows.h>

// A listening socket, or INVALID_SOCKET with the reason in WSAGetLastError.
SOCKET net_listen(const struct in_addr *address, unsigned short port);
// The next connection, without Nagle's delay, not inheritable.
SOCKET net_accept(SOCKET listener);

// A connection to a port of this computer, at 127.0.0.1 or ::1, as above; it gives up when `stop` is set.
SOCKET net_connect(unsigned short port, HANDLE event, HANDLE stop);

// Receives something: how many bytes, 0 where the peer sends no more, or -1: failed, `stop` set, or `timeout` ms (or
// INFINITE) over.
// `event` is a manual-reset event that only this thread uses.
int net_receive(SOCKET socket, HANDLE event, HANDLE stop, void *buffer, size_t size, DWORD timeout);

// Sends everything; false if it failed or `stop` was set.
bool net_send(SOCKET socket, HANDLE event, HANDLE stop, const void *bytes, size_t length);
// On an accepted socket: sends what it takes without waiting, which may be nothing; false if it failed.
bool net_send_now(SOCKET socket, const void *bytes, size_t length, size_t *sent);

#endif
