#include <stdlib.h>

#include "clock.h"
#include "file.h"
#include "json-writer.h"
#include "walk.h"

static bool remove_all(struct file *file, struct walk *walk);
static bool remove_one(const wchar_t *path, DWORD attributes);

void file_stat(struct file *file) {
  WIN32_FILE_ATTRIBUTE_DATA found;
  if (!GetFileAttributesExW(file->path, GetFileExInfoStandard, &found)) {
    file_fail(file, "cannot find ", path_plain(file->path));
    return;
  }
  bool plain = !(found.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT));
  char text[192];
  struct json_writer writer;
  json_write_begin(&writer, text, sizeof text);
  json_write_string(&writer, "type", file_type(found.dwFileAttributes));
  json_write_integer(&writer, "size", plain ? file_size(found.nFileSizeHigh, found.nFileSizeLow) : 0);
  json_write_integer(&writer, "modified", clock_of_file(found.ftLastWriteTime));
  json_write_integer(&writer, "created", clock_of_file(found.ftCreationTime));
  json_write_boolean(&writer, "readonly", found.dwFileAttributes & FILE_ATTRIBUTE_READONLY);
  json_write_end(&writer);
  errand_done(&file->errand, text, writer.length);
}

void file_make(struct file *file) {
  if (path_make(file->path)) errand_done(&file->errand, "{}", 2);
  else file_fail(file, "cannot make the folder ", path_plain(file->path));
}

void file_remove(struct file *file) {
  DWORD attributes = GetFileAttributesW(file->path);
  bool found = attributes != INVALID_FILE_ATTRIBUTES, removed = false;
  bool tree = found && (attributes & FILE_ATTRIBUTE_DIRECTORY) && !(attributes & FILE_ATTRIBUTE_REPARSE_POINT);
  struct walk *walk = tree ? walk_open(file->path) : NULL;
  if (walk) removed = remove_all(file, walk);
  else if (found && !tree) removed = remove_one(file->path, attributes);

  if (removed) errand_done(&file->errand, "{}", 2);
  else file_fail(file, "cannot remove ", path_plain(walk ? walk->path : file->path));
  if (walk) walk_close(walk);
}

static bool remove_all(struct file *file, struct walk *walk) {
  for (;;) {
    if (errand_killed(&file->errand)) return false;
    switch (walk_next(walk)) {
      case WALK_ENTRY:
        if (!(walk_is_folder(walk) ? walk_enter(walk) : remove_one(walk->path, walk->entry.dwFileAttributes))) {
          return false;
        }
        break;
      case WALK_LEFT:
        if (!remove_one(walk->path, GetFileAttributesW(walk->path))) return false;
        break;
      case WALK_END:
        return remove_one(walk->path, GetFileAttributesW(walk->path));
      case WALK_FAILED:
        return false;
    }
  }
}

// Of a link, the link. Something else may have been quicker.
static bool remove_one(const wchar_t *path, DWORD attributes) {
  if (attributes == INVALID_FILE_ATTRIBUTES) return false;
  if (attributes & FILE_ATTRIBUTE_READONLY) SetFileAttributesW(path, attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
  BOOL removed = attributes & FILE_ATTRIBUTE_DIRECTORY ? RemoveDirectoryW(path) : DeleteFileW(path);
  return removed || GetLastError() == ERROR_FILE_NOT_FOUND;
}
