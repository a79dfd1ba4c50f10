// A TYPE stream: characters for the window that has the focus.
#ifndef OSRUN_TYPING_H
#define OSRUN_TYPING_H

#include "connection.h"

// Answers a TYPE: with a stream, or with an ERROR on its number.
void typing_start(struct connection *connection, const struct frame *frame);

#endif
