#include "typing.h"

#include <stdlib.h>

#include "errand.h"
#include "stream-start.h"
#include "text.h"

// So many units at once, and then a moment for the window to take them: its queue is not endless.
#define BATCH 32
#define PAUSE_MS 5

typedef UINT(WINAPI *send_input)(UINT count, INPUT *inputs, int size);

struct typing {
  struct errand errand;
  wchar_t *text;
};

static void run(struct errand *errand);
static void clean(struct errand *errand);
static send_input find_send_input(void);
static DWORD type_all(struct typing *typing);
static void press(INPUT inputs[2], wchar_t unit);

void typing_start(struct connection *connection, const struct frame *frame) {
  static const struct errand_kind kind = {sizeof(struct typing), run, clean};
  struct json text;
  const char *wrong = request_type(frame, &text);
  if (wrong) {
    stream_refuse(connection, frame->stream, "BAD_REQUEST", wrong);
    return;
  }
  struct typing *typing = (struct typing *)errand_create(&kind, connection, frame->stream, false);
  if (!typing) return;
  typing->text = text_wide(text);
  errand_start(&typing->errand);
}

static void run(struct errand *errand) {
  struct typing *typing = (struct typing *)errand;
  DWORD error = typing->text ? type_all(typing) : ERROR_NOT_ENOUGH_MEMORY;
  if (error) errand_fail(errand, "TYPE_FAILED", error, "not all of the text was typed");
  else errand_done(errand, "{}", 2);
}

static void clean(struct errand *errand) {
  free(((struct typing *)errand)->text);
}

// Loaded when it is needed: an agent that types nothing starts faster without the library of windows.
static send_input find_send_input(void) {
  HMODULE library = LoadLibraryW(L"user32.dll");
  return library ? (send_input)(void *)GetProcAddress(library, "SendInput") : NULL;
}

static DWORD type_all(struct typing *typing) {
  send_input send = find_send_input();
  if (!send) return GetLastError();
  for (const wchar_t *at = typing->text; *at;) {
    if (errand_killed(&typing->errand)) return ERROR_OPERATION_ABORTED;
    INPUT inputs[2 * BATCH];
    UINT count = 0;
    for (; *at && count < 2 * BATCH; at++) {
      // Of a line end of Windows, the second half is enough.
      if (at[0] == L'\r' && at[1] == L'\n') continue;
      press(inputs + count, *at);
      count += 2;
    }
    SetLastError(0);
    if (send(count, inputs, sizeof *inputs) < count) {
      return GetLastError() ? GetLastError() : ERROR_ACCESS_DENIED;
    }
    if (*at) Sleep(PAUSE_MS);
  }
  return 0;
}

static void press(INPUT inputs[2], wchar_t unit) {
  WORD key = unit == L'\n' || unit == L'\r' ? VK_RETURN : unit == L'\t' ? VK_TAB : 0;
  for (int up = 0; up < 2; up++) {
    DWORD flags = (key ? 0 : KEYEVENTF_UNICODE) | (up ? KEYEVENTF_KEYUP : 0);
    inputs[up] = (INPUT){.type = INPUT_KEYBOARD, .ki = {.wVk = key, .wScan = key ? 0 : unit, .dwFlags = flags}};
  }
}
