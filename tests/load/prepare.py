"""Make a site to be loaded: a class with faces, eight kiosks, fifty people who are signed in.

    python tests/load/prepare.py FOLDER --faces LFW
    rollbook --home FOLDER/home up --no-open --port 8123
    locust -f tests/load/locustfile.py --headless --users 58 --spawn-rate 58 --run-time 2m \\
        --host http://127.0.0.1:8123

FOLDER gets the home, the pictures that kiosks send, and `load.json`, which tells locust of them
(`ROLLBOOK_LOAD` names the folder). LFW holds a folder of pictures for each person; nothing of it
is kept in the project.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from e2e.kiosk_clips import before_wall, read, wall
from e2e.kiosk_site import KioskSite, make_kiosk_site
from rollbook.domain.access import Role
from rollbook.domain.accounts import Staff, User, WebSession
from rollbook.domain.subjects import new_id
from rollbook.vision.images import encode_jpeg
from rollbook.web.identity import USER

KIOSKS, READERS, PEOPLE = 8, 50, 100
QUALITY = 70  # as the kiosk's page sends
STEPS = 6  # pictures of each person, who moves a little


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--people", type=int, default=PEOPLE)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True)
    (asked.folder / "home").mkdir()
    chosen = chosen_people(asked.faces, asked.people)
    enrolled = {name: pictures[:2] for name, pictures in chosen.items()}
    site = make_kiosk_site(asked.folder / "home", enrolled)
    load = {
        "kiosks": [site.pair(f"Door {number}")[1] for number in range(KIOSKS)],
        "readers": readers(site),
        "session": site.session.session_id,
        "group": site.session.group_id,
        "people": frames(asked.folder, {name: chosen[name][2] for name in site.names.values()}),
    }
    (asked.folder / "load.json").write_text(json.dumps(load))
    site.parts.database.close()


def chosen_people(faces: Path, count: int) -> dict[str, list[Path]]:
    """Return people with at least three pictures: two to enrol, one that stands at the door."""
    found: dict[str, list[Path]] = {}
    for folder in sorted(faces.iterdir()):
        pictures = sorted(folder.glob("*.jpg")) if folder.is_dir() else []
        if len(pictures) >= 3 and len(found) < count:
            found[folder.name.replace("_", " ")] = pictures[:3]
    return found


def frames(folder: Path, faces: dict[str, Path]) -> dict[str, list[str]]:
    """Write what kiosks send: the empty wall, and each person before it."""
    (folder / "frames").mkdir()
    for step in range(STEPS):
        (folder / "frames" / f"empty-{step}.jpg").write_bytes(encode_jpeg(wall(step), QUALITY))
    written: dict[str, list[str]] = {}
    for number, (name, path) in enumerate(faces.items()):
        for step in range(STEPS):
            file = folder / "frames" / f"{number}-{step}.jpg"
            file.write_bytes(encode_jpeg(before_wall(read(path), step), QUALITY))
            written.setdefault(name, []).append(file.name)
    return written


def readers(site: KioskSite) -> list[str]:
    """Sign fifty teachers in; return what their browsers' cookies hold."""
    tokens, now = [], site.parts.clock.now()
    with site.parts.uow() as uow:
        for number in range(READERS):
            user = User(new_id(), f"reader{number}", Role.FACULTY, new_id(), f"Reader {number}")
            token = secrets.token_urlsafe(32)
            data: dict[str, object] = {USER: user.uniquifier, "_fresh": True, "_id": "load"}
            data |= {"fs_cc": "set", "fs_paa": now.timestamp(), "identity": user.uniquifier}
            uow.users.add(user)
            uow.staff.add(Staff(site.session.group_id, user.user_id, site.session.business_date))
            session = WebSession(token, user.user_id, now, now + timedelta(hours=10), data)
            uow.web_sessions.put(session)
            tokens.append(token)
        uow.commit()
    return tokens


if __name__ == "__main__":
    main()
