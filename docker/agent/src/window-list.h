// What stands on the desktop, and whose it is, for a host that wants to know what a command waits for:
//
//   osrun-agent --windows
//
// A line for each process, {process, parent, image, started}, and for each window that is visible, {window, pid, class,
// title, x, y, width, height, enabled, focused, modal}. After a modal window come its parts, {part, text, enabled}.
#ifndef OSRUN_WINDOW_LIST_H
#define OSRUN_WINDOW_LIST_H

#define WINDOW_LIST_OPTION L"--windows"

// Returns the exit code.
int window_list_run(void);

#endif
