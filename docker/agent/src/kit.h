// What a command's start needs beside its process. Making these costs a dozen calls, each a round trip to Wine's
// server, so a few are made ahead, and made up for once no command has started for a while.
#ifndef OSRUN_KIT_H
#define OSRUN_KIT_H

#include <stdbool.h>
#include <windows.h>

#include "output.h"

struct kit {
  // Auto reset.
  HANDLE wake;
  HANDLE job;
  // With our ends of the pipes, for stdout and stderr.
  struct output outputs[2];
  // The command's ends, inheritable.
  HANDLE theirs[2];
};

// False if memory or handles are short.
bool kit_take(struct kit *kit);
// The command has its ends: our copies of them are closed, so that we see the end of its output.
void kit_handed_out(struct kit *kit);
// Closes what there is.
void kit_free(struct kit *kit);
// Makes the first, and from then on makes up for those that are taken. Without it each is made when it is taken.
void kit_prepare(void);

#endif
