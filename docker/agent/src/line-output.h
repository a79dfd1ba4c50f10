// JSON objects on standard output, one a line: how a mode of this program that the host has run answers it.
#ifndef OSRUN_LINE_OUTPUT_H
#define OSRUN_LINE_OUTPUT_H

#include <wchar.h>

#include "json-writer.h"

// Room for one object: names are short, and a text has at most LINE_TEXT_BYTES, of which JSON makes up to six each.
#define LINE_TEXT_BYTES 4096
#define LINE_BYTES (2 * 6 * LINE_TEXT_BYTES + 512)

// Begins the object of the next line.
struct json_writer *line_begin(void);
void line_text(struct json_writer *writer, const char *name, const wchar_t *text);
// Ends it. One that did not fit is left out.
void line_end(struct json_writer *writer);
// Writes what is left. False if not all of it could be written.
bool line_flush(void);

#endif
