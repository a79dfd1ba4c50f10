// Everything a connection sends. Frames are put whole into one bounded ring. Who sends writes to the socket what it takes
// at once, and a thread writes the rest.
// Who sends waits for room, so a host that does not read makes the senders wait and memory does not grow; data leaves
// room that only control frames may use.
#ifndef OSRUN_OUTBOX_H
#define OSRUN_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <winsock2.h>
#include <windows.h>

#include "ring.h"

struct outbox {
  SRWLOCK lock;
  // Room came free, or nothing more will be sent.
  CONDITION_VARIABLE drained;
  // There is something to write for which somebody has to wait, or nothing more will come.
  CONDITION_VARIABLE filled;
  struct ring ring;
  // Somebody writes the ring's first bytes to the socket.
  bool writing;
  // No more frames are taken.
  bool closed;
  // The writer has ended, or must: what is still in the ring is dropped.
  bool broken;
  SOCKET socket;
  HANDLE stop, event, writer;
};

// `stop` is set by whoever ends the connection, and by the outbox when the socket fails.
bool outbox_open(struct outbox *outbox, SOCKET socket, HANDLE stop);

// False once the connection has ended; the frame is then dropped.
bool outbox_send(struct outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length);
// The same, but the frame may wait for the next one that is sent, or for `outbox_flush`.
bool outbox_post(struct outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length);
void outbox_flush(struct outbox *outbox);

// Sends the last frame, and waits up to `timeout` ms until all is written; false if it is not.
bool outbox_farewell(struct outbox *outbox, uint8_t type, const void *payload, size_t length, DWORD timeout);

// Ends the writer; senders get false. Set `stop` first.
void outbox_close(struct outbox *outbox);

// Only when nobody can send any more.
void outbox_free(struct outbox *outbox);

#endif
