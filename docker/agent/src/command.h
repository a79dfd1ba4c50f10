// One command: a stream that starts a process, feeds it, and passes on what it says.
//
// The connection's thread only leaves messages here: bytes, credit, wishes. All else is done by the command's own
// thread, which owns the process and the pipes.
#ifndef OSRUN_COMMAND_H
#define OSRUN_COMMAND_H

#include "connection.h"
#include "input.h"
#include "kit.h"
#include "ring.h"
#include "spawn.h"
#include "stream.h"

struct command {
  struct stream stream;

  // The mailbox.
  SRWLOCK lock;
  // Bytes for the child's stdin; no capacity if it gets none.
  struct ring mail;
  // After what is in `mail`, stdin ends.
  bool mail_ends;
  // What the host takes more of stdout and of stderr.
  uint64_t credit[2];
  // Of the terminal; 0 columns: as it is.
  struct terminal_size wish;
  bool killed;
  // Nobody listens: output is dropped.
  bool detached;

  // Its `wake` says: look into the mailbox. Its job kills the command's tree. The outputs are the command's thread's.
  struct kit kit;
  // So is the rest.
  struct connection *connection;
  struct launch launch;
  struct spawned spawned;
  // The command line in UTF-8, until it is in the log.
  char name[200];
  struct input input;
  bool exited;
  ULONGLONG exited_at;
};

// Answers an EXEC: with a command, or with an ERROR on its stream.
void command_start(struct connection *connection, const struct frame *frame);

// The command's thread: starts the process and stays until all is told and all pipes are closed.
void command_run(struct command *command);

// Sends a frame on the command's stream; false if nobody listens any more.
bool command_send(struct command *command, uint8_t type, const void *payload, size_t length);

#endif
