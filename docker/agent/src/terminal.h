// The pseudo console of one command: two pipes are its keyboard and its screen.
#ifndef OSRUN_TERMINAL_H
#define OSRUN_TERMINAL_H

#include <stdbool.h>
#include <windows.h>

#include "request.h"

struct terminal {
  // An HPCON, which older headers lack; NULL: none, or closed.
  void *console;
  // Does to Wine's console what its API cannot; NULL: there is none at work.
  HANDLE helper;
};

// The console keeps handles of its own to the two ends. On failure GetLastError tells why.
bool terminal_open(struct terminal *terminal, struct terminal_size size, HANDLE keyboard, HANDLE screen);
// For the process that is to live on it.
bool terminal_attach(const struct terminal *terminal, LPPROC_THREAD_ATTRIBUTE_LIST attributes, STARTUPINFOW *startup);
// The end of the screen's pipe comes after it, and it comes only to those who read on: this does not wait for it.
void terminal_close(struct terminal *terminal);

// True if the console does not take a Ctrl-C for what it is, and `terminal_interrupt` must be called in its place.
bool terminal_needs_help(void);
// A helper is at work: neither of the two below may be called before it has ended.
bool terminal_is_busy(struct terminal *terminal);
// `process` lives on the console; the helper is put into `job`.
void terminal_resize(struct terminal *terminal, struct terminal_size size, DWORD process, HANDLE job);
void terminal_interrupt(struct terminal *terminal, DWORD process, HANDLE job);

#endif
