// The registry below a key, for an inventory.
#ifndef OSRUN_REGISTRY_TREE_H
#define OSRUN_REGISTRY_TREE_H

#include <stdbool.h>
#include <wchar.h>
#include <windows.h>

// The key, opened; NULL with `*known` true where it is not there, with false where the root is another one.
HKEY registry_tree_open(const wchar_t *root, bool *known);

// Writes its lines. `root` begins with HKLM or HKCU; one that is not there has nothing in it. False for another root.
bool registry_tree_list(const wchar_t *root);

#endif
