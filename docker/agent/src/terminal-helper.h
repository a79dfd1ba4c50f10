// What Wine's pseudo console cannot do by itself. It takes the byte of Ctrl-C for its own end, and has no resizing; a
// process that is attached to it can do both. So the agent starts itself once more, for that alone:
//
//   osrun-agent --console PROCESS interrupt | COLUMNSxROWS
#ifndef OSRUN_TERMINAL_HELPER_H
#define OSRUN_TERMINAL_HELPER_H

#include <windows.h>

#define TERMINAL_HELPER_OPTION L"--console"
#define TERMINAL_HELPER_INTERRUPT L"interrupt"

// Its process, or NULL. `process` lives on the console that is meant.
HANDLE terminal_helper_start(DWORD process, const wchar_t *wish, HANDLE job);

// The helper's own part. Returns its exit code.
int terminal_helper_run(const wchar_t *process, const wchar_t *wish);

#endif
