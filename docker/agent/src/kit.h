// What a command's start needs beside its process. Making these costs a dozen calls, each a round trip to Wine's
// server, so a few are made ahead. Each command makes up for its own once its end is told: while the host takes its next
// step, the guest, which has one CPU, has nothing else to do.
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
// Makes the first. Without it, each is made when it is taken.
void kit_prepare(void);
// Makes one more, if fewer than the first ones are left.
void kit_replenish(void);

#endif
