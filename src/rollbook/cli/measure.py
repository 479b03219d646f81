"""`rollbook evaluate`: how good the recognition is, in ISO terms, on pictures of one's own."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.cli import common
from rollbook.errors import InvalidInput

if TYPE_CHECKING:
    from rollbook.evaluation.acquire import Acquirer
    from rollbook.evaluation.calibrate import Samples
    from rollbook.evaluation.calibration_run import Calibrated
    from rollbook.evaluation.identification import IdentificationResult
    from rollbook.settings import Settings
    from rollbook.vision.engine import Engine

evaluate_app = typer.Typer(
    no_args_is_help=True, help="Measure how good the recognition is, in ISO terms."
)

ImagesOption = Annotated[Path, typer.Option("--images", help="Folder that the paths start at.")]


@evaluate_app.command()
def identification(
    protocol: Annotated[Path, typer.Argument(help="CSV file with the columns role,identity,path.")],
    images: ImagesOption,
    decisions: Annotated[
        Path | None, typer.Option("--decisions", help="Write path,decision,score of each probe.")
    ] = None,
    as_json: common.JsonOption = False,
) -> None:
    """Enrol some people, then search for them and for strangers (1:N, open set)."""
    from rollbook.bootstrap import build_calibrations
    from rollbook.evaluation.identification import evaluate_identification
    from rollbook.evaluation.protocol import read_protocol

    asked = read_protocol(protocol)
    settings, engine = _engine()
    calibrations = build_calibrations(settings, engine.space)
    if not calibrations:
        common.warn(
            f"The embedder {engine.space} has no calibration, so the product would name nobody. "
            "Run: rollbook evaluate calibrate"
        )
    with common.progress_bar("searching") as update:
        result = evaluate_identification(
            asked, _acquirer(engine, images), calibrations, settings.target_fpir, update
        )
    if decisions:
        _write_decisions(decisions, result)
    figures = {**result.to_json(), "space": str(engine.space)}
    if as_json:
        common.print_json(figures)
    else:
        _print_identification(figures)


@evaluate_app.command()
def verification(
    pairs: Annotated[Path, typer.Argument(help="CSV file with the columns img1,img2,same.")],
    images: ImagesOption,
    as_json: common.JsonOption = False,
) -> None:
    """Compare pairs of pictures (1:1); the threshold of each tenth comes from the other nine."""
    from rollbook.evaluation.protocol import read_pairs
    from rollbook.evaluation.verification import evaluate_verification

    asked = read_pairs(pairs)
    _, engine = _engine()
    with common.progress_bar("comparing") as update:
        result = evaluate_verification(asked, _acquirer(engine, images), update)
    _print({**result.to_json(), "space": str(engine.space)}, as_json=as_json)


@evaluate_app.command()
def detection(
    boxes: Annotated[Path, typer.Argument(help="CSV file: image,x,y,w,h,invalid.")],
    images: ImagesOption,
    as_json: common.JsonOption = False,
) -> None:
    """Find faces of 30 pixels and more, and compare with boxes that people drew (IoU 0.5)."""
    from rollbook.evaluation.detection import evaluate_detection, read_boxes
    from rollbook.vision.images import read_image

    truth = read_boxes(boxes)
    _, engine = _engine()
    with common.progress_bar("detecting") as update:
        result = evaluate_detection(truth, images, engine.detect, read_image, common.warn, update)
    _print(result.to_json(), as_json=as_json)


@evaluate_app.command()
def calibrate(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders that hold a folder a person.", metavar="FOLDER...")
    ],
    source: Annotated[
        str, typer.Option("--source", help="What the pictures are; kept with every mark.")
    ] = "pictures of the site",
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write; by default in the home.")
    ] = None,
    as_json: common.JsonOption = False,
) -> None:
    """Find which scores strangers reach with this embedder, and decide by it from now on.

    Needs pictures of 40 people and more, three of some of them; better of several hundred.
    """
    from rollbook.evaluation.calibration_run import calibrate as find_curves
    from rollbook.vision.calibration import FOLDER, save_calibrations

    settings, engine = _engine()
    samples = _samples(engine, folders)
    found = find_curves(samples, engine.space, source)
    file = save_calibrations(
        out or settings.models_dir / FOLDER,
        {kind: curve.calibration for kind, curve in found.items()},
        _found_on(settings, source, len(samples.names), len(samples)),
        {kind: curve.checks_as_json() for kind, curve in found.items()},
    )
    common.warn(f"Written to {file}")
    _print_calibration({kind.value: curve for kind, curve in found.items()}, as_json=as_json)


@evaluate_app.command()
def centre(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders that hold a folder a person.", metavar="FOLDER...")
    ],
    out: Annotated[Path, typer.Option("--out", help="JSON file to write.")],
    source: Annotated[str, typer.Option("--source", help="What the pictures are.")] = "",
) -> None:
    """Find anew what all faces have in common to the default network (for its maintainers).

    Templates with another centre are of another version: calibrate and encode anew afterwards.
    """
    from rollbook.evaluation.calibrate import require_people
    from rollbook.vision.centre import Uncentred, mean_of_people, to_json
    from rollbook.vision.engine import Engine
    from rollbook.vision.sface import SFaceEmbedder

    _, engine = _engine()
    if not isinstance(engine.embedder, SFaceEmbedder):
        raise InvalidInput("Only the default embedder, sface, has a centre.")
    samples = _samples(Engine(engine.detector, Uncentred(engine.embedder)), folders)
    require_people(samples)
    found = mean_of_people(samples.references, samples.people)
    out.write_text(to_json(found, source), encoding="utf-8", newline="\n")
    common.say(f"The middle of {found.people} people is written to {out}")


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(evaluate_app, name="evaluate")


def _engine() -> tuple[Settings, Engine]:
    from rollbook.bootstrap import build_engine
    from rollbook.settings import load_settings

    settings = load_settings(common.chosen_home())
    return settings, build_engine(settings)


def _acquirer(engine: Engine, images: Path) -> Acquirer:
    from rollbook.evaluation.acquire import Acquirer
    from rollbook.vision.images import read_image

    return Acquirer(engine, read_image, images, common.warn)


def _samples(engine: Engine, folders: list[Path]) -> Samples:
    """Return the templates of all pictures in `FOLDER/<person>/`."""
    from rollbook.evaluation.calibration_run import gather, pictures_of_people
    from rollbook.vision.images import PICTURE_SUFFIXES

    pictures = [
        (f"{number}/{person}", str(folder / path))
        for number, folder in enumerate(folders)
        for person, path in pictures_of_people(folder, PICTURE_SUFFIXES)
    ]
    with common.progress_bar("embedding") as update:
        return gather(pictures, _acquirer(engine, Path()), update)


def _found_on(settings: Settings, source: str, people: int, pictures: int) -> dict[str, Any]:
    return {
        "source": source,
        "people": people,
        "pictures": pictures,
        "detector": settings.detector,
        "date": datetime.now(UTC).date().isoformat(),
        "how": "rollbook evaluate calibrate",
    }


def _write_decisions(file: Path, result: IdentificationResult) -> None:
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["path", "decision", "score"])
            for search in result.searches:
                score = f"{search.best_score:.6f}" if search.candidates else ""
                writer.writerow([search.row.path, search.decision, score])
    except OSError as error:
        raise InvalidInput(f"{file} cannot be written: {error}") from error


def _print(figures: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        common.print_json(figures)
        return
    rows = [{"figure": name.replace("_", " "), "value": _text(v)} for name, v in figures.items()]
    common.print_table(["figure", "value"], rows, as_json=False, empty="")


def _print_identification(figures: Mapping[str, Any]) -> None:
    rows = [
        {"figure": name, "value": _text(figures[name])}
        for name in ("space", "enrolled", "mated", "nonmated", "fte", "fta")
    ]
    rows.append({"figure": "rank-1", "value": _with_interval(figures, "rank1", "rank1_interval")})
    for fpir, found in figures["fnir_at_fpir"].items():
        text = f"{_with_interval(found, 'fnir', 'interval')}, threshold {found['threshold']:.4f}"
        rows.append({"figure": f"FNIR at FPIR {fpir}", "value": text})
    default = figures["default"]
    if default:
        rows += [
            {"figure": "the product's threshold", "value": f"{default['threshold']:.4f}"},
            {
                "figure": "strangers named",
                "value": f"{default['strangers_named']} of {figures['nonmated']}, FPIR "
                + _with_interval(default, "fpir", "fpir_interval"),
            },
            {
                "figure": "FNIR there",
                "value": _with_interval(default, "fnir", "fnir_interval"),
            },
            {"figure": "named as another", "value": str(default["misidentified"])},
        ]
    common.print_table(["figure", "value"], rows, as_json=False, empty="")


def _print_calibration(found: Mapping[str, Calibrated], *, as_json: bool) -> None:
    rows = [
        {"kind": kind, **row} for kind, curve in found.items() for row in curve.checks_as_json()
    ]
    columns = ["kind", "gallery", "target_fpir", "threshold", "measured_fpir", "searches"]
    common.print_table(columns, rows, as_json=as_json, empty="")


def _with_interval(figures: Mapping[str, Any], value: str, interval: str) -> str:
    low, high = figures[interval]
    return f"{100 * figures[value]:.2f} % (95 %: {100 * low:.2f} to {100 * high:.2f})"


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {_text(v)}" for name, v in value.items())
    if isinstance(value, tuple | list):
        return " to ".join(_text(v) for v in value)
    return str(value)
