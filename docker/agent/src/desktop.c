#include "desktop.h"

#include "job.h"
#include "log.h"

#define DELEGATE_VARIABLE L"OSRUN_AGENT_DELEGATE"

static bool is_wine(void);
static bool start_delegate(PROCESS_INFORMATION *delegate);

bool desktop_delegate(DWORD *code) {
  if (GetEnvironmentVariableW(DELEGATE_VARIABLE, NULL, 0) > 0) {
    SetEnvironmentVariableW(DELEGATE_VARIABLE, NULL);
    return false;
  }
  if (!LoadLibraryW(L"user32.dll")) log_line("no user32 (error %lu)", GetLastError());
  if (!is_wine()) return false;

  // Whoever kills this process means the agent.
  HANDLE job = job_create(true);
  PROCESS_INFORMATION delegate;
  if (!job || !AssignProcessToJobObject(job, GetCurrentProcess()) || !start_delegate(&delegate)) {
    log_line("commands start slowly: the agent does not start a second time (error %lu)", GetLastError());
    return false;
  }
  CloseHandle(delegate.hThread);
  WaitForSingleObject(delegate.hProcess, INFINITE);
  GetExitCodeProcess(delegate.hProcess, code);
  // What a host has left running goes on without the agent.
  job_release(job);
  return true;
}

static bool is_wine(void) {
  return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

static bool start_delegate(PROCESS_INFORMATION *delegate) {
  wchar_t program[MAX_PATH];
  DWORD length = GetModuleFileNameW(NULL, program, MAX_PATH);
  STARTUPINFOW startup = {.cb = sizeof startup};
  SetEnvironmentVariableW(DELEGATE_VARIABLE, L"yes");
  BOOL started = length > 0 && length < MAX_PATH &&
                 CreateProcessW(program, GetCommandLineW(), NULL, NULL, TRUE, 0, NULL, NULL, &startup, delegate);
  SetEnvironmentVariableW(DELEGATE_VARIABLE, NULL);
  return started;
}
