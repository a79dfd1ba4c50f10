#include "terminal-helper.h"

#include <stdbool.h>
#include <stdio.h>

#include "log.h"

static HANDLE open_console(const wchar_t *name);
static bool type_interrupt(void);
static bool resize(SHORT columns, SHORT rows);

HANDLE terminal_helper_start(DWORD process, const wchar_t *wish, HANDLE job) {
  wchar_t program[MAX_PATH], command_line[MAX_PATH + 80];
  DWORD length = GetModuleFileNameW(NULL, program, MAX_PATH);
  if (length == 0 || length == MAX_PATH) return NULL;
  swprintf(command_line, sizeof command_line / sizeof *command_line, L"\"%ls\" " TERMINAL_HELPER_OPTION L" %lu %ls",
           program, process, wish);

  STARTUPINFOW startup = {.cb = sizeof startup};
  PROCESS_INFORMATION helper;
  if (!CreateProcessW(program, command_line, NULL, NULL, FALSE, DETACHED_PROCESS | CREATE_SUSPENDED, NULL, NULL,
                      &startup, &helper)) {
    log_line("a console's helper does not start (error %lu)", GetLastError());
    return NULL;
  }
  AssignProcessToJobObject(job, helper.hProcess);
  ResumeThread(helper.hThread);
  CloseHandle(helper.hThread);
  return helper.hProcess;
}

int terminal_helper_run(const wchar_t *process, const wchar_t *wish) {
  unsigned columns, rows;
  // It is on that console itself, and the Ctrl-C is not for it.
  SetConsoleCtrlHandler(NULL, TRUE);
  if (!AttachConsole(wcstoul(process, NULL, 10))) return 1;
  if (wcscmp(wish, TERMINAL_HELPER_INTERRUPT) == 0) return !type_interrupt();
  return swscanf(wish, L"%ux%u", &columns, &rows) != 2 || !resize((SHORT)columns, (SHORT)rows);
}

static HANDLE open_console(const wchar_t *name) {
  return CreateFileW(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0,
                     NULL);
}

// As a key: the console makes an event of it, or passes it on where the program has asked for keys.
static bool type_interrupt(void) {
  INPUT_RECORD keys[2] = {{.EventType = KEY_EVENT}};
  KEY_EVENT_RECORD *key = &keys[0].Event.KeyEvent;
  *key = (KEY_EVENT_RECORD){.bKeyDown = TRUE, .wRepeatCount = 1, .wVirtualKeyCode = 'C',
                            .dwControlKeyState = LEFT_CTRL_PRESSED};
  key->uChar.UnicodeChar = 'C' - '@';
  keys[1] = keys[0];
  keys[1].Event.KeyEvent.bKeyDown = FALSE;
  DWORD count;
  return WriteConsoleInputW(open_console(L"CONIN$"), keys, 2, &count);
}

// The window must always fit into the buffer.
static bool resize(SHORT columns, SHORT rows) {
  HANDLE output = open_console(L"CONOUT$");
  CONSOLE_SCREEN_BUFFER_INFO now;
  if (!GetConsoleScreenBufferInfo(output, &now)) return false;
  COORD wanted = {columns, rows};
  COORD both = {now.dwSize.X > columns ? now.dwSize.X : columns, now.dwSize.Y > rows ? now.dwSize.Y : rows};
  SMALL_RECT window = {0, 0, (SHORT)(columns - 1), (SHORT)(rows - 1)};
  return SetConsoleScreenBufferSize(output, both) && SetConsoleWindowInfo(output, TRUE, &window) &&
         SetConsoleScreenBufferSize(output, wanted);
}
