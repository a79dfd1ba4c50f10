#include "console.h"

#include <wchar.h>
#include <windows.h>

#include "log.h"

#define ATTACH_DEADLINE_MS 60000
#define ATTACH_POLL_MS 10

static SRWLOCK lock = SRWLOCK_INIT;
static volatile LONG uses = 1, uses_reset;

static bool attach(const PROCESS_INFORMATION *helper);
static bool start_helper(PROCESS_INFORMATION *helper, HANDLE *input);
static BOOL WINAPI ignore(DWORD event);

// A GUI program has no console, and AllocConsole would show one. A console program started with CREATE_NO_WINDOW has
// one without a window, and a console lives as long as any process is attached: so a helper that waits for input
// brings the console into being, and leaves once we are attached.
bool console_open(void) {
  PROCESS_INFORMATION helper;
  HANDLE input;
  if (!start_helper(&helper, &input)) {
    log_line("console: cmd.exe does not start (error %lu)", GetLastError());
    return false;
  }
  // A console may only take the place of standard handles that are not there, and under Wine what runs on a pseudo
  // console gets its own from these.
  SetStdHandle(STD_INPUT_HANDLE, NULL);
  SetStdHandle(STD_OUTPUT_HANDLE, NULL);
  SetStdHandle(STD_ERROR_HANDLE, NULL);
  bool attached = attach(&helper);
  CloseHandle(input);
  if (!attached) TerminateProcess(helper.hProcess, 1);
  CloseHandle(helper.hThread);
  CloseHandle(helper.hProcess);
  // A command may send Ctrl-C to everything on its console.
  SetConsoleCtrlHandler(ignore, TRUE);
  console_reset();
  return attached;
}

void console_used(void) {
  InterlockedIncrement(&uses);
}

void console_reset(void) {
  if (uses == uses_reset) return;
  // Who comes while another is at it waits, in place of asking once more.
  AcquireSRWLockExclusive(&lock);
  LONG seen = uses;
  if (seen != uses_reset) {
    if (GetConsoleCP() != CP_UTF8) SetConsoleCP(CP_UTF8);
    if (GetConsoleOutputCP() != CP_UTF8) SetConsoleOutputCP(CP_UTF8);
    uses_reset = seen;
  }
  ReleaseSRWLockExclusive(&lock);
}

static bool attach(const PROCESS_INFORMATION *helper) {
  ULONGLONG start = GetTickCount64();
  while (!AttachConsole(helper->dwProcessId)) {
    DWORD error = GetLastError();
    bool late = GetTickCount64() - start > ATTACH_DEADLINE_MS;
    if (late || WaitForSingleObject(helper->hProcess, ATTACH_POLL_MS) != WAIT_TIMEOUT) {
      log_line("console: no console to attach to after %llu ms, cmd.exe %s (error %lu)", GetTickCount64() - start,
               late ? "has none" : "ended", error);
      return false;
    }
  }
  return true;
}

static bool start_helper(PROCESS_INFORMATION *helper, HANDLE *input) {
  SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable, .bInheritHandle = TRUE};
  wchar_t program[MAX_PATH + 16], command_line[] = L"cmd.exe /d /q /k";
  UINT length = GetSystemDirectoryW(program, MAX_PATH);
  HANDLE theirs;
  if (length == 0 || length > MAX_PATH || !CreatePipe(&theirs, input, &inheritable, 0)) return false;
  wcscat(program, L"\\cmd.exe");
  SetHandleInformation(*input, HANDLE_FLAG_INHERIT, 0);
  HANDLE nothing = CreateFileW(L"NUL", GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inheritable, OPEN_EXISTING,
                               0, NULL);

  STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
  startup.hStdInput = theirs;
  startup.hStdOutput = startup.hStdError = nothing;
  BOOL started =
      CreateProcessW(program, command_line, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &startup, helper);
  CloseHandle(theirs);
  CloseHandle(nothing);
  if (!started) CloseHandle(*input);
  return started;
}

static BOOL WINAPI ignore(DWORD event) {
  return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
}
