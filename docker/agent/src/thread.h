#ifndef OSRUN_THREAD_H
#define OSRUN_THREAD_H

#include <windows.h>

// A thread with a small stack: there can be hundreds. NULL on failure.
HANDLE thread_start(LPTHREAD_START_ROUTINE run, void *argument);

#endif
