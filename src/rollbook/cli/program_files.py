"""The installed program: which version it is, another one by pip, and the old one back."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

from rollbook.errors import ConfigurationError, InvalidInput
from rollbook.settings import secret_environment

NAME = "rollbook"
WHEEL = re.compile(r"rollbook-(\d+(?:\.\d+)*[a-z0-9.+]*)-\S+\.whl")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input")


def refuse_checkout(installed: Distribution) -> None:
    """Raises ConfigurationError when the program is a checkout, which git brings up to date."""
    told = installed.read_text("direct_url.json")
    if told and json.loads(told).get("dir_info", {}).get("editable"):
        raise ConfigurationError(
            "This Rollbook runs from a checkout. Bring it up to date with git pull, then make run."
        )


def refuse_without_pip() -> None:
    """Raises ConfigurationError when pip is not there."""
    done = subprocess.run(  # noqa: S603 - this interpreter and fixed arguments
        [*PIP, "--version"], capture_output=True, check=False
    )
    if done.returncode:
        raise ConfigurationError(
            "The program pip is not installed beside Rollbook, and only it can upgrade. Install "
            "it: python -m ensurepip"
        )


def version_of_wheel(wheel: Path) -> str:
    """Return the version that a wheel file holds.

    Raises:
        InvalidInput: it is not a wheel of Rollbook.
    """
    found = WHEEL.fullmatch(wheel.name)
    if found is None or not wheel.is_file():
        raise InvalidInput(
            f"{wheel} is no wheel of Rollbook. Give a file like rollbook-0.2.0-py3-none-any.whl, "
            "or --index to ask the package index."
        )
    return found.group(1)


def is_newer(version: str, than: str) -> bool:
    """Return whether a version comes after another one, by its numbers.

    >>> is_newer("0.10.0", "0.9.1"), is_newer("0.2", "0.2.0")
    (True, False)
    """
    return _numbers(version) > _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in re.match(r"[\d.]*", version).group().split(".") if part]  # type: ignore[union-attr]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def keep_program(folder: Path) -> None:
    """Copy the installed files of the program into a folder, so that they can be put back."""
    installed = distribution(NAME)
    root = Path(str(installed.locate_file("")))
    for file in installed.files or ():
        source = root / file
        if ".." in file.parts or not source.is_file():
            continue  # the command in bin/ is the same for every version
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def put_program_back(folder: Path) -> None:
    """Put the files of `keep_program` in the place of what is installed now."""
    root = Path(str(distribution_root()))
    for old in root.glob(f"{NAME}-*.dist-info"):
        shutil.rmtree(old)
    shutil.rmtree(root / NAME, ignore_errors=True)
    shutil.copytree(folder, root, dirs_exist_ok=True)


def distribution_root() -> Path:
    """Return the folder in which the program is installed."""
    return Path(__file__).resolve().parents[2]


def install(source: str, options: list[str]) -> str | None:
    """Let pip install; return what it said when it failed."""
    words = [*PIP, "install", "--upgrade", *options, source]
    done = subprocess.run(  # noqa: S603 - pip, with a file that the administrator named, no shell
        words, capture_output=True, text=True, check=False
    )
    return None if done.returncode == 0 else (done.stderr.strip() or done.stdout.strip())[-2000:]


def run_new(home: Path, *words: str) -> tuple[bool, str]:
    """Run a command of the program that is installed now; return whether it went well, and how."""
    command = [sys.executable, "-P", "-m", NAME, "--home", str(home), *words]
    environment = {**os.environ, **secret_environment()}  # it has to open the database
    done = subprocess.run(  # noqa: S603 - this interpreter and fixed words, no shell
        command, capture_output=True, text=True, check=False, env=environment
    )
    return done.returncode == 0, (done.stdout + done.stderr).strip()
