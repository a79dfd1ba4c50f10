// A CONNECT stream: a connection to a port in the guest.
#ifndef OSRUN_TUNNEL_H
#define OSRUN_TUNNEL_H

#include "connection.h"

// Answers a CONNECT: with a stream, or with an ERROR on its number.
void tunnel_start(struct connection *connection, const struct frame *frame);

#endif
