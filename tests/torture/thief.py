"""A thief has every file but the key: database, logs, temporary files, exports, backups.

What somebody exported in clear is readable, as they asked; everything else tells nothing: sealed
exports, data files of backups and their key bundles as well. What is printed is no part of this:
papers and a recovery sheet are made to be read, and the sheet is the key itself.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import LargeBinary, select

from builders import NOW, make_class
from rollbook.domain.attendance import Status
from rollbook.services.register import RegisterKeeper
from rollbook.storage.tables import ledger, metadata
from rollbook.testing import FixedClock
from torture.frame import Outcome, Plan, child_environment, open_home, program
from torture.scenarios import open_session
from torture.searching import (
    files_in,
    leaks,
    of_bytes,
    of_digits,
    of_instant,
    of_template,
    of_text,
)

PLAIN = "exports"  # what somebody exported in clear
NETWORKS = "models"  # public, the same everywhere, and fifty times as large as all else
CARRIED = {
    "backups": r"/disk/.*/rollbook-[^/]*\.rbk$",
    "key bundles": r"/disk/.*/keys-[^/]*\.rbk$",
    "sealed exports": "/sealed-exports/",
    "logs": r"\.log$",
}
LONGEST_DIGEST = 32  # bytes; all else in a binary column is a token
HEAD, BLOCK, MAC = 9, 16, 32  # bytes of a token: version and time, of the cipher, of the digest
TOKEN = b"gAAAAA"  # how a Fernet token begins, its time being zero
COMMANDS = (
    ("person", "list"),
    ("session", "list"),
    ("verify",),
    ("doctor",),
    ("person", "show", "Nobody Such"),
)


def run(plan: Plan) -> Outcome:
    """Fill a school, let it die, and search everything that it left."""
    from torture.planted import ARRIVAL, PIN

    outcome, place = Outcome(), plan.folder / "machine"
    (place / "tmp").mkdir(parents=True)
    home = place / "home"
    told = _fill(place, home, step=9 if plan.short else 1)
    secrets = {what: _needles(texts) for what, texts in told["secrets"].items()}
    secrets["PINs"] = of_digits(PIN)
    secrets["times"] |= of_instant(ARRIVAL.timestamp())
    secrets |= _binary(told)
    outcome.count("pages visited", told["pages"])
    outcome.count("planted values", sum(map(len, told["secrets"].values())))
    outcome.count("spellings searched for", sum(map(len, secrets.values())))
    _search(place, secrets, outcome)
    _commands(place, home, outcome)
    _search(place, secrets, outcome)
    _equal_values(home, outcome)
    _equal_lengths(home, outcome)
    return outcome


def _needles(texts: list[str]) -> set[bytes]:
    return {needle for text in texts for needle in of_text(text)}


def _binary(told: dict[str, Any]) -> dict[str, set[bytes]]:
    crops = [base64.b64decode(text) for text in told["crops"]]
    templates = [np.frombuffer(base64.b64decode(t), dtype="<f4") for t in told["templates"]]
    pieces = [crop[at : at + 48] for crop in crops for at in (len(crop) // 3, len(crop) // 2)]
    return {
        "pictures": {needle for piece in pieces for needle in of_bytes(piece)},
        "templates": {needle for values in templates for needle in of_template(values)},
    }


def _fill(place: Path, home: Path, step: int) -> dict[str, Any]:
    """Run the school in a process that dies; return what it planted."""
    from torture.frame import new_home

    new_home(home)
    words = [sys.executable, "-m", "torture.planted", str(home), str(step)]
    with (place / "stderr.log").open("wb") as complaints:
        died = subprocess.run(
            words,
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=_environment(place),
            preexec_fn=_with_crash_dumps if sys.platform != "win32" else None,
            timeout=300,
            check=False,
        )
    if died.returncode in (0, 1):  # it has to be killed by its own signal
        raise RuntimeError((place / "stderr.log").read_text(encoding="utf-8")[-2000:])
    told: dict[str, Any] = json.loads(died.stdout)
    return told


def _with_crash_dumps() -> None:
    """Let the system write down the memory of a process that dies."""
    import resource

    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def _environment(place: Path) -> dict[str, str]:
    own = {"TMPDIR": str(place / "tmp"), "HOME": str(place), "XDG_CACHE_HOME": str(place / "cache")}
    return dict(child_environment(**own))


def _commands(place: Path, home: Path, outcome: Outcome) -> None:
    """Run commands on what is left; what they write to files is searched as well."""
    for words in COMMANDS:
        done = subprocess.run(
            program(home, *words),
            cwd=place,
            capture_output=True,
            env=_environment(place),
            preexec_fn=_with_crash_dumps if sys.platform != "win32" else None,
            timeout=120,
            check=False,
        )
        outcome.expect(done.returncode in (0, 1, 2), f"{words}: {done.returncode}")
        outcome.count("commands run")


def _search(place: Path, secrets: dict[str, set[bytes]], outcome: Outcome) -> None:
    stolen = files_in(place, without={PLAIN, "keys", NETWORKS})
    outcome.count("files searched", len(stolen))
    for what, ending in CARRIED.items():
        found = [file for file in stolen if re.search(ending, file.as_posix())]
        outcome.count(f"{what} searched", len(found))
        outcome.expect(bool(found), f"the thief has no {what}")
    outcome.count("bytes searched", sum(file.stat().st_size for file in stolen))
    dumps = [file for file in stolen if file.name.startswith("core")]
    outcome.faults += [f"memory was written down: {file.name}" for file in dumps]
    outcome.faults += leaks([file for file in stolen if file not in dumps], secrets)
    seen = set(leaks(files_in(place / PLAIN), secrets))
    outcome.expect(
        any(one.startswith("names") for one in seen), "the search is blind: nothing in exports"
    )


def _equal_values(home: Path, outcome: Outcome) -> None:
    """Count values that look equal, whole or in parts, over every binary column that there is."""
    database = open_home(home)
    seen: Counter[bytes] = Counter()
    with database.engine.connect() as connection:
        for table in metadata.sorted_tables:
            for column in table.columns:
                if not isinstance(column.type, LargeBinary):
                    continue
                for (value,) in connection.execute(select(column).where(column.is_not(None))):
                    _one_value(f"{table.name}.{column.name}", bytes(value), seen, outcome)
    database.close()
    twice = sum(1 for number in seen.values() if number > 1)
    outcome.count("sealed values compared", len(seen))
    outcome.expect(not twice, f"{twice} sealed values look equal")
    blocks = Counter(block for token in seen for block in _blocks(token))
    again = sum(1 for number in blocks.values() if number > 1)
    outcome.count("blocks of sealed values compared", len(blocks))
    outcome.expect(not again, f"{again} blocks of sealed values look equal")


def _blocks(token: bytes) -> Iterator[bytes]:
    """Yield what the cipher made of a token: its start value, and each of its blocks."""
    sealed = base64.urlsafe_b64decode(token)[HEAD:-MAC]
    yield from (sealed[at : at + BLOCK] for at in range(0, len(sealed), BLOCK))


def _equal_lengths(home: Path, outcome: Outcome) -> None:
    """Set every status without a reason; the sealed marks have to be equally long."""
    database = open_home(home)
    keeper = RegisterKeeper(database.uow, FixedClock(NOW))
    group, people = make_class(database.uow, ["Edsger Dijkstra"], "lengths")
    held = open_session(keeper, group.group_id)
    for status in Status:
        keeper.mark_by_hand(held, people[0].subject_id, status, None, "teacher")
    with database.engine.connect() as connection:
        query = select(ledger.c.payload).where(ledger.c.session_id == held, ledger.c.kind == "mark")
        lengths = [len(payload) for payload in connection.execute(query).scalars()]
    database.close()
    outcome.count("marks of different statuses of one length", len(lengths))
    outcome.expect(len(set(lengths)) == 1, f"lengths tell the status: {lengths}")


def _one_value(place: str, value: bytes, seen: Counter[bytes], outcome: Outcome) -> None:
    if value.startswith(TOKEN):
        seen[value] += 1
    elif len(value) > LONGEST_DIGEST:
        outcome.faults.append(f"{place} holds what is neither token nor digest")
