// One connection of a host, from its first byte to its last.
#ifndef OSRUN_CONNECTION_H
#define OSRUN_CONNECTION_H

#include <winsock2.h>
#include <windows.h>

#include "frame.h"
#include "outbox.h"
#include "streams.h"

struct connection {
  volatile LONG references;
  // For the log.
  unsigned number;
  SOCKET socket;
  // Manual reset; set: the connection is over.
  HANDLE stop;
  // The same, for a look at it that costs nothing, where it was cut.
  volatile LONG cut;
  // What it started outlives it, and does not hear of its end.
  volatile LONG detachable;
  // Holds every process that the connection started.
  HANDLE job;
  struct outbox outbox;
  struct streams streams;

  // The rest belongs to the connection's own thread.
  HANDLE received;
  struct frame_decoder decoder;
  const uint8_t *at, *end;
  // How much of `bytes` is offered to the socket: more, once it was filled. Wine touches each page of it.
  size_t appetite;
  uint8_t bytes[131072];
  uint8_t payload[FRAME_MAX_PAYLOAD];
};

// Serves the socket on a thread of its own, and closes it.
void connection_start(SOCKET socket);

// From any thread: ends it, and what it started unless that is detachable. The caller knows it to be alive.
void connection_cut(struct connection *connection);

// Whoever holds one may use `outbox`, `streams` and `job`, also when the connection is over.
void connection_hold(struct connection *connection);
void connection_let_go(struct connection *connection);

#endif
