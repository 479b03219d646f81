"""No key, token or password of anybody lies in the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PATTERNS = {
    "private key": rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}",
    "AWS key": rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": rb"\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_\w{60,}",
    "GitLab token": rb"\bglpat-[\w-]{20}\b",
    "Slack token": rb"\bxox[abprs]-[\w-]{20,}",
    "PyPI token": rb"\bpypi-AgEIcHlwaS5vcmc[\w-]{50,}",
    "Google key": rb"\bAIza[\w-]{35}\b",
    "Fernet token": rb"\bgAAAAA[\w-]{60,}={0,2}",
    "JSON web token": rb"\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}",
    "password in an address": rb"\b[a-z]+://[^/\s:@\"'{}<]+:(?!s?[e3]?cret|pass|horse)[^/\s:@\"'{}<?]{8,}@",
    "argon2 hash": rb"\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[\w+/]{22}\$[\w+/]{43}",
}
FINDER = re.compile(
    b"|".join(b"(?P<p%d>%s)" % (place, text) for place, text in enumerate(PATTERNS.values()))
)
NEVER = {".key", ".pem", ".p12", ".pfx", ".db", ".sqlite", ".env"}


def tracked() -> list[Path]:
    if not (PROJECT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a checkout")
    words = ["git", "ls-files", "-z"]
    listed = subprocess.run(words, cwd=PROJECT, capture_output=True, check=True).stdout
    return [PROJECT / name.decode() for name in listed.split(b"\0") if name]


def found_in(data: bytes) -> list[str]:
    names = list(PATTERNS)
    return [names[int((match.lastgroup or "p0")[1:])] for match in FINDER.finditer(data)]


def test_no_secret_is_in_the_repository() -> None:
    files = [file for file in tracked() if file.is_file() and file != Path(__file__)]
    wrong = {str(file.relative_to(PROJECT)): found_in(file.read_bytes()) for file in files}
    assert {name: kinds for name, kinds in wrong.items() if kinds} == {}
    assert [file.name for file in files if file.suffix in NEVER] == []
    assert len(files) > 300


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"AKIA" + b"ABCDEFGHIJKLMNOP", "AWS key"),
        (b"ghp_" + b"a" * 36, "GitHub token"),
        (b"-----BEGIN PRIVATE KEY-----\n" + b"M" * 60, "private key"),
        (b"gAAAAA" + b"x" * 80, "Fernet token"),
        (b"postgresql://me:longenough1@db", "password in an address"),
    ],
)
def test_the_search_finds_what_it_is_there_for(text: bytes, kind: str) -> None:
    assert found_in(b"x = '" + text + b"'") == [kind]
