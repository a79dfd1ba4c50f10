// A command's environment: the agent's own, changed as the host asks.
#ifndef OSRUN_ENVIRONMENT_H
#define OSRUN_ENVIRONMENT_H

#include <wchar.h>

#include "json.h"

// A block for CreateProcess, to be freed; NULL if memory is short. Names match whatever their case; null removes;
// of two changes to one name the later holds.
wchar_t *environment_merge(struct json changes);

#endif
