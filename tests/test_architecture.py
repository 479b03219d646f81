"""The layers of the import contract, and what the domain may use."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from rollbook import errors

SOURCE = Path(errors.__file__).parent
DOMAIN = sorted((SOURCE / "domain").glob("*.py"))
SERVICES = sorted((SOURCE / "services").glob("*.py"))
CLI = sorted((SOURCE / "cli").glob("*.py"))
SLOW_TO_IMPORT = {"openvino", "onnx", "cv2", "av", "sqlalchemy", "alembic", "fpdf", "skimage"}


def imported(file: Path, *, top_level_only: bool = False) -> set[str]:
    """Return the first words of what a module imports."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("file", DOMAIN, ids=lambda f: f.stem)
def test_the_domain_uses_only_the_standard_library_and_numpy(file: Path) -> None:
    assert imported(file) <= set(sys.stdlib_module_names) | {"numpy", "rollbook"}


@pytest.mark.parametrize("file", SERVICES, ids=lambda f: f.stem)
def test_services_see_no_pictures_library_and_no_database(file: Path) -> None:
    assert not imported(file) & {"cv2", "av", "openvino", "onnx", "sqlalchemy", "PIL", "fpdf"}


@pytest.mark.parametrize("file", CLI, ids=lambda f: f.stem)
def test_help_pays_for_no_slow_import(file: Path) -> None:
    assert not imported(file, top_level_only=True) & SLOW_TO_IMPORT


def test_openvino_is_imported_in_one_place_only() -> None:
    users = {
        file.relative_to(SOURCE).as_posix()
        for file in SOURCE.rglob("*.py")
        if "openvino" in imported(file)
    }
    assert users == {"vision/inference.py"}
