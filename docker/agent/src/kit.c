#include "kit.h"

#include "job.h"
#include "pipe.h"

#define READY_MAX 8

static SRWLOCK lock = SRWLOCK_INIT;
static struct kit ready[READY_MAX];
static volatile int ready_count;

static bool make(struct kit *kit);

void kit_prepare(void) {
  while (ready_count < READY_MAX) {
    int before = ready_count;
    kit_replenish();
    if (ready_count == before) return;
  }
}

void kit_replenish(void) {
  struct kit kit;
  if (ready_count >= READY_MAX || !make(&kit)) return;
  AcquireSRWLockExclusive(&lock);
  bool wanted = ready_count < READY_MAX;
  if (wanted) ready[ready_count++] = kit;
  ReleaseSRWLockExclusive(&lock);
  if (!wanted) kit_free(&kit);
}

bool kit_take(struct kit *kit) {
  AcquireSRWLockExclusive(&lock);
  bool found = ready_count > 0;
  if (found) *kit = ready[--ready_count];
  ReleaseSRWLockExclusive(&lock);
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
