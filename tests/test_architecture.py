"""The layers of the import contract, and what the domain may use."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from rollbook import errors

SOURCE = Path(errors.__file__).parent
DOMAIN = sorted((SOURCE / "domain").glob("*.py"))
SERVICES = sorted((SOURCE / "services").glob("*.py"))
CLI = sorted((SOURCE / "cli").glob("*.py"))
PYPROJECT = SOURCE.parent.parent / "pyproject.toml"
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


def distribution(requirement: str) -> str:
    """Return the name before version and extras, as package indexes compare names."""
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None, requirement
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def test_every_import_is_declared_and_not_only_there_because_of_another_package() -> None:
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    stated = project["dependencies"] + [
        one for extra in set(extras) - {"test"} for one in extras[extra]
    ]
    declared = {distribution(one) for one in stated}
    owners = packages_distributions()
    for file in SOURCE.rglob("*.py"):
        for name in imported(file) - set(sys.stdlib_module_names) - {"rollbook"}:
            found = {distribution(owner) for owner in owners.get(name, [])}
            if found:  # the optional ones need not be installed
                assert found & declared, f"{file} imports {name}, of {', '.join(found)}"
