#include "file.h"

#include <stdio.h>
#include <stdlib.h>

#include "path.h"
#include "stream-start.h"
#include "text.h"

static void run(struct errand *errand);
static void clean(struct errand *errand);

void file_start(struct connection *connection, const struct frame *frame) {
  static const struct errand_kind kind = {sizeof(struct file), run, clean};
  struct file_request request;
  const char *wrong = request_file(frame, &request);
  if (wrong) {
    stream_refuse(connection, frame->stream, "BAD_REQUEST", wrong);
    return;
  }
  bool takes = request.op == FILE_OP_WRITE;
  struct file *file = (struct file *)errand_create(&kind, connection, frame->stream, takes);
  if (!file) return;
  file->op = request.op;
  file->recursive = request.recursive;
  file->has_modified = request.has_modified;
  file->modified = request.modified;
  file->asked = text_wide(request.path);
  errand_start(&file->errand);
}

void file_fail(struct file *file, const char *what, const wchar_t *path) {
  DWORD error = GetLastError();
  if (errand_killed(&file->errand)) error = ERROR_OPERATION_ABORTED;
  char name[400], subject[440];
  snprintf(subject, sizeof subject, "%s%s", what, text_utf8(path, name, sizeof name));
  errand_fail(&file->errand, "FILE_FAILED", error, subject);
}

const char *file_type(DWORD attributes) {
  if (attributes & FILE_ATTRIBUTE_REPARSE_POINT) return "link";
  return attributes & FILE_ATTRIBUTE_DIRECTORY ? "folder" : "file";
}

int64_t file_size(DWORD high, DWORD low) {
  return (int64_t)((uint64_t)high << 32 | low);
}

static void run(struct errand *errand) {
  static void (*const operations[])(struct file *) = {file_read, file_write, file_list,
                                                      file_stat, file_make,  file_remove};
  struct file *file = (struct file *)errand;
  SetLastError(ERROR_NOT_ENOUGH_MEMORY);
  if (file->asked) file->path = path_resolve(file->asked);
  if (file->path) operations[file->op](file);
  else file_fail(file, "not a path of a file: ", file->asked ? file->asked : L"");
}

static void clean(struct errand *errand) {
  struct file *file = (struct file *)errand;
  free(file->asked);
  free(file->path);
}
