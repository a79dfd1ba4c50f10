// Under Wine, the desktop that commands inherit.
#ifndef OSRUN_DESKTOP_H
#define OSRUN_DESKTOP_H

#include <stdbool.h>
#include <windows.h>

// A process has a desktop once it has user32, and hands it on to what it starts. In Wine a command that has to find the
// desktop by itself connects to the display for it, which takes longer than all the rest of its start. A process that
// has connected is large, though, and Wine forks it for each command. So there this process joins the desktop, and has
// another one, which inherits the desktop and stays small, be the agent.
// False if this process is to be the agent. True if another one was, with what it ended with in `code`.
bool desktop_delegate(DWORD *code);

#endif
