// The agent's log: one line per connection, command and failure, to a file or to standard error.
#ifndef OSRUN_LOG_H
#define OSRUN_LOG_H

#include <stdbool.h>
#include <wchar.h>

// NULL is standard error, if there is one. Call it before the agent has a console, which replaces standard error.
bool log_open(const wchar_t *path);

// Thread-safe; control characters become '?'; a long line is cut. At 4 MiB the log says so and ends.
__attribute__((format(gnu_printf, 1, 2))) void log_line(const char *format, ...);

#endif
