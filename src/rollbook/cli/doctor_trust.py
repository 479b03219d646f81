"""What `rollbook doctor` says of the register, keys, backups and retention."""

from __future__ import annotations

from collections.abc import Iterator

from rollbook.cli.findings import Finding, State
from rollbook.errors import DecryptionFailed, NotFound, RegisterTampered, RollbookError
from rollbook.settings import Settings


def register(settings: Settings) -> Iterator[Finding]:
    """Say how the register stands to its witness, and which key signs its anchors."""
    from rollbook.bootstrap import build
    from rollbook.domain.anchors import fingerprint

    try:
        app = build(settings)
        found, key, made = app.standing(), app.anchors.public_key(), app.anchors.made()
        erased = app.erased_list.problem()
    except RegisterTampered as error:
        yield Finding("register", "wrong", str(error), "Run: rollbook verify")
        return
    except RollbookError:
        return  # said above
    state: State = "ok" if found.is_plain else "wrong" if found.refuses else "note"
    yield Finding("register", state, found.sentence())
    if erased:
        yield Finding("list of erased people", "wrong", erased)
    yield Finding("anchors", "ok", f"signed with the key {fingerprint(key)}")
    newest = f"{made[0].number} of {found.entries} entries" if made else "none was made yet"
    yield Finding(
        "newest anchor",
        "note",
        newest,
        f"Keep copies of {settings.resolved_anchors_dir} on another machine: only those help "
        "against somebody who holds the keys.",
    )


def keys(settings: Settings) -> Iterator[Finding]:
    """Say which case this site is in, what each attacker gets, and whether a sheet is kept."""
    from rollbook.bootstrap import build
    from rollbook.cli.key_safety import sheet_sentence
    from rollbook.domain.key_safety import SAFETIES, Safety

    try:
        found = build(settings).key_safety()
    except RollbookError as error:
        if settings.home.is_dir():
            lost = isinstance(error, NotFound | DecryptionFailed)
            mend = "From the recovery sheet it comes back with: rollbook keys recover"
            yield Finding("site key", "wrong", str(error), mend if lost else "")
        return
    yield Finding("site key", "ok", f"{found.sentence}: {found.where}")
    yield Finding(
        "check value", "ok", f"{found.key_id}; a recovery sheet of this key bears the same"
    )
    for problem in found.problems:
        yield Finding("site key", "wrong", "it is not as safe as it could be", problem)
    yield Finding("recovery sheet", "note" if found.sheet is None else "ok", sheet_sentence(found))
    for verdict in found.attacks:
        state: State = "ok" if verdict.safety is Safety.SAFE else "note"
        words = f"{SAFETIES[verdict.safety]}. {verdict.why}"
        yield Finding(f"somebody who {verdict.who}", state, words)


def backups(settings: Settings) -> Iterator[Finding]:
    """Say whether backups are made and went well, and which copies with keys lie about."""
    from rollbook.bootstrap import build

    try:
        app = build(settings)
        problems = app.backups.problems(app.clock.now())
        runs = app.backups.runs().values()
    except RollbookError:
        return  # said above
    for problem in problems:
        state: State = "note" if problem.kind in ("none", "no schedule", "never") else "wrong"
        yield Finding("backups", state, problem.sentence, f"Run: {problem.command}")
    well = [run for run in runs if not run.failure]
    if well and not problems:
        yield Finding(
            "backups", "ok", f"the last of {max(run.at for run in well):%Y-%m-%d %H:%M} UTC"
        )


def retention(settings: Settings) -> Iterator[Finding]:
    """Say what is due by the rules, and whether anybody has decided on them."""
    from rollbook.bootstrap import build
    from rollbook.domain.retention import Rule

    try:
        app = build(settings)
        waits, plan = app.retention.waits_until(), app.purging.plan()
    except RollbookError:
        return  # said above
    proposed = len(plan.of(Rule.PROPOSE).people)
    if waits is not None:
        yield Finding(
            "rules of retention",
            "note",
            f"nobody has decided on them; from {waits:%Y-%m-%d} on they hold all the same",
            "Look with: rollbook purge --dry-run. Then save them under Privacy, How long.",
        )
    else:
        yield Finding("rules of retention", "ok", "they hold, each night")
    if proposed:
        mend = "Look at them under Privacy, How long."
        yield Finding("erasure", "note", f"{proposed} people are proposed for it", mend)
