#include "registry-tree.h"

#include <stdio.h>
#include <windows.h>

#include "crc32.h"
#include "line-output.h"
#include "text.h"

#define PATH_UNITS 1024
#define NAME_UNITS 256
#define VALUE_NAME_UNITS 1024
// Deeper ones are a circle of links.
#define DEPTH_MAX 64
// Of a value that is longer, its size and digest are told.
#define DATA_BYTES 1024
#define READ_BYTES 65536

// Of the key that is listed.
static wchar_t path[PATH_UNITS + NAME_UNITS + 2];
static BYTE data[READ_BYTES + 2];

static HKEY open(HKEY above, const wchar_t *name);
static void list(HKEY key, size_t length, int depth);
static void list_value(HKEY key, DWORD index);
static void describe(char text[LINE_TEXT_BYTES], DWORD type, DWORD size, bool whole);

HKEY registry_tree_open(const wchar_t *root, bool *known) {
  HKEY hive = _wcsnicmp(root, L"HKLM\\", 5) == 0 ? HKEY_LOCAL_MACHINE
              : _wcsnicmp(root, L"HKCU\\", 5) == 0 ? HKEY_CURRENT_USER : NULL;
  *known = hive && wcslen(root) <= PATH_UNITS;
  return *known ? open(hive, root + 5) : NULL;
}

bool registry_tree_list(const wchar_t *root) {
  bool known;
  HKEY key = registry_tree_open(root, &known);
  if (!key) return known;
  wcscpy(path, root);
  list(key, wcslen(root), 0);
  RegCloseKey(key);
  return true;
}

static HKEY open(HKEY above, const wchar_t *name) {
  HKEY key = NULL;
  return RegOpenKeyExW(above, name, 0, KEY_READ | KEY_WOW64_64KEY, &key) == ERROR_SUCCESS ? key : NULL;
}

static void list(HKEY key, size_t length, int depth) {
  DWORD keys = 0, values = 0;
  struct json_writer *writer = line_begin();
  line_text(writer, "key", path);
  line_end(writer);
  RegQueryInfoKeyW(key, NULL, NULL, NULL, &keys, NULL, NULL, &values, NULL, NULL, NULL, NULL);
  for (DWORD index = 0; index < values; index++) list_value(key, index);
  if (depth == DEPTH_MAX || length > PATH_UNITS) return;
  for (DWORD index = 0; index < keys; index++) {
    DWORD units = NAME_UNITS;
    path[length] = L'\\';
    HKEY below = RegEnumKeyExW(key, index, path + length + 1, &units, NULL, NULL, NULL, NULL) == ERROR_SUCCESS
                     ? open(key, path + length + 1) : NULL;
    if (!below) continue;
    list(below, length + 1 + units, depth + 1);
    RegCloseKey(below);
  }
  path[length] = 0;
}

static void list_value(HKEY key, DWORD index) {
  static wchar_t name[VALUE_NAME_UNITS];
  char text[LINE_TEXT_BYTES];
  DWORD units = VALUE_NAME_UNITS, size = READ_BYTES, type = 0;
  LSTATUS status = RegEnumValueW(key, index, name, &units, NULL, &type, data, &size);
  if (status != ERROR_SUCCESS && status != ERROR_MORE_DATA) return;
  if (status == ERROR_MORE_DATA && units >= VALUE_NAME_UNITS) return;
  name[units < VALUE_NAME_UNITS ? units : VALUE_NAME_UNITS - 1] = 0;
  describe(text, type, size, status == ERROR_SUCCESS);
  struct json_writer *writer = line_begin();
  line_text(writer, "value", name);
  json_write_integer(writer, "type", type);
  json_write_string(writer, "data", text);
  line_end(writer);
}

// Texts as they are, those of a list on lines, numbers in decimal digits, all else in hexadecimal ones.
static void describe(char text[LINE_TEXT_BYTES], DWORD type, DWORD size, bool whole) {
  if (size > DATA_BYTES || !whole) {
    snprintf(text, LINE_TEXT_BYTES, "%lu bytes, digest %08x", size, whole ? crc32_add(0, data, size) : 0);
  } else if (type == REG_DWORD && size == 4) {
    DWORD number;
    memcpy(&number, data, sizeof number);
    snprintf(text, LINE_TEXT_BYTES, "%lu", number);
  } else if (type == REG_SZ || type == REG_EXPAND_SZ || type == REG_MULTI_SZ) {
    wchar_t wide[DATA_BYTES / sizeof(wchar_t) + 1];
    size_t units = size / sizeof *wide;
    memcpy(wide, data, units * sizeof *wide);
    while (units > 0 && wide[units - 1] == 0) units--;
    wide[units] = 0;
    for (size_t unit = 0; unit < units; unit++) {
      if (wide[unit] == 0) wide[unit] = L'\n';
    }
    text_utf8(wide, text, LINE_TEXT_BYTES);
  } else {
    for (DWORD byte = 0; byte < size; byte++) snprintf(text + 2 * byte, 3, "%02x", data[byte]);
    text[2 * size] = 0;
  }
}
