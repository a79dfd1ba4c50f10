// How a stream begins: with its number and a thread, or with an ERROR that says why not.
#ifndef OSRUN_STREAM_START_H
#define OSRUN_STREAM_START_H

#include "connection.h"
#include "stream.h"

// Takes the caller's reference, and answers on the stream's number where nothing began. The thread's argument is the
// stream, with a reference of its own.
void stream_start(struct connection *connection, struct stream *stream, LPTHREAD_START_ROUTINE run);

// The ERROR of a request that begins nothing.
void stream_refuse(struct connection *connection, uint32_t id, const char *code, const char *message);

#endif
