@echo off
rem Puts Windows on this machine's disk, and powers the machine off, whatever happens. See docs/windows-install.md.
rem Nothing waits for a person. WinPE has no PowerShell and no findstr; a pipe to a program that is missing ends a batch
rem without a word, so there is none.
setlocal EnableExtensions DisableDelayedExpansion
set "log=%~dp0pe.log"
if not defined target set "target=W:"
if not defined system set "system=S:"
if not defined drives set "drives=C: D: E: F: G: H: I: J: K: L: M: N: O: P: Q: R: T: U: V: Y: Z:"
if not defined patience set "patience=60"
if not defined port set "port=COM1"
>"%port%" echo osrun: pe start begin || set "port=NUL"
set "step=start"
set "result=1"

if exist "%SystemRoot%\System32\wpeinit.exe" (
  wpeinit >>"%log%" 2>&1 || call :note wpeinit
)
call :done

rem Somebody's own computer is not to lose its disk by starting from this medium.
call :begin machine
set "maker="
for /f "tokens=2,*" %%a in ('reg query HKLM\HARDWARE\DESCRIPTION\System\BIOS /v SystemManufacturer') do set "maker=%%b"
if not "%maker%"=="QEMU" (
  set "why=expected a machine of QEMU, this one is made by %maker%: its disk was not touched"
  goto fail
)
call :done

call :begin medium
set "boot="
set "image="
for /l %%n in (1,1,%patience%) do call :look
if not defined boot (
  set "why=no drive has \osrun\settings.cmd"
  goto fail
)
if not defined image (
  set "why=no drive has \sources\install.wim, .esd or .swm"
  goto fail
)
call "%boot%\osrun\settings.cmd"
if not defined index (
  set "why=settings.cmd on %boot% names no index"
  goto fail
)
call :done

call :begin load
if exist "%boot%\osrun\drivers" (
  for /r "%boot%\osrun\drivers" %%f in (*.inf) do drvload "%%f" >>"%log%" 2>&1 || call :note "drvload %%~nxf"
  call :done
) else (
  call :skip "no drivers on the medium"
)

call :begin firmware
wpeutil UpdateBootInfo >>"%log%" 2>&1 || call :note "wpeutil UpdateBootInfo"
set "firmware=bios"
for /f "tokens=3" %%v in ('reg query HKLM\System\CurrentControlSet\Control /v PEFirmwareType') do if "%%v"=="0x2" set "firmware=uefi"
call :done

call :begin disk
>"%~dp0list.txt" echo list disk
diskpart /s "%~dp0list.txt" >"%~dp0disks.txt" 2>&1
call :ended "diskpart: list disk" || goto fail
set "disks=0"
for /f "usebackq tokens=2" %%n in ("%~dp0disks.txt") do call :count "%%n"
if not "%disks%"=="1" (
  set "why=expected one disk, there are %disks%"
  goto fail
)
>"%~dp0disk.txt" echo select disk %disk%
>>"%~dp0disk.txt" type "%boot%\osrun\disk-%firmware%.txt"
diskpart /s "%~dp0disk.txt" >>"%log%" 2>&1
call :ended "diskpart: disk-%firmware%.txt" || goto fail
if not exist "%target%\" (
  set "why=diskpart has left no drive %target%"
  goto fail
)
if not exist "%target%\osrun" mkdir "%target%\osrun"
call :done

rem Its progress bar goes to the port, where the host reads percentages out of it.
call :begin apply
set "parts="
if /i "%image:~-4%"==".swm" set "parts=/SWMFile:%image:~0,-4%*.swm"
dism /Apply-Image /ImageFile:%image% %parts% /Index:%index% /ApplyDir:%target%\ %compact% /LogPath:%target%\osrun\dism.log /LogLevel:2 >"%port%" 2>&1
call :ended "dism /Apply-Image" || goto fail
if not exist "%target%\Windows\System32\ntoskrnl.exe" (
  set "why=dism has left no Windows in %target%"
  goto fail
)
call :done

call :begin boot
set "loader=%target%"
if "%firmware%"=="uefi" set "loader=%system%"
set "kind=BIOS"
if "%firmware%"=="uefi" set "kind=UEFI"
bcdboot %target%\Windows /s %loader% /f %kind% >>"%log%" 2>&1
call :ended bcdboot || goto fail
call :done

call :begin registry
reg load HKLM\osrun-system %target%\Windows\System32\config\SYSTEM >>"%log%" 2>&1
call :ended "reg load SYSTEM" || goto fail
reg load HKLM\osrun-software %target%\Windows\System32\config\SOFTWARE >>"%log%" 2>&1
call :ended "reg load SOFTWARE" || goto fail
reg load HKLM\osrun-user %target%\Users\Default\NTUSER.DAT >>"%log%" 2>&1
call :ended "reg load NTUSER.DAT" || goto fail
set "bad="
set "imported=0"
for /r "%boot%\osrun\registry" %%f in (*.reg) do call :import "%%f"
if "%imported%"=="0" set "bad=nothing: the medium has no .reg files"
if defined bad (
  set "why=reg import refused %bad%"
  goto fail
)
for %%h in (system software user) do call :unload %%h
if defined bad (
  set "why=reg unload refused %bad%"
  goto fail
)
call :done

call :begin drivers
if not exist "%boot%\osrun\drivers" (
  call :skip "no drivers on the medium"
  goto files
)
if not exist "%target%\osrun\scratch" mkdir "%target%\osrun\scratch"
dism /Image:%target%\ /Add-Driver /Driver:%boot%\osrun\drivers /Recurse /ScratchDir:%target%\osrun\scratch /LogPath:%target%\osrun\dism.log /LogLevel:2 >>"%log%" 2>&1
call :ended "dism /Add-Driver" || goto fail
rmdir /s /q "%target%\osrun\scratch"
call :done

rem By type, since copy keeps the read-only attribute that everything on a CD has; the agent is no text.
:files
call :begin files
set "bad="
for /r "%boot%\osrun\init" %%f in (*.*) do call :put "%%f" "%target%\osrun"
for %%f in (boot-0.ps1 boot-1.ps1 osrun-agent.exe) do if not exist "%target%\osrun\%%f" set "bad=%%f"
if exist "%boot%\osrun\own" (
  if not exist "%target%\osrun\own" mkdir "%target%\osrun\own"
  for /r "%boot%\osrun\own" %%f in (*.*) do call :put "%%f" "%target%\osrun\own"
)
if not exist "%target%\Windows\Panther" mkdir "%target%\Windows\Panther"
>"%target%\Windows\Panther\unattend.xml" type "%boot%\osrun\unattend.xml" || set "bad=unattend.xml"
if defined bad (
  set "why=could not copy %bad%"
  goto fail
)
if "%profile%"=="slim" if exist "%target%\Windows\System32\Recovery\winre.wim" del /f /a "%target%\Windows\System32\Recovery\winre.wim"
call :done

call :begin finish
>"%target%\osrun\pe.done" echo %key% || set "bad=pe.done"
if defined bad (
  set "why=could not write %bad%"
  goto fail
)
call :done
set "result=0"
goto off

rem The marker and the log stay on the disk where there is one, and go to the port in any case.
:fail
call :say %step% "failed %why%"
for %%h in (system software user) do reg unload HKLM\osrun-%%h >nul 2>&1 || rem It was not loaded.
if exist "%target%\osrun" >"%target%\osrun\failed.txt" echo pe %step% %why%
if not "%port%"=="NUL" >"%port%" type "%log%"

:off
if exist "%target%\osrun" copy /y "%log%" "%target%\osrun\pe.log" >nul
wpeutil shutdown >>"%log%" 2>&1 || call :note "wpeutil shutdown"
rem WinPE restarts the machine when this batch ends.
for /l %%n in (1,1,%patience%) do ping -n 2 127.0.0.1 >nul || rem There may be no network.
exit /b %result%

:begin
set "step=%~1"
set "why="
call :say %step% begin
exit /b 0

:done
call :say %step% done
exit /b 0

:skip
call :say %step% "skipped %~1"
exit /b 0

:say
>>"%log%" echo %TIME% %~1 %~2
>"%port%" echo osrun: pe %~1 %~2
exit /b 0

:note
>>"%log%" echo %~1 ended with exit code %errorlevel%
exit /b 0

:ended
if "%errorlevel%"=="0" exit /b 0
set "why=%~1 ended with exit code %errorlevel%"
exit /b 1

:look
if defined boot if defined image exit /b 0
for %%d in (%drives%) do call :lookat %%d
if defined boot if defined image exit /b 0
ping -n 2 127.0.0.1 >nul || rem There may be no network.
exit /b 0

:lookat
if not defined boot if exist "%~1\osrun\settings.cmd" set "boot=%~1"
if defined image exit /b 0
for %%e in (wim esd swm) do if exist "%~1\sources\install.%%e" set "image=%~1\sources\install.%%e"
exit /b 0

:count
set "rest="
for /f "delims=0123456789" %%r in ("%~1") do set "rest=%%r"
if defined rest exit /b 0
set "disk=%~1"
set /a disks+=1 >nul
exit /b 0

:import
reg import "%~1" >>"%log%" 2>&1 || set "bad=%~nx1"
set /a imported+=1 >nul
exit /b 0

:unload
reg unload HKLM\osrun-%~1 >>"%log%" 2>&1 && exit /b 0
ping -n 3 127.0.0.1 >nul || rem There may be no network.
reg unload HKLM\osrun-%~1 >>"%log%" 2>&1 || set "bad=%~1"
exit /b 0

:put
if /i "%~x1"==".exe" (
  copy /b /y "%~1" "%~2\" >>"%log%" || set "bad=%~nx1"
) else (
  >"%~2\%~nx1" type "%~1" || set "bad=%~nx1"
)
exit /b 0
