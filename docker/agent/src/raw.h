// The raw dialect, for a person at a terminal: one line is a command, the rest of the connection its input and output.
#ifndef OSRUN_RAW_H
#define OSRUN_RAW_H

#include <stdbool.h>

struct connection;

// Serves a connection whose first bytes have come and are no HELLO's, until all is sent; false if it was not let in.
bool raw_serve(struct connection *connection);

#endif
