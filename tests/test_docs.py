"""Documentation that would go stale by itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from rollbook.cli.doctor import EXTRAS
from rollbook.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent


def test_every_setting_is_documented() -> None:
    text = (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8")
    missing = [n for n in Settings.model_fields if f"`ROLLBOOK_{n.upper()}`" not in text]
    assert missing == []


def test_every_file_that_the_readme_names_is_there() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:domain|vision|storage|services|reports)/\w+\.py)`", text))
    missing = [n for n in sorted(named) if not (PROJECT / "src" / "rollbook" / n).is_file()]
    assert named and missing == []


def test_extras_are_named_as_the_package_has_them() -> None:
    package = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    guide = (PROJECT / "docs" / "install.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(\w+)` \|", guide.partition("## Extras")[2], re.MULTILINE))
    source = (PROJECT / "src" / "rollbook").rglob("*.py")
    offered = {
        extra
        for file in source
        for extra in re.findall(r'how_to_add\("(\w+)"\)', file.read_text(encoding="utf-8"))
    }
    assert explained == EXTRAS.keys() <= package["project"]["optional-dependencies"].keys()
    assert {"many", "postgres"} <= offered <= explained


def test_only_one_place_says_how_an_extra_is_added() -> None:
    source = (PROJECT / "src" / "rollbook").rglob("*.py")
    told = re.compile(r"pip install [^\n]*rollbook")
    assert [f.name for f in source if told.search(f.read_text("utf-8"))] == ["extras.py"]


def test_every_link_between_documents_leads_somewhere() -> None:
    documents = [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]
    broken = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert broken == []
