#include "environment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <windows.h>

#include "text.h"

// One `NAME=value`. A removal has no '=' after its name.
struct variable {
  wchar_t *text;
  size_t name_length;
  // Later ones win.
  size_t order;
  bool owned;
};

struct variables {
  struct variable *items;
  size_t count;
};

static bool collect(struct variables *all, wchar_t *own, struct json changes);
static void add(struct variables *all, wchar_t *text, bool owned);
static wchar_t *assignment(struct json name, struct json value);
static int compare_names(const struct variable *left, const struct variable *right);
static int compare(const void *left, const void *right);
static wchar_t *write_block(const struct variables *all);

wchar_t *environment_merge(struct json changes) {
  wchar_t *block = NULL;
  wchar_t *own = GetEnvironmentStringsW();
  struct variables all = {0};
  if (own && collect(&all, own, changes)) {
    qsort(all.items, all.count, sizeof *all.items, compare);
    block = write_block(&all);
  }
  for (size_t index = 0; index < all.count; index++) {
    if (all.items[index].owned) free(all.items[index].text);
  }
  free(all.items);
  if (own) FreeEnvironmentStringsW(own);
  return block;
}

static bool collect(struct variables *all, wchar_t *own, struct json changes) {
  size_t most = 0, position = 0;
  struct json name, value;
  for (wchar_t *text = own; *text; text += wcslen(text) + 1) most++;
  while (json_next(changes, &position, &name, &value)) most++;
  all->items = calloc(most ? most : 1, sizeof *all->items);
  if (!all->items) return false;

  for (wchar_t *text = own; *text; text += wcslen(text) + 1) add(all, text, false);
  for (position = 0; json_next(changes, &position, &name, &value);) {
    wchar_t *text = assignment(name, value);
    if (!text) return false;
    add(all, text, true);
  }
  return true;
}

// Windows keeps the current folder of each drive in variables whose names start with '=', such as `=C:`.
static void add(struct variables *all, wchar_t *text, bool owned) {
  size_t name_length = *text ? 1 + wcscspn(text + 1, L"=") : 0;
  all->items[all->count] = (struct variable){text, name_length, all->count, owned};
  all->count++;
}

static wchar_t *assignment(struct json name, struct json value) {
  wchar_t *wide_name = text_wide(name);
  bool removal = json_kind(value) == JSON_NULL;
  wchar_t *wide_value = removal ? NULL : text_wide(value);
  wchar_t *text = NULL;
  if (wide_name && (wide_value || removal)) {
    text = malloc((wcslen(wide_name) + (removal ? 0 : wcslen(wide_value)) + 2) * sizeof *text);
  }
  if (text) {
    wcscpy(text, wide_name);
    if (!removal) wcscat(wcscat(text, L"="), wide_value);
  }
  free(wide_name);
  free(wide_value);
  return text;
}

static int compare_names(const struct variable *left, const struct variable *right) {
  return CompareStringOrdinal(left->text, (int)left->name_length, right->text, (int)right->name_length, TRUE) -
         CSTR_EQUAL;
}

static int compare(const void *left, const void *right) {
  const struct variable *first = left, *second = right;
  int names = compare_names(first, second);
  return names ? names : first->order < second->order ? -1 : 1;
}

static wchar_t *write_block(const struct variables *all) {
  size_t units = 2;
  for (size_t index = 0; index < all->count; index++) units += wcslen(all->items[index].text) + 1;
  wchar_t *block = calloc(units, sizeof *block);
  wchar_t *to = block;
  for (size_t index = 0; block && index < all->count; index++) {
    const struct variable *variable = &all->items[index];
    bool last_of_name = index + 1 == all->count || compare_names(variable, variable + 1) != 0;
    if (!last_of_name || variable->text[variable->name_length] != L'=') continue;
    size_t length = wcslen(variable->text) + 1;
    wmemcpy(to, variable->text, length);
    to += length;
  }
  return block;
}
