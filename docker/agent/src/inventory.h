// What files and what of the registry there is, for a host that compares two moments:
//
//   osrun-agent --inventory files C:\folder ... registry HKLM\Software\Key ...
//
// A line for each folder, {folder}, and each file, {file, size, modified}, with its whole path; for each key, {key}, and
// after it for each of its values, {value, type, data}. Links are told, and not entered. What cannot be read is left out,
// as are paths and names of more than 1024 characters. Where registry-save.h has a quicker way for a key, its form of it.
#ifndef OSRUN_INVENTORY_H
#define OSRUN_INVENTORY_H

#include <wchar.h>

#define INVENTORY_OPTION L"--inventory"

// `words` are those after the option. Returns the exit code.
int inventory_run(int count, wchar_t **words);

#endif
