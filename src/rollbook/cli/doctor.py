"""`rollbook doctor`: what is there, what that means, and how to mend what is not right."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version

import typer

from rollbook.cli import common, doctor_trust
from rollbook.cli.findings import Check, Finding
from rollbook.errors import RollbookError
from rollbook.extras import how_to_add
from rollbook.settings import Settings, load_settings

LOW_SPACE = 500 * 2**20  # bytes
CAMERA_TIMEOUT = 15  # seconds
EXTRAS = {
    "dlib": ("dlib", "dlib-bin"),
    "demo": ("skimage", "scikit-image"),
    "postgres": ("psycopg", "psycopg"),
    "keyring": ("keyring", "keyring"),
    "many": ("celery", "celery"),
}
"""Extra -> a module that it brings, and the package that has it."""


def doctor(as_json: common.JsonOption = False) -> None:
    """Say what is installed, whether it is in order, and how to mend what is not."""
    settings = load_settings(common.chosen_home())
    found = {part: list(examine(settings, checks)) for part, checks in PARTS.items()}
    findings = [one for some in found.values() for one in some]
    if as_json:
        common.print_json([{"part": p, **asdict(one)} for p, some in found.items() for one in some])
    else:
        for part, some in found.items():
            _print_part(part, some)
        common.say(_summary(findings))
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(1)


def _print_part(part: str, findings: list[Finding]) -> None:
    if findings:
        common.say(part)
    for finding in findings:
        mark = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}[finding.state]
        common.say(f"  {mark}  {finding.what}: {finding.found}")
        if finding.mend:
            common.say(f"         {finding.mend}")


def _summary(findings: list[Finding]) -> str:
    wrong = sum(one.state == "wrong" for one in findings)
    notes = sum(one.state == "note" for one in findings)
    first = "Nothing is wrong" if not wrong else f"{wrong} WRONG: mend that first"
    return f"{first}; {notes} to know about or to decide on (note)."


def examine(settings: Settings, checks: Sequence[Check]) -> Iterator[Finding]:
    """Yield what these checks find. Nothing is changed."""
    for check in checks:
        yield from check(settings)


def _program(settings: Settings) -> Iterator[Finding]:
    found = f"{version('rollbook')} on Python {platform.python_version()}, {platform.system()}, "
    yield Finding("rollbook", "ok", f"{found}{os.cpu_count()} cores")


def _home(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    if not home.is_dir():
        yield Finding("home", "wrong", f"{home} is not there", "Run: rollbook init")
        return
    free = shutil.disk_usage(home).free
    if not os.access(home, os.W_OK):
        mend = "Make it writable for you, or choose another with --home."
        yield Finding("home", "wrong", f"{home} cannot be written", mend)
    elif free < LOW_SPACE:
        mend = "Free some space: marks are refused when the disk is full."
        yield Finding("home", "wrong", f"{home}, {free // 2**20} MiB free", mend)
    else:
        yield Finding("home", "ok", f"{home}, {free // 2**30} GiB free")


def _database(settings: Settings) -> Iterator[Finding]:
    if not settings.home.is_dir():
        return
    from rollbook.bootstrap import build

    kind = settings.resolved_database_url.split(":", 1)[0]
    try:
        app = build(settings)
        with app.uow() as uow:
            people, entries = len(uow.references.counts()), uow.register.count()
    except RollbookError as error:
        yield Finding("database", "wrong", str(error), "Nothing was changed.")
        return
    found = f"{kind}, {people} people with samples, {entries} entries in the register"
    yield Finding("database", "ok", found)


def _models(settings: Settings) -> Iterator[Finding]:
    from rollbook.vision.models import MODEL_FILES, PREPARATION, locate

    for model in MODEL_FILES:
        try:
            locate(model)
        except RollbookError as error:
            yield Finding(f"network {model.name}", "wrong", str(error))
            continue
        cached = settings.models_dir / f"{model.name}-{model.version}-{PREPARATION}.onnx"
        state = "prepared" if cached.is_file() else "prepared at the first use"
        found = f"SHA-256 {model.sha256[:16]}… holds, {model.licence}, {state}"
        yield Finding(f"network {model.name}", "ok", found)


def _calibration(settings: Settings) -> Iterator[Finding]:
    from rollbook.bootstrap import build_calibrations, build_engine

    try:
        space = build_engine(settings).space
    except RollbookError as error:
        mend = "Correct ROLLBOOK_DETECTOR, ROLLBOOK_EMBEDDER or ROLLBOOK_USER_MODEL, or unset them."
        yield Finding("recognition", "wrong", str(error), mend)
        return
    try:
        calibrations = build_calibrations(settings, space)
    except RollbookError as error:
        yield Finding("calibration", "wrong", str(error), "Run: rollbook evaluate calibrate")
        return
    if not calibrations:
        found = f"the embedder {settings.embedder} has none, so it names nobody"
        yield Finding("calibration", "wrong", found, "Run: rollbook evaluate calibrate")
    for kind, calibration in calibrations.items():
        thresholds = ", ".join(
            f"{calibration.operating_point(settings.target_fpir, size).threshold:.3f} for {size}"
            for size in (30, 300, 3000)
        )
        found = f"target FPIR {settings.target_fpir:g}: threshold {thresholds} people"
        yield Finding(f"calibration {kind.value}", "ok", found)


def _templates(settings: Settings) -> Iterator[Finding]:
    """Look whether everybody's samples can be read by the embedder in use."""
    from rollbook.bootstrap import build, build_engine

    try:
        space = build_engine(settings).space
        with build(settings).uow() as uow:
            spaces = uow.references.spaces()
    except RollbookError:
        return  # said above
    others = sum(count for found, count in spaces.items() if found != space)
    if others:
        found = f"{others} of {sum(spaces.values())} are of another embedder than {space}"
        yield Finding("samples", "wrong", found, "Nobody is found by them. Run: rollbook encode")
    elif spaces:
        yield Finding("samples", "ok", f"{sum(spaces.values())}, all of {space}")


def _attacks(settings: Settings) -> Iterator[Finding]:
    yield Finding(
        "presentation attacks",
        "note",
        "photographs and screens held to the camera are not detected yet",
        "Somebody has to see who stands at the camera.",
    )


def _extras(settings: Settings) -> Iterator[Finding]:
    for extra, (module, package) in EXTRAS.items():
        if importlib.util.find_spec(module):
            yield Finding(f"extra [{extra}]", "ok", f"{package} {version(package)}")
        else:
            found = f"{package} is not installed; if wanted: {how_to_add(extra)}"
            yield Finding(f"extra [{extra}]", "ok", found)


def _camera(settings: Settings) -> Iterator[Finding]:
    """Open camera 0 in a process of its own: opening can hang for ever."""
    probe = (
        "import cv2; cv2.setLogLevel(0); c = cv2.VideoCapture(0); ok, f = c.read();"
        "print(f'{f.shape[1]}x{f.shape[0]}' if ok else '')"
    )
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            [sys.executable, "-c", probe],
            capture_output=True,
            text=True,
            timeout=CAMERA_TIMEOUT,
            check=False,
        )
        found = done.stdout.strip()
    except subprocess.TimeoutExpired:
        found = ""
    if found:
        yield Finding("camera 0", "ok", found)
    else:
        mend = "Plug one in, close the program that uses it, or watch an rtsp:// or http:// stream."
        yield Finding("camera 0", "note", "gives no picture", mend)


def _programs(settings: Settings) -> Iterator[Finding]:
    uses = {
        "Chromium": (("chromium", "chromium-browser", "google-chrome"), "browser tests"),
        "ffmpeg": (("ffmpeg",), "stream tests"),
    }
    for name, (commands, use) in uses.items():
        path = next((found for found in map(shutil.which, commands) if found), None)
        if path:
            yield Finding(name, "ok", path)
        else:
            yield Finding(name, "ok", f"not found; only the {use} need it")


def _servers(settings: Settings) -> Iterator[Finding]:
    for name, port, use in (
        ("PostgreSQL", 5432, "an installation with many machines"),
        ("Redis", 6379, "jobs on many machines"),
    ):
        if _answers(port):
            yield Finding(name, "ok", f"answers on 127.0.0.1:{port}; not needed on one machine")
        else:
            yield Finding(name, "ok", f"not on 127.0.0.1:{port}; needed only for {use}")


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


# what a person who looks for something looks under, the most important first
PARTS: Mapping[str, Sequence[Check]] = {
    "This installation": (_program, _home, _database),
    "Keys: who can read the data": (doctor_trust.keys,),
    "Backups": (doctor_trust.backups,),
    "Register: proof that nothing was changed": (doctor_trust.register,),
    "How long data are kept": (doctor_trust.retention,),
    "Recognition": (_models, _calibration, _templates, _attacks, _camera),
    "Optional: nothing here is needed on one machine": (_extras, _programs, _servers),
}


def commands(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("doctor")(doctor)
