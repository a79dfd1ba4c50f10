// The same for libFuzzer, which wants clang: make fuzz. The first byte tells how the rest is split.
#include "fuzz.h"

#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  if (length == 0) return 0;
  fuzz_payload(bytes + 1, length - 1);
  CHECK(fuzz_connection(bytes + 1, length - 1, bytes, 1) == fuzz_connection(bytes + 1, length - 1, NULL, 0));
  return 0;
}
