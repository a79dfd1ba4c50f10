// A command's stdin: from the mailbox into the pipe. What was written is granted to the host again.
#ifndef OSRUN_INPUT_H
#define OSRUN_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

struct command;

struct input {
  // NULL once closed, by us or by the child.
  HANDLE pipe;
  // A write of `writing` bytes is under way. Its event is manual reset.
  DWORD writing;
  OVERLAPPED overlapped;
};

// False if memory is short.
bool input_prepare(struct command *command);
void input_start(struct command *command);

// Takes one step without waiting; false if there is nothing to do before its event, or mail, comes.
bool input_step(struct command *command);

// Ends a write under way; the child sees the end of its stdin.
void input_close(struct command *command);
void input_free(struct command *command);

#endif
