#include "check.h"
#include "json.h"
#include "json-writer.h"
#include "utf8.h"

static bool check_bytes(const char *text, size_t length) {
  char *copy = exact_copy(text, length);
  struct json object;
  bool good = json_check(copy, length, &object);
  free(copy);
  return good;
}

static bool check(const char *text) {
  return check_bytes(text, strlen(text));
}

static struct json parse(const char *text) {
  struct json object;
  CHECK(json_check(text, strlen(text), &object));
  return object;
}

static struct json member(const char *text, const char *name) {
  struct json value;
  CHECK(json_member(parse(text), name, &value));
  return value;
}

static void accepts(void) {
  static const char *const good[] = {
      "{}", " \t\r\n{ \n} ", "{\"a\":1}", "{\"a\":[1,-0,0.5,1e9,1E+2,2e-3,[],{},\"\",null,true,false]}",
      "{ \"a\" : { \"b\" : [ { } ] } , \"c\" : \"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\" }",
      "{\"\xD0\xBF\":\"\xE4\xBD\xA0 \xF0\x9F\x98\x80\"}", "{\"a\":1,\"a\":2}",
  };
  for (size_t index = 0; index < sizeof good / sizeof *good; index++) CHECK(check(good[index]));
}

static void refuses(void) {
  static const char *const bad[] = {
      "", " ", "null", "[]", "\"a\"", "1", "{", "}", "{}}", "{}x", "{]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}",
      "{\"a\" 1}", "{a:1}", "{'a':1}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":1e}",
      "{\"a\":-}", "{\"a\":0x1}", "{\"a\":NaN}", "{\"a\":tru}", "{\"a\":nulll}", "{\"a\":True}", "{\"a\":[1,]}",
      "{\"a\":[1 2]}", "{\"a\":[}", "{\"a\":\"", "{\"a\":\"\\", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}",
      "{\"a\":\"\\u12g4\"}", "{\"a\":\"\n\"}", "{\"a\":\"\x1F\"}", "\xEF\xBB\xBF{}", "{\"a\":1}{\"a\":1}",
      "{\"a\":\"\\u0000\"}", "{\"\\u0000\":1}", "{\"a\":\"\\uD800\"}", "{\"a\":\"\\uDC00\"}",
      "{\"a\":\"\\uD800\\u0041\"}",
      "{\"a\":\"\\uD800\\uE000\"}", "{\"a\":\"\\uDC00\\uDC00\"}", "{\"a\":\"\\uD800x\"}",
      "{\"a\":\"\\uD800\\", "/**/{}",
  };
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) CHECK(!check(bad[index]));
  CHECK(!check_bytes("{\"a\":\"\0\"}", 9));
  CHECK(!check_bytes("{}\0", 3));
  CHECK(!check_bytes("{\0}", 3));
}

static void refuses_bad_utf8(void) {
  static const char *const bad[] = {
      "\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xE4\xBD", "\xE4(\xBD",
      "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98", "\xF4\x90\x80\x80",
      "\xF5\x80\x80\x80", "\xFE", "\xFF",
  };
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
    char text[32];
    int length = snprintf(text, sizeof text, "{\"a\":\"%s\"}", bad[index]);
    CHECK(!check_bytes(text, (size_t)length));
    length = snprintf(text, sizeof text, "{\"%s\":1}", bad[index]);
    CHECK(!check_bytes(text, (size_t)length));
    length = snprintf(text, sizeof text, "{\"a\":\"%s", bad[index]);
    CHECK(!check_bytes(text, (size_t)length));
  }
}

static void utf8_bounds(void) {
  static const uint32_t edges[] = {0x1, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF};
  static const size_t lengths[] = {1, 1, 2, 2, 3, 3, 3, 3, 4, 4};
  for (size_t index = 0; index < sizeof edges / sizeof *edges; index++) {
    char bytes[4];
    size_t length = utf8_encode(edges[index], bytes);
    CHECK(length == lengths[index] && utf8_length(bytes, bytes + length) == length);
    for (size_t cut = 0; cut < length; cut++) CHECK(utf8_length(bytes, bytes + cut) == 0);
  }
}

static void utf16(void) {
  static const uint16_t units[] = {'a', 0x416, 0x4F60, 0xD83D, 0xDE00, 0xD83D, 'b', 0xDE00, 0xDBFF, 0xDFFF, 0xD800, 0};
  static const char text[] = "a\xD0\x96\xE4\xBD\xA0\xF0\x9F\x98\x80\xEF\xBF\xBD"
                             "b\xEF\xBF\xBD\xF4\x8F\xBF\xBF\xEF\xBF\xBD";
  char *out = exact_copy(text, sizeof text);
  memset(out, 'x', sizeof text);
  CHECK(utf8_of_utf16(units, out) == sizeof text - 1 && memcmp(out, text, sizeof text) == 0);
  free(out);
  char nothing[1];
  CHECK(utf8_of_utf16(units + sizeof units / sizeof *units - 1, nothing) == 0 && nothing[0] == 0);
}

static void depth_is_bounded(void) {
  static char text[200001];
  for (int depth = 1; depth <= 100000; depth = depth < 20 ? depth + 1 : depth * 5) {
    int opening = snprintf(text, sizeof text, "{\"a\":");
    memset(text + opening, '[', (size_t)depth);
    CHECK(!check_bytes(text, (size_t)(opening + depth)));
    if (opening + 2 * depth + 1 > (int)sizeof text) break;
    memset(text + opening + depth, ']', (size_t)depth);
    text[opening + 2 * depth] = '}';
    CHECK(check_bytes(text, (size_t)(opening + 2 * depth + 1)) == (depth < JSON_MAX_DEPTH));
  }
}

static void every_prefix(void) {
  const char *text = "{\"a\":[1.5e3,true,null,{\"b\":\"\\u00e9\\ud83d\\ude00\xF0\x9F\x98\x80\"}],\"c\":-0}";
  for (size_t cut = 0; cut < strlen(text); cut++) CHECK(!check_bytes(text, cut));
  CHECK(check(text));
}

static void mutations(void) {
  const char *text = "{\"a\":[1.5e3,true,null,{\"b\":\"\\u00e9\\ud83d\\ude00\xF0\x9F\x98\x80\"}],\"c\":-0}";
  size_t length = strlen(text);
  for (size_t index = 0; index < length; index++) {
    for (int byte = 0; byte < 256; byte++) {
      char *copy = exact_copy(text, length);
      copy[index] = (char)byte;
      struct json object, name, value;
      if (json_check(copy, length, &object)) {
        for (size_t position = 0; json_next(object, &position, &name, &value);) {
          char *out = malloc(name.length);
          CHECK(out && json_text(name, out) == strlen(out));
          free(out);
        }
      }
      free(copy);
    }
  }
}

static void members(void) {
  const char *text = " { \"x\" : [1,{\"a\":9}] , \"a\":\"one\",\"\\u0061\" : \"two\" , \"b\" : { } } ";
  CHECK(json_text_is(member(text, "a"), "two"));
  CHECK(json_kind(member(text, "x")) == JSON_ARRAY && json_kind(member(text, "b")) == JSON_OBJECT);
  struct json value;
  CHECK(!json_member(parse(text), "c", &value) && !json_member(parse("{}"), "a", &value));
  size_t position = 0, count = 0;
  struct json name, object = parse(text);
  while (json_next(object, &position, &name, &value)) count++;
  CHECK(count == 4 && !json_next(object, &position, &name, &value));
  CHECK(json_kind(member("{\"a\":true}", "a")) == JSON_TRUE && json_kind(member("{\"a\":false}", "a")) == JSON_FALSE);
  CHECK(json_kind(member("{\"a\":null}", "a")) == JSON_NULL && json_kind(member("{\"a\":-1}", "a")) == JSON_NUMBER);
}

static void texts(void) {
  struct json value = member("{\"a\":\"q\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00E9\\uD83D\\uDE00\\uffff \xE4\xBD\xA0\"}", "a");
  char *out = malloc(value.length);
  CHECK(out);
  size_t length = json_text(value, out);
  CHECK(length == strlen(out));
  CHECK(strcmp(out, "q\"\\/\b\f\n\r\t\xC3\xA9\xF0\x9F\x98\x80\xEF\xBF\xBF \xE4\xBD\xA0") == 0);
  free(out);
  CHECK(json_text_is(member("{\"a\":\"\"}", "a"), "") && !json_text_is(member("{\"a\":\"\"}", "a"), "b"));
  CHECK(!json_text_is(member("{\"a\":\"ab\"}", "a"), "a") && !json_text_is(member("{\"a\":\"a\"}", "a"), "ab"));
  CHECK(json_text_contains(member("{\"a\":\"x\\u003Dy\"}", "a"), '='));
  CHECK(json_text_contains(member("{\"a\":\"=\"}", "a"), '='));
  CHECK(!json_text_contains(member("{\"a\":\"u003d\"}", "a"), '='));
}

static void integers(void) {
  int64_t number;
  CHECK(json_integer(member("{\"a\":0}", "a"), &number) && number == 0);
  CHECK(json_integer(member("{\"a\":-12}", "a"), &number) && number == -12);
  CHECK(json_integer(member("{\"a\":1795469451977}", "a"), &number) && number == 1795469451977);
  CHECK(json_integer(member("{\"a\":9007199254740992}", "a"), &number) && number == INT64_C(9007199254740992));
  CHECK(json_integer(member("{\"a\":-9007199254740992}", "a"), &number) && number == -INT64_C(9007199254740992));
  static const char *const bad[] = {"{\"a\":9007199254740993}", "{\"a\":99999999999999999}", "{\"a\":1.5}",
                                    "{\"a\":1e3}", "{\"a\":\"1\"}", "{\"a\":true}",
                                    "{\"a\":1000000000000000000000000000000000000}"};
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
    CHECK(!json_integer(member(bad[index], "a"), &number));
  }
}

static void writing(void) {
  char text[256];
  struct json_writer writer;
  json_write_begin(&writer, text, sizeof text);
  json_write_string(&writer, "s", "a\"\\\n\x1F \xC3\xA9\xF0\x9F\x98\x80 \xFF\xED\xA0\x80");
  json_write_integer(&writer, "u", 4294967295);
  json_write_integer(&writer, "n", INT64_MIN);
  json_write_boolean(&writer, "t", true);
  json_write_boolean(&writer, "f", false);
  json_write_end(&writer);
  const char *wanted =
      "{\"s\":\"a\\u0022\\u005c\\u000a\\u001f \xC3\xA9\xF0\x9F\x98\x80 "
      "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\","
      "\"u\":4294967295,\"n\":-9223372036854775808,\"t\":true,\"f\":false}";
  CHECK(!writer.overflow && writer.length == strlen(wanted) && memcmp(text, wanted, writer.length) == 0);
  CHECK(check_bytes(text, writer.length));
}

static void writing_in_every_size(void) {
  for (size_t size = 0; size < 40; size++) {
    char *exact = exact_copy("0123456789012345678901234567890123456789", size);
    struct json_writer writer;
    json_write_begin(&writer, exact, size);
    json_write_string(&writer, "name", "v\n\xC3\xA9");
    json_write_integer(&writer, "n", 12345);
    json_write_end(&writer);
    CHECK(writer.length <= size && writer.overflow == (size < 30));
    CHECK(writer.overflow || check_bytes(exact, writer.length));
    free(exact);
  }
}

int main(void) {
  TEST("an object of any JSON is accepted", accepts);
  TEST("what is not exactly one JSON object is refused", refuses);
  TEST("bytes that are no UTF-8 are refused", refuses_bad_utf8);
  TEST("UTF-8 is known at the edges of its lengths", utf8_bounds);
  TEST("UTF-16 becomes UTF-8, and half a pair U+FFFD", utf16);
  TEST("deep nesting is refused before it is deep", depth_is_bounded);
  TEST("no prefix of an object is an object", every_prefix);
  TEST("an object with any byte changed is read within its bounds", mutations);
  TEST("members are found by name, the last of several", members);
  TEST("texts are unescaped", texts);
  TEST("integers are exact up to 2^53", integers);
  TEST("what is written is JSON", writing);
  TEST("writing stops at the end of the buffer and says so", writing_in_every_size);
  return 0;
}
