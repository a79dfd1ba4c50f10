@node "%~dp0column.js" %*
