#include "walk.h"

#include <stdlib.h>

struct walk_level {
  // INVALID_HANDLE_VALUE for the root of a drive with nothing in it.
  HANDLE find;
  // The first entry came with the handle.
  bool found;
  // Of the folder's path.
  size_t length;
  struct walk_level *above;
};

static bool append(struct walk *walk, size_t length, const wchar_t *name);
static enum walk_step leave(struct walk *walk);

struct walk *walk_open(const wchar_t *folder) {
  struct walk *walk = calloc(1, sizeof *walk);
  if (!walk) {
    SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return NULL;
  }
  wcscpy(walk->path, folder);
  walk->root = wcslen(folder);
  // That of a drive ends so.
  if (walk->path[walk->root - 1] == L'\\') walk->path[--walk->root] = 0;
  if (walk_enter(walk)) return walk;
  DWORD error = GetLastError();
  free(walk);
  SetLastError(error);
  return NULL;
}

void walk_close(struct walk *walk) {
  while (walk->level) leave(walk);
  free(walk);
}

enum walk_step walk_next(struct walk *walk) {
  struct walk_level *level = walk->level;
  if (!level) return WALK_END;
  for (;;) {
    if (level->find == INVALID_HANDLE_VALUE) return leave(walk);
    if (!level->found && !FindNextFileW(level->find, &walk->entry)) {
      return GetLastError() == ERROR_NO_MORE_FILES ? leave(walk) : WALK_FAILED;
    }
    level->found = false;
    const wchar_t *name = walk->entry.cFileName;
    if (wcscmp(name, L".") == 0 || wcscmp(name, L"..") == 0) continue;
    return append(walk, level->length, name) ? WALK_ENTRY : WALK_FAILED;
  }
}

bool walk_is_folder(const struct walk *walk) {
  DWORD attributes = walk->entry.dwFileAttributes;
  return (attributes & FILE_ATTRIBUTE_DIRECTORY) && !(attributes & FILE_ATTRIBUTE_REPARSE_POINT);
}

bool walk_enter(struct walk *walk) {
  size_t length = wcslen(walk->path);
  struct walk_level *level = calloc(1, sizeof *level);
  if (!level || !append(walk, length, L"*")) {
    free(level);
    SetLastError(level ? ERROR_FILENAME_EXCED_RANGE : ERROR_NOT_ENOUGH_MEMORY);
    return false;
  }
  *level = (struct walk_level){.found = true, .length = length, .above = walk->level};
  level->find = FindFirstFileExW(walk->path, FindExInfoBasic, &walk->entry, FindExSearchNameMatch, NULL,
                                 FIND_FIRST_EX_LARGE_FETCH);
  DWORD error = GetLastError();
  walk->path[length] = 0;
  if (level->find == INVALID_HANDLE_VALUE && error != ERROR_FILE_NOT_FOUND) {
    free(level);
    SetLastError(error);
    return false;
  }
  walk->level = level;
  return true;
}

static bool append(struct walk *walk, size_t length, const wchar_t *name) {
  if (length + 1 + wcslen(name) > PATH_MAX_UNITS) {
    SetLastError(ERROR_FILENAME_EXCED_RANGE);
    return false;
  }
  walk->path[length] = L'\\';
  wcscpy(walk->path + length + 1, name);
  return true;
}

static enum walk_step leave(struct walk *walk) {
  struct walk_level *level = walk->level;
  walk->level = level->above;
  walk->path[level->length] = 0;
  if (level->find != INVALID_HANDLE_VALUE) FindClose(level->find);
  free(level);
  return walk->level ? WALK_LEFT : WALK_END;
}
