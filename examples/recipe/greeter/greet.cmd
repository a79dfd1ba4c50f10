@echo off
for /f "tokens=2,*" %%a in ('reg query HKCU\Software\Greeter /v Greeting') do if "%%a"=="REG_SZ" echo %%b, %1
