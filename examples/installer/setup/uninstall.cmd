@echo off
reg delete HKCU\Software\Classes\.note /f >nul
reg delete HKCU\Software\Classes\Notes.File /f >nul
reg delete HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Notes /f >nul
del "%~dp0notes.cmd"
rem The last line, for cmd reads its script while it runs.
(del "%~f0" & rmdir "%~dp0" 2>nul & exit /b 0)
