"""Set up and run Rollbook from a checkout: the same steps on Linux, macOS and Windows.

    python scripts/project.py run      set everything up, then start the web application
    python scripts/project.py demo     set everything up, then the demonstration
    python scripts/project.py test     set everything up, then every test this machine can run
    python scripts/project.py torture  the long attacks: kills, faults, thieves, networks, and more
    python scripts/project.py audit    look up known weaknesses of what is installed
    python scripts/project.py sbom     write what Rollbook consists of to sbom.json (CycloneDX)
    python scripts/project.py lint     ruff and the import contracts
    python scripts/project.py types    mypy
    python scripts/project.py texts    bring the translations up to the source

Only the standard library is used here. Everything goes into `.venv` beside this folder; once that
is there, no network is needed any more.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
OLDEST = (3, 11)
MOST_WORKERS = 4  # each may have a browser and a server beside it
PROGRAMS = {"chromium": "browser tests", "ffmpeg": "stream tests", "pdftoppm": "PDF pictures"}
DEBIAN_PACKAGES = {"chromium": "chromium", "ffmpeg": "ffmpeg", "pdftoppm": "poppler-utils"}


def say(text: str) -> None:
    print(f"-- {text}", flush=True)


def call(*command: str | Path, check: bool = True) -> int:
    """Run a command in the project's folder; stop with its exit code when it fails."""
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=PROJECT, check=False)  # noqa: S603 - our own commands
    if check and done.returncode:
        sys.exit(done.returncode)
    return done.returncode


def stamp(extras: str) -> str:
    """Return a text that changes when the installation has to be made again."""
    content = (PROJECT / "pyproject.toml").read_bytes()
    return hashlib.sha256(content + extras.encode() + sys.version.encode()).hexdigest()


def install(extras: str, *, optional: str = "") -> None:
    """Make the virtual environment and install the package with these extras, once."""
    marker = VENV / f".installed-{extras.replace(',', '-')}"
    wanted = stamp(extras + optional)
    if PYTHON.exists() and marker.exists() and marker.read_text(encoding="utf-8") == wanted:
        return
    if not PYTHON.exists():
        say(f"making a virtual environment in {VENV}")
        venv.create(VENV, with_pip=True)
    say(f"installing Rollbook with [{extras}]; this needs the network, once")
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--editable"]
    both = f"{extras},{optional}" if optional else extras
    if call(*pip, f".[{both}]", check=not optional):
        say(f"the optional [{optional}] cannot be installed here; its tests are left out")
        call(*pip, f".[{extras}]")
    marker.write_text(wanted, encoding="utf-8")


def missing_programs() -> list[str]:
    found = {"chromium": shutil.which("chromium") or shutil.which("chromium-browser")}
    return [name for name in PROGRAMS if not (found.get(name) or shutil.which(name))]


def install_programs() -> None:
    """Install what the tests need beside Python, where this machine lets us; say what is not."""
    missing = missing_programs()
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if missing and root and shutil.which("apt-get"):
        packages = [DEBIAN_PACKAGES[name] for name in missing]
        say(f"installing {', '.join(packages)} for the tests")
        call("apt-get", "update", "-qq", check=False)
        call("apt-get", "install", "-y", "-qq", *packages, check=False)
    for name in missing_programs():
        say(f"{name} is not installed: the {PROGRAMS[name]} are left out")


def run(arguments: list[str]) -> None:
    """Set everything up, then start the web application; it runs until it is ended."""
    install("demo")
    sys.exit(attend([str(PYTHON), "-m", "rollbook", "up", *arguments]))


def attend(words: list[str]) -> int:
    """Run a server, hand on to it that it is to end, and return its exit code."""
    server = subprocess.Popen(words, cwd=PROJECT)  # noqa: S603 - our own command
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells both of Ctrl-C
    signal.signal(signal.SIGTERM, lambda number, frame: server.terminate())
    return server.wait()


def demo(arguments: list[str]) -> None:
    """Set everything up, then show the main job in the terminal."""
    install("demo")
    call(PYTHON, "-m", "rollbook", "demo", *arguments)


def test(arguments: list[str]) -> None:
    """Set everything up, then run the checks and every test."""
    install("test", optional="dlib")
    install_programs()
    lint([])
    types([])
    pytest = [PYTHON, "-m", "pytest", "--hypothesis-profile=thorough"]
    if arguments:
        call(*pytest, "-m", "slow or not slow", *side_by_side(), *arguments)
        return
    call(*pytest, "-m", "not alone", *side_by_side())
    call(*pytest, "-m", "alone")  # these look at the clock, and would see the others' work


def side_by_side() -> list[str]:
    """Return what lets pytest run the files of tests at the same time, two on two cores."""
    workers = min(MOST_WORKERS, os.cpu_count() or 1)
    return ["-n", str(workers), "--dist", "loadfile"] if workers > 1 else []


def torture(arguments: list[str]) -> None:
    """Set everything up, then run the long attacks, or some of them."""
    install("test,torture", optional="dlib")
    install_programs()
    os.environ["PYTHONPATH"] = str(PROJECT / "tests")
    call(PYTHON, "-m", "torture", *arguments)


def audit(arguments: list[str]) -> None:
    """Look up known weaknesses of the installed packages; says when nobody can be asked."""
    install("test,supply", optional="dlib")
    call(PYTHON, "scripts/supply.py", "audit", *arguments)


def sbom(arguments: list[str]) -> None:
    """Write the bill of materials of a plain installation."""
    install("test,supply", optional="dlib")
    call(PYTHON, "scripts/supply.py", "sbom", *arguments)


def lint(arguments: list[str]) -> None:
    """Check style, security rules and who imports whom."""
    install("test", optional="dlib")
    call(PYTHON, "-m", "ruff", "check", ".", *arguments)
    call(PYTHON, "-m", "ruff", "format", "--check", ".")
    call(BIN / "lint-imports")


def types(arguments: list[str]) -> None:
    """Check types, strictly in domain and services."""
    install("test", optional="dlib")
    call(PYTHON, "-m", "mypy", *arguments)


def texts(arguments: list[str]) -> None:
    """Bring the translations up to the source, and say what they lack."""
    install("test", optional="dlib")
    call(PYTHON, "scripts/texts.py", "update")
    call(PYTHON, "scripts/texts.py", "check")


def main() -> None:
    if sys.version_info < OLDEST:
        sys.exit(f"Rollbook needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version}")
    verbs = {
        "run": run,
        "demo": demo,
        "test": test,
        "torture": torture,
        "audit": audit,
        "sbom": sbom,
        "lint": lint,
        "types": types,
        "texts": texts,
    }
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verb", choices=verbs, help="what comes after it belongs to it")
    known = parser.parse_args(sys.argv[1:2])
    verbs[known.verb](sys.argv[2:])


if __name__ == "__main__":
    main()
