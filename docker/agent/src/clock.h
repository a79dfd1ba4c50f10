// The guest's clock, in milliseconds since the epoch, UTC.
#ifndef OSRUN_CLOCK_H
#define OSRUN_CLOCK_H

#include <stdint.h>
#include <windows.h>

int64_t clock_now(void);

// Of a file's time, and back. A time must be of a year from 1601 to 9999.
int64_t clock_of_file(FILETIME time);
FILETIME clock_to_file(int64_t time);

// Sets the clock if it is more than `tolerance` milliseconds off. The answer is what the clock itself says afterwards:
// "kept" (it was near enough), "set", or "refused" (no right to, or a system that only pretends, as Wine does).
const char *clock_set(int64_t time, int64_t tolerance);

#endif
