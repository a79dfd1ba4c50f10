// Starts one process, with its own three handles and in its own job.
#ifndef OSRUN_SPAWN_H
#define OSRUN_SPAWN_H

#include <stdbool.h>
#include <windows.h>

#include "kit.h"
#include "request.h"
#include "terminal.h"

// What to start; from a request, in the words of Windows.
struct launch {
  wchar_t *command_line;
  // NULL: the user's profile folder.
  wchar_t *directory;
  // NULL: the agent's own.
  wchar_t *environment;
  bool pipe_input;
  // 0 columns: no pseudo console.
  struct terminal_size terminal;
};

struct spawned {
  // `thread` is of no use, but there is more time to close it later.
  HANDLE process, thread;
  DWORD pid;
  // Our end of the pipe; NULL if the command reads the NUL device.
  HANDLE input;
  // With it, all of the command's output comes from the kit's first pipe.
  struct terminal terminal;
};

// Why nothing was started.
struct spawn_failure {
  DWORD win32;
  // UTF-8, names the program or the folder.
  char message[640];
};

// False if memory is short.
bool launch_prepare(struct launch *launch, const struct exec_request *request);
void launch_free(struct launch *launch);

// The process is in the connection's job and, within it, in that of the kit. On failure nothing is left.
bool spawn(const struct launch *launch, HANDLE connection_job, struct kit *kit, struct spawned *spawned,
           struct spawn_failure *failure);

// Closes what is not NULL.
void spawned_free(struct spawned *spawned);

#endif
