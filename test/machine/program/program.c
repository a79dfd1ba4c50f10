// A program for the guest: the counterpart of tests and measurements. Each mode is one line below.
#define WIN32_LEAN_AND_MEAN
#include <fcntl.h>
#include <io.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <shellapi.h>
#include <stdint.h>
#define SystemFunction036 NTAPI SystemFunction036
#include <ntsecapi.h>
#undef SystemFunction036
#include <objbase.h>

#define PIECE 65536
#define REST_MS 400

static int arguments(int count, wchar_t **words);
static int nothing(int count, wchar_t **words);
static int out(int count, wchar_t **words);
static int in(int count, wchar_t **words);
static int echo(int count, wchar_t **words);
static int tree(int count, wchar_t **words);
static int leave(int count, wchar_t **words);
static int size(int count, wchar_t **words);
static int start(int count, wchar_t **words);
static int netcat(int count, wchar_t **words);
static int give(int count, wchar_t **words);
static int take(int count, wchar_t **words);
static int hear(int count, wchar_t **words);
static int hold(int count, wchar_t **words);
static int unique(int count, wchar_t **words);
static int ask(int count, wchar_t **words);
static int crash(int count, wchar_t **words);

static const struct {
  const wchar_t *name;
  int (*run)(int count, wchar_t **words);
} modes[] = {
    {L"arguments", arguments},  // prints each further argument as UTF-8 in hexadecimal, a line each
    {L"nothing", nothing},      // ends at once
    {L"out", out},              // <file>: its bytes to stdout
    {L"in", in},                // <file>: stdin into it
    {L"echo", echo},            // stdin to stdout
    {L"tree", tree},            // <n>: starts itself with n - 1, and sleeps
    {L"leave", leave},          // starts itself as "tree 1" with its own handles, and ends
    {L"size", size},            // prints the console's size at each line of stdin
    {L"start", start},          // <command line>: at each line of stdin, microseconds from CreateProcess to its end
    // As ncat with a connection to the host, which the network `internet` lets through to its loopback, in pieces of
    // so many bytes: ncat's own are 8192.
    {L"netcat", netcat},        // <piece> <port> <command line>: the command's stdout to the connection
    {L"give", give},            // <piece> <port> <file>: the file's bytes to the connection
    {L"take", take},            // <piece> <port> <file>: the connection's bytes into the file
    {L"hear", hear},            // <port>: listens on 127.0.0.1 and says each connection's bytes back
    {L"hold", hold},            // <port> <MiB>: keeps memory, as below
    {L"unique", unique},        // prints a new GUID and 16 random bytes
    // The exit code is 6 or 7. With an owner the message box is that of a window with this title.
    {L"ask", ask},              // <title> <text> [<owner>]: asks yes or no in a message box
    {L"crash", crash},          // divides by zero, and has the system say so where it wants to
};

int wmain(int count, wchar_t **words) {
  _setmode(_fileno(stdout), _O_BINARY);
  for (size_t index = 0; count > 1 && index < sizeof modes / sizeof *modes; index++) {
    if (wcscmp(words[1], modes[index].name) == 0) return modes[index].run(count - 2, words + 2);
  }
  fprintf(stderr, "no such mode\n");
  return 2;
}

// By the C runtime's own rules and by those of CommandLineToArgvW: both must agree.
static int arguments(int count, wchar_t **words) {
  int parsed;
  wchar_t **again = CommandLineToArgvW(GetCommandLineW(), &parsed);
  if (!again || parsed != count + 2) return 3;
  for (int index = 0; index < count; index++) {
    if (wcscmp(words[index], again[index + 2]) != 0) return 4;
    int length = WideCharToMultiByte(CP_UTF8, 0, words[index], -1, NULL, 0, NULL, NULL);
    unsigned char *text = malloc((size_t)length);
    WideCharToMultiByte(CP_UTF8, 0, words[index], -1, (char *)text, length, NULL, NULL);
    for (int byte = 0; byte < length - 1; byte++) printf("%02x", text[byte]);
    printf("\n");
    free(text);
  }
  return 0;
}

static int nothing(int count, wchar_t **words) {
  (void)words;
  return count;
}

static int copy(HANDLE from, HANDLE to) {
  static char piece[PIECE];
  DWORD length, written;
  while (ReadFile(from, piece, sizeof piece, &length, NULL) && length > 0) {
    for (DWORD at = 0; at < length; at += written) {
      if (!WriteFile(to, piece + at, length - at, &written, NULL)) return 5;
    }
  }
  return 0;
}

static int out(int count, wchar_t **words) {
  if (count != 1) return 2;
  HANDLE file = CreateFileW(words[0], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
  return file == INVALID_HANDLE_VALUE ? 6 : copy(file, GetStdHandle(STD_OUTPUT_HANDLE));
}

static int in(int count, wchar_t **words) {
  if (count != 1) return 2;
  HANDLE file = CreateFileW(words[0], GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
  return file == INVALID_HANDLE_VALUE ? 6 : copy(GetStdHandle(STD_INPUT_HANDLE), file);
}

static int echo(int count, wchar_t **words) {
  (void)count, (void)words;
  return copy(GetStdHandle(STD_INPUT_HANDLE), GetStdHandle(STD_OUTPUT_HANDLE));
}

static bool create(wchar_t *command_line, HANDLE output, PROCESS_INFORMATION *process) {
  STARTUPINFOW startup = {.cb = sizeof startup};
  if (output) {
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdOutput = startup.hStdError = output;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
  }
  return CreateProcessW(NULL, command_line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, process);
}

static bool again(int left) {
  wchar_t path[MAX_PATH], command_line[MAX_PATH + 32];
  GetModuleFileNameW(NULL, path, MAX_PATH);
  swprintf(command_line, MAX_PATH + 32, L"\"%ls\" tree %d", path, left);
  PROCESS_INFORMATION process;
  return create(command_line, NULL, &process);
}

static int tree(int count, wchar_t **words) {
  int left = count == 1 ? _wtoi(words[0]) : 1;
  if (left > 1 && !again(left - 1)) return 7;
  printf("%d\n", left);
  fflush(stdout);
  Sleep(INFINITE);
  return 0;
}

static int leave(int count, wchar_t **words) {
  (void)count, (void)words;
  return again(1) ? 0 : 7;
}

static int size(int count, wchar_t **words) {
  (void)count, (void)words;
  HANDLE console = CreateFileW(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                               OPEN_EXISTING, 0, NULL);
  char line[100];
  do {
    CONSOLE_SCREEN_BUFFER_INFO info;
    if (!GetConsoleScreenBufferInfo(console, &info)) return 8;
    printf("[%dx%d]\n", info.srWindow.Right - info.srWindow.Left + 1, info.srWindow.Bottom - info.srWindow.Top + 1);
    fflush(stdout);
  } while (fgets(line, sizeof line, stdin));
  return 0;
}

// First it waits until whoever has sent the line, and what ran before, have come to rest: one CPU is all there is.
static int start(int count, wchar_t **words) {
  if (count != 1) return 2;
  LARGE_INTEGER frequency, before, after;
  QueryPerformanceFrequency(&frequency);
  for (char line[100]; fgets(line, sizeof line, stdin);) {
    wchar_t command_line[1024];
    wcsncpy(command_line, words[0], 1023);
    command_line[1023] = 0;
    PROCESS_INFORMATION process;
    Sleep(REST_MS);
    QueryPerformanceCounter(&before);
    if (!create(command_line, NULL, &process)) return 7;
    WaitForSingleObject(process.hProcess, INFINITE);
    QueryPerformanceCounter(&after);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    printf("%lld\n", (after.QuadPart - before.QuadPart) * 1000000 / frequency.QuadPart);
    fflush(stdout);
  }
  return 0;
}

static SOCKET open_socket(void) {
  WSADATA winsock;
  WSAStartup(MAKEWORD(2, 2), &winsock);
  SOCKET made = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  SetHandleInformation((HANDLE)made, HANDLE_FLAG_INHERIT, 0);
  return made;
}

static struct sockaddr_in address(unsigned long host, const wchar_t *port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons((u_short)_wtoi(port)), .sin_addr.s_addr = htonl(host)};
}

static SOCKET connect_to_host(const wchar_t *port) {
  SOCKET connection = open_socket();
  struct sockaddr_in name = address(0x0a000202, port);
  if (connect(connection, (struct sockaddr *)&name, sizeof name)) exit(9);
  return connection;
}

static void send_all(SOCKET connection, const char *bytes, int length) {
  for (int sent; length > 0; bytes += sent, length -= sent) {
    sent = send(connection, bytes, length, 0);
    if (sent <= 0) return;
  }
}

static int pump_out(int most, HANDLE from, SOCKET to) {
  static char piece[PIECE];
  DWORD length;
  while (ReadFile(from, piece, (DWORD)most, &length, NULL) && length > 0) send_all(to, piece, (int)length);
  shutdown(to, SD_SEND);
  // The host closes when it has all.
  while (recv(to, piece, sizeof piece, 0) > 0) {
  }
  closesocket(to);
  return 0;
}

static int piece_of(const wchar_t *word) {
  int piece = _wtoi(word);
  return piece > 0 && piece <= PIECE ? piece : PIECE;
}

static int netcat(int count, wchar_t **words) {
  if (count != 3) return 2;
  SOCKET connection = connect_to_host(words[1]);
  SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable, .bInheritHandle = TRUE};
  HANDLE ours, theirs;
  wchar_t command_line[1024];
  wcsncpy(command_line, words[2], 1023);
  command_line[1023] = 0;
  PROCESS_INFORMATION process;
  if (!CreatePipe(&ours, &theirs, &inheritable, PIECE)) return 7;
  SetHandleInformation(ours, HANDLE_FLAG_INHERIT, 0);
  if (!create(command_line, theirs, &process)) return 7;
  CloseHandle(theirs);
  return pump_out(piece_of(words[0]), ours, connection);
}

static int give(int count, wchar_t **words) {
  if (count != 3) return 2;
  HANDLE file = CreateFileW(words[2], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
  return file == INVALID_HANDLE_VALUE ? 6 : pump_out(piece_of(words[0]), file, connect_to_host(words[1]));
}

static int take(int count, wchar_t **words) {
  if (count != 3) return 2;
  HANDLE file = CreateFileW(words[2], GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) return 6;
  SOCKET connection = connect_to_host(words[1]);
  static char piece[PIECE];
  int length;
  DWORD written;
  while ((length = recv(connection, piece, piece_of(words[0]), 0)) > 0) {
    if (!WriteFile(file, piece, (DWORD)length, &written, NULL)) return 5;
  }
  CloseHandle(file);
  closesocket(connection);
  return length;
}

static SOCKET listen_on(const wchar_t *port) {
  SOCKET listener = open_socket();
  struct sockaddr_in name = address(INADDR_LOOPBACK, port);
  if (bind(listener, (struct sockaddr *)&name, sizeof name) || listen(listener, 8)) exit(9);
  return listener;
}

static int hear(int count, wchar_t **words) {
  if (count != 1) return 2;
  SOCKET listener = listen_on(words[0]);
  printf("listening\n");
  fflush(stdout);
  for (;;) {
    SOCKET connection = accept(listener, NULL, NULL);
    static char piece[PIECE];
    int length;
    while ((length = recv(connection, piece, sizeof piece, 0)) > 0) send_all(connection, piece, length);
    shutdown(connection, SD_SEND);
    closesocket(connection);
  }
}

// Each connection says a seed of four bytes: with one that is not 0 many pages, in places that follow from it, get other
// content. The answer is a digest of all memory that is kept, as 16 digits.
static int hold(int count, wchar_t **words) {
  if (count != 2) return 2;
  const size_t length = (size_t)_wtoi(words[1]) << 20, page = 4096;
  uint64_t *kept = calloc(length, 1);
  if (!kept) return 8;
  SOCKET listener = listen_on(words[0]);
  for (;;) {
    SOCKET connection = accept(listener, NULL, NULL);
    uint32_t seed = 0;
    if (recv(connection, (char *)&seed, sizeof seed, MSG_WAITALL) == sizeof seed) {
      uint64_t random = seed;
      for (size_t pages = seed ? length / page / 8 : 0; pages > 0; pages--) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t *at = kept + (random >> 33) % (length / page) * (page / sizeof *kept);
        for (size_t word = 0; word < page / sizeof *kept; word++) at[word] = random ^ word * 0x9e3779b97f4a7c15u;
      }
      uint64_t digest = 14695981039346656037u;
      for (size_t word = 0; word < length / sizeof *kept; word++) digest = (digest ^ kept[word]) * 1099511628211u;
      char text[17];
      send_all(connection, text, snprintf(text, sizeof text, "%016llx", digest));
    }
    closesocket(connection);
  }
}

static int unique(int count, wchar_t **words) {
  (void)words;
  GUID guid;
  wchar_t text[64];
  unsigned char bytes[16];
  if (count != 0 || CoCreateGuid(&guid) || !RtlGenRandom(bytes, sizeof bytes)) return 8;
  StringFromGUID2(&guid, text, 64);
  printf("%ls\n", text);
  for (size_t index = 0; index < sizeof bytes; index++) printf("%02x", bytes[index]);
  printf("\n");
  return 0;
}

// The library of windows would make the start of all other modes slower.
static int ask(int count, wchar_t **words) {
  HMODULE library = LoadLibraryW(L"user32.dll");
  __typeof__(MessageBoxW) *message_box = (__typeof__(MessageBoxW) *)(void *)GetProcAddress(library, "MessageBoxW");
  __typeof__(CreateWindowExW) *create_window =
      (__typeof__(CreateWindowExW) *)(void *)GetProcAddress(library, "CreateWindowExW");
  if (count < 2 || count > 3 || !message_box || !create_window) return 2;
  printf("asking\n");
  fflush(stdout);
  HWND owner = NULL;
  if (count == 3) {
    DWORD style = WS_OVERLAPPEDWINDOW | WS_VISIBLE;
    owner = create_window(0, L"STATIC", words[2], style, 100, 100, 400, 300, NULL, NULL, NULL, NULL);
    if (!owner) return 3;
  }
  return message_box(owner, words[1], words[0], MB_YESNO | MB_ICONWARNING);
}

static int crash(int count, wchar_t **words) {
  (void)words;
  volatile int zero = count;
  SetErrorMode(0);
  return 1000 / zero;
}
