#include "registry-save.h"

#include <windows.h>

#include "line-output.h"
#include "registry-tree.h"

#define PIECE_BYTES 65536

static bool is_wine(void);
static bool allow_backup(void);
static bool print(const wchar_t *root, HANDLE file);
static bool copy(HANDLE from, LONGLONG bytes);

bool registry_save_print(const wchar_t *root) {
  wchar_t folder[MAX_PATH + 1], path[MAX_PATH];
  bool known, printed = false;
  if (!is_wine() || !allow_backup()) return false;
  HKEY key = registry_tree_open(root, &known);
  if (!key) return false;
  if (GetTempPathW(MAX_PATH + 1, folder) && GetTempFileNameW(folder, L"reg", 0, path)) {
    DeleteFileW(path);
    if (RegSaveKeyW(key, path, NULL) == ERROR_SUCCESS) {
      HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
      if (file != INVALID_HANDLE_VALUE) {
        printed = print(root, file);
        CloseHandle(file);
      }
    }
    DeleteFileW(path);
  }
  RegCloseKey(key);
  return printed;
}

// Windows has another form, of pages of a hive; its walk is quick.
static bool is_wine(void) {
  HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
  return ntdll && GetProcAddress(ntdll, "wine_get_version");
}

static bool allow_backup(void) {
  HANDLE token;
  TOKEN_PRIVILEGES privileges = {.PrivilegeCount = 1, .Privileges[0].Attributes = SE_PRIVILEGE_ENABLED};
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token)) return false;
  bool allowed = LookupPrivilegeValueW(NULL, L"SeBackupPrivilege", &privileges.Privileges[0].Luid) &&
                 AdjustTokenPrivileges(token, FALSE, &privileges, 0, NULL, NULL) && GetLastError() == ERROR_SUCCESS;
  CloseHandle(token);
  return allowed;
}

// What went wrong once the line was written is the reader's to find: bytes are missing.
static bool print(const wchar_t *root, HANDLE file) {
  LARGE_INTEGER size;
  if (!GetFileSizeEx(file, &size) || size.QuadPart == 0) return false;
  struct json_writer *writer = line_begin();
  line_text(writer, "saved", root);
  json_write_integer(writer, "bytes", size.QuadPart);
  line_end(writer);
  if (line_flush()) copy(file, size.QuadPart);
  return true;
}

static bool copy(HANDLE from, LONGLONG bytes) {
  static BYTE piece[PIECE_BYTES];
  HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
  while (bytes > 0) {
    DWORD count, written;
    if (!ReadFile(from, piece, (DWORD)min(bytes, (LONGLONG)sizeof piece), &count, NULL) || count == 0) return false;
    for (DWORD at = 0; at < count; at += written) {
      if (!WriteFile(output, piece + at, count - at, &written, NULL)) return false;
    }
    bytes -= count;
  }
  return true;
}
