// The least that a test needs: a name that is a sentence, and checks that end the program.
#ifndef OSRUN_CHECK_H
#define OSRUN_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                          \
  do {                                                                            \
    if (!(condition)) {                                                           \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);     \
      exit(1);                                                                    \
    }                                                                             \
  } while (0)

#define TEST(sentence, function)     \
  do {                               \
    function();                      \
    printf("ok  %s\n", sentence);    \
  } while (0)

// A copy on the heap, of exactly its size, so that the sanitizer sees a read past its end.
static inline char *exact_copy(const void *bytes, size_t length) {
  char *copy = malloc(length ? length : 1);
  if (!copy) abort();
  if (length) memcpy(copy, bytes, length);
  return copy;
}

#endif
