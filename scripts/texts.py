"""The texts of pages and reports, and their translations.

    python scripts/texts.py extract    print every text of the source as a catalog without answers
    python scripts/texts.py update     bring translations/*.po up to the source
    python scripts/texts.py check      say what is missing or wrong; exit code 1 when something is
    python scripts/texts.py missing    print only the texts that have no translation yet

English is in the source itself: in `_("...")` of Python and templates, in the texts of errors, and
in the constants that are named below. There are no compiled catalogs: `languages/` reads the .po.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from rollbook import errors
from rollbook.web.errors import without_commands

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "src" / "rollbook"
WEB = PACKAGE / "web"
TRANSLATIONS = PACKAGE / "languages" / "translations"

KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}
# constants whose sentences or words pages show through _(...): all strings in their values
CONSTANTS = {
    "domain/absences.py": ("DEFAULT_REASONS",),
    "domain/anchors.py": ("SENTENCES",),
    "domain/enrolment.py": ("INTAKE_TEXT",),
    "domain/faces.py": ("REFUSAL_TEXT",),
    "domain/identification.py": ("DOUBT_TEXT",),
    "domain/key_safety.py": (
        *("ATTACKERS", "SAFETIES", "PLACES", "_MACHINE_OFF", "PROBLEMS"),
        *("COPIES_SAFE", "COPIES_FILE", "USER_SAFE", "USER_UNSAFE", "RUNNING"),
    ),
    "domain/register.py": ("FAULTS",),
    "domain/tallies.py": ("REFUSED_WITHOUT_FACE",),
    "domain/totals.py": ("RULE",),
    "domain/witness.py": ("SENTENCES",),
    "reports/hours_rows.py": ("RULE",),
    "services/backup_problems.py": ("PROBLEM_TEXT",),
    "services/camera_test.py": ("SENTENCES",),
    "services/guided.py": ("PROMPTS",),
    "network/apprise_sender.py": ("NOT_KNOWN",),
    "services/message_words.py": ("DISK_LOW",),
    "services/outbox.py": ("INSIDE", "RESTS"),
    "services/receipt_words.py": ("SENTENCES", "TABLES", "WORDS"),
    "web/bodies.py": ("BUSY",),
}
# files whose sentences are kept finished, and known again by `languages/catalogs.py: spoken`
KEPT = ("services/archive.py", "services/importing.py", "services/people_import.py")
KEPT += ("services/tasks.py", "services/camera_worker.py", "vision/capture.py")
REASONS = ("vision/grabbers.py", "_reason")  # what a camera does, after its name
# errors that only a terminal shows
UNSHOWN = {"ConfigurationError", "ModelContractError", "TemplateSpaceMismatch"}
UNSHOWN |= {"DecryptionFailed", "RegisterTampered", "NewerDatabase", "RollbookError"}
SHOWN_ERRORS = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.RollbookError)
} - UNSHOWN
LAYERS_OF_ERRORS = ("domain", "services", "storage", "vision", "network", "web", "bootstrap")

PLACEHOLDER = re.compile(r"%\((\w+)\)[#0\- +]*[\d.]*[a-zA-Z]|%%|\{\w+\}")


SENTENCE = re.compile(r"(?:[A-Z]|%\().*[a-z].* .*[.!?]", re.DOTALL)


class Text(NamedTuple):
    """One text of the source; `forms` are one, or singular and plural."""

    forms: tuple[str, ...]
    place: str  # the file


def texts() -> Iterator[Text]:
    """Yield every text that a page can show."""
    for file in sorted(WEB.rglob("*.py")):
        yield from _marked(file, extract_python)
    for layer in ("dashboard", "languages", "reports"):
        for file in sorted((PACKAGE / layer).glob("*.py")):
            yield from _marked(file, extract_python)
    for file in sorted(WEB.rglob("*.html")):
        yield from _marked(file, babel_extract)
    for name, constants in CONSTANTS.items():
        yield from _constants(PACKAGE / name, constants)
    for name in KEPT:
        yield from _kept(PACKAGE / name)
    yield from _reasons(PACKAGE / REASONS[0], REASONS[1])
    for layer in LAYERS_OF_ERRORS:
        root = PACKAGE / layer
        for file in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            yield from _errors(file)


def _place(file: Path) -> str:
    return file.relative_to(PROJECT).as_posix()


class _Method:
    """How babel's extractors are called."""

    def __init__(self, function: object, **options: object) -> None:
        self._function, self._options = function, options

    def __call__(self, file: BinaryIO) -> Iterator[tuple[int, str, object, list[str]]]:
        return self._function(file, KEYWORDS, [], self._options)  # type: ignore[operator]


def _marked(file: Path, function: object) -> Iterator[Text]:
    method = _Method(function, trimmed="true", silent="false")
    with file.open("rb") as source:
        for _line, name, found, _comments in method(source):
            forms = (found,) if isinstance(found, str) else tuple(found or ())
            wanted = forms[: 2 if name.endswith("ngettext") else 1]
            if wanted and all(isinstance(form, str) and form for form in wanted):
                yield Text(wanted, _place(file))


def _constants(file: Path, names: Iterable[str]) -> Iterator[Text]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = dict(_assigned(tree))
    for name in names:
        if name not in found:
            sys.exit(f"{file} has no constant {name}; correct CONSTANTS in {__file__}")
        yield from (Text((text,), _place(file)) for text in _strings(found[name]))


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value


def _strings(node: ast.expr) -> Iterator[str]:
    """Yield the texts of a value: of a mapping its values, of a list its elements."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if not node.value.isidentifier() or node.value.istitle():  # else a code for programs
            yield node.value
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _strings(value)
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        for value in node.elts:
            yield from _strings(value)
    elif isinstance(node, ast.Call):
        for value in [*node.args, *(keyword.value for keyword in node.keywords)]:
            yield from _strings(value)


def _kept(file: Path) -> Iterator[Text]:
    """Yield the sentences of a file, those with values as templates."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    parts = {id(part) for node in ast.walk(tree) for part in _parts(node)}
    for node in ast.walk(tree):
        text = "" if id(node) in parts else _template(node).rpartition(")s %(reason)s ")[2]
        if SENTENCE.fullmatch(text):
            yield Text((without_commands(text),), _place(file))


def _parts(node: ast.AST) -> list[ast.expr]:
    """Return what is no sentence of its own: pieces of f-strings, docstrings, what is logged."""
    if isinstance(node, ast.JoinedStr):
        return node.values
    if isinstance(node, ast.Expr):
        return [node.value]
    logged = isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log.")
    return node.args if isinstance(node, ast.Call) and logged else []


def _template(node: ast.AST) -> str:
    """Return a constant text, or an f-string with placeholders for its values."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if not isinstance(node, ast.JoinedStr):
        return ""
    pieces = [_template(part) or f"%({_name(part)})s" for part in node.values]
    return "".join(pieces)


def _name(part: ast.expr) -> str:
    found = re.findall(r"[a-z]\w*", ast.unparse(part))
    return found[-1] if found else "value"


def _reasons(file: Path, function: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            for inner in ast.walk(node):
                text = _template(inner)
                if re.fullmatch(r"[a-z][^.]+\..*", text):
                    yield Text((f"%(camera)s {text}",), _place(file))


def _errors(file: Path) -> Iterator[Text]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        text = _error_text(node)
        if text:
            yield Text((without_commands(text),), _place(file))


def _error_text(node: ast.AST) -> str | None:
    """Return the text of an error, or of `problem(status, text)`."""
    if not isinstance(node, ast.Call):
        return None
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    given = node.args[:1] if name in SHOWN_ERRORS else node.args[1:2] if name == "problem" else []
    if given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
        return given[0].value
    return None


def template() -> Catalog:
    """Return the catalog of the source, without answers."""
    made = Catalog(fuzzy=False)
    for text in texts():
        key = text.forms[0] if len(text.forms) == 1 else text.forms
        flags = ["python-format"] if "%(" in text.forms[-1] else []
        made.add(key, locations=[(text.place, None)], flags=flags)
    return made


def catalogs() -> Iterator[tuple[Path, Catalog]]:
    for file in sorted(TRANSLATIONS.glob("*.po")):
        with file.open("rb") as source:
            yield file, read_po(source, locale=file.stem)


def update() -> None:
    """Add new texts to every language, and drop those that the source no longer has."""
    source = template()
    for file, catalog in catalogs():
        head = file.read_text(encoding="utf-8").split("\n\n", 1)[0].strip()
        catalog.update(source, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        for message in catalog:
            message.locations = sorted(set(message.locations))
        body = io.BytesIO()
        write_po(body, catalog, width=100, sort_by_file=True, omit_header=True)
        file.write_text(f"{head}\n\n{body.getvalue().decode()}".strip() + "\n", encoding="utf-8")


def problems() -> list[str]:
    """Return what is missing or wrong in the translations."""
    source = {_key(message): message for message in template() if message.id}
    found = []
    for file, catalog in catalogs():
        held = {_key(message): message for message in catalog if message.id}
        found += [f"{file.name}: not in the catalog: {key}" for key in source if key not in held]
        found += [f"{file.name}: no longer in the source: {key}" for key in held.keys() - source]
        found += [f"{file.name}: obsolete: {key}" for key in catalog.obsolete]
        found += [f"{file.name}: {why}" for m in held.values() for why in _wrong(m, catalog)]
    return found


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _wrong(message: Message, catalog: Catalog) -> Iterator[str]:
    key = _key(message)
    answers = [message.string] if isinstance(message.string, str) else list(message.string)
    if not all(answers) or (message.pluralizable and len(answers) != catalog.num_plurals):
        yield f"not translated: {key}"
    if message.fuzzy:
        yield f"only a guess: {key}"
    forms = [message.id] if isinstance(message.id, str) else list(message.id)
    wanted = [_placeholders(form) for form in forms]
    for answer in filter(None, answers):
        if _placeholders(answer) not in wanted:
            yield f"other placeholders: {key} -> {answer}"
        if answer[-1:] in ".?!:…" and key[-1:] not in ".?!:…)" and not message.pluralizable:
            yield f"ends unlike the source: {key} -> {answer}"


def _placeholders(text: str) -> frozenset[str]:
    return frozenset(found.group(0) for found in PLACEHOLDER.finditer(text))


def check() -> None:
    found = problems()
    print(*found, sep="\n")
    sys.exit(1 if found else 0)


def missing() -> None:
    for _file, catalog in catalogs():
        for message in catalog:
            answers = [message.string] if isinstance(message.string, str) else message.string
            if message.id and not all(answers):
                print(message.id)


def extract() -> None:
    write_po(sys.stdout.buffer, template(), width=100, sort_by_file=True, omit_header=True)


def main() -> None:
    verbs = {"extract": extract, "update": update, "check": check, "missing": missing}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=verbs)
    verbs[parser.parse_args().verb]()


if __name__ == "__main__":
    main()
