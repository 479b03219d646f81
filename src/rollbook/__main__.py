"""The `rollbook` command; `python -m rollbook` is the same."""

from __future__ import annotations

import sys

from rollbook.hardening import harden


def main() -> None:
    """Run the command line; Ctrl-C ends it with a sentence from its first moment on."""
    harden()
    try:
        from rollbook.cli.main import main as run  # takes long enough to be interrupted

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What was reported as done is kept.\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
