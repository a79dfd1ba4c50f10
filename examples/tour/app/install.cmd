@echo off
(echo port=80)> C:\app\app.ini
reg add HKCU\Software\App /v Version /d 1.2.3 /f >nul
