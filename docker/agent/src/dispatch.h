// What each frame of the host does, once the connection is open.
#ifndef OSRUN_DISPATCH_H
#define OSRUN_DISPATCH_H

#include "frame.h"

struct connection;

// Ends the connection with an ERROR, unless `code` is NULL. Both are constants, or live as long as the connection.
struct problem {
  const char *code;
  const char *message;
};

struct problem dispatch(struct connection *connection, const struct frame *frame);

#endif
