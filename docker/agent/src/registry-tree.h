// The registry below a key, for an inventory.
#ifndef OSRUN_REGISTRY_TREE_H
#define OSRUN_REGISTRY_TREE_H

#include <stdbool.h>
#include <wchar.h>

// Writes its lines. `root` begins with HKLM or HKCU; one that is not there has nothing in it. False for another root.
bool registry_tree_list(const wchar_t *root);

#endif
