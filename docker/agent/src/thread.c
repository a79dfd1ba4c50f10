#include "thread.h"

#include <stdlib.h>

#define STACK_BYTES (256 * 1024)
#define STACK_SLACK 16384
#define IDLE_MAX 8

struct worker {
  LPTHREAD_START_ROUTINE run;
  void *argument;
  // Given work again.
  CONDITION_VARIABLE called;
  struct worker *next;
};

static SRWLOCK lock = SRWLOCK_INIT;
static struct worker *idle;
static int idle_count;

static DWORD WINAPI work(void *argument);
static bool wait_for_work(struct worker *worker);

void thread_trim_stack(void) {
  ULONG_PTR low, high, here = (ULONG_PTR)&low;
  GetCurrentThreadStackLimits(&low, &high);
  if (low + STACK_SLACK < here) VirtualAlloc((void *)low, here - STACK_SLACK - low, MEM_RESET, PAGE_READWRITE);
}

HANDLE thread_start(LPTHREAD_START_ROUTINE run, void *argument) {
  return CreateThread(NULL, STACK_BYTES, run, argument, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
}

bool thread_run(LPTHREAD_START_ROUTINE run, void *argument) {
  AcquireSRWLockExclusive(&lock);
  struct worker *worker = idle;
  if (worker) {
    idle = worker->next;
    idle_count--;
    worker->run = run;
    worker->argument = argument;
    WakeConditionVariable(&worker->called);
  }
  ReleaseSRWLockExclusive(&lock);
  if (worker) return true;

  worker = calloc(1, sizeof *worker);
  if (!worker) return false;
  worker->run = run;
  worker->argument = argument;
  InitializeConditionVariable(&worker->called);
  HANDLE thread = thread_start(work, worker);
  if (!thread) {
    free(worker);
    return false;
  }
  CloseHandle(thread);
  return true;
}

static DWORD WINAPI work(void *argument) {
  struct worker *worker = argument;
  thread_trim_stack();
  do {
    worker->run(worker->argument);
  } while (wait_for_work(worker));
  free(worker);
  return 0;
}

static bool wait_for_work(struct worker *worker) {
  AcquireSRWLockExclusive(&lock);
  bool kept = idle_count < IDLE_MAX;
  if (kept) {
    worker->run = NULL;
    worker->next = idle;
    idle = worker;
    idle_count++;
    while (!worker->run) SleepConditionVariableSRW(&worker->called, &lock, INFINITE, 0);
  }
  ReleaseSRWLockExclusive(&lock);
  return kept;
}
