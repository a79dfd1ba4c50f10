#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define LOG_MAX_BYTES (4 * 1024 * 1024)

static HANDLE file = INVALID_HANDLE_VALUE;
static SRWLOCK lock = SRWLOCK_INIT;
static size_t written;

static void write_line(char *line, size_t length);

bool log_open(const wchar_t *path) {
  if (path) {
    file = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_NORMAL, NULL);
    return file != INVALID_HANDLE_VALUE;
  }
  HANDLE inherited = GetStdHandle(STD_ERROR_HANDLE);
  // A duplicate: attaching a console closes or replaces the standard handles.
  if (inherited && inherited != INVALID_HANDLE_VALUE) {
    HANDLE self = GetCurrentProcess();
    if (!DuplicateHandle(self, inherited, self, &file, 0, FALSE, DUPLICATE_SAME_ACCESS)) file = INVALID_HANDLE_VALUE;
  }
  return true;
}

void log_line(const char *format, ...) {
  if (file == INVALID_HANDLE_VALUE) return;
  char line[1024];
  SYSTEMTIME now;
  GetSystemTime(&now);
  size_t length = (size_t)snprintf(line, sizeof line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", now.wYear, now.wMonth,
                                   now.wDay, now.wHour, now.wMinute, now.wSecond, now.wMilliseconds);
  va_list arguments;
  va_start(arguments, format);
  int text = vsnprintf(line + length, sizeof line - length - 1, format, arguments);
  va_end(arguments);
  if (text < 0) return;
  length += strlen(line + length);
  write_line(line, length);
}

static void write_line(char *line, size_t length) {
  for (size_t index = 0; index < length; index++) {
    if ((unsigned char)line[index] < 0x20) line[index] = '?';
  }
  line[length++] = '\n';

  AcquireSRWLockExclusive(&lock);
  DWORD count;
  if (written < LOG_MAX_BYTES) {
    written += length;
    WriteFile(file, line, (DWORD)length, &count, NULL);
    static const char last[] = "the log ends here: it is full\n";
    if (written >= LOG_MAX_BYTES) WriteFile(file, last, sizeof last - 1, &count, NULL);
  }
  ReleaseSRWLockExclusive(&lock);
}
