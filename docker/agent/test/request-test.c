#include "check.h"
#include "reply.h"
#include "request.h"

static struct frame frame_of(const char *text) {
  return (struct frame){.length = (uint32_t)strlen(text), .payload = (const uint8_t *)text};
}

static void magic(void) {
  struct frame ours = frame_of("{\"magic\":\"osrun\"}"), other = frame_of("{\"magic\":\"other\"}");
  struct frame number = frame_of("{\"magic\":1}"), none = frame_of("{}"), text = frame_of("osrun");
  CHECK(request_is_osrun(&ours));
  CHECK(!request_is_osrun(&other) && !request_is_osrun(&number));
  CHECK(!request_is_osrun(&none) && !request_is_osrun(&text));
}

static const char *hello(const char *text, struct hello_request *request) {
  struct frame frame = frame_of(text);
  return request_hello(&frame, request);
}

static void hellos(void) {
  struct hello_request request;
  CHECK(!hello("{\"magic\":\"osrun\",\"min\":1,\"max\":2,\"secret\":\"0aF\",\"time\":5,\"setClock\":true,\"new\":[]}",
               &request));
  CHECK(request.min == 1 && request.max == 2 && request.time == 5 && request.set_clock);
  CHECK(strcmp(request.secret, "0aF") == 0);
  CHECK(request.attempt == 0);
  CHECK(!hello("{\"min\":1,\"max\":1,\"secret\":\"a\",\"time\":5,\"attempt\":7,\"setClock\":true}", &request));
  CHECK(request.attempt == 7 && !request.raw);
  CHECK(!hello("{\"min\":1,\"max\":1,\"secret\":\"a\",\"time\":5,\"setClock\":true,\"raw\":true}", &request));
  CHECK(request.raw);
  static const char *const bad[] = {
      "", "{}", "{\"min\":\"1\",\"max\":1,\"secret\":\"a\",\"time\":5,\"setClock\":true}",
      "{\"min\":1,\"secret\":\"a\",\"time\":5,\"setClock\":true}",
      "{\"min\":1,\"max\":1,\"secret\":\"a\",\"time\":null,\"setClock\":true}",
      "{\"min\":1,\"max\":1,\"secret\":\"a\",\"time\":5,\"setClock\":1}",
      "{\"min\":1,\"max\":1,\"secret\":\"a\",\"time\":5}",
      "{\"min\":1,\"max\":1,\"secret\":\"\",\"time\":5,\"setClock\":true}",
      "{\"min\":1,\"max\":1,\"secret\":\"xyz\",\"time\":5,\"setClock\":true}",
      "{\"min\":1,\"max\":1,\"secret\":\"a\",\"time\":5,\"setClock\":true,\"attempt\":\"7\"}",
      "{\"min\":1,\"max\":1,\"secret\":\"a\",\"time\":5,\"setClock\":true,\"raw\":1}",
      "{\"min\":1,\"max\":1,\"secret\":12,\"time\":5,\"setClock\":true}",
  };
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) CHECK(hello(bad[index], &request));
}

static void secrets(void) {
  for (int length = 0; length <= 200; length++) {
    char text[400], secret[201] = {0};
    struct hello_request request;
    memset(secret, 'a', (size_t)length);
    snprintf(text, sizeof text, "{\"min\":1,\"max\":1,\"secret\":\"%s\",\"time\":5,\"setClock\":false}", secret);
    CHECK(!hello(text, &request) == (length >= 1 && length <= REQUEST_MAX_SECRET));
  }
}

static const char *exec(const char *text, struct exec_request *request) {
  struct frame frame = frame_of(text);
  return request_exec(&frame, request);
}

static void execs(void) {
  struct exec_request request;
  CHECK(!exec("{\"commandLine\":\"a b\",\"stdin\":\"pipe\"}", &request));
  CHECK(json_text_is(request.command_line, "a b") && request.pipe_input);
  CHECK(!request.has_directory && !request.has_environment);
  CHECK(!exec("{\"commandLine\":\"a\",\"stdin\":\"null\",\"cwd\":\"C:\\\\x\",\"env\":{\"A\":\"\",\"B\":null}}",
              &request));
  CHECK(!request.pipe_input && json_text_is(request.directory, "C:\\x") && request.has_environment);
  CHECK(!exec("{\"commandLine\":\"a\",\"stdin\":\"null\",\"cwd\":null,\"env\":null}", &request));
  CHECK(!request.has_directory && !request.has_environment && !request.self);
  CHECK(!exec("{\"commandLine\":\"--windows\",\"stdin\":\"null\",\"self\":true}", &request) && request.self);
  CHECK(!exec("{\"commandLine\":\"a\",\"stdin\":\"null\",\"self\":false}", &request) && !request.self);
  static const char *const bad[] = {
      "{\"commandLine\":\"a\",\"stdin\":\"null\",\"self\":1}",
      "{\"commandLine\":\"a\",\"stdin\":\"null\",\"self\":\"true\"}",
      "", "[]", "{}", "{\"commandLine\":\"\",\"stdin\":\"null\"}", "{\"commandLine\":[\"a\"],\"stdin\":\"null\"}",
      "{\"commandLine\":\"a\"}", "{\"commandLine\":\"a\",\"stdin\":\"none\"}", "{\"commandLine\":\"a\",\"stdin\":true}",
      "{\"commandLine\":\"a\",\"stdin\":\"null\",\"cwd\":\"\"}", "{\"commandLine\":\"a\",\"stdin\":\"null\",\"cwd\":1}",
      "{\"commandLine\":\"a\",\"stdin\":\"null\",\"env\":[]}",
      "{\"commandLine\":\"a\",\"stdin\":\"null\",\"env\":{\"A\":1}}",
      "{\"commandLine\":\"a\",\"stdin\":\"null\",\"env\":{\"\":\"1\"}}",
      "{\"commandLine\":\"a\",\"stdin\":\"null\",\"env\":{\"A=\":\"1\"}}",
      "{\"commandLine\":\"a\",\"stdin\":\"null\",\"env\":{\"A\\u003d\":\"1\"}}",
  };
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) CHECK(exec(bad[index], &request));
}

static void terminals(void) {
  struct exec_request request;
  CHECK(!exec("{\"commandLine\":\"a\",\"stdin\":\"pipe\"}", &request) && request.terminal.columns == 0);
  CHECK(!exec("{\"commandLine\":\"a\",\"stdin\":\"null\",\"tty\":null}", &request) && request.terminal.columns == 0);
  CHECK(!exec("{\"commandLine\":\"a\",\"stdin\":\"pipe\",\"tty\":{\"columns\":1000,\"rows\":1}}", &request));
  CHECK(request.terminal.columns == 1000 && request.terminal.rows == 1);
  static const char *const bad[] = {
      "true", "[80,25]", "{}", "{\"columns\":80}", "{\"columns\":80,\"rows\":\"25\"}", "{\"columns\":0,\"rows\":25}",
      "{\"columns\":80,\"rows\":1001}", "{\"columns\":-1,\"rows\":25}", "{\"columns\":65616,\"rows\":25}",
      "{\"columns\":80.5,\"rows\":25}",
  };
  char text[200];
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
    snprintf(text, sizeof text, "{\"commandLine\":\"a\",\"stdin\":\"pipe\",\"tty\":%s}", bad[index]);
    CHECK(exec(text, &request));
  }
  CHECK(exec("{\"commandLine\":\"a\",\"stdin\":\"null\",\"tty\":{\"columns\":80,\"rows\":25}}", &request));
}

static void sizes(void) {
  static const struct {
    uint8_t bytes[5];
    uint32_t length;
    bool good;
  } cases[] = {
      {{80, 0, 25, 0}, 4, true},      {{0xE8, 3, 0xE8, 3}, 4, true}, {{0xE9, 3, 25, 0}, 4, false},
      {{80, 0, 0xE9, 3}, 4, false},   {{0, 0, 25, 0}, 4, false},     {{80, 0, 0, 0}, 4, false},
      {{80, 0, 25, 0}, 3, false},     {{80, 0, 25, 0, 0}, 5, false}, {{0xFF, 0xFF, 0xFF, 0xFF}, 4, false},
      {{0}, 0, false},
  };
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    struct terminal_size size;
    uint8_t *bytes = (uint8_t *)exact_copy(cases[index].bytes, cases[index].length);
    struct frame frame = {.length = cases[index].length, .payload = bytes};
    CHECK(!request_resize(&frame, &size) == cases[index].good);
    if (cases[index].good) CHECK(size.columns == (bytes[0] | bytes[1] << 8) && size.rows == (bytes[2] | bytes[3] << 8));
    free(bytes);
  }
}

static void clocks(void) {
  struct clock_request request;
  struct frame none = frame_of("{}"), set = frame_of("{\"set\":12}"), bad = frame_of("{\"set\":\"12\"}");
  CHECK(!request_clock(&none, &request) && !request.set);
  CHECK(!request_clock(&set, &request) && request.set && request.time == 12);
  CHECK(request_clock(&bad, &request));
}

static const char *file(const char *text, struct file_request *request) {
  struct frame frame = frame_of(text);
  return request_file(&frame, request);
}

static void files(void) {
  struct file_request request;
  static const char *const ops[] = {"read", "write", "list", "stat", "make", "remove"};
  for (int op = 0; op < 6; op++) {
    char text[100];
    snprintf(text, sizeof text, "{\"op\":\"%s\",\"path\":\"a\\\\b\"}", ops[op]);
    CHECK(!file(text, &request) && request.op == (enum file_op)op && json_text_is(request.path, "a\\b"));
    CHECK(!request.recursive && !request.has_modified);
  }
  CHECK(!file("{\"op\":\"list\",\"path\":\"a\",\"recursive\":true}", &request) && request.recursive);
  CHECK(!file("{\"op\":\"write\",\"path\":\"a\",\"modified\":-1}", &request));
  CHECK(request.has_modified && request.modified == -1);
  static const char *const bad[] = {
      "", "[]", "{}", "{\"op\":\"read\"}", "{\"path\":\"a\"}", "{\"op\":\"Read\",\"path\":\"a\"}",
      "{\"op\":\"rea\",\"path\":\"a\"}", "{\"op\":1,\"path\":\"a\"}", "{\"op\":\"read\",\"path\":\"\"}",
      "{\"op\":\"read\",\"path\":[]}", "{\"op\":\"list\",\"path\":\"a\",\"recursive\":1}",
      "{\"op\":\"write\",\"path\":\"a\",\"modified\":\"1\"}", "{\"op\":\"write\",\"path\":\"a\",\"modified\":1.5}",
      "{\"op\":\"write\",\"path\":\"a\",\"modified\":-11644473600000}",
      "{\"op\":\"write\",\"path\":\"a\",\"modified\":253402300800000}",
  };
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) CHECK(file(bad[index], &request));
}

static const char *commit(const char *text, struct commit_request *request) {
  struct frame frame = frame_of(text);
  return request_commit(&frame, request);
}

static void commits(void) {
  struct commit_request request;
  CHECK(!commit("{\"size\":0,\"digest\":\"00000000\"}", &request) && request.size == 0 && request.digest == 0);
  CHECK(!commit("{\"size\":9007199254740992,\"digest\":\"cbF43926\"}", &request));
  CHECK(request.size == INT64_C(1) << 53 && request.digest == 0xCBF43926);
  static const char *const bad[] = {
      "", "{}", "{\"size\":1}", "{\"digest\":\"00000000\"}", "{\"size\":-1,\"digest\":\"00000000\"}",
      "{\"size\":\"1\",\"digest\":\"00000000\"}", "{\"size\":1,\"digest\":0}", "{\"size\":1,\"digest\":\"0000000\"}",
      "{\"size\":1,\"digest\":\"000000000\"}", "{\"size\":1,\"digest\":\"0x000000\"}",
      "{\"size\":1,\"digest\":\"0000000 \"}", "{\"size\":1,\"digest\":\"00\\u0030\"}",
  };
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) CHECK(commit(bad[index], &request));
}

static void connects(void) {
  static const char *const bad[] = {
      "", "{}", "{\"port\":0}", "{\"port\":-1}", "{\"port\":65536}", "{\"port\":\"80\"}", "{\"port\":80.0}",
  };
  uint16_t port;
  struct frame least = frame_of("{\"port\":1}"), most = frame_of("{\"port\":65535}");
  CHECK(!request_connect(&least, &port) && port == 1);
  CHECK(!request_connect(&most, &port) && port == 65535);
  for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
    struct frame frame = frame_of(bad[index]);
    CHECK(request_connect(&frame, &port));
  }
}

static void types(void) {
  struct json text;
  struct frame some = frame_of("{\"text\":\"a\\n\"}"), nothing = frame_of("{\"text\":\"\"}");
  struct frame none = frame_of("{}"), number = frame_of("{\"text\":1}"), garbage = frame_of("text");
  CHECK(!request_type(&some, &text) && json_text_is(text, "a\n"));
  CHECK(!request_type(&nothing, &text) && json_text_is(text, ""));
  CHECK(request_type(&none, &text) && request_type(&number, &text) && request_type(&garbage, &text));
}

static void errors(void) {
  static char message[100000];
  static const char *const units[] = {"\x01", "\xF0\x9F\x98\x80", "\xFF", "a"};
  for (size_t index = 0; index < sizeof units / sizeof *units; index++) {
    message[0] = 0;
    char *to = message;
    for (int count = 0; count < 20000; count++) to = strcpy(to, units[index]) + strlen(units[index]);
    char *text = exact_copy(message, REPLY_MAX);
    size_t length = reply_error(text, "BAD_REQUEST", 4294967295, message);
    struct json object, code;
    CHECK(length <= REPLY_MAX && json_check(text, length, &object) && json_member(object, "code", &code));
    CHECK(json_text_is(code, "BAD_REQUEST"));
    free(text);
  }
}

int main(void) {
  TEST("a HELLO is known by its magic", magic);
  TEST("a HELLO has all its members", hellos);
  TEST("a secret has 1 to 128 hexadecimal digits", secrets);
  TEST("an EXEC is read, or what is wrong with it is told", execs);
  TEST("an EXEC may ask for a terminal of 1 to 1000 columns and rows", terminals);
  TEST("a RESIZE has exactly 4 bytes, and the same bounds", sizes);
  TEST("a CLOCK may ask for a time", clocks);
  TEST("a FILE is read, or what is wrong with it is told", files);
  TEST("a COMMIT has a size and a digest", commits);
  TEST("a CONNECT has a port", connects);
  TEST("a TYPE has a text", types);
  TEST("an ERROR is JSON whatever its message", errors);
  return 0;
}
