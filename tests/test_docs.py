"""Documentation that would go stale by itself."""

from __future__ import annotations

import re
from pathlib import Path

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


def test_every_link_between_documents_leads_somewhere() -> None:
    documents = [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]
    broken = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert broken == []
