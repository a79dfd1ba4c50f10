#include "command.h"

#include <stdlib.h>

#include "job.h"
#include "stream-start.h"

// With those that live on in the background or after a QUIESCE.
#define COMMANDS_MAX 256

static volatile LONG alive;

static const char *start(struct connection *connection, const struct frame *frame, const struct exec_request *request);
static struct command *create(struct connection *connection, uint32_t id);
static DWORD WINAPI run(void *argument);
static const char *receive(struct stream *stream, const struct frame *frame);
static const char *receive_data(struct command *command, const struct frame *frame);
static void grant(struct command *command, const struct frame *frame);
static void kill(struct command *command);
static void abandon(struct stream *stream, enum stream_fate fate);
static void destroy(struct stream *stream);

void command_start(struct connection *connection, const struct frame *frame) {
  struct exec_request request;
  const char *wrong = request_exec(frame, &request);
  if (wrong) {
    stream_refuse(connection, frame->stream, "BAD_REQUEST", wrong);
    return;
  }
  const char *limit = start(connection, frame, &request);
  if (limit) stream_refuse(connection, frame->stream, "LIMIT", limit);
}

bool command_send(struct command *command, uint8_t type, const void *payload, size_t length) {
  return command->connection &&
         outbox_send(&command->connection->outbox, type, command->stream.id, payload, length);
}

// Returns NULL, or which limit was reached.
static const char *start(struct connection *connection, const struct frame *frame, const struct exec_request *request) {
  struct command *command = create(connection, frame->stream);
  if (!command) return "the agent has no memory for another command";
  const char *limit = NULL;
  if (alive > COMMANDS_MAX) {
    limit = "the agent keeps 256 commands, with those in the background";
  } else if (!launch_prepare(&command->launch, request) || !input_prepare(command)) {
    limit = "the agent has no memory for another command";
  } else {
    stream_start(connection, &command->stream, run);
    return NULL;
  }
  stream_let_go(&command->stream);
  return limit;
}

static struct command *create(struct connection *connection, uint32_t id) {
  struct command *command = calloc(1, sizeof *command);
  if (!command) return NULL;
  InterlockedIncrement(&alive);
  connection_hold(connection);
  command->connection = connection;
  command->stream = (struct stream){.id = id, .references = 1, .receive = receive, .abandon = abandon,
                                    .destroy = destroy};
  command->credit[0] = command->credit[1] = FRAME_INITIAL_CREDIT;
  if (kit_take(&command->kit)) return command;
  stream_let_go(&command->stream);
  return NULL;
}

static DWORD WINAPI run(void *argument) {
  struct command *command = argument;
  command_run(command);
  stream_let_go(&command->stream);
  kit_replenish();
  return 0;
}

static const char *receive(struct stream *stream, const struct frame *frame) {
  struct command *command = (struct command *)stream;
  const char *wrong = NULL;
  AcquireSRWLockExclusive(&command->lock);
  switch (frame->type) {
    case FRAME_DATA_IN:
      wrong = receive_data(command, frame);
      break;
    case FRAME_CLOSE_IN:
      command->mail_ends = true;
      SetEvent(command->kit.wake);
      break;
    case FRAME_WINDOW:
      grant(command, frame);
      break;
    case FRAME_RESIZE:
      wrong = request_resize(frame, &command->wish);
      SetEvent(command->kit.wake);
      break;
    case FRAME_KILL:
      kill(command);
      break;
    default:
      break;
  }
  ReleaseSRWLockExclusive(&command->lock);
  return wrong;
}

// Bytes for a stdin that is "null", or after CLOSE_IN, are nobody's.
static const char *receive_data(struct command *command, const struct frame *frame) {
  if (command->mail.capacity == 0 || command->mail_ends) return NULL;
  if (frame->length > ring_room(&command->mail)) return "more bytes for stdin than the host has credit for";
  ring_put(&command->mail, frame->payload, frame->length);
  SetEvent(command->kit.wake);
  return NULL;
}

static void grant(struct command *command, const struct frame *frame) {
  uint8_t channel;
  uint32_t add;
  if (!frame_decode_window(frame, &channel, &add)) return;
  uint64_t *credit = &command->credit[channel - CHANNEL_OUT];
  if (*credit == 0) SetEvent(command->kit.wake);
  *credit = *credit > UINT32_MAX ? *credit : *credit + add;
}

static void kill(struct command *command) {
  command->killed = true;
  job_kill(command->kit.job);
  SetEvent(command->kit.wake);
}

static void abandon(struct stream *stream, enum stream_fate fate) {
  struct command *command = (struct command *)stream;
  AcquireSRWLockExclusive(&command->lock);
  command->detached = true;
  if (fate == STREAM_KILL) kill(command);
  SetEvent(command->kit.wake);
  ReleaseSRWLockExclusive(&command->lock);
}

static void destroy(struct stream *stream) {
  struct command *command = (struct command *)stream;
  input_free(command);
  spawned_free(&command->spawned);
  kit_free(&command->kit);
  launch_free(&command->launch);
  if (command->connection) connection_let_go(command->connection);
  free(command);
  InterlockedDecrement(&alive);
}
