#define _CRT_RAND_S
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "crc32.h"
#include "file.h"
#include "json-writer.h"
#include "path.h"

// The bytes go to a file beside the target, which takes its place when they are complete.
struct upload {
  struct file *file;
  wchar_t *temporary;
  HANDLE handle;
  int64_t size;
  uint32_t digest;
  // What Windows would not do.
  const char *what;
  // What the host did wrong, or NULL.
  const char *code;
  char message[160];
};

static bool begin(struct upload *upload);
static wchar_t *temporary_beside(const wchar_t *path);
static bool receive_all(struct upload *upload);
static bool is_whole(struct upload *upload);
static bool put_in_place(struct upload *upload);
static void give_up(struct upload *upload);
static void tell_done(const struct upload *upload);

void file_write(struct file *file) {
  struct upload upload = {.file = file, .handle = INVALID_HANDLE_VALUE, .what = "cannot write "};
  bool written = begin(&upload) && receive_all(&upload) && is_whole(&upload) && put_in_place(&upload);
  // Nothing may be left when the host hears of it.
  if (!written) give_up(&upload);
  if (written) tell_done(&upload);
  else if (upload.code) errand_fail(&file->errand, upload.code, 0, upload.message);
  else file_fail(file, upload.what, path_plain(file->path));
  free(upload.temporary);
}

static bool begin(struct upload *upload) {
  wchar_t *path = upload->file->path;
  if (path_is_folder(path)) {
    upload->what = "cannot write a file over a folder: ";
    SetLastError(ERROR_ACCESS_DENIED);
    return false;
  }
  if (!path_make_above(path)) return false;
  upload->temporary = temporary_beside(path);
  if (!upload->temporary) return false;
  upload->handle = CreateFileW(upload->temporary, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
  return upload->handle != INVALID_HANDLE_VALUE;
}

static wchar_t *temporary_beside(const wchar_t *path) {
  unsigned first, second;
  wchar_t name[40];
  size_t folder = (size_t)(wcsrchr(path, L'\\') + 1 - path);
  wchar_t *temporary = malloc((folder + sizeof name / sizeof *name) * sizeof *temporary);
  if (!temporary || rand_s(&first) != 0 || rand_s(&second) != 0) {
    SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    free(temporary);
    return NULL;
  }
  swprintf(name, sizeof name / sizeof *name, L".osrun-%08x%08x.tmp", first, second);
  wmemcpy(temporary, path, folder);
  wcscpy(temporary + folder, name);
  return temporary;
}

static bool receive_all(struct upload *upload) {
  struct errand *errand = &upload->file->errand;
  const uint8_t *run;
  for (size_t length; (length = errand_mail(errand, &run)) > 0;) {
    DWORD count;
    if (!WriteFile(upload->handle, run, (DWORD)length, &count, NULL)) return false;
    if (count < length) {
      SetLastError(ERROR_DISK_FULL);
      return false;
    }
    upload->digest = crc32_add(upload->digest, run, length);
    upload->size += (int64_t)length;
    errand_taken(errand, length);
  }
  SetLastError(ERROR_OPERATION_ABORTED);
  return !errand_killed(errand) && errand->committed;
}

static bool is_whole(struct upload *upload) {
  const struct errand *errand = &upload->file->errand;
  const struct commit_request *meant = &errand->commit;
  if (errand->uncommitted) {
    upload->code = "BAD_REQUEST";
    snprintf(upload->message, sizeof upload->message, "%s", errand->uncommitted);
  } else if (upload->size != meant->size || upload->digest != meant->digest) {
    upload->code = "FILE_DAMAGED";
    snprintf(upload->message, sizeof upload->message,
             "%lld bytes with the digest %08x came, %lld bytes with the digest %08x were sent", upload->size,
             upload->digest, meant->size, meant->digest);
  }
  return !upload->code;
}

static bool put_in_place(struct upload *upload) {
  const struct file *file = upload->file;
  if (file->has_modified) {
    FILETIME modified = clock_to_file(file->modified);
    if (!SetFileTime(upload->handle, NULL, NULL, &modified)) return false;
  }
  CloseHandle(upload->handle);
  upload->handle = INVALID_HANDLE_VALUE;
  return MoveFileExW(upload->temporary, file->path, MOVEFILE_REPLACE_EXISTING);
}

static void give_up(struct upload *upload) {
  DWORD error = GetLastError();
  if (upload->handle != INVALID_HANDLE_VALUE) CloseHandle(upload->handle);
  if (upload->temporary) DeleteFileW(upload->temporary);
  SetLastError(error);
}

static void tell_done(const struct upload *upload) {
  char text[96], digits[9];
  struct json_writer writer;
  snprintf(digits, sizeof digits, "%08x", upload->digest);
  json_write_begin(&writer, text, sizeof text);
  json_write_integer(&writer, "size", upload->size);
  json_write_string(&writer, "digest", digits);
  json_write_end(&writer);
  errand_done(&upload->file->errand, text, writer.length);
}
