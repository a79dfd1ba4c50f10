// One of a command's two output pipes: read as far as the host has credit, and passed on.
#ifndef OSRUN_OUTPUT_H
#define OSRUN_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

#include "frame.h"

struct command;

#define OUTPUT_CHUNK 65536
// The first read. Wine touches each page of a buffer that it is to fill, and most commands say little.
#define OUTPUT_SIP 4096

struct output {
  enum frame_channel channel;
  HANDLE pipe;
  // A read is under way. Its event is manual reset.
  bool reading;
  OVERLAPPED overlapped;
  uint8_t *chunk;
  // How much is read at once: from a sip up to the whole chunk, as there is more.
  DWORD appetite;
  // The pipe is closed at its other end, and all of it was passed on; or there is none.
  bool ended;
  // GetTickCount64 of the last bytes, or of the last wait for credit.
  ULONGLONG busy_at;
  // No credit: only the host can change that.
  bool starved;
  // Drop what comes.
  bool dropping;
};

// Makes all but the pipe. False if memory is short.
bool output_prepare(struct output *output, enum frame_channel channel);

// Takes one step without waiting; false if there is nothing to do before its event, or credit, comes.
bool output_step(struct command *command, struct output *output);

// EOF_OUT or EOF_ERR, which may wait for the EXIT that mostly follows at once.
void output_tell_end(struct command *command, struct output *output);

// Ends a read under way, and closes the pipe.
void output_free(struct output *output);

#endif
