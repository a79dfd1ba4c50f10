// The first frame, and what the agent says of itself.
#ifndef OSRUN_HELLO_H
#define OSRUN_HELLO_H

#include <stdbool.h>

#include "dispatch.h"

// At the agent's start: from here on counts `uptime`, and the nonce is made. False if there is no randomness.
bool hello_prepare(void);

bool hello_is_one(const struct frame *frame);

// Lets the connection in and answers, or says why not.
struct problem hello_answer(struct connection *connection, const struct frame *frame);

#endif
