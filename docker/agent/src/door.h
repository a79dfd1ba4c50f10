// Who may come in: the secret, the one connection that has it, and the strangers who have not shown it yet.
#ifndef OSRUN_DOOR_H
#define OSRUN_DOOR_H

#include <stdbool.h>
#include <stdint.h>

struct connection;

// A new connection. Of too many strangers the oldest is cut.
void door_knock(struct connection *connection);

// The first secret since the agent's start, or since `door_forget`, becomes the secret. With it a connection takes the
// place of the one before, which is cut. `secret` has REQUEST_MAX_SECRET bytes, zeros after its end.
// A host that gave an attempt up may have connected all the same, later than with its next one: an attempt that is older
// than one seen with this secret is stale. Returns NULL, or the code of the refusal.
// `raw`: from now on the raw dialect is allowed; else its connections are cut.
const char *door_enter(struct connection *connection, const char *secret, int64_t attempt, bool raw);

bool door_allows_raw(void);
// A stranger who speaks the raw dialect has a command. False if that is not allowed, or there are too many.
bool door_enter_raw(struct connection *connection);

// Forgets the secret, if the connection is still the one that has it. Raw connections are cut.
bool door_forget(struct connection *connection);

// Whether the next secret may be another one, if the connection is still the one that has it.
void door_leave_ajar(struct connection *connection, bool ajar);

// The connection is about to end. After this nobody cuts it.
void door_leave(struct connection *connection);

#endif
