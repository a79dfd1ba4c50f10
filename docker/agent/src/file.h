// A FILE stream: one operation on a file or a folder.
#ifndef OSRUN_FILE_H
#define OSRUN_FILE_H

#include "errand.h"

struct file {
  struct errand errand;
  enum file_op op;
  bool recursive, has_modified;
  int64_t modified;
  // As the host wrote it.
  wchar_t *asked;
  // Resolved.
  wchar_t *path;
};

// Answers a FILE: with a stream, or with an ERROR on its number.
void file_start(struct connection *connection, const struct frame *frame);

// The operations, each on the stream's thread and up to its last frame.
void file_read(struct file *file);
void file_write(struct file *file);
void file_list(struct file *file);
void file_stat(struct file *file);
void file_make(struct file *file);
void file_remove(struct file *file);

// Sends the ERROR of what GetLastError tells. `what` is such as "cannot read ".
void file_fail(struct file *file, const char *what, const wchar_t *path);

// What a DONE or an entry calls it.
const char *file_type(DWORD attributes);
int64_t file_size(DWORD high, DWORD low);

#endif
