#include "clock.h"

#include <stdbool.h>
#include <stdlib.h>

#define TICKS_PER_MS INT64_C(10000)
// From 1601, where FILETIME starts, to 1970.
#define EPOCH_MS INT64_C(11644473600000)
#define YEAR_9999_MS INT64_C(253402300799999)
// How far off the clock may be found after it was set.
#define SET_TOLERANCE_MS 100

static bool set(int64_t time);
static void take_privilege(void);
static int64_t elapsed_ms(LARGE_INTEGER since);

int64_t clock_now(void) {
  FILETIME now;
  GetSystemTimePreciseAsFileTime(&now);
  return clock_of_file(now);
}

int64_t clock_of_file(FILETIME time) {
  uint64_t ticks = (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
  return (int64_t)ticks / TICKS_PER_MS - EPOCH_MS;
}

FILETIME clock_to_file(int64_t time) {
  uint64_t ticks = (uint64_t)((time + EPOCH_MS) * TICKS_PER_MS);
  return (FILETIME){.dwLowDateTime = (DWORD)ticks, .dwHighDateTime = (DWORD)(ticks >> 32)};
}

const char *clock_set(int64_t time, int64_t tolerance) {
  if (time < 0 || time > YEAR_9999_MS) return "refused";
  LARGE_INTEGER asked;
  QueryPerformanceCounter(&asked);
  if (llabs(clock_now() - time) <= tolerance) return "kept";
  bool claimed = set(time);
  int64_t expected = time + elapsed_ms(asked);
  return claimed && llabs(clock_now() - expected) <= SET_TOLERANCE_MS ? "set" : "refused";
}

static bool set(int64_t time) {
  FILETIME file_time = clock_to_file(time);
  SYSTEMTIME system_time;
  take_privilege();
  return FileTimeToSystemTime(&file_time, &system_time) && SetSystemTime(&system_time);
}

static void take_privilege(void) {
  HANDLE token;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token)) return;
  TOKEN_PRIVILEGES privileges = {.PrivilegeCount = 1, .Privileges[0].Attributes = SE_PRIVILEGE_ENABLED};
  if (LookupPrivilegeValueW(NULL, SE_SYSTEMTIME_NAME, &privileges.Privileges[0].Luid)) {
    AdjustTokenPrivileges(token, FALSE, &privileges, 0, NULL, NULL);
  }
  CloseHandle(token);
}

static int64_t elapsed_ms(LARGE_INTEGER since) {
  LARGE_INTEGER now, frequency;
  QueryPerformanceCounter(&now);
  QueryPerformanceFrequency(&frequency);
  return (now.QuadPart - since.QuadPart) * 1000 / frequency.QuadPart;
}
