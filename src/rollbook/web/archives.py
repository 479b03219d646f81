"""The archive of what is held about a person: asked for, being made, fetched by who asked."""

from __future__ import annotations

from flask import Response, flash, send_file
from flask_babel import gettext as _

from rollbook.web.access import actor
from rollbook.web.parts import parts

ZIP = "application/zip"


def start_archive(subject_id: str, language: str) -> None:
    """Let the archive be made in the background."""
    who = actor()
    parts().subject_access.start(subject_id, language, who.actor_id, who.by)
    parts().tasks.wake()
    flash(_("The archive is being made. It can be fetched here when it is finished."), "good")


def stop_archive(subject_id: str) -> None:
    """Let the work on it end; nothing is handed out then."""
    task = parts().subject_access.of(subject_id, actor().actor_id)
    if task is None or not parts().tasks.stop(task.task_id):
        flash(_("It was finished already."), "warn")
    else:
        flash(_("Stopped. Nothing was handed out."), "good")


def archive_progress(subject_id: str) -> dict[str, object]:
    """Return how far it is, for a script."""
    task = parts().subject_access.of(subject_id, actor().actor_id)
    if task is None:
        return {"over": True, "done": 0, "total": 0}
    return {"over": not task.state.is_busy, "done": task.done, "total": task.total}


def archive_file(subject_id: str, task_id: str) -> Response:
    """Return the finished archive. Raises NotFound for who has not asked for it."""
    stream = parts().subject_access.fetch(task_id, subject_id, actor().actor_id)
    name = f"rollbook-{parts().today().isoformat()}.zip"
    return send_file(stream, mimetype=ZIP, as_attachment=True, download_name=name, max_age=None)
