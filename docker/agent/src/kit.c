#include "kit.h"

#include "job.h"
#include "pipe.h"
#include "thread.h"

#define READY_MAX 8
// A guest has one CPU, mostly: who runs one command after another must not wait for kits that are made between them.
#define QUIET_MS 200

static SRWLOCK lock = SRWLOCK_INIT;
static struct kit ready[READY_MAX];
static int ready_count;
static CONDITION_VARIABLE taken = CONDITION_VARIABLE_INIT;

static DWORD WINAPI refill_in_quiet(void *unused);
static bool make(struct kit *kit);

void kit_prepare(void) {
  struct kit kit;
  while (ready_count < READY_MAX && make(&kit)) ready[ready_count++] = kit;
  HANDLE thread = thread_start(refill_in_quiet, NULL);
  if (thread) CloseHandle(thread);
}

bool kit_take(struct kit *kit) {
  AcquireSRWLockExclusive(&lock);
  bool found = ready_count > 0;
  if (found) *kit = ready[--ready_count];
  ReleaseSRWLockExclusive(&lock);
  WakeConditionVariable(&taken);
  return found || make(kit);
}

void kit_handed_out(struct kit *kit) {
  for (int index = 0; index < 2; index++) {
    if (kit->theirs[index]) CloseHandle(kit->theirs[index]);
    kit->theirs[index] = NULL;
  }
}

void kit_free(struct kit *kit) {
  kit_handed_out(kit);
  for (int index = 0; index < 2; index++) output_free(&kit->outputs[index]);
  if (kit->job) CloseHandle(kit->job);
  if (kit->wake) CloseHandle(kit->wake);
  *kit = (struct kit){0};
}

static DWORD WINAPI refill_in_quiet(void *unused) {
  (void)unused;
  AcquireSRWLockExclusive(&lock);
  for (;;) {
    DWORD patience = ready_count == READY_MAX ? INFINITE : QUIET_MS;
    if (SleepConditionVariableSRW(&taken, &lock, patience, 0)) continue;
    ReleaseSRWLockExclusive(&lock);
    struct kit kit;
    bool made = make(&kit);
    AcquireSRWLockExclusive(&lock);
    if (made) ready[ready_count++] = kit;
  }
  return 0;
}

static bool make(struct kit *kit) {
  *kit = (struct kit){.wake = CreateEventW(NULL, FALSE, FALSE, NULL), .job = job_create(false)};
  bool made = kit->wake && kit->job;
  for (int index = 0; made && index < 2; index++) {
    struct output *output = &kit->outputs[index];
    made = output_prepare(output, index == 0 ? CHANNEL_OUT : CHANNEL_ERR) &&
           pipe_create(PIPE_FROM_COMMAND, &output->pipe, &kit->theirs[index]);
  }
  if (!made) kit_free(kit);
  return made;
}
