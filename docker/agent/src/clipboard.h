// The clipboard's text, for a host that shares it with a person at a browser:
//
//   osrun-agent --clipboard          writes the text to standard output, as UTF-8; nothing where there is no text
//   osrun-agent --set-clipboard      takes it from standard input
#ifndef OSRUN_CLIPBOARD_H
#define OSRUN_CLIPBOARD_H

#define CLIPBOARD_OPTION L"--clipboard"
#define SET_CLIPBOARD_OPTION L"--set-clipboard"

// Both return the exit code: 0, or 1 where the clipboard is kept by another program, or the text is too long.
int clipboard_print(void);
int clipboard_set(void);

#endif
