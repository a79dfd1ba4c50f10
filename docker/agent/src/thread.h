#ifndef OSRUN_THREAD_H
#define OSRUN_THREAD_H

#include <stdbool.h>
#include <windows.h>

// Gives back the memory of the stack below the caller's frame. Wine fills a megabyte of it with zeros at a thread's start,
// and forks the agent for each command, which copies the tables of all memory that is in use. On Windows, where a stack
// has memory only once it is used, it does nothing.
void thread_trim_stack(void);

// A thread with a small stack: there can be hundreds. NULL on failure.
HANDLE thread_start(LPTHREAD_START_ROUTINE run, void *argument);

// The same on a thread that has done its work before, if there is one: a new thread costs more than all else that the
// agent does to start a command. False on failure.
bool thread_run(LPTHREAD_START_ROUTINE run, void *argument);

#endif
