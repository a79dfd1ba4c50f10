#ifndef OSRUN_LISTENER_H
#define OSRUN_LISTENER_H

#include <winsock2.h>

// Accepts connections for ever. Returns only if the port could never be had.
void listener_run(const struct in_addr *address, unsigned short port);

#endif
