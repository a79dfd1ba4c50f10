// Job objects. A connection has one that holds everything it started and dies with it; within it, each command has
// its own, so that a command's whole tree can be killed while what it left in the background may live on.
#ifndef OSRUN_JOB_H
#define OSRUN_JOB_H

#include <stdbool.h>
#include <windows.h>

// NULL on failure. `dies_on_close`: its processes end with the last handle, so with the agent too.
HANDLE job_create(bool dies_on_close);
void job_kill(HANDLE job);
// Lets the processes live when the job's handle is closed.
void job_release(HANDLE job);

#endif
