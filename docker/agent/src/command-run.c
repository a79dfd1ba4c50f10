#include "command.h"
#include "console.h"
#include "job.h"
#include "json-writer.h"
#include "log.h"
#include "reply.h"
#include "text.h"

// After the process has exited: a pipe that is open but silent for so long is held by a process that it left behind.
#define DRAIN_DEADLINE_MS 1000
// A pseudo console may give the programs that are left on it 5 seconds to end.
#define CLOSE_DEADLINE_MS 15000
// How often, and for how long, what a killed command left behind is killed too.
#define KILL_AGAIN_MS 100
#define KILL_DEADLINE_MS 10000
// The log may be a slow serial port: a command is logged when it has been silent for so long, or when its end is told.
#define LOG_DELAY_MS 1000

static bool begin(struct command *command);
static void tell_failure(struct command *command, const struct spawn_failure *failure);
static void tell_start(struct command *command);
static void log_once(struct command *command);
static bool follow(struct command *command);
static bool is_pursued(struct command *command);
static bool resize(struct command *command);
static bool all_ended(const struct command *command);
static DWORD patience(struct command *command);
static void wait(struct command *command, DWORD timeout);
static void tell_exit(struct command *command, bool inherited);
static void hang_up(struct command *command);
static bool has_terminal(const struct command *command);
static bool read_flag(struct command *command, const bool *flag);

void command_run(struct command *command) {
  if (!begin(command)) return;
  bool complete = follow(command);
  if (!has_terminal(command)) console_used();
  tell_exit(command, !complete);
  hang_up(command);
  input_close(command);
  console_reset();
  // What the command left behind may go on writing, as it could after the end of a console: we read and drop.
  if (!complete) follow(command);
}

static bool begin(struct command *command) {
  // A connection that is lost before its command starts.
  if (read_flag(command, &command->detached) && read_flag(command, &command->killed)) return false;

  struct spawn_failure failure;
  if (!spawn(&command->launch, command->connection->job, &command->kit, &command->spawned, &failure)) {
    tell_failure(command, &failure);
    return false;
  }
  tell_start(command);
  kit_handed_out(&command->kit);
  input_start(command);
  // A KILL that came before the process did.
  if (read_flag(command, &command->killed)) job_kill(command->kit.job);
  text_utf8(command->launch.command_line, command->name, sizeof command->name);
  launch_free(&command->launch);
  return true;
}

static void tell_failure(struct command *command, const struct spawn_failure *failure) {
  log_line("connection %u, stream %u: %s", command->connection->number, command->stream.id, failure->message);
  char text[REPLY_MAX];
  size_t length = reply_error(text, "SPAWN_FAILED", failure->win32, failure->message);
  streams_remove(&command->connection->streams, &command->stream);
  command_send(command, FRAME_ERROR, text, length);
}

static void tell_start(struct command *command) {
  char text[64];
  struct json_writer writer;
  json_write_begin(&writer, text, sizeof text);
  json_write_integer(&writer, "pid", command->spawned.pid);
  json_write_end(&writer);
  command_send(command, FRAME_STARTED, text, writer.length);
}

static void log_once(struct command *command) {
  if (!*command->name) return;
  log_line("connection %u, stream %u: pid %lu: %s", command->connection->number, command->stream.id,
           command->spawned.pid, command->name);
  *command->name = 0;
}

// True when the process has exited and its pipes are closed; false when something else holds a pipe, and is silent.
static bool follow(struct command *command) {
  for (;;) {
    if (read_flag(command, &command->detached)) hang_up(command);
    bool busy = resize(command) | input_step(command);
    for (int index = 0; index < 2; index++) busy |= output_step(command, &command->kit.outputs[index]);
    if (busy) continue;
    if (command->exited && all_ended(command)) return true;

    // Wine ends no process of a job that has not begun to run, as a child that a shell has just made: that goes on, and
    // holds the pipes.
    bool pursued = is_pursued(command);
    if (pursued) job_kill(command->kit.job);
    DWORD timeout = patience(command);
    if (pursued && timeout > KILL_AGAIN_MS) timeout = KILL_AGAIN_MS;
    if (timeout > 0) {
      wait(command, timeout);
      continue;
    }
    // Of a command that was killed, what the host has no credit for is dropped.
    bool starved = false;
    for (int index = 0; index < 2; index++) {
      struct output *output = &command->kit.outputs[index];
      if (output->ended || !output->starved) continue;
      starved = output->dropping = true;
    }
    if (!starved) return false;
  }
}

static bool is_pursued(struct command *command) {
  return command->exited && GetTickCount64() - command->exited_at < KILL_DEADLINE_MS &&
         read_flag(command, &command->killed);
}

static bool resize(struct command *command) {
  struct terminal *terminal = &command->spawned.terminal;
  if (!terminal->console || terminal_is_busy(terminal)) return false;
  AcquireSRWLockExclusive(&command->lock);
  struct terminal_size wish = command->wish;
  command->wish = (struct terminal_size){0};
  ReleaseSRWLockExclusive(&command->lock);
  if (wish.columns > 0) terminal_resize(terminal, wish, command->spawned.pid, command->kit.job);
  return wish.columns > 0;
}

static bool all_ended(const struct command *command) {
  return command->kit.outputs[0].ended && command->kit.outputs[1].ended;
}

static DWORD patience(struct command *command) {
  if (!command->exited || !command->connection) return INFINITE;
  bool killed = read_flag(command, &command->killed);
  ULONGLONG silent_since = command->exited_at;
  for (int index = 0; index < 2; index++) {
    const struct output *output = &command->kit.outputs[index];
    if (output->ended) continue;
    if (output->starved && !killed) return INFINITE;
    if (output->busy_at > silent_since) silent_since = output->busy_at;
  }
  ULONGLONG silent = GetTickCount64() - silent_since;
  ULONGLONG deadline = has_terminal(command) ? CLOSE_DEADLINE_MS : DRAIN_DEADLINE_MS;
  return silent >= deadline ? 0 : (DWORD)(deadline - silent);
}

static void wait(struct command *command, DWORD timeout) {
  if (command->connection) outbox_flush(&command->connection->outbox);
  HANDLE handles[6] = {command->kit.wake};
  DWORD count = 1;
  if (!command->exited) handles[count++] = command->spawned.process;
  if (command->input.writing) handles[count++] = command->input.overlapped.hEvent;
  if (command->spawned.terminal.helper) handles[count++] = command->spawned.terminal.helper;
  for (int index = 0; index < 2; index++) {
    if (command->kit.outputs[index].reading) handles[count++] = command->kit.outputs[index].overlapped.hEvent;
  }
  bool will_log = command->connection && *command->name && timeout > LOG_DELAY_MS;
  DWORD which = WaitForMultipleObjects(count, handles, FALSE, will_log ? LOG_DELAY_MS : timeout);
  if (will_log && which == WAIT_TIMEOUT) log_once(command);
  if (command->exited || which != WAIT_OBJECT_0 + 1) return;
  command->exited = true;
  command->exited_at = GetTickCount64();
  // Its output ends only with it.
  terminal_close(&command->spawned.terminal);
  // After a QUIESCE nobody else can close it, and what was left behind may wait for its end.
  if (!command->connection) input_close(command);
}

static void tell_exit(struct command *command, bool inherited) {
  if (!command->connection) return;
  for (int index = 0; index < 2; index++) {
    if (!command->kit.outputs[index].ended) output_tell_end(command, &command->kit.outputs[index]);
  }
  DWORD code = 0;
  GetExitCodeProcess(command->spawned.process, &code);
  char text[128];
  struct json_writer writer;
  json_write_begin(&writer, text, sizeof text);
  json_write_string(&writer, "kind", read_flag(command, &command->killed) ? "killed" : "exit");
  json_write_integer(&writer, "code", code);
  json_write_boolean(&writer, "inherited", inherited);
  json_write_end(&writer);
  // Before the EXIT: with it, the host may use the number again.
  streams_remove(&command->connection->streams, &command->stream);
  command_send(command, FRAME_EXIT, text, writer.length);
}

static void hang_up(struct command *command) {
  command->kit.outputs[0].dropping = command->kit.outputs[1].dropping = true;
  if (!command->connection) return;
  log_once(command);
  connection_let_go(command->connection);
  command->connection = NULL;
}

static bool has_terminal(const struct command *command) {
  return command->launch.terminal.columns > 0;
}

static bool read_flag(struct command *command, const bool *flag) {
  AcquireSRWLockShared(&command->lock);
  bool value = *flag;
  ReleaseSRWLockShared(&command->lock);
  return value;
}
