"""A kiosk's server as a process of its own, with the real networks, before which somebody stands.

Started with the home, the kiosk's key and a picture. It says "known" once the person is recognised
and "unknown" with the time of the answer as soon as they are not any more.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from rollbook.bootstrap import build
from rollbook.domain.kiosk_answers import Notice
from rollbook.settings import Settings

LONGEST = 60.0  # seconds
NAMED = {Notice.MARKED, Notice.ALREADY, Notice.LATE, Notice.SEEN}


def main() -> None:
    parts = build(Settings(home=Path(sys.argv[1])))
    device = parts.devices.of_key(sys.argv[2])
    assert device is not None
    picture = Path(sys.argv[3]).read_bytes()
    known, until = False, time.monotonic() + LONGEST
    while time.monotonic() < until:
        answer = parts.kiosk_desk.see(device, picture)
        named = any(face.said.notice in NAMED for face in answer.faces)
        if named and not known:
            known = True
            print("known", flush=True)
        if known and not named:
            print(f"unknown {time.time()}", flush=True)
            break
        time.sleep(answer.next_ms / 1000)
    parts.engines.close()
    parts.database.close()


main()
