#include "input.h"

#include <string.h>

#include "block.h"
#include "command.h"

#define WRITE_MAX 65536
// What Ctrl-C types.
#define INTERRUPT 3

static bool interrupt_command(struct command *command);
static bool finish_write(struct command *command);
static bool write_more(struct input *input, const uint8_t *run, size_t length);
static void consumed(struct command *command, size_t length);

bool input_prepare(struct command *command) {
  if (!command->launch.pipe_input) return true;
  ring_start(&command->mail, block_take(FRAME_INITIAL_CREDIT), FRAME_INITIAL_CREDIT);
  command->input.overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
  return command->mail.bytes && command->input.overlapped.hEvent;
}

void input_start(struct command *command) {
  command->input.pipe = command->spawned.input;
  command->spawned.input = NULL;
}

bool input_step(struct command *command) {
  struct input *input = &command->input;
  if (input->writing) return finish_write(command);
  if (command->mail.capacity == 0) return false;

  const uint8_t *run;
  AcquireSRWLockExclusive(&command->lock);
  size_t length = ring_peek(&command->mail, &run);
  bool ends = command->mail_ends;
  ReleaseSRWLockExclusive(&command->lock);

  if (length > 0) {
    if (command->launch.terminal.columns && terminal_needs_help()) {
      if (terminal_is_busy(&command->spawned.terminal)) return false;
      const uint8_t *interrupt = memchr(run, INTERRUPT, length);
      if (interrupt == run) return interrupt_command(command);
      if (interrupt) length = (size_t)(interrupt - run);
    }
    // A child that closed its stdin must not stall the host.
    if (!input->pipe || !write_more(input, run, length)) {
      input_close(command);
      consumed(command, length);
    }
    return true;
  }
  // A terminal has no end: without its keyboard the console would end the command.
  if (ends && input->pipe && !command->launch.terminal.columns) input_close(command);
  return false;
}

void input_close(struct command *command) {
  struct input *input = &command->input;
  if (input->writing) {
    DWORD count;
    CancelIoEx(input->pipe, &input->overlapped);
    GetOverlappedResult(input->pipe, &input->overlapped, &count, TRUE);
    input->writing = 0;
  }
  if (input->pipe) CloseHandle(input->pipe);
  input->pipe = NULL;
}

void input_free(struct command *command) {
  input_close(command);
  if (command->input.overlapped.hEvent) CloseHandle(command->input.overlapped.hEvent);
  block_free(command->mail.bytes);
}

static bool interrupt_command(struct command *command) {
  struct terminal *terminal = &command->spawned.terminal;
  if (terminal->console) terminal_interrupt(terminal, command->spawned.pid, command->kit.job);
  consumed(command, 1);
  return true;
}

static bool finish_write(struct command *command) {
  struct input *input = &command->input;
  if (!HasOverlappedIoCompleted(&input->overlapped)) return false;
  DWORD count = 0, meant = input->writing;
  bool written = GetOverlappedResult(input->pipe, &input->overlapped, &count, TRUE);
  input->writing = 0;
  if (!written) input_close(command);
  consumed(command, written ? count : meant);
  return true;
}

static bool write_more(struct input *input, const uint8_t *run, size_t length) {
  DWORD count = length < WRITE_MAX ? (DWORD)length : WRITE_MAX;
  if (!WriteFile(input->pipe, run, count, NULL, &input->overlapped) && GetLastError() != ERROR_IO_PENDING) return false;
  input->writing = count;
  return true;
}

static void consumed(struct command *command, size_t length) {
  AcquireSRWLockExclusive(&command->lock);
  uint32_t granted = ring_take(&command->mail, length);
  ReleaseSRWLockExclusive(&command->lock);
  if (granted == 0) return;
  uint8_t window[FRAME_WINDOW_PAYLOAD];
  frame_encode_window(window, CHANNEL_IN, granted);
  command_send(command, FRAME_WINDOW, window, sizeof window);
}
