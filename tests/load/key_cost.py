"""What it costs a mark that keys can be exchanged: marks with and without the look, in turns.

    cd tests && python -m load.key_cost [DATABASE]

Prints the median time of a mark each way, and their ratio. The database has to be empty; by
default it is a file that is deleted afterwards.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from builders import NOW, make_class
from rollbook.domain.attendance import Method
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.storage.live_keys import LiveKeys
from rollbook.storage.vault import SqlVault
from rollbook.testing import FixedClock

PEOPLE = 1_500
HOLD, LOOK = SqlVault.hold, LiveKeys.look_now_and_then
Ways = dict[bool, list[float]]


def set_looking(on: bool) -> None:
    SqlVault.hold = HOLD if on else lambda vault: None  # type: ignore[method-assign]
    LiveKeys.look_now_and_then = LOOK if on else lambda keys, connection: None  # type: ignore[method-assign]


def measure(database: Database) -> Ways:
    """Return seconds of each mark, by whether keys were looked at."""
    group, people = make_class(database.uow, [f"Person {n}" for n in range(PEOPLE)])
    keeper = RegisterKeeper(database.uow, FixedClock(NOW))
    ends_at = NOW + timedelta(hours=1)
    session = keeper.open_session(group.group_id, NOW, ends_at, business_date=NOW.date())
    taken: Ways = {False: [], True: []}
    for number, person in enumerate(people):
        set_looking(number % 2 == 1)
        mark = lambda who=person.subject_id: keeper.sight(session.session_id, who, NOW, Method.FACE)  # noqa: E731
        taken[number % 2 == 1].append(_seconds(mark))
    return taken


def _seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/rollbook.db"
        database = Database.open(url, keys_dir=Path(folder) / "keys", create=True)
        taken = measure(database)
        database.close()
    without, looking = (statistics.median(taken[way]) * 1000 for way in (False, True))
    print(f"a mark without the look {without:.2f} ms, with it {looking:.2f} ms")
    print(f"marks a second: {without / looking:.3f} of what they would be")


main()
