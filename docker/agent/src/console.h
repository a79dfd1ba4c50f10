// The one console that all commands share. It has no window, and its code pages are UTF-8.
#ifndef OSRUN_CONSOLE_H
#define OSRUN_CONSOLE_H

#include <stdbool.h>

// False if there is none; each console program then gets one of its own, which is slow.
bool console_open(void);

// A command has ended, and its chcp may have changed the console.
void console_used(void);

// Back to UTF-8, if commands have ended since the last time. Asking the console is slow: call it when nobody waits,
// and before a command starts, when it is mostly done already.
void console_reset(void);

#endif
