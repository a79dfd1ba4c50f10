#include "block.h"

#include <windows.h>

void *block_take(size_t size) {
  return VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void block_free(void *block) {
  if (block) VirtualFree(block, 0, MEM_RELEASE);
}
