#include "spawn.h"

#include <stdio.h>
#include <stdlib.h>

#include "console.h"
#include "environment.h"
#include "job.h"
#include "pipe.h"
#include "text.h"

// CreateProcess takes 32767 with the final NUL.
#define COMMAND_LINE_MAX 32766

struct ends {
  HANDLE input, output, error;
};

static const wchar_t *start_folder(const struct launch *launch, wchar_t *profile, DWORD capacity);
static bool is_folder(const wchar_t *path);
static bool make_pipes(const struct launch *launch, struct spawned *spawned, struct ends *theirs);
static bool create(const struct launch *launch, const wchar_t *folder, const struct ends *theirs,
                   struct spawned *spawned);
static bool enter_jobs(struct spawned *spawned, HANDLE connection_job);
static bool fail(struct spawn_failure *failure, DWORD win32, const char *what, const wchar_t *name);
static void close_ends(struct ends *theirs);
static void close_handle(HANDLE *handle);

bool launch_prepare(struct launch *launch, const struct exec_request *request) {
  *launch = (struct launch){.pipe_input = request->pipe_input, .command_line = text_wide(request->command_line)};
  if (request->has_directory) launch->directory = text_wide(request->directory);
  if (request->has_environment) launch->environment = environment_merge(request->environment);
  return launch->command_line && (launch->directory || !request->has_directory) &&
         (launch->environment || !request->has_environment);
}

void launch_free(struct launch *launch) {
  free(launch->command_line);
  free(launch->directory);
  free(launch->environment);
  *launch = (struct launch){0};
}

bool spawn(const struct launch *launch, HANDLE connection_job, struct spawned *spawned,
           struct spawn_failure *failure) {
  *spawned = (struct spawned){0};
  if (wcslen(launch->command_line) > COMMAND_LINE_MAX) {
    return fail(failure, ERROR_FILENAME_EXCED_RANGE, "the command line has more than 32766 characters: ",
                launch->command_line);
  }
  wchar_t profile[MAX_PATH];
  const wchar_t *folder = start_folder(launch, profile, MAX_PATH);
  if (folder && !is_folder(folder)) {
    return fail(failure, ERROR_DIRECTORY, "cannot start in a cwd that is not a folder: ", folder);
  }

  struct ends theirs = {0};
  bool created = make_pipes(launch, spawned, &theirs) && create(launch, folder, &theirs, spawned);
  DWORD error = GetLastError();
  close_ends(&theirs);
  if (created && !enter_jobs(spawned, connection_job)) {
    error = GetLastError();
    TerminateProcess(spawned->process, 1);
    created = false;
  }
  if (created) return true;
  spawned_free(spawned);
  return fail(failure, error, "cannot start ", launch->command_line);
}

void spawned_free(struct spawned *spawned) {
  close_handle(&spawned->process);
  close_handle(&spawned->thread);
  close_handle(&spawned->job);
  close_handle(&spawned->input);
  close_handle(&spawned->output);
  close_handle(&spawned->error);
}

static const wchar_t *start_folder(const struct launch *launch, wchar_t *profile, DWORD capacity) {
  if (launch->directory) return launch->directory;
  DWORD length = GetEnvironmentVariableW(L"USERPROFILE", profile, capacity);
  return length > 0 && length < capacity && is_folder(profile) ? profile : NULL;
}

static bool is_folder(const wchar_t *path) {
  DWORD attributes = GetFileAttributesW(path);
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static bool make_pipes(const struct launch *launch, struct spawned *spawned, struct ends *theirs) {
  bool input = launch->pipe_input ? pipe_create(PIPE_TO_COMMAND, &spawned->input, &theirs->input)
                                  : (theirs->input = pipe_nothing()) != NULL;
  return input && pipe_create(PIPE_FROM_COMMAND, &spawned->output, &theirs->output) &&
         pipe_create(PIPE_FROM_COMMAND, &spawned->error, &theirs->error);
}

static bool create(const struct launch *launch, const wchar_t *folder, const struct ends *theirs,
                   struct spawned *spawned) {
  // Only these three are inherited, whatever else is inheritable in the agent at this moment.
  HANDLE inherited[] = {theirs->input, theirs->output, theirs->error};
  union {
    max_align_t aligned;
    char bytes[256];
  } room;
  LPPROC_THREAD_ATTRIBUTE_LIST attributes = (LPPROC_THREAD_ATTRIBUTE_LIST)room.bytes;
  SIZE_T size = sizeof room;
  if (!InitializeProcThreadAttributeList(attributes, 1, 0, &size)) return false;

  STARTUPINFOEXW startup = {.StartupInfo = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES},
                            .lpAttributeList = attributes};
  startup.StartupInfo.hStdInput = theirs->input;
  startup.StartupInfo.hStdOutput = theirs->output;
  startup.StartupInfo.hStdError = theirs->error;
  PROCESS_INFORMATION process = {0};
  console_reset();
  BOOL created = UpdateProcThreadAttribute(attributes, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited,
                                           sizeof inherited, NULL, NULL) &&
                 CreateProcessW(NULL, launch->command_line, NULL, NULL, TRUE,
                                CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT,
                                launch->environment, folder, &startup.StartupInfo, &process);
  DWORD error = GetLastError();
  DeleteProcThreadAttributeList(attributes);
  spawned->process = process.hProcess;
  spawned->thread = process.hThread;
  spawned->pid = process.dwProcessId;
  SetLastError(error);
  return created;
}

// The outer job first: the command's own nests in it.
static bool enter_jobs(struct spawned *spawned, HANDLE connection_job) {
  spawned->job = job_create(false);
  return spawned->job && AssignProcessToJobObject(connection_job, spawned->process) &&
         AssignProcessToJobObject(spawned->job, spawned->process);
}

static bool fail(struct spawn_failure *failure, DWORD win32, const char *what, const wchar_t *name) {
  char named[200], reason[200];
  failure->win32 = win32;
  snprintf(failure->message, sizeof failure->message, "%s%s (error %lu: %s)", what,
           text_utf8(name, named, sizeof named), win32, text_of_error(win32, reason, sizeof reason));
  return false;
}

static void close_ends(struct ends *theirs) {
  close_handle(&theirs->input);
  close_handle(&theirs->output);
  close_handle(&theirs->error);
}

static void close_handle(HANDLE *handle) {
  if (*handle) CloseHandle(*handle);
  *handle = NULL;
}
