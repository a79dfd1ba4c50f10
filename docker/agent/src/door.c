#include "door.h"

#include <string.h>
#include <windows.h>

#include "connection.h"
#include "log.h"
#include "request.h"

#define STRANGERS_MAX 8
#define RAWS_MAX 4

static SRWLOCK lock = SRWLOCK_INIT;
static bool has_secret;
static char secret[REQUEST_MAX_SECRET];
static int64_t newest;
static struct connection *current;
static struct connection *strangers[STRANGERS_MAX];
static bool raw_allowed;
static struct connection *raws[RAWS_MAX];

static void allow_raw(bool allowed);
static void remove_stranger(struct connection *connection);
static bool same(const char *left, const char *right);

void door_knock(struct connection *connection) {
  AcquireSRWLockExclusive(&lock);
  if (strangers[STRANGERS_MAX - 1]) {
    connection_cut(strangers[0]);
    remove_stranger(strangers[0]);
  }
  int last = 0;
  while (strangers[last]) last++;
  strangers[last] = connection;
  ReleaseSRWLockExclusive(&lock);
}

const char *door_enter(struct connection *connection, const char *shown, int64_t attempt, bool raw) {
  AcquireSRWLockExclusive(&lock);
  bool known = same(secret, shown);
  const char *refusal = has_secret && !known ? "WRONG_SECRET" : known && attempt < newest ? "STALE" : NULL;
  if (!refusal) {
    memcpy(secret, shown, sizeof secret);
    has_secret = true;
    newest = attempt;
    remove_stranger(connection);
    if (current) {
      log_line("connection %u: replaced by connection %u", current->number, connection->number);
      connection_cut(current);
    }
    current = connection;
    allow_raw(raw);
  }
  ReleaseSRWLockExclusive(&lock);
  return refusal;
}

bool door_allows_raw(void) {
  AcquireSRWLockShared(&lock);
  bool allowed = raw_allowed;
  ReleaseSRWLockShared(&lock);
  return allowed;
}

bool door_enter_raw(struct connection *connection) {
  AcquireSRWLockExclusive(&lock);
  bool entered = false;
  for (int index = 0; index < RAWS_MAX && raw_allowed && !entered; index++) {
    if (raws[index]) continue;
    raws[index] = connection;
    remove_stranger(connection);
    entered = true;
  }
  ReleaseSRWLockExclusive(&lock);
  return entered;
}

bool door_forget(struct connection *connection) {
  AcquireSRWLockExclusive(&lock);
  bool ours = current == connection;
  if (ours) {
    current = NULL;
    // Kept, so that a stale attempt of the same host is still known for one.
    has_secret = false;
    allow_raw(false);
  }
  ReleaseSRWLockExclusive(&lock);
  return ours;
}

void door_leave_ajar(struct connection *connection, bool ajar) {
  AcquireSRWLockExclusive(&lock);
  if (current == connection) has_secret = !ajar;
  ReleaseSRWLockExclusive(&lock);
}

void door_leave(struct connection *connection) {
  AcquireSRWLockExclusive(&lock);
  if (current == connection) current = NULL;
  remove_stranger(connection);
  for (int index = 0; index < RAWS_MAX; index++) {
    if (raws[index] == connection) raws[index] = NULL;
  }
  ReleaseSRWLockExclusive(&lock);
}

static void allow_raw(bool allowed) {
  raw_allowed = allowed;
  for (int index = 0; index < RAWS_MAX && !allowed; index++) {
    if (raws[index]) connection_cut(raws[index]);
  }
}

static void remove_stranger(struct connection *connection) {
  for (int index = 0; index < STRANGERS_MAX; index++) {
    if (strangers[index] != connection) continue;
    memmove(strangers + index, strangers + index + 1, sizeof *strangers * (size_t)(STRANGERS_MAX - index - 1));
    strangers[STRANGERS_MAX - 1] = NULL;
    return;
  }
}

// In constant time.
static bool same(const char *left, const char *right) {
  unsigned char difference = 0;
  for (int index = 0; index < REQUEST_MAX_SECRET; index++) difference |= (unsigned char)(left[index] ^ right[index]);
  return difference == 0;
}
