import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.model
def test_opening_an_engine_reports_nothing_to_anybody(tmp_path: Path) -> None:
    """Importing OpenVINO by itself would send its use to its maker and leave an id in the home."""
    script = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise AssertionError('network was used')\n"
        "socket.socket.connect = refuse; socket.getaddrinfo = refuse\n"
        "from pathlib import Path\n"
        "import rollbook\n"
        f"rollbook.open_engine(Path({str(tmp_path / 'models')!r}))\n"
        "assert sys.modules['openvino_telemetry'] is None\n"
        "print('quiet')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path), "PATH": ""},
        check=False,
    )
    assert done.stdout.strip() == "quiet", done.stderr
    assert not (tmp_path / "intel").exists()
