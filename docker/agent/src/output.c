#include "output.h"

#include "block.h"
#include "command.h"

static bool read_more(struct command *command, struct output *output);
static size_t allowance(struct command *command, struct output *output);
static void deliver(struct command *command, struct output *output, DWORD count);
static void end(struct command *command, struct output *output);

bool output_prepare(struct output *output, enum frame_channel channel) {
  output->channel = channel;
  output->appetite = OUTPUT_SIP;
  output->chunk = block_take(OUTPUT_CHUNK);
  output->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
  return output->chunk && output->overlapped.hEvent;
}

bool output_step(struct command *command, struct output *output) {
  if (output->ended) return false;
  if (!output->reading) return read_more(command, output);
  if (!HasOverlappedIoCompleted(&output->overlapped)) return false;

  DWORD count;
  output->reading = false;
  if (!GetOverlappedResult(output->pipe, &output->overlapped, &count, TRUE)) {
    end(command, output);
  } else {
    // A child that writes nothing, in so many words, completes a read with 0 bytes: that is no end.
    deliver(command, output, count);
  }
  return true;
}

void output_tell_end(struct command *command, struct output *output) {
  if (!command->connection) return;
  outbox_post(&command->connection->outbox, output->channel == CHANNEL_OUT ? FRAME_EOF_OUT : FRAME_EOF_ERR,
              command->stream.id, NULL, 0);
}

void output_free(struct output *output) {
  if (output->reading) {
    DWORD count;
    CancelIoEx(output->pipe, &output->overlapped);
    GetOverlappedResult(output->pipe, &output->overlapped, &count, TRUE);
  }
  if (output->pipe) CloseHandle(output->pipe);
  if (output->overlapped.hEvent) CloseHandle(output->overlapped.hEvent);
  block_free(output->chunk);
}

static bool read_more(struct command *command, struct output *output) {
  size_t most = allowance(command, output);
  output->starved = most == 0;
  if (output->starved) return false;

  output->reading = true;
  if (!ReadFile(output->pipe, output->chunk, (DWORD)most, NULL, &output->overlapped) &&
      GetLastError() != ERROR_IO_PENDING) {
    output->reading = false;
    end(command, output);
  }
  return true;
}

static size_t allowance(struct command *command, struct output *output) {
  if (output->dropping) return output->appetite;
  AcquireSRWLockExclusive(&command->lock);
  uint64_t credit = command->credit[output->channel - CHANNEL_OUT];
  ReleaseSRWLockExclusive(&command->lock);
  if (output->starved && credit > 0) output->busy_at = GetTickCount64();
  return credit < output->appetite ? (size_t)credit : output->appetite;
}

static void deliver(struct command *command, struct output *output, DWORD count) {
  if (count == 0) return;
  if (count == output->appetite && count < OUTPUT_CHUNK) output->appetite *= 4;
  if (!output->dropping) {
    AcquireSRWLockExclusive(&command->lock);
    command->credit[output->channel - CHANNEL_OUT] -= count;
    ReleaseSRWLockExclusive(&command->lock);
    command_send(command, output->channel == CHANNEL_OUT ? FRAME_DATA_OUT : FRAME_DATA_ERR, output->chunk, count);
  }
  output->busy_at = GetTickCount64();
}

static void end(struct command *command, struct output *output) {
  output->ended = true;
  output_tell_end(command, output);
}
