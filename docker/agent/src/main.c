// osrun-agent: runs commands in the guest for a host that speaks frames over TCP.
//
//   osrun-agent [--port N] [--bind ADDRESS] [--log FILE]
//
// For what a process of its own does better, it starts itself once more: terminal-helper.h, window-list.h, inventory.h,
// clipboard.h.
#include <stdbool.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

#include "clipboard.h"
#include "console.h"
#include "crc32.h"
#include "desktop.h"
#include "hello.h"
#include "inventory.h"
#include "kit.h"
#include "listener.h"
#include "log.h"
#include "terminal-helper.h"
#include "thread.h"
#include "window-list.h"

#define DEFAULT_PORT 5454

struct options {
  unsigned short port;
  struct in_addr address;
  const wchar_t *log;
};

int wmain(int count, wchar_t **words);
static bool parse(int count, wchar_t **words, struct options *options);
static bool parse_port(const wchar_t *word, unsigned short *port);

int wmain(int count, wchar_t **words) {
  if (count == 4 && wcscmp(words[1], TERMINAL_HELPER_OPTION) == 0) return terminal_helper_run(words[2], words[3]);
  if (count == 2 && wcscmp(words[1], WINDOW_LIST_OPTION) == 0) return window_list_run();
  if (count >= 2 && wcscmp(words[1], INVENTORY_OPTION) == 0) return inventory_run(count - 2, words + 2);
  if (count == 2 && wcscmp(words[1], CLIPBOARD_OPTION) == 0) return clipboard_print();
  if (count == 2 && wcscmp(words[1], SET_CLIPBOARD_OPTION) == 0) return clipboard_set();
  struct options options;
  WSADATA winsock;
  bool understood = parse(count, words, &options);
  if (!log_open(options.log)) return 1;
  if (!understood) {
    log_line("usage: osrun-agent [--port N] [--bind ADDRESS] [--log FILE]");
    return 2;
  }
  // Commands inherit it: one that crashes ends with its code, and no dialog waits for a person.
  SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
  DWORD code;
  if (desktop_delegate(&code)) return (int)code;
  crc32_prepare();
  int error = WSAStartup(MAKEWORD(2, 2), &winsock);
  if (error || !hello_prepare()) {
    log_line("no sockets (error %d), or no randomness", error);
    return 1;
  }
  if (!console_open()) log_line("commands share no console, which makes them slow");
  kit_prepare();
  thread_trim_stack();
  listener_run(&options.address, options.port);
  return 1;
}

static bool parse(int count, wchar_t **words, struct options *options) {
  *options = (struct options){.port = DEFAULT_PORT, .address.s_addr = INADDR_ANY};
  for (int index = 1; index < count; index += 2) {
    if (index + 1 == count) return false;
    const wchar_t *name = words[index], *value = words[index + 1];
    if (wcscmp(name, L"--log") == 0) options->log = value;
    else if (wcscmp(name, L"--port") == 0 && parse_port(value, &options->port)) continue;
    else if (wcscmp(name, L"--bind") == 0 && InetPtonW(AF_INET, value, &options->address) == 1) continue;
    else return false;
  }
  return true;
}

static bool parse_port(const wchar_t *word, unsigned short *port) {
  wchar_t *end;
  unsigned long number = wcstoul(word, &end, 10);
  *port = (unsigned short)number;
  return end != word && *end == 0 && number > 0 && number < 65536;
}
