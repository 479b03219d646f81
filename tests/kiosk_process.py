"""A kiosk's server as a process of its own; started by a test with the home and the kiosk's key.

It looks at two pictures, says "ready", and looks at the one that settles who stands there when it
is told to go.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from kiosk_bench import colour_engine, jpeg
from rollbook.bootstrap import build
from rollbook.settings import Settings
from rollbook.testing import RED, START, FixedClock


def main() -> None:
    parts = build(Settings(home=Path(sys.argv[1])), engine=colour_engine())
    clock = FixedClock(START)
    parts.clock = clock  # type: ignore[assignment]
    device = parts.devices.of_key(sys.argv[2])
    assert device is not None
    for _ in range(2):
        parts.kiosk_desk.see(device, jpeg(RED))
        clock.advance(0.125)
    print("ready", flush=True)
    go_at = float(sys.stdin.readline())
    time.sleep(max(0.0, go_at - time.time()))  # both begin at the same moment
    answer = parts.kiosk_desk.see(device, jpeg(RED))
    print(answer.faces[0].said.notice.value, flush=True)
    parts.engines.close()
    parts.database.close()


main()
