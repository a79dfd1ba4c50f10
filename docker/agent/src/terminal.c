#include "terminal.h"

#include <stdio.h>

#include "log.h"
#include "terminal-helper.h"
#include "thread.h"

#ifndef PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE
#define PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE 0x00020016
#endif

typedef HRESULT WINAPI create_function(COORD size, HANDLE input, HANDLE output, DWORD flags, void **console);
typedef HRESULT WINAPI resize_function(void *console, COORD size);
typedef void WINAPI close_function(void *console);

static void *find(const wchar_t *library, const char *name);
static DWORD WINAPI close_console(void *argument);

bool terminal_open(struct terminal *terminal, struct terminal_size size, HANDLE keyboard, HANDLE screen) {
  *terminal = (struct terminal){0};
  create_function *create = find(L"kernel32.dll", "CreatePseudoConsole");
  COORD coordinates = {.X = (SHORT)size.columns, .Y = (SHORT)size.rows};
  HRESULT result = create ? create(coordinates, keyboard, screen, 0, &terminal->console) : E_NOTIMPL;
  if (SUCCEEDED(result)) return true;
  terminal->console = NULL;
  SetLastError(result == E_NOTIMPL ? ERROR_CALL_NOT_IMPLEMENTED : (DWORD)HRESULT_CODE(result));
  return false;
}

bool terminal_attach(const struct terminal *terminal, LPPROC_THREAD_ATTRIBUTE_LIST attributes, STARTUPINFOW *startup) {
  // Windows gives the process the console's handles if this says that there are none, else the agent's own. Wine gives
  // it none, else the agent's own; and those to the agent's console become such to the console of the process.
  if (!terminal_needs_help()) startup->dwFlags |= STARTF_USESTDHANDLES;
  return UpdateProcThreadAttribute(attributes, 0, PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, terminal->console,
                                   sizeof terminal->console, NULL, NULL);
}

void terminal_close(struct terminal *terminal) {
  if (terminal->helper) CloseHandle(terminal->helper);
  terminal->helper = NULL;
  if (terminal->console && !thread_run(close_console, terminal->console)) {
    log_line("a pseudo console stays open: no thread to close it");
  }
  terminal->console = NULL;
}

bool terminal_needs_help(void) {
  return find(L"ntdll.dll", "wine_get_version") != NULL;
}

bool terminal_is_busy(struct terminal *terminal) {
  if (!terminal->helper) return false;
  if (WaitForSingleObject(terminal->helper, 0) == WAIT_TIMEOUT) return true;
  CloseHandle(terminal->helper);
  terminal->helper = NULL;
  return false;
}

void terminal_resize(struct terminal *terminal, struct terminal_size size, DWORD process, HANDLE job) {
  resize_function *resize = find(L"kernel32.dll", "ResizePseudoConsole");
  COORD coordinates = {.X = (SHORT)size.columns, .Y = (SHORT)size.rows};
  if (!terminal->console || (resize && SUCCEEDED(resize(terminal->console, coordinates)))) return;
  wchar_t wish[24];
  swprintf(wish, sizeof wish / sizeof *wish, L"%ux%u", size.columns, size.rows);
  terminal->helper = terminal_helper_start(process, wish, job);
}

void terminal_interrupt(struct terminal *terminal, DWORD process, HANDLE job) {
  terminal->helper = terminal_helper_start(process, TERMINAL_HELPER_INTERRUPT, job);
}

static void *find(const wchar_t *library, const char *name) {
  HMODULE module = GetModuleHandleW(library);
  return module ? (void *)GetProcAddress(module, name) : NULL;
}

// Before Windows 11 24H2 it waits until all that was on the screen has been read.
static DWORD WINAPI close_console(void *argument) {
  close_function *close = find(L"kernel32.dll", "ClosePseudoConsole");
  if (close) close(argument);
  return 0;
}
