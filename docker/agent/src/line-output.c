#include "line-output.h"

#include <windows.h>

#include "text.h"

#define BLOCK_BYTES (4 * LINE_BYTES)

static struct json_writer writer_of_line;
static char block[BLOCK_BYTES];
static size_t length;
static bool failed;

struct json_writer *line_begin(void) {
  if (BLOCK_BYTES - length < LINE_BYTES) line_flush();
  json_write_begin(&writer_of_line, block + length, LINE_BYTES - 1);
  return &writer_of_line;
}

void line_text(struct json_writer *writer, const char *name, const wchar_t *text) {
  char utf8[LINE_TEXT_BYTES];
  json_write_string(writer, name, text_utf8(text, utf8, sizeof utf8));
}

void line_end(struct json_writer *writer) {
  json_write_end(writer);
  if (writer->overflow) return;
  length += writer->length;
  block[length++] = '\n';
}

bool line_flush(void) {
  HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
  DWORD written;
  for (size_t at = 0; at < length && !failed; at += written) {
    failed = !WriteFile(output, block + at, (DWORD)(length - at), &written, NULL);
  }
  length = 0;
  return !failed;
}
