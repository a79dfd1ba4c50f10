#include "path.h"

#include <stdlib.h>
#include <windows.h>

static wchar_t *join(const wchar_t *path);
static wchar_t *join_two(const wchar_t *before, const wchar_t *after);
static wchar_t *complete(const wchar_t *joined);
static bool is_drive(const wchar_t *path);
static bool names_device(wchar_t *path);
static size_t root_length(const wchar_t *path);
static wchar_t *refuse(DWORD error);

wchar_t *path_resolve(const wchar_t *path) {
  wchar_t *joined = join(path);
  wchar_t *resolved = joined ? complete(joined) : NULL;
  DWORD error = GetLastError();
  free(joined);
  if (resolved && (wcslen(resolved) > PATH_MAX_UNITS || names_device(resolved))) {
    error = wcslen(resolved) > PATH_MAX_UNITS ? ERROR_FILENAME_EXCED_RANGE : ERROR_INVALID_NAME;
    free(resolved);
    resolved = NULL;
  }
  return resolved ? resolved : refuse(error);
}

const wchar_t *path_plain(const wchar_t *path) {
  return path + wcslen(L"\\\\?\\");
}

bool path_is_folder(const wchar_t *path) {
  DWORD attributes = GetFileAttributesW(path);
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

bool path_make(wchar_t *folder) {
  if (path_is_folder(folder)) return true;
  wchar_t *at = folder + root_length(folder);
  bool last = *at == 0;
  while (!last) {
    at += wcscspn(at, L"\\");
    last = *at == 0;
    *at = 0;
    bool made = CreateDirectoryW(folder, NULL);
    DWORD error = GetLastError();
    made = made || path_is_folder(folder);
    if (!last) *at++ = L'\\';
    SetLastError(error);
    if (!made) return false;
  }
  return path_is_folder(folder);
}

bool path_make_above(wchar_t *path) {
  wchar_t *last = wcsrchr(path, L'\\');
  if (last < path + root_length(path)) return true;
  *last = 0;
  bool made = path_make(path);
  *last = L'\\';
  return made;
}

// The path with its beginning: what is relative would depend on the agent's own folder. Slashes lean as in Windows.
static wchar_t *join(const wchar_t *path) {
  wchar_t profile[MAX_PATH];
  DWORD length = GetEnvironmentVariableW(L"USERPROFILE", profile, MAX_PATH);
  if (length == 0 || length >= MAX_PATH || !is_drive(profile)) return refuse(ERROR_PATH_NOT_FOUND);
  if (wcslen(path) > PATH_MAX_UNITS) return refuse(ERROR_FILENAME_EXCED_RANGE);

  wchar_t *own = join_two(path, L"");
  for (wchar_t *at = own; at && *at; at++) {
    if (*at == L'/') *at = L'\\';
  }
  wchar_t *joined = NULL;
  if (!own) SetLastError(ERROR_NOT_ENOUGH_MEMORY);
  else if (wcsncmp(own, L"\\\\?\\", 4) == 0 && is_drive(own + 4)) joined = join_two(L"", own + 4);
  else if (_wcsnicmp(own, L"\\\\?\\UNC\\", 8) == 0) joined = join_two(L"\\\\", own + 8);
  else if (wcsncmp(own, L"\\\\?", 3) == 0 || wcsncmp(own, L"\\\\.", 3) == 0) SetLastError(ERROR_INVALID_NAME);
  else if (wcsncmp(own, L"\\\\", 2) == 0 || is_drive(own)) joined = join_two(L"", own);
  else if (*own && own[1] == L':') SetLastError(ERROR_INVALID_NAME);
  else if (*own == L'\\') joined = join_two((profile[2] = 0, profile), own);
  else joined = join_two(wcscat(profile, L"\\"), own);
  DWORD error = GetLastError();
  free(own);
  return joined ? joined : refuse(error);
}

static wchar_t *join_two(const wchar_t *before, const wchar_t *after) {
  wchar_t *joined = malloc((wcslen(before) + wcslen(after) + 1) * sizeof *joined);
  if (!joined) return refuse(ERROR_NOT_ENOUGH_MEMORY);
  return wcscat(wcscpy(joined, before), after);
}

static wchar_t *complete(const wchar_t *joined) {
  DWORD capacity = GetFullPathNameW(joined, 0, NULL, NULL);
  if (capacity == 0) return NULL;
  wchar_t *full = malloc(capacity * sizeof *full);
  if (!full) return refuse(ERROR_NOT_ENOUGH_MEMORY);
  DWORD length = GetFullPathNameW(joined, capacity, full, NULL);
  wchar_t *resolved = NULL;
  if (length >= capacity) SetLastError(ERROR_FILENAME_EXCED_RANGE);
  else if (is_drive(full)) resolved = join_two(L"\\\\?\\", full);
  else if (wcsncmp(full, L"\\\\.", 3) == 0 || *full != L'\\') SetLastError(ERROR_INVALID_NAME);
  else resolved = join_two(L"\\\\?\\UNC", full + 1);
  DWORD error = GetLastError();
  free(full);
  if (!resolved) return refuse(error);
  length = (DWORD)wcslen(resolved);
  if (resolved[length - 1] == L'\\' && length > root_length(resolved)) resolved[length - 1] = 0;
  return resolved;
}

static bool is_drive(const wchar_t *path) {
  return ((*path >= L'A' && *path <= L'Z') || (*path >= L'a' && *path <= L'z')) && path[1] == L':' && path[2] == L'\\';
}

// In the \\?\ form a file may be called NUL; no other program could open or remove it.
static bool names_device(wchar_t *path) {
  bool device = false;
  for (wchar_t *at = path + root_length(path); *at && !device;) {
    wchar_t *end = at + wcscspn(at, L"\\"), ended_by = *end, full[MAX_PATH];
    *end = 0;
    DWORD length = GetFullPathNameW(at, MAX_PATH, full, NULL);
    device = length > 0 && length < MAX_PATH && wcsncmp(full, L"\\\\.\\", 4) == 0;
    *end = ended_by;
    at = ended_by ? end + 1 : end;
  }
  return device;
}

// Of \\?\C:\ or of \\?\UNC\server\share\ with or without its last backslash.
static size_t root_length(const wchar_t *path) {
  if (is_drive(path + 4)) return 7;
  const wchar_t *at = path + wcslen(L"\\\\?\\UNC\\");
  for (int part = 0; part < 2; part++) {
    at += wcscspn(at, L"\\");
    if (*at) at++;
  }
  return (size_t)(at - path);
}

static wchar_t *refuse(DWORD error) {
  SetLastError(error);
  return NULL;
}
