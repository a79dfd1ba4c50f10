#include "thread.h"

#define STACK_BYTES (256 * 1024)

HANDLE thread_start(LPTHREAD_START_ROUTINE run, void *argument) {
  return CreateThread(NULL, STACK_BYTES, run, argument, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
}
