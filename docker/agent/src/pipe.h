// Pipes between the agent and a command: our end is overlapped, the command's is an ordinary blocking one.
#ifndef OSRUN_PIPE_H
#define OSRUN_PIPE_H

#include <stdbool.h>
#include <windows.h>

enum pipe_direction { PIPE_TO_COMMAND, PIPE_FROM_COMMAND };

// `theirs` is inheritable. On failure both are NULL and GetLastError tells why.
bool pipe_create(enum pipe_direction direction, HANDLE *ours, HANDLE *theirs);

// The NUL device, inheritable, for commands that get no input: one handle for all, never closed. NULL on failure.
HANDLE pipe_nothing(void);

#endif
