#include "dispatch.h"

#include "clock.h"
#include "command.h"
#include "connection.h"
#include "door.h"
#include "file.h"
#include "json-writer.h"
#include "reply.h"
#include "request.h"
#include "tunnel.h"
#include "typing.h"

#define PING_MAX 64

static struct problem on_connection(struct connection *connection, const struct frame *frame);
static struct problem answer_clock(struct connection *connection, const struct frame *frame);
static struct problem detach(struct connection *connection, const struct frame *frame);
static struct problem begin(struct connection *connection, const struct frame *frame,
                            void (*start)(struct connection *, const struct frame *));
static struct problem pass_on(struct connection *connection, const struct frame *frame);
static struct problem bad_frame(const char *message);

struct problem dispatch(struct connection *connection, const struct frame *frame) {
  uint8_t channel;
  uint32_t add;
  switch (frame->type) {
    case FRAME_HELLO:
    case FRAME_PING:
    case FRAME_QUIESCE:
    case FRAME_CLOCK:
    case FRAME_DETACH:
      if (frame->stream != 0) return bad_frame("a frame of the connection came with a stream");
      return on_connection(connection, frame);
    case FRAME_EXEC:
      return begin(connection, frame, command_start);
    case FRAME_FILE:
      return begin(connection, frame, file_start);
    case FRAME_CONNECT:
      return begin(connection, frame, tunnel_start);
    case FRAME_TYPE:
      return begin(connection, frame, typing_start);
    case FRAME_WINDOW:
      if (!frame_decode_window(frame, &channel, &add) || (channel != CHANNEL_OUT && channel != CHANNEL_ERR)) {
        return bad_frame("WINDOW is not 5 bytes that grant credit to channel 1 or 2");
      }
      return pass_on(connection, frame);
    case FRAME_KILL:
    case FRAME_CLOSE_IN:
    case FRAME_DATA_IN:
    case FRAME_COMMIT:
    case FRAME_RESIZE:
      return pass_on(connection, frame);
    default:
      // From a newer host.
      return (struct problem){0};
  }
}

static struct problem on_connection(struct connection *connection, const struct frame *frame) {
  switch (frame->type) {
    case FRAME_PING:
      if (frame->length > PING_MAX) return bad_frame("PING is longer than 64 bytes");
      outbox_send(&connection->outbox, FRAME_PONG, 0, frame->payload, frame->length);
      return (struct problem){0};
    case FRAME_CLOCK:
      return answer_clock(connection, frame);
    case FRAME_DETACH:
      return detach(connection, frame);
    default:
      return bad_frame("a second HELLO");
  }
}

static struct problem answer_clock(struct connection *connection, const struct frame *frame) {
  struct clock_request request;
  const char *wrong = request_clock(frame, &request);
  if (wrong) return (struct problem){"BAD_REQUEST", wrong};
  // A time that is asked for outright is set to the millisecond.
  const char *clock = request.set ? clock_set(request.time, 0) : "kept";

  char text[REPLY_MAX];
  struct json_writer writer;
  json_write_begin(&writer, text, sizeof text);
  json_write_integer(&writer, "time", clock_now());
  json_write_string(&writer, "clock", clock);
  json_write_end(&writer);
  outbox_send(&connection->outbox, FRAME_CLOCK, 0, text, writer.length);
  return (struct problem){0};
}

// The answer comes when it holds. The end of the connection, if that is what comes next, may never be heard of here: the
// machine's state is saved, and goes on elsewhere.
static struct problem detach(struct connection *connection, const struct frame *frame) {
  if (frame->length != 1 || frame->payload[0] > 1) return bad_frame("DETACH is not one byte, 0 or 1");
  InterlockedExchange(&connection->detachable, frame->payload[0]);
  door_leave_ajar(connection, frame->payload[0]);
  outbox_send(&connection->outbox, FRAME_DETACH, 0, frame->payload, frame->length);
  return (struct problem){0};
}

static struct problem begin(struct connection *connection, const struct frame *frame,
                            void (*start)(struct connection *, const struct frame *)) {
  if (frame->stream == 0) return bad_frame("what begins a stream needs one that is not 0");
  start(connection, frame);
  return (struct problem){0};
}

// A stream that is unknown has ended a moment ago, and the host does not know it yet.
static struct problem pass_on(struct connection *connection, const struct frame *frame) {
  struct stream *stream = streams_find(&connection->streams, frame->stream);
  if (!stream) return (struct problem){0};
  const char *wrong = stream->receive(stream, frame);
  stream_let_go(stream);
  return wrong ? bad_frame(wrong) : (struct problem){0};
}

static struct problem bad_frame(const char *message) {
  return (struct problem){"BAD_FRAME", message};
}
