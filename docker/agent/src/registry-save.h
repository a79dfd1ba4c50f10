// The registry below a key in Wine's own text form. Wine's server, which has the registry, writes it by itself, while a
// walk asks that server several times for each key: minutes for a whole Software under software emulation.
#ifndef OSRUN_REGISTRY_SAVE_H
#define OSRUN_REGISTRY_SAVE_H

#include <stdbool.h>
#include <wchar.h>

// Writes a line, {saved, bytes}, and so many bytes after it. False, and nothing was written, where that cannot be had: in
// Windows, and for a key that is not there. Keys that live until a shutdown are not in it.
bool registry_save_print(const wchar_t *root);

#endif
