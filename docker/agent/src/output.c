#include "output.h"

#include <stdlib.h>

#include "command.h"

static bool read_more(struct command *command, struct output *output);
static size_t allowance(struct command *command, struct output *output);
static void deliver(struct command *command, struct output *output, DWORD count);
static void end(struct command *command, struct output *output);

bool output_prepare(struct output *output, enum frame_channel channel) {
  output->channel = channel;
  output->ended = true;
  output->chunk = malloc(OUTPUT_CHUNK);
  output->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
  return output->chunk && output->overlapped.hEvent;
}

void output_start(struct output *output, HANDLE pipe) {
  output->pipe = pipe;
  output->ended = false;
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
  command_send(command, output->channel == CHANNEL_OUT ? FRAME_EOF_OUT : FRAME_EOF_ERR, NULL, 0);
}

void output_free(struct output *output) {
  if (output->reading) {
    DWORD count;
    CancelIoEx(output->pipe, &output->overlapped);
    GetOverlappedResult(output->pipe, &output->overlapped, &count, TRUE);
  }
  if (output->overlapped.hEvent) CloseHandle(output->overlapped.hEvent);
  free(output->chunk);
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
  if (output->dropping) return OUTPUT_CHUNK;
  AcquireSRWLockExclusive(&command->lock);
  uint64_t credit = command->credit[output->channel - CHANNEL_OUT];
  ReleaseSRWLockExclusive(&command->lock);
  if (output->starved && credit > 0) output->busy_at = GetTickCount64();
  return credit < OUTPUT_CHUNK ? (size_t)credit : OUTPUT_CHUNK;
}

static void deliver(struct command *command, struct output *output, DWORD count) {
  if (count == 0) return;
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
