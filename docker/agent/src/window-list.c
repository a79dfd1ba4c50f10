#include "window-list.h"

#include <windows.h>
#include <tlhelp32.h>

#include "clock.h"
#include "line-output.h"
#include "text.h"

// A desktop has few windows, and a dialog few parts. A program that makes more must not make the answer endless.
#define PROCESSES_MAX 2000
#define WINDOWS_MAX 200
#define PARTS_MAX 100
// Of a text, without its final NUL.
#define TEXT_UNITS 1024
// A program that hangs does not answer what another asks its windows.
#define ANSWER_DEADLINE_MS 200

// The agent itself is smaller and starts faster without the library of windows.
static struct {
  __typeof__(EnumWindows) *EnumWindows;
  __typeof__(EnumChildWindows) *EnumChildWindows;
  __typeof__(IsWindowVisible) *IsWindowVisible;
  __typeof__(IsWindowEnabled) *IsWindowEnabled;
  __typeof__(GetWindowThreadProcessId) *GetWindowThreadProcessId;
  __typeof__(GetClassNameW) *GetClassNameW;
  __typeof__(InternalGetWindowText) *InternalGetWindowText;
  __typeof__(SendMessageTimeoutW) *SendMessageTimeoutW;
  __typeof__(GetWindowLongW) *GetWindowLongW;
  __typeof__(GetWindow) *GetWindow;
  __typeof__(GetWindowRect) *GetWindowRect;
  __typeof__(GetForegroundWindow) *GetForegroundWindow;
} user;

static bool load_user(void);
static bool list_processes(void);
static int64_t start_of(DWORD process);
static BOOL CALLBACK list_window(HWND window, LPARAM count);
static BOOL CALLBACK list_part(HWND window, LPARAM count);
static bool is_modal(HWND window, const wchar_t *class_name);
static const char *part_of(HWND window);
static bool is_push_button(LONG style);
static bool is_picture(LONG style);
static void read_text(HWND window, bool edited, wchar_t text[TEXT_UNITS + 1]);
static bool contains(const wchar_t *text, const wchar_t *word);

int window_list_run(void) {
  int windows = 0;
  if (!load_user() || !list_processes()) return 1;
  user.EnumWindows(list_window, (LPARAM)&windows);
  return !line_flush();
}

static bool load_user(void) {
  HMODULE library = LoadLibraryW(L"user32.dll");
  if (!library) return false;
#define FIND(name) (user.name = (__typeof__(user.name))(void *)GetProcAddress(library, #name)) != NULL
  return FIND(EnumWindows) && FIND(EnumChildWindows) && FIND(IsWindowVisible) && FIND(IsWindowEnabled) &&
         FIND(GetWindowThreadProcessId) && FIND(GetClassNameW) && FIND(InternalGetWindowText) &&
         FIND(SendMessageTimeoutW) && FIND(GetWindowLongW) && FIND(GetWindow) && FIND(GetWindowRect) &&
         FIND(GetForegroundWindow);
#undef FIND
}

static bool list_processes(void) {
  HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
  if (snapshot == INVALID_HANDLE_VALUE) return false;
  PROCESSENTRY32W entry = {.dwSize = sizeof entry};
  BOOL more = Process32FirstW(snapshot, &entry);
  for (int count = 0; more && count < PROCESSES_MAX; count++) {
    struct json_writer *writer = line_begin();
    json_write_integer(writer, "process", entry.th32ProcessID);
    json_write_integer(writer, "parent", entry.th32ParentProcessID);
    line_text(writer, "image", entry.szExeFile);
    json_write_integer(writer, "started", start_of(entry.th32ProcessID));
    line_end(writer);
    more = Process32NextW(snapshot, &entry);
  }
  CloseHandle(snapshot);
  return true;
}

// 0 if it is not told. A process may have the number of one that has ended, and so pass for a parent that it is not.
static int64_t start_of(DWORD process) {
  HANDLE handle = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, process);
  FILETIME created, exited, kernel, own;
  bool told = handle && GetProcessTimes(handle, &created, &exited, &kernel, &own);
  if (handle) CloseHandle(handle);
  return told ? clock_of_file(created) : 0;
}

static BOOL CALLBACK list_window(HWND window, LPARAM count) {
  if (!user.IsWindowVisible(window)) return TRUE;
  wchar_t text[TEXT_UNITS + 1], class_name[257] = L"";
  DWORD process = 0;
  RECT place = {0};
  user.GetWindowThreadProcessId(window, &process);
  user.GetClassNameW(window, class_name, 257);
  user.GetWindowRect(window, &place);
  read_text(window, false, text);
  bool modal = is_modal(window, class_name);

  struct json_writer *writer = line_begin();
  json_write_integer(writer, "window", (int64_t)(intptr_t)window);
  json_write_integer(writer, "pid", process);
  line_text(writer, "class", class_name);
  line_text(writer, "title", text);
  json_write_integer(writer, "x", place.left);
  json_write_integer(writer, "y", place.top);
  json_write_integer(writer, "width", place.right - place.left);
  json_write_integer(writer, "height", place.bottom - place.top);
  json_write_boolean(writer, "enabled", user.IsWindowEnabled(window));
  json_write_boolean(writer, "focused", user.GetForegroundWindow() == window);
  json_write_boolean(writer, "modal", modal);
  line_end(writer);

  int parts = 0;
  if (modal) user.EnumChildWindows(window, list_part, (LPARAM)&parts);
  return ++*(int *)count < WINDOWS_MAX;
}

static BOOL CALLBACK list_part(HWND window, LPARAM count) {
  const char *part = user.IsWindowVisible(window) ? part_of(window) : NULL;
  if (!part) return TRUE;
  wchar_t text[TEXT_UNITS + 1];
  read_text(window, strcmp(part, "edit") == 0, text);
  struct json_writer *writer = line_begin();
  json_write_string(writer, "part", part);
  line_text(writer, "text", text);
  json_write_boolean(writer, "enabled", user.IsWindowEnabled(window));
  line_end(writer);
  return ++*(int *)count < PARTS_MAX;
}

// One that keeps its owner from being used; or without an owner a dialog, unless it can be minimized, as a program's
// own window can.
static bool is_modal(HWND window, const wchar_t *class_name) {
  HWND owner = user.GetWindow(window, GW_OWNER);
  if (owner) return !user.IsWindowEnabled(owner);
  return wcscmp(class_name, L"#32770") == 0 && !(user.GetWindowLongW(window, GWL_STYLE) & WS_MINIMIZEBOX);
}

// NULL for what tells nothing. Toolkits have classes of their own, called after those of Windows.
static const char *part_of(HWND window) {
  wchar_t class_name[257] = L"";
  user.GetClassNameW(window, class_name, 257);
  LONG style = user.GetWindowLongW(window, GWL_STYLE);
  if (contains(class_name, L"progress") || contains(class_name, L"animate")) return "progress";
  if (contains(class_name, L"button")) return is_push_button(style) ? "button" : NULL;
  if (contains(class_name, L"static")) return is_picture(style) ? NULL : "text";
  return contains(class_name, L"edit") ? "edit" : NULL;
}

// Check boxes and frames are buttons, too.
static bool is_push_button(LONG style) {
  LONG type = style & BS_TYPEMASK;
  return type == BS_PUSHBUTTON || type == BS_DEFPUSHBUTTON || type == BS_USERBUTTON || type >= BS_OWNERDRAW;
}

static bool is_picture(LONG style) {
  LONG type = style & SS_TYPEMASK;
  return type == SS_ICON || type == SS_BITMAP || type == SS_ENHMETAFILE;
}

// Of most windows the system knows the text. What was typed into one only its program does.
static void read_text(HWND window, bool edited, wchar_t text[TEXT_UNITS + 1]) {
  DWORD_PTR length;
  *text = 0;
  if (edited) {
    user.SendMessageTimeoutW(window, WM_GETTEXT, TEXT_UNITS + 1, (LPARAM)text, SMTO_ABORTIFHUNG, ANSWER_DEADLINE_MS,
                             &length);
  } else {
    user.InternalGetWindowText(window, text, TEXT_UNITS + 1);
  }
  text[TEXT_UNITS] = 0;
}

static bool contains(const wchar_t *text, const wchar_t *word) {
  size_t length = wcslen(word);
  for (; *text; text++) {
    if (_wcsnicmp(text, word, length) == 0) return true;
  }
  return false;
}
