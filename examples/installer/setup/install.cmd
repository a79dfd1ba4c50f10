@echo off
rem Installs Notes for the user who runs it: install.cmd [<folder>]
setlocal
set "folder=%~1"
if not defined folder set "folder=%LOCALAPPDATA%\Notes"
set "uninstall=HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Notes"

mkdir "%folder%" 2>nul
copy /y "%~dp0notes.cmd" "%folder%\notes.cmd" >nul || exit /b 1
copy /y "%~dp0uninstall.cmd" "%folder%\uninstall.cmd" >nul || exit /b 1

reg add HKCU\Software\Classes\.note /ve /d Notes.File /f >nul || exit /b 2
reg add HKCU\Software\Classes\Notes.File\shell\open\command /ve /d "\"%folder%\notes.cmd\" \"%%1\"" /f >nul || exit /b 2
reg add "%uninstall%" /v DisplayName /d Notes /f >nul || exit /b 2
reg add "%uninstall%" /v DisplayVersion /d 1.2.3 /f >nul || exit /b 2
reg add "%uninstall%" /v EstimatedSize /t REG_DWORD /d 4 /f >nul || exit /b 2
reg add "%uninstall%" /v UninstallString /d "\"%folder%\uninstall.cmd\"" /f >nul || exit /b 2
