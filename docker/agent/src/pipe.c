#include "pipe.h"

#include <stdio.h>

#define PIPE_BUFFER 65536

static volatile LONG64 counter;
static SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable, .bInheritHandle = TRUE};

bool pipe_create(enum pipe_direction direction, HANDLE *ours, HANDLE *theirs) {
  bool to_command = direction == PIPE_TO_COMMAND;
  wchar_t name[80];
  LARGE_INTEGER salt;
  QueryPerformanceCounter(&salt);
  swprintf(name, sizeof name / sizeof *name, L"\\\\.\\pipe\\osrun-agent-%lu-%lld-%llx", GetCurrentProcessId(),
           InterlockedIncrement64(&counter), salt.QuadPart);

  *theirs = NULL;
  *ours = CreateNamedPipeW(
      name,
      (to_command ? PIPE_ACCESS_OUTBOUND : PIPE_ACCESS_INBOUND) | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
      PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, PIPE_BUFFER, PIPE_BUFFER, 0,
      NULL);
  if (*ours == INVALID_HANDLE_VALUE) {
    *ours = NULL;
    return false;
  }

  // The attribute rights are those of CreatePipe's ends; runtimes such as libuv ask for the pipe's mode and set it.
  DWORD access = to_command ? GENERIC_READ | FILE_WRITE_ATTRIBUTES : GENERIC_WRITE | FILE_READ_ATTRIBUTES;
  *theirs = CreateFileW(name, access, 0, &inheritable, OPEN_EXISTING, 0, NULL);
  if (*theirs == INVALID_HANDLE_VALUE) {
    DWORD error = GetLastError();
    CloseHandle(*ours);
    *ours = *theirs = NULL;
    SetLastError(error);
    return false;
  }
  return true;
}

HANDLE pipe_nothing(void) {
  static HANDLE volatile shared;
  if (shared) return shared;
  HANDLE nothing = CreateFileW(L"NUL", GENERIC_READ | FILE_WRITE_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE,
                               &inheritable, OPEN_EXISTING, 0, NULL);
  if (nothing == INVALID_HANDLE_VALUE) return NULL;
  HANDLE earlier = InterlockedCompareExchangePointer((void *volatile *)&shared, nothing, NULL);
  if (!earlier) return nothing;
  CloseHandle(nothing);
  return earlier;
}
