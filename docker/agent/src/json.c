#include "json.h"

#include <string.h>

#include "utf8.h"

struct cursor {
  const char *at, *end;
};

static bool pass_value(struct cursor *cursor, int depth);
static bool pass_members(struct cursor *cursor, char close, int depth);
static bool pass_string(struct cursor *cursor);
static bool pass_escape(struct cursor *cursor, uint32_t *code_point);
static bool pass_hex(struct cursor *cursor, uint32_t *unit);
static bool pass_number(struct cursor *cursor);
static bool pass_digits(struct cursor *cursor);
static bool pass_word(struct cursor *cursor, const char *word);
static bool pass(struct cursor *cursor, char wanted);
static void pass_space(struct cursor *cursor);

bool json_check(const char *text, size_t length, struct json *object) {
  struct cursor cursor = {text, text + length};
  pass_space(&cursor);
  const char *start = cursor.at;
  if (start == cursor.end || *start != '{' || !pass_value(&cursor, 0)) return false;
  *object = (struct json){start, (size_t)(cursor.at - start)};
  pass_space(&cursor);
  return cursor.at == cursor.end;
}

enum json_kind json_kind(struct json value) {
  switch (value.at[0]) {
    case '{': return JSON_OBJECT;
    case '[': return JSON_ARRAY;
    case '"': return JSON_STRING;
    case 't': return JSON_TRUE;
    case 'f': return JSON_FALSE;
    case 'n': return JSON_NULL;
    default: return JSON_NUMBER;
  }
}

bool json_member(struct json object, const char *name, struct json *value) {
  bool found = false;
  size_t position = 0;
  struct json key, candidate;
  while (json_next(object, &position, &key, &candidate)) {
    if (!json_text_is(key, name)) continue;
    *value = candidate;
    found = true;
  }
  return found;
}

bool json_next(struct json object, size_t *position, struct json *name, struct json *value) {
  struct cursor cursor = {object.at + (*position ? *position : 1), object.at + object.length};
  pass_space(&cursor);
  if (pass(&cursor, ',')) pass_space(&cursor);
  if (cursor.at == cursor.end || *cursor.at != '"') return false;

  name->at = cursor.at;
  pass_string(&cursor);
  name->length = (size_t)(cursor.at - name->at);
  pass_space(&cursor);
  pass(&cursor, ':');
  pass_space(&cursor);
  value->at = cursor.at;
  pass_value(&cursor, 0);
  value->length = (size_t)(cursor.at - value->at);
  *position = (size_t)(cursor.at - object.at);
  return true;
}

size_t json_text(struct json string, char *out) {
  struct cursor cursor = {string.at + 1, string.at + string.length - 1};
  char *to = out;
  while (cursor.at < cursor.end) {
    if (*cursor.at != '\\') {
      *to++ = *cursor.at++;
      continue;
    }
    uint32_t code_point = 0;
    pass_escape(&cursor, &code_point);
    char encoded[4];
    size_t length = utf8_encode(code_point, encoded);
    memcpy(to, encoded, length);
    to += length;
  }
  *to = 0;
  return (size_t)(to - out);
}

bool json_text_is(struct json string, const char *text) {
  struct cursor cursor = {string.at + 1, string.at + string.length - 1};
  for (; cursor.at < cursor.end; text++) {
    uint32_t unit = (uint8_t)*cursor.at;
    if (unit != '\\') cursor.at++;
    else pass_escape(&cursor, &unit);
    if (*text == 0 || unit != (uint8_t)*text) return false;
  }
  return *text == 0;
}

bool json_text_contains(struct json string, char ascii) {
  struct cursor cursor = {string.at + 1, string.at + string.length - 1};
  while (cursor.at < cursor.end) {
    uint32_t unit = (uint8_t)*cursor.at;
    if (unit != '\\') cursor.at++;
    else pass_escape(&cursor, &unit);
    if (unit == (uint8_t)ascii) return true;
  }
  return false;
}

bool json_integer(struct json value, int64_t *out) {
  if (json_kind(value) != JSON_NUMBER || value.length > 17) return false;
  bool negative = value.at[0] == '-';
  int64_t sum = 0;
  for (size_t index = negative ? 1 : 0; index < value.length; index++) {
    char digit = value.at[index];
    if (digit < '0' || digit > '9') return false;
    sum = sum * 10 + (digit - '0');
  }
  if (sum > INT64_C(1) << 53) return false;
  *out = negative ? -sum : sum;
  return true;
}

static bool pass_value(struct cursor *cursor, int depth) {
  if (depth >= JSON_MAX_DEPTH || cursor->at == cursor->end) return false;
  switch (*cursor->at) {
    case '{': return pass_members(cursor, '}', depth);
    case '[': return pass_members(cursor, ']', depth);
    case '"': return pass_string(cursor);
    case 't': return pass_word(cursor, "true");
    case 'f': return pass_word(cursor, "false");
    case 'n': return pass_word(cursor, "null");
    default: return pass_number(cursor);
  }
}

static bool pass_members(struct cursor *cursor, char close, int depth) {
  cursor->at++;
  pass_space(cursor);
  if (pass(cursor, close)) return true;
  for (;;) {
    if (close == '}') {
      if (cursor->at == cursor->end || *cursor->at != '"' || !pass_string(cursor)) return false;
      pass_space(cursor);
      if (!pass(cursor, ':')) return false;
      pass_space(cursor);
    }
    if (!pass_value(cursor, depth + 1)) return false;
    pass_space(cursor);
    if (pass(cursor, close)) return true;
    if (!pass(cursor, ',')) return false;
    pass_space(cursor);
  }
}

static bool pass_string(struct cursor *cursor) {
  cursor->at++;
  while (cursor->at < cursor->end) {
    if (pass(cursor, '"')) return true;
    uint32_t code_point;
    if (*cursor->at == '\\') {
      if (!pass_escape(cursor, &code_point)) return false;
      continue;
    }
    size_t length = utf8_length(cursor->at, cursor->end);
    if (length == 0 || (uint8_t)*cursor->at < 0x20) return false;
    cursor->at += length;
  }
  return false;
}

static bool pass_escape(struct cursor *cursor, uint32_t *code_point) {
  cursor->at++;
  if (cursor->at == cursor->end) return false;
  static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  char letter = *cursor->at++;
  const char *escape = letter ? strchr(escapes, letter) : NULL;
  if (escape) {
    *code_point = (uint8_t)meanings[escape - escapes];
    return true;
  }
  uint32_t low;
  if (letter != 'u' || !pass_hex(cursor, code_point) || *code_point == 0) return false;
  if (*code_point < 0xD800 || *code_point > 0xDFFF) return true;
  if (*code_point > 0xDBFF || !pass(cursor, '\\') || !pass(cursor, 'u') || !pass_hex(cursor, &low)) return false;
  if (low < 0xDC00 || low > 0xDFFF) return false;
  *code_point = 0x10000 + ((*code_point - 0xD800) << 10) + (low - 0xDC00);
  return true;
}

static bool pass_hex(struct cursor *cursor, uint32_t *unit) {
  *unit = 0;
  if (cursor->end - cursor->at < 4) return false;
  for (int index = 0; index < 4; index++) {
    char letter = *cursor->at++;
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *digit = letter ? strchr(digits, letter) : NULL;
    if (!digit) return false;
    uint32_t value = (uint32_t)(digit - digits);
    *unit = *unit << 4 | (value > 15 ? value - 6 : value);
  }
  return true;
}

static bool pass_number(struct cursor *cursor) {
  pass(cursor, '-');
  if (!pass(cursor, '0') && !pass_digits(cursor)) return false;
  if (pass(cursor, '.') && !pass_digits(cursor)) return false;
  if (!pass(cursor, 'e') && !pass(cursor, 'E')) return true;
  if (!pass(cursor, '+')) pass(cursor, '-');
  return pass_digits(cursor);
}

static bool pass_digits(struct cursor *cursor) {
  const char *start = cursor->at;
  while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') cursor->at++;
  return cursor->at > start;
}

static bool pass_word(struct cursor *cursor, const char *word) {
  for (; *word; word++) {
    if (!pass(cursor, *word)) return false;
  }
  return true;
}

static bool pass(struct cursor *cursor, char wanted) {
  if (cursor->at == cursor->end || *cursor->at != wanted) return false;
  cursor->at++;
  return true;
}

static void pass_space(struct cursor *cursor) {
  while (cursor->at < cursor->end && *cursor->at && strchr(" \t\r\n", *cursor->at)) cursor->at++;
}
