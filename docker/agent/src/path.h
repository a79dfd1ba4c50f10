// Paths of the host, in the form that Windows takes as it is: \\?\C:\folder\file, of up to 32766 characters.
#ifndef OSRUN_PATH_H
#define OSRUN_PATH_H

#include <stdbool.h>
#include <wchar.h>

#define PATH_MAX_UNITS 32766

// The resolved path, to be freed; NULL, and GetLastError tells why. A relative one starts at the user's profile folder;
// names of devices are refused.
wchar_t *path_resolve(const wchar_t *path);

// The rest is for resolved paths.

// As people write it; a part of `path`.
const wchar_t *path_plain(const wchar_t *path);
bool path_is_folder(const wchar_t *path);

// Makes the folder, and those above it that are missing; false, and GetLastError tells why. It is as it was afterwards.
bool path_make(wchar_t *folder);
// The same for the folders above.
bool path_make_above(wchar_t *path);

#endif
