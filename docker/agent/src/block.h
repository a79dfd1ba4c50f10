// Large buffers, which stay out of the heap: a heap that is full with them is grown, and shrunk again, by each
// CreateProcess, and under Wine that costs more than all else that the agent does to start a command.
#ifndef OSRUN_BLOCK_H
#define OSRUN_BLOCK_H

#include <stddef.h>

// Zeros; NULL if memory is short.
void *block_take(size_t size);
// NULL is fine.
void block_free(void *block);

#endif
