@echo off
rem The same as "make run": Windows has no make.
cd /d "%~dp0"
set VERB=%*
if "%VERB%"=="" set VERB=run
where py >nul 2>nul
if %errorlevel%==0 (py -3 scripts\project.py %VERB%) else (python scripts\project.py %VERB%)
