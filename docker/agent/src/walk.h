// A walk through a folder and what is in it, however deep: no recursion, one path that grows and shrinks.
#ifndef OSRUN_WALK_H
#define OSRUN_WALK_H

#include <stdbool.h>
#include <windows.h>

#include "path.h"

struct walk_level;

struct walk {
  // Of the entry, or of the folder that was left.
  wchar_t path[PATH_MAX_UNITS + 1];
  // What of it is the folder where the walk began.
  size_t root;
  struct walk_level *level;
  WIN32_FIND_DATAW entry;
};

// WALK_LEFT: all in the folder has been seen. WALK_FAILED: GetLastError tells why.
enum walk_step { WALK_ENTRY, WALK_LEFT, WALK_END, WALK_FAILED };

// NULL, and GetLastError tells why. `folder` is resolved.
struct walk *walk_open(const wchar_t *folder);
void walk_close(struct walk *walk);

enum walk_step walk_next(struct walk *walk);

// After WALK_ENTRY: true if it is a folder, and no link to one.
bool walk_is_folder(const struct walk *walk);
// After WALK_ENTRY: what is in it comes next. False, and GetLastError tells why.
bool walk_enter(struct walk *walk);

#endif
