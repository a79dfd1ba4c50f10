#include "stream-start.h"

#include "log.h"
#include "reply.h"
#include "thread.h"

void stream_start(struct connection *connection, struct stream *stream, LPTHREAD_START_ROUTINE run) {
  switch (streams_add(&connection->streams, stream)) {
    case STREAMS_ADDED:
      stream_hold(stream);
      if (thread_run(run, stream)) break;
      streams_remove(&connection->streams, stream);
      stream_let_go(stream);
      stream_refuse(connection, stream->id, "LIMIT", "the agent cannot start another thread");
      break;
    case STREAMS_IN_USE:
      stream_refuse(connection, stream->id, "STREAM_IN_USE", "what began with this stream has not ended");
      break;
    case STREAMS_FULL:
      stream_refuse(connection, stream->id, "LIMIT", "a connection has at most 64 streams at once");
      break;
  }
  stream_let_go(stream);
}

void stream_refuse(struct connection *connection, uint32_t id, const char *code, const char *message) {
  log_line("connection %u, stream %u: %s: %s", connection->number, id, code, message);
  char text[REPLY_MAX];
  size_t length = reply_error(text, code, 0, message);
  outbox_send(&connection->outbox, FRAME_ERROR, id, text, length);
}
