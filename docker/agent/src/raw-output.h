// The other half of a raw connection: what the command says, on a thread of its own, as neither may wait for the other.
#ifndef OSRUN_RAW_OUTPUT_H
#define OSRUN_RAW_OUTPUT_H

#include <windows.h>

#include "connection.h"
#include "kit.h"

struct raw_output {
  struct connection *connection;
  struct kit *kit;
  HANDLE process;
  // Manual reset; set at the very end, after which this is no longer looked at.
  HANDLE ended;
};

// Sends all output of the command. Its argument is a `struct raw_output`. Where the connection is lost, it is cut.
DWORD WINAPI raw_output_run(void *argument);

#endif
