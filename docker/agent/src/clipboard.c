#include "clipboard.h"

#include <stdbool.h>
#include <string.h>
#include <windows.h>

// Of UTF-8.
#define TEXT_MAX (1024 * 1024)
// A program that has the clipboard open lets go of it soon.
#define TRIES 40
#define PAUSE_MS 50

// The agent itself is smaller and starts faster without the library of windows.
static struct {
  __typeof__(OpenClipboard) *OpenClipboard;
  __typeof__(CloseClipboard) *CloseClipboard;
  __typeof__(EmptyClipboard) *EmptyClipboard;
  __typeof__(GetClipboardData) *GetClipboardData;
  __typeof__(SetClipboardData) *SetClipboardData;
} user;

static bool open_clipboard(void);
static bool load_user(void);
static bool print_text(const wchar_t *text, size_t units);
static HGLOBAL read_text(void);
static bool write_all(const char *bytes, DWORD count);

int clipboard_print(void) {
  if (!open_clipboard()) return 1;
  bool printed = true;
  HANDLE data = user.GetClipboardData(CF_UNICODETEXT);
  const wchar_t *text = data ? GlobalLock(data) : NULL;
  if (text) {
    // Its program may have forgotten the NUL.
    printed = print_text(text, wcsnlen(text, GlobalSize(data) / sizeof *text));
    GlobalUnlock(data);
  }
  user.CloseClipboard();
  return !printed;
}

int clipboard_set(void) {
  HGLOBAL text = read_text();
  if (!text) return 1;
  if (!open_clipboard()) {
    GlobalFree(text);
    return 1;
  }
  user.EmptyClipboard();
  // From here on it is the system's, and outlives this process.
  bool set = user.SetClipboardData(CF_UNICODETEXT, text) != NULL;
  if (!set) GlobalFree(text);
  user.CloseClipboard();
  return !set;
}

static bool open_clipboard(void) {
  if (!load_user()) return false;
  for (int tries = 0; tries < TRIES; tries++) {
    if (user.OpenClipboard(NULL)) return true;
    Sleep(PAUSE_MS);
  }
  return false;
}

static bool load_user(void) {
  HMODULE library = LoadLibraryW(L"user32.dll");
  if (!library) return false;
#define FIND(name) (user.name = (__typeof__(user.name))(void *)GetProcAddress(library, #name)) != NULL
  return FIND(OpenClipboard) && FIND(CloseClipboard) && FIND(EmptyClipboard) && FIND(GetClipboardData) &&
         FIND(SetClipboardData);
#undef FIND
}

static bool print_text(const wchar_t *text, size_t units) {
  if (units == 0) return true;
  if (units > TEXT_MAX) return false;
  int room = WideCharToMultiByte(CP_UTF8, 0, text, (int)units, NULL, 0, NULL, NULL);
  char *bytes = HeapAlloc(GetProcessHeap(), 0, (size_t)room);
  if (!bytes) return false;
  int count = WideCharToMultiByte(CP_UTF8, 0, text, (int)units, bytes, room, NULL, NULL);
  return count <= TEXT_MAX && write_all(bytes, (DWORD)count);
}

// The text of standard input as the clipboard takes it, with its NUL; NULL where it is too long.
static HGLOBAL read_text(void) {
  HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
  char *bytes = HeapAlloc(GetProcessHeap(), 0, TEXT_MAX + 1);
  DWORD length = 0, count;
  if (!bytes) return NULL;
  while (length <= TEXT_MAX && ReadFile(input, bytes + length, TEXT_MAX + 1 - length, &count, NULL) && count > 0) {
    length += count;
  }
  if (length > TEXT_MAX) return NULL;
  int units = length == 0 ? 0 : MultiByteToWideChar(CP_UTF8, 0, bytes, (int)length, NULL, 0);
  HGLOBAL text = GlobalAlloc(GMEM_MOVEABLE, ((size_t)units + 1) * sizeof(wchar_t));
  wchar_t *at = text ? GlobalLock(text) : NULL;
  if (!at) return NULL;
  if (units > 0) MultiByteToWideChar(CP_UTF8, 0, bytes, (int)length, at, units);
  at[units] = 0;
  GlobalUnlock(text);
  return text;
}

static bool write_all(const char *bytes, DWORD count) {
  HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
  while (count > 0) {
    DWORD written;
    if (!WriteFile(output, bytes, count, &written, NULL) || written == 0) return false;
    bytes += written;
    count -= written;
  }
  return true;
}
