// The control payloads that the agent sends more than once. Pure.
#ifndef OSRUN_REPLY_H
#define OSRUN_REPLY_H

#include <stddef.h>

// Room for any reply: messages are cut to fit.
#define REPLY_MAX 4096

// An ERROR's payload. `win32` is what GetLastError said, or 0. Returns its length.
size_t reply_error(char text[REPLY_MAX], const char *code, unsigned long win32, const char *message);

#endif
