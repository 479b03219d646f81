#!/bin/sh
# The same as `make run`, where make is not installed.
set -e
cd "$(dirname "$0")"
exec "${PYTHON:-python3}" scripts/project.py "${@:-run}"
