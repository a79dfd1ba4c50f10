#include "spawn.h"

#include <stdio.h>
#include <stdlib.h>

#include "console.h"
#include "environment.h"
#include "pipe.h"
#include "text.h"

// CreateProcess takes 32767 with the final NUL.
#define COMMAND_LINE_MAX 32766

static bool put_own_program(struct launch *launch);
static const wchar_t *profile_folder(void);
static BOOL CALLBACK find_profile_folder(INIT_ONCE *once, void *found, void **context);
static bool is_folder(const wchar_t *path);
static bool create(const struct launch *launch, HANDLE jobs[2], HANDLE inherited[3], struct spawned *spawned);
static bool inherit(HANDLE inherited[3], LPPROC_THREAD_ATTRIBUTE_LIST attributes, STARTUPINFOW *startup);
static bool fail(struct spawn_failure *failure, DWORD win32, const char *what, const wchar_t *name);

bool launch_prepare(struct launch *launch, const struct exec_request *request) {
  *launch = (struct launch){.pipe_input = request->pipe_input,
                            .terminal = request->terminal,
                            .command_line = text_wide(request->command_line)};
  if (request->self && launch->command_line && !put_own_program(launch)) return false;
  if (request->has_directory) launch->directory = text_wide(request->directory);
  if (request->has_environment) launch->environment = environment_merge(request->environment);
  return launch->command_line && (launch->directory || !request->has_directory) &&
         (launch->environment || !request->has_environment);
}

void launch_free(struct launch *launch) {
  free(launch->command_line);
  free(launch->directory);
  free(launch->environment);
  launch->command_line = launch->directory = launch->environment = NULL;
}

bool spawn(const struct launch *launch, HANDLE connection_job, struct kit *kit, struct spawned *spawned,
           struct spawn_failure *failure) {
  *spawned = (struct spawned){0};
  if (wcslen(launch->command_line) > COMMAND_LINE_MAX) {
    return fail(failure, ERROR_FILENAME_EXCED_RANGE, "the command line has more than 32766 characters: ",
                launch->command_line);
  }
  if (launch->directory && !is_folder(launch->directory)) {
    return fail(failure, ERROR_DIRECTORY, "cannot start in a cwd that is not a folder: ", launch->directory);
  }

  // The outer job first: the command's own nests in it.
  HANDLE jobs[] = {connection_job, kit->job};
  HANDLE inherited[] = {NULL, kit->theirs[0], kit->theirs[1]};
  bool piped = launch->pipe_input ? pipe_create(PIPE_TO_COMMAND, &spawned->input, &inherited[0])
                                  : (inherited[0] = pipe_nothing()) != NULL;
  bool seated = piped && (launch->terminal.columns == 0 ||
                          terminal_open(&spawned->terminal, launch->terminal, inherited[0], inherited[1]));
  bool created = seated && create(launch, jobs, inherited, spawned);
  DWORD error = GetLastError();
  if (launch->pipe_input && inherited[0]) CloseHandle(inherited[0]);
  if (created) return true;
  spawned_free(spawned);
  return fail(failure, error,
              piped && !seated ? "no pseudo console (Windows 10 1809 or newer has them) for " : "cannot start ",
              launch->command_line);
}

void spawned_free(struct spawned *spawned) {
  if (spawned->process) CloseHandle(spawned->process);
  if (spawned->thread) CloseHandle(spawned->thread);
  if (spawned->input) CloseHandle(spawned->input);
  terminal_close(&spawned->terminal);
  *spawned = (struct spawned){0};
}

// In front of the command line. No name of a file holds a quote.
static bool put_own_program(struct launch *launch) {
  wchar_t program[MAX_PATH];
  DWORD length = GetModuleFileNameW(NULL, program, MAX_PATH);
  size_t units = length + wcslen(launch->command_line) + 4;
  wchar_t *whole = length > 0 && length < MAX_PATH ? malloc(units * sizeof *whole) : NULL;
  if (!whole) return false;
  swprintf(whole, units, L"\"%ls\" %ls", program, launch->command_line);
  free(launch->command_line);
  launch->command_line = whole;
  return true;
}

// NULL, the agent's own, if there is none.
static const wchar_t *profile_folder(void) {
  static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
  static wchar_t folder[MAX_PATH];
  InitOnceExecuteOnce(&once, find_profile_folder, folder, NULL);
  return *folder ? folder : NULL;
}

static BOOL CALLBACK find_profile_folder(INIT_ONCE *once, void *found, void **context) {
  (void)once, (void)context;
  wchar_t *folder = found;
  DWORD length = GetEnvironmentVariableW(L"USERPROFILE", folder, MAX_PATH);
  if (length >= MAX_PATH || !is_folder(folder)) *folder = 0;
  return TRUE;
}

static bool is_folder(const wchar_t *path) {
  DWORD attributes = GetFileAttributesW(path);
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

// Only these three are inherited, or none, whatever else is inheritable in the agent at this moment. The process is in
// its jobs from its first instruction.
static bool create(const struct launch *launch, HANDLE jobs[2], HANDLE inherited[3], struct spawned *spawned) {
  union {
    max_align_t aligned;
    char bytes[256];
  } room;
  LPPROC_THREAD_ATTRIBUTE_LIST attributes = (LPPROC_THREAD_ATTRIBUTE_LIST)room.bytes;
  SIZE_T size = sizeof room;
  if (!InitializeProcThreadAttributeList(attributes, 2, 0, &size)) return false;

  STARTUPINFOEXW startup = {.StartupInfo.cb = sizeof startup, .lpAttributeList = attributes};
  bool inherits = !spawned->terminal.console;
  PROCESS_INFORMATION process = {0};
  const wchar_t *folder = launch->directory ? launch->directory : profile_folder();
  if (inherits) console_reset();
  BOOL created =
      UpdateProcThreadAttribute(attributes, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, jobs, 2 * sizeof *jobs, NULL, NULL) &&
      (inherits ? inherit(inherited, attributes, &startup.StartupInfo)
                : terminal_attach(&spawned->terminal, attributes, &startup.StartupInfo)) &&
      CreateProcessW(NULL, launch->command_line, NULL, NULL, inherits,
                     CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT, launch->environment, folder,
                     &startup.StartupInfo, &process);
  DWORD error = GetLastError();
  DeleteProcThreadAttributeList(attributes);
  spawned->process = process.hProcess;
  spawned->thread = process.hThread;
  spawned->pid = process.dwProcessId;
  SetLastError(error);
  return created;
}

static bool inherit(HANDLE inherited[3], LPPROC_THREAD_ATTRIBUTE_LIST attributes, STARTUPINFOW *startup) {
  startup->dwFlags |= STARTF_USESTDHANDLES;
  startup->hStdInput = inherited[0];
  startup->hStdOutput = inherited[1];
  startup->hStdError = inherited[2];
  return UpdateProcThreadAttribute(attributes, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited, 3 * sizeof *inherited,
                                   NULL, NULL);
}

static bool fail(struct spawn_failure *failure, DWORD win32, const char *what, const wchar_t *name) {
  char named[200], reason[200];
  failure->win32 = win32;
  snprintf(failure->message, sizeof failure->message, "%s%s (error %lu: %s)", what,
           text_utf8(name, named, sizeof named), win32, text_of_error(win32, reason, sizeof reason));
  return false;
}
