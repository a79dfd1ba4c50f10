// Numbers that are the same in each run: a failure is found again. How many rounds, and the first number, may be given.
#ifndef OSRUN_RANDOM_H
#define OSRUN_RANDOM_H

#include <stdint.h>
#include <stdlib.h>

static inline uint32_t random_next(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 33);
}

static inline uint32_t random_below(uint64_t *state, size_t bound) {
  return random_next(state) % (uint32_t)bound;
}

static inline unsigned long random_setting(const char *name, unsigned long otherwise) {
  const char *text = getenv(name);
  return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

#endif
