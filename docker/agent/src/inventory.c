#include "inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include "clock.h"
#include "crc32.h"
#include "file.h"
#include "line-output.h"
#include "path.h"
#include "registry-save.h"
#include "registry-tree.h"
#include "text.h"
#include "walk.h"

#define PATH_UNITS 1024

static bool list_files(const wchar_t *root);
static bool list_registry(const wchar_t *root);
static void list_entry(const struct walk *walk);

int inventory_run(int count, wchar_t **words) {
  bool files = true;
  crc32_prepare();
  for (int index = 0; index < count; index++) {
    if (wcscmp(words[index], L"files") == 0) files = true;
    else if (wcscmp(words[index], L"registry") == 0) files = false;
    else if (!(files ? list_files(words[index]) : list_registry(words[index]))) return 1;
  }
  return !line_flush();
}

// A root that is not there has nothing in it.
static bool list_files(const wchar_t *root) {
  wchar_t *path = path_resolve(root);
  if (!path) return false;
  struct walk *walk = walk_open(path);
  for (bool more = walk != NULL; more;) {
    enum walk_step step = walk_next(walk);
    more = step != WALK_END && step != WALK_FAILED;
    if (step != WALK_ENTRY) continue;
    list_entry(walk);
    if (walk_is_folder(walk)) walk_enter(walk);
  }
  if (walk) walk_close(walk);
  free(path);
  return true;
}

static bool list_registry(const wchar_t *root) {
  return registry_save_print(root) || registry_tree_list(root);
}

static void list_entry(const struct walk *walk) {
  char path[LINE_TEXT_BYTES];
  const wchar_t *plain = path_plain(walk->path);
  const WIN32_FIND_DATAW *entry = &walk->entry;
  if (wcslen(plain) > PATH_UNITS) return;
  bool is_file = !(entry->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY);
  struct json_writer *writer = line_begin();
  json_write_string(writer, is_file ? "file" : "folder", text_utf8(plain, path, sizeof path));
  if (is_file) {
    json_write_integer(writer, "size", file_size(entry->nFileSizeHigh, entry->nFileSizeLow));
    json_write_integer(writer, "modified", clock_of_file(entry->ftLastWriteTime));
  }
  line_end(writer);
}
