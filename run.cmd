@echo off
rem The same as "make run": Windows has no make.
cd /d "%~dp0"
set VERB=%*
if "%VERB%"=="" set VERB=run
where py >nul 2>nul
if %errorlevel%==0 (py -3 scripts\project.py %VERB%) else (python scripts\project.py %VERB%)
rem Started by a double click the window would close before what went wrong can be read.
if errorlevel 1 if "%~1"=="" pause
