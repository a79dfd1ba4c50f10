#include <stdlib.h>

#include "clock.h"
#include "file.h"
#include "json-writer.h"
#include "utf8.h"
#include "walk.h"

// An entry's name: three bytes a unit, and in JSON at most six a unit.
#define NAME_BYTES (3 * PATH_MAX_UNITS + 1)
#define ENTRY_BYTES (6 * PATH_MAX_UNITS + 256)

// Entries are sent together: a frame for each would cost more than to find it.
struct listing {
  struct file *file;
  struct walk *walk;
  int64_t entries;
  size_t length;
  char text[ERRAND_CHUNK + ENTRY_BYTES];
  char name[NAME_BYTES];
};

static bool list_all(struct listing *listing);
static bool enter(struct walk *walk);
static bool write_entry(struct listing *listing);
static bool flush(struct listing *listing);

void file_list(struct file *file) {
  struct listing *listing = malloc(sizeof *listing);
  SetLastError(ERROR_NOT_ENOUGH_MEMORY);
  if (listing) {
    listing->file = file;
    listing->entries = 0;
    listing->length = 0;
    listing->walk = walk_open(file->path);
  }
  if (!listing || !listing->walk) file_fail(file, "cannot list ", path_plain(file->path));
  else if (!list_all(listing)) file_fail(file, "cannot list ", path_plain(listing->walk->path));
  else {
    char text[64];
    struct json_writer writer;
    json_write_begin(&writer, text, sizeof text);
    json_write_integer(&writer, "entries", listing->entries);
    json_write_end(&writer);
    errand_send(&file->errand, FRAME_EOF_OUT, NULL, 0);
    errand_done(&file->errand, text, writer.length);
  }
  if (listing && listing->walk) walk_close(listing->walk);
  free(listing);
}

static bool list_all(struct listing *listing) {
  for (;;) {
    if (errand_killed(&listing->file->errand)) return false;
    switch (walk_next(listing->walk)) {
      case WALK_ENTRY:
        if (!write_entry(listing)) return false;
        if (listing->file->recursive && walk_is_folder(listing->walk) && !enter(listing->walk)) return false;
        break;
      case WALK_LEFT:
        break;
      case WALK_END:
        return flush(listing);
      case WALK_FAILED:
        return false;
    }
  }
}

// A folder that was removed a moment ago has nothing in it.
static bool enter(struct walk *walk) {
  return walk_enter(walk) || GetLastError() == ERROR_PATH_NOT_FOUND;
}

static bool write_entry(struct listing *listing) {
  const struct walk *walk = listing->walk;
  const WIN32_FIND_DATAW *entry = &walk->entry;
  bool plain = !(entry->dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT));
  utf8_of_utf16(walk->path + walk->root + 1, listing->name);
  struct json_writer writer;
  json_write_begin(&writer, listing->text + listing->length, ENTRY_BYTES);
  json_write_string(&writer, "name", listing->name);
  json_write_string(&writer, "type", file_type(entry->dwFileAttributes));
  json_write_integer(&writer, "size", plain ? file_size(entry->nFileSizeHigh, entry->nFileSizeLow) : 0);
  json_write_integer(&writer, "modified", clock_of_file(entry->ftLastWriteTime));
  json_write_end(&writer);
  listing->length += writer.length;
  listing->text[listing->length++] = '\n';
  listing->entries++;
  return listing->length < ERRAND_CHUNK || flush(listing);
}

static bool flush(struct listing *listing) {
  size_t length = listing->length;
  listing->length = 0;
  return errand_put(&listing->file->errand, listing->text, length);
}
