// The one console that all commands share. It has no window, and its code pages are UTF-8.
#ifndef OSRUN_CONSOLE_H
#define OSRUN_CONSOLE_H

#include <stdbool.h>

// False if there is none; each console program then gets one of its own, which is slow.
bool console_open(void);

// Back to UTF-8, whatever an earlier command's chcp made of it.
void console_reset(void);

#endif
