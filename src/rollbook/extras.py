"""What is installed only where it is wanted: the extras of the package."""

from __future__ import annotations

import sys


def how_to_add(extra: str) -> str:
    """Return the command that adds an extra to the Python that runs this.

    pip finds Rollbook installed there, asks nobody for it, and fetches only what the extra lacks.
    """
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    return f'{python} -m pip install "rollbook[{extra}]"'
