#include "job.h"

static bool set_limits(HANDLE job, DWORD flags);

HANDLE job_create(bool dies_on_close) {
  HANDLE job = CreateJobObjectW(NULL, NULL);
  if (job && dies_on_close && !set_limits(job, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)) {
    CloseHandle(job);
    return NULL;
  }
  return job;
}

void job_kill(HANDLE job) {
  TerminateJobObject(job, 1);
}

void job_release(HANDLE job) {
  set_limits(job, 0);
}

static bool set_limits(HANDLE job, DWORD flags) {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags = flags};
  return SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
}
