#include <stdio.h>
#include <stdlib.h>

#include "block.h"
#include "clock.h"
#include "crc32.h"
#include "file.h"
#include "json-writer.h"
#include "path.h"

static HANDLE open_file(struct file *file, BY_HANDLE_FILE_INFORMATION *found);
static bool send_all(struct file *file, HANDLE handle, int64_t *size, uint32_t *digest);

void file_read(struct file *file) {
  BY_HANDLE_FILE_INFORMATION found;
  HANDLE handle = open_file(file, &found);
  if (handle == INVALID_HANDLE_VALUE) return;
  int64_t size = 0;
  uint32_t digest = 0;
  bool complete = send_all(file, handle, &size, &digest);
  DWORD error = GetLastError();
  CloseHandle(handle);
  if (!complete) {
    SetLastError(error);
    file_fail(file, "cannot read ", path_plain(file->path));
    return;
  }

  char text[128], digits[9];
  struct json_writer writer;
  snprintf(digits, sizeof digits, "%08x", digest);
  json_write_begin(&writer, text, sizeof text);
  json_write_integer(&writer, "size", size);
  json_write_string(&writer, "digest", digits);
  // From before the bytes were read: what changes meanwhile is newer than this.
  json_write_integer(&writer, "modified", clock_of_file(found.ftLastWriteTime));
  json_write_end(&writer);
  errand_send(&file->errand, FRAME_EOF_OUT, NULL, 0);
  errand_done(&file->errand, text, writer.length);
}

static HANDLE open_file(struct file *file, BY_HANDLE_FILE_INFORMATION *found) {
  HANDLE handle = CreateFileW(file->path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
  if (handle != INVALID_HANDLE_VALUE && GetFileInformationByHandle(handle, found)) return handle;

  const char *what = "cannot read ";
  DWORD error = GetLastError();
  if (handle != INVALID_HANDLE_VALUE) CloseHandle(handle);
  if (path_is_folder(file->path)) {
    what = "cannot read a folder as a file: ";
    error = ERROR_ACCESS_DENIED;
  }
  SetLastError(error);
  file_fail(file, what, path_plain(file->path));
  return INVALID_HANDLE_VALUE;
}

static bool send_all(struct file *file, HANDLE handle, int64_t *size, uint32_t *digest) {
  uint8_t *chunk = block_take(ERRAND_CHUNK);
  SetLastError(ERROR_NOT_ENOUGH_MEMORY);
  DWORD count = 1;
  bool good = chunk != NULL;
  while (good && count > 0) {
    size_t most = errand_allowance(&file->errand);
    good = most > 0 && ReadFile(handle, chunk, (DWORD)most, &count, NULL);
    if (!good) break;
    *digest = crc32_add(*digest, chunk, count);
    *size += count;
    good = errand_put(&file->errand, chunk, count);
  }
  DWORD error = GetLastError();
  block_free(chunk);
  SetLastError(error);
  return good;
}
