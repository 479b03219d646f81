"""What Rollbook consists of, and whether weaknesses of it are known.

    python scripts/supply.py audit          ask the advisory service of PyPI about what is installed
    python scripts/supply.py sbom [FILE]    write a bill of materials (CycloneDX 1.6, JSON)

`audit` ends with 0 when nothing is known, 1 when something is, and 3 when nobody could be asked:
then nothing is said about weaknesses. Where the service cannot be reached, keep the bill of
materials and let a machine with a network look at it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
NOT_ASKED = 3


def main() -> int:
    verbs = {"audit": audit, "sbom": sbom}
    if len(sys.argv) < 2 or sys.argv[1] not in verbs:
        sys.exit(__doc__)
    return verbs[sys.argv[1]](sys.argv[2:])


def audit(arguments: list[str]) -> int:
    """Look up known weaknesses; say so when nobody can be asked.

    A mirror of PyPI may know none of its advisories: a package that could not be looked up is
    counted as that, and never as one without weaknesses.
    """
    words = [sys.executable, "-m", "pip_audit", "--local", "--skip-editable", "--format", "json"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*words, "--progress-spinner", "off", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    try:
        parts = json.loads(done.stdout)["dependencies"]
    except ValueError:
        parts = []
    asked = [part for part in parts if "skip_reason" not in part]
    if not asked:
        print("Nobody could be asked about known weaknesses; nothing is said of them.")
        print("Let a machine that reaches pypi.org look at the bill of materials: make sbom")
        return NOT_ASKED
    weak = [part for part in asked if part["vulns"]]
    for part in weak:
        ids = ", ".join(one["id"] for one in part["vulns"])
        print(f"{part['name']} {part['version']}: {ids}")
    left = len(parts) - len(asked)
    print(f"{len(asked)} parts looked up, {len(weak)} with known weaknesses, {left} unknown there.")
    return 1 if weak else 0


def sbom(arguments: list[str]) -> int:
    """Write what is installed here with versions, licences and digests."""
    file = Path(arguments[0]) if arguments else PROJECT / "sbom.json"
    words = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-format", "JSON"]
    more = ["--pyproject", str(PROJECT / "pyproject.toml"), "--output-reproducible"]
    more += ["--output-file", str(file), sys.executable]
    done = subprocess.run([*words, *more], check=False, timeout=600)  # noqa: S603
    if done.returncode == 0:
        parts = json.loads(file.read_text(encoding="utf-8"))["components"]
        print(f"{file}: {len(parts)} parts.")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
