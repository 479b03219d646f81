"""Every change that the routes of the full school take, in an order in which each is possible."""

from __future__ import annotations

import os
import re
import shutil
from base64 import b64encode
from datetime import time, timedelta

from flask.testing import FlaskClient

from outboxes import given_up
from rollbook.domain.attendance import Method, Session, SessionState
from rollbook.domain.documents import GAP, PaperKind
from rollbook.domain.messages import MessageState
from rollbook.domain.timetable import Series
from rollbook.domain.tokens import Scope
from rollbook.services.devices import DevicePlan
from rollbook.services.unsubscribing import token_of
from rollbook.testing import GREEN, RED
from web.accounts import PASSWORD, give_password, shown
from web.school import DAY, sign_in
from web.test_class_photo import photograph
from web.test_timetable_pages import FILE
from web.walk import Act, Given, Walk, file, picture

NEW = "another kettle on friday"
NEXT = str(DAY + timedelta(days=1))
TERMS = {"text_id": "2026-1", "given_by": "the guardians", "guardian": "Annabella King"}


def _spare(walk: Walk) -> dict[str, str]:
    return {"user_id": walk.spare.user_id}


def _other_group(walk: Walk) -> dict[str, str]:
    return {"group_id": walk.site.other_group.group_id}


def _person(number: int) -> Given:
    return lambda walk: {"subject_id": walk.person(number).subject_id}


# Accounts


def _code_was_typed(walk: Walk, client: FlaskClient) -> None:
    slip = walk.parts.accounts.reset(walk.site.users["charlie"].user_id, "test")
    client.post("/login", data={"login": "charlie", "password": slip.code})


def _app_is_shown(walk: Walk, client: FlaskClient) -> None:
    page = client.get("/account/second-factor").text
    key = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page)
    assert key is not None
    walk.kept["secret"] = key[1].replace(" ", "")


def _password_was_typed(walk: Walk, client: FlaskClient) -> None:
    walk.site.clock.advance(60)
    client.post("/login", data={"login": "charlie", "password": NEW})


def _another_browser(walk: Walk, client: FlaskClient) -> None:
    own = set(_handles(client))
    sign_in(walk.site, "bob")
    (walk.kept["handle"],) = set(_handles(client)) - own


def _handles(client: FlaskClient) -> list[str]:
    return re.findall(r"/account/sessions/([0-9a-f]+)/end", client.get("/account").text)


def _passkey(walk: Walk, client: FlaskClient) -> None:
    user = walk.site.users["bob"]
    walk.parts.passkeys.add(user, "Key", b"credential", b"public", 0, ["usb"])
    found = re.search(r"/account/passkeys/([^/]+)/remove", client.get("/account").text)
    assert found is not None
    walk.kept["passkey"] = found[1]


def _app_code(walk: Walk) -> dict[str, str]:
    return {"code": shown(walk.site, walk.kept["secret"])}


ACCOUNTS = (
    Act(
        "accounts.login_post",
        None,
        {"login": "bob", "password": PASSWORD},
        before=lambda walk, client: give_password(walk.site, "bob"),
    ),
    Act("accounts.logout", "bob"),
    Act("accounts.end_other_sessions", "bob", before=_another_browser),
    Act(
        "accounts.end_session",
        "bob",
        values=lambda walk: {"handle": walk.kept["handle"]},
        before=_another_browser,
    ),
    Act("accounts.password_post", "bob", {"old": PASSWORD, "new": NEW, "again": NEW}),
    Act(
        "accounts.passkey_remove",
        "bob",
        values=lambda walk: {"handle": walk.kept["passkey"]},
        before=_passkey,
    ),
    Act("accounts.choose_password_post", None, {"new": NEW, "again": NEW}, before=_code_was_typed),
    Act("accounts.turn_on", "charlie", _app_code, before=_app_is_shown),
    Act("accounts.second_step_post", None, _app_code, before=_password_was_typed),
    Act("accounts.new_codes", "charlie"),
    Act("accounts.turn_off", "charlie"),
    Act(
        "accounts.new_user_post",
        data={"role": "auditor", "login": "frank", "name": "Frank"},
    ),
    Act("accounts.give_code", values=_spare),
    Act("accounts.rename_user", data={"login": "evelyn", "name": "Evelyn"}, values=_spare),
    Act(
        "accounts.teach",
        data=lambda walk: {"group": walk.site.other_group.group_id},
        values=_spare,
    ),
    Act(
        "accounts.stop_teaching",
        data=lambda walk: {"group": walk.site.other_group.group_id},
        values=_spare,
    ),
    Act("accounts.end_user_sessions", before=lambda walk, client: sign_in(walk.site, "bob")),
    Act("accounts.change_role", data={"role": "auditor"}, values=_spare),
    Act("accounts.set_active", data={"active": ""}, values=_spare),
    Act(
        "accounts.group_accounts_post",
        data=lambda walk: {"group": walk.site.other_group.group_id},
    ),
    Act("api.make_token", data={"name": "Wall", "scopes": [Scope.PEOPLE_READ.value], "days": "30"}),
    Act("api.revoke_token", values=lambda walk: {"token_id": _token(walk)}),
)


def _token(walk: Walk) -> str:
    with walk.parts.uow() as uow:
        return next(one.token_id for one in uow.tokens.all() if one.name == "Wall")


# Sessions and marks


def _photo_was_sent(walk: Walk, client: FlaskClient) -> None:
    where = f"/sessions/{walk.site.session.session_id}/photo"
    answer = client.post(where, data={"photos": file(photograph(RED, GREEN), "1.jpg")})
    walk.kept["photo"] = str(answer.location).rpartition("/")[2]


def _paper(walk: Walk) -> dict[str, str]:
    return {f"s_{walk.person(19).subject_id}": "present"}


def _planned(walk: Walk) -> Session:
    with walk.parts.uow() as uow:
        return uow.sessions.all(states=[SessionState.PLANNED])[0]


def _called_off(walk: Walk) -> Session:
    with walk.parts.uow() as uow:
        return uow.sessions.all(states=[SessionState.CANCELLED])[0]


def _on_plan(walk: Walk, client: FlaskClient) -> None:
    group, days = walk.site.group.group_id, frozenset(range(7))
    series = Series("", group, "Art", time(11), time(11, 45), DAY, weekdays=days)
    walk.parts.timetable.add(series, "test")


def _plan_one(walk: Walk) -> dict[str, str]:
    return {"session_id": _planned(walk).session_id}


def _off(walk: Walk) -> dict[str, str]:
    return {"session_id": _called_off(walk).session_id}


MARKS = (
    Act("attending.correct", "bob", {"status": "late"}, _person(23)),
    Act("attending.undo", "bob"),
    Act(
        "attending.save_one",
        "bob",
        lambda walk: {"subject_id": walk.person(12).subject_id, "status": "late"},
        as_json=True,
    ),
    Act(
        "attending.save", "bob", lambda walk: {f"s_{walk.person(21).subject_id}": "late", "x": "y"}
    ),
    Act("attending.enter_paper", "bob", _paper),
    Act(
        "attending.send_photos",
        "bob",
        lambda walk: {"photos": file(photograph(RED), "1.jpg")},
    ),
    Act(
        "attending.confirm_photos",
        "bob",
        lambda walk: {"face_0-1": walk.person(22).subject_id},
        lambda walk: {"token": walk.kept["photo"]},
        before=_photo_was_sent,
    ),
    Act(
        "api.mark",
        "bob",
        lambda walk: {
            "changes": [{"subject_id": walk.person(18).subject_id, "status": "late"}],
        },
    ),
    Act(
        "sessions.add",
        data=lambda walk: {"group": walk.site.group.group_id, "start": "12:00", "end": "12:45"},
    ),
    Act("sessions.open_now", values=_plan_one, before=_on_plan),
    Act("sessions.cancel", values=_plan_one),
    Act("sessions.restore", values=_off),
    Act(
        "api.open_new_session",
        data=lambda walk: {
            "group_id": walk.site.group.group_id,
            "starts_at": "2026-03-02T14:00:00Z",
            "ends_at": "2026-03-02T15:00:00Z",
        },
    ),
    Act("api.open_session", values=_plan_one),
    Act("api.cancel_session", values=_plan_one),
    Act("api.restore_session", values=_off),
    Act(
        "exports.make",
        data=lambda walk: {
            "month": "2026-03",
            "format": "csv",
            "groups": [walk.site.group.group_id],
        },
    ),
    Act("api.export", data={"month": "2026-03", "format": "csv"}),
)

# Requests and reviews


def _doubt(walk: Walk, client: FlaskClient) -> None:
    from web.full_school import CALIBRATION, Candidate, Doubt, Unidentified

    likely = tuple(Candidate(walk.person(one).subject_id, 0.6 - one / 100) for one in (16, 17))
    decision = Unidentified(Doubt.AMBIGUOUS, likely, CALIBRATION.operating_point(0.01, 24))
    session = walk.site.session.session_id
    walk.parts.reviewing.leave(session, decision, walk.site.clock.now(), -1.0, "door")


def _review(walk: Walk) -> dict[str, str]:
    with walk.parts.uow() as uow:
        return {"review_id": uow.reviews.all()[0].review_id}


def _waiting(walk: Walk, *, own: bool = False) -> dict[str, str]:
    with walk.parts.uow() as uow:
        mine = [one for one in uow.requests.waiting() if not own or one.subject_id == _ada(walk)]
    return {"request_id": mine[-1].request_id}


def _ada(walk: Walk) -> str:
    return walk.site.ada.subject_id


def _lesson(walk: Walk) -> str:
    """Return a closed lesson about which nobody has asked for anything."""
    with walk.parts.uow() as uow:
        return uow.sessions.all(states=[SessionState.CLOSED])[-1].session_id


def _lesson_was_held(walk: Walk, client: FlaskClient) -> None:
    start = walk.site.clock.now() - timedelta(days=7 + len(walk.kept))
    walk.kept[f"lesson {start}"] = ""
    held = walk.parts.register.open_session(
        walk.site.group.group_id, start, start + timedelta(minutes=45),
        business_date=start.date(), title="Chemistry",
    )  # fmt: skip
    walk.parts.register.sight(held.session_id, walk.person(3).subject_id, start, Method.PIN)
    walk.parts.register.close_session(held.session_id, "test")
    walk.kept["lesson"] = held.session_id


def _held(walk: Walk) -> dict[str, str]:
    return {"session_id": walk.kept["lesson"]}


def _own_waiting(walk: Walk) -> dict[str, str]:
    return _waiting(walk, own=True)


REQUESTS = (
    Act(
        "me.dispute",
        "ada",
        {"wanted": "present", "text": "I was there"},
        _held,
        before=_lesson_was_held,
    ),
    Act(
        "me.excuse",
        "ada",
        {"first_day": "2026-03-09", "last_day": "2026-03-10", "text": "A wedding"},
    ),
    Act("me.withdraw_request", "ada", values=_own_waiting),
    Act(
        "api.ask",
        "ada",
        lambda walk: {
            "text": "I was there",
            "wanted": "present",
            "session_id": walk.kept["lesson"],
        },
        before=_lesson_was_held,
    ),
    Act("api.take_back", "ada", values=_own_waiting, method="DELETE"),
    Act("review.decide", "bob", {"decision": "grant", "answer": "yes"}, _waiting),
    Act("api.decide_request", "bob", {"grant": True, "answer": "yes"}, _waiting),
    Act("review.face", "bob", {"who": "nobody"}, _review),
    Act("api.decide_review", "bob", {"subject_id": None}, _review, before=_doubt),
    Act("review.settings", data={"approvers": "faculty", "overdue": "5"}),
    Act("attending.everybody_present", "bob"),
    Act("sessions.close", "bob"),
    Act(
        "api.close_session",
        "charlie",
        values=lambda walk: {"session_id": walk.site.other_session.session_id},
    ),
)

# Timetable, calendar, groups and absences


def _series_form(walk: Walk) -> dict[str, object]:
    return {
        "group": walk.site.group.group_id, "title": "Physics", "weekdays": ["1", "3"],
        "start": "13:00", "end": "13:45", "first_day": str(DAY), "every_weeks": "1",
        "policy": "school lesson",
    }  # fmt: skip


def _series_body(walk: Walk) -> dict[str, object]:
    return {
        "group_id": walk.site.group.group_id, "start": "15:00", "end": "15:45",
        "first_day": str(DAY), "weekdays": [2],
    }  # fmt: skip


def _term(walk: Walk) -> dict[str, str]:
    return {"term_id": walk.parts.calendars.read(walk.parts.today()).terms[-1].term_id}


def _calendar_was_sent(walk: Walk, client: FlaskClient) -> None:
    form = {"file": file(FILE, "plan.ics"), "group": "", "policy": "school lesson"}
    answer = client.post("/timetable/import", data=form)
    walk.kept["calendar"] = str(answer.location).rpartition("/")[2]


def _holiday(walk: Walk) -> dict[str, str]:
    first = walk.parts.calendars.read(walk.parts.today()).holidays[0].first_day
    return {"number": "0", "first_day": str(first)}


def _absence(walk: Walk) -> dict[str, str]:
    return {"absence_id": walk.parts.absences.since(DAY)[-1].absence_id}


def _reasons(walk: Walk) -> dict[str, list[str]]:
    reasons = walk.parts.absences.reasons()
    codes, labels = [one.code for one in reasons], [one.label for one in reasons]
    return {"code": [*codes, ""], "label": [*labels, "Sports"]}


def _last_series(walk: Walk) -> dict[str, str]:
    found = [one for one in walk.parts.timetable.all() if one.title == "Physics"]
    return {"series_id": found[-1].series_id}


def _joiner(walk: Walk) -> str:
    return walk.site.others[0].subject_id


PLAN = (
    Act("timetable.add_series", data=_series_form),
    Act(
        "timetable.change_series",
        data=lambda walk: {**_series_form(walk), "room": "Lab"},
        values=_last_series,
    ),
    Act("timetable.end_series", data={"ends": "2026-03-20"}, values=_last_series),
    Act("api.add_series", data=_series_body),
    Act("api.change_series", data={"title": "Music"}, method="PATCH"),
    Act("api.set_series_date", data={"day": "2026-03-12", "meets": False}),
    Act("api.end_series", data={"last_day": "2026-04-30"}),
    Act(
        "timetable.add_holiday",
        data={"holiday-name": "Trip", "holiday-first": "2026-05-04", "holiday-last": "2026-05-05"},
    ),
    Act("timetable.remove_holiday", data=_holiday),
    Act(
        "timetable.add_term",
        data={"term-name": "2027", "term-first": "2027-01-01", "term-last": "2027-06-30"},
    ),
    Act(
        "timetable.change_term",
        data={"term-name": "2027 I", "term-first": "2027-01-01", "term-last": "2027-05-30"},
        values=_term,
    ),
    Act("timetable.remove_term", values=_term),
    Act("timetable.set_region", data={"country": "DE", "part": "BE"}),
    Act("timetable.set_weeks", data={"weeks": "3"}),
    Act(
        "timetable.import_apply",
        data={"take": ["0"]},
        values=lambda walk: {"key": walk.kept["calendar"]},
        before=_calendar_was_sent,
    ),
    Act("timetable.add_group", data={"name": "9z"}),
    Act("timetable.rename_group", data={"name": "6c"}, values=_other_group),
    Act("api.add_group", data={"name": "9x"}),
    Act("api.rename_group", data={"name": "6d"}, values=_other_group, method="PATCH"),
    Act("timetable.join", data=lambda walk: {"subject": _joiner(walk), "since": str(DAY)}),
    Act("timetable.leave", data=lambda walk: {"subject": _joiner(walk), "last_day": str(DAY)}),
    Act(
        "api.join_group",
        data=lambda walk: {"subject_ids": [walk.person(9).subject_id]},
        values=_other_group,
    ),
    Act(
        "api.leave_group",
        data=lambda walk: {"subject_ids": [walk.person(9).subject_id]},
        values=_other_group,
    ),
    Act("timetable.add_staff", data=lambda walk: {"user": walk.site.users["charlie"].user_id}),
    Act(
        "timetable.end_staff",
        data={"last_day": str(DAY)},
        values=lambda walk: {"user_id": walk.site.users["charlie"].user_id},
    ),
    Act(
        "api.put_in_charge",
        data=lambda walk: {"user_id": walk.site.users["bob"].user_id},
        values=_other_group,
    ),
    Act("api.relieve", values=_other_group, method="DELETE"),
    Act(
        "timetable.tell_absence",
        data=lambda walk: {
            "subject": walk.person(7).subject_id,
            "first_day": NEXT,
            "last_day": NEXT,
            "reason": "ill",
        },
    ),
    Act("timetable.take_back", values=_absence),
    Act(
        "api.tell_absence",
        data=lambda walk: {
            "subject_ids": [walk.person(8).subject_id],
            "first_day": NEXT,
            "last_day": NEXT,
            "reason": "ill",
        },
    ),
    Act("api.take_absence_back", values=_absence, method="DELETE"),
    Act("timetable.set_reasons", data=_reasons),
)

# Devices, cameras, codes


def _kiosk(walk: Walk, client: FlaskClient) -> None:
    made = walk.parts.devices.add(DevicePlan(f"Kiosk {len(walk.kept)}"), "test")
    walk.kept["device"], walk.kept["code"] = made.device.device_id, made.code


def _camera(walk: Walk) -> dict[str, str]:
    with walk.parts.uow() as uow:
        return {"camera_id": uow.cameras.all()[0].camera_id}


def _device(walk: Walk) -> dict[str, str]:
    return {"device_id": walk.kept["device"]}


THINGS = (
    Act("cameras.add", data={"name": "Yard", "source": "rtsp://10.0.0.9/yard"}),
    Act("cameras.change", data={"name": "Gate", "source": "", "direction": "out"}),
    Act("cameras.switch", data={}),
    Act("api.add_camera", data={"name": "Roof", "source": "rtsp://10.0.0.9/roof"}),
    Act("api.change_camera", data={"room": "B 13"}, method="PATCH"),
    Act("cameras.remove"),
    Act("api.remove_camera", values=_camera, method="DELETE"),
    Act("devices.add", data={"name": "Hall"}),
    Act("devices.change", data={"name": "Door"}, values=_device, before=_kiosk),
    Act("devices.code", values=_device),
    Act("devices.greeting", data={"greeting": "first"}),
    Act("devices.revoke", values=_device),
    Act("devices.remove", values=_device),
    Act("api.revoke_device", values=_device, before=_kiosk),
    Act("api.remove_device", values=_device, method="DELETE"),
    Act("kiosk.paired", None, lambda walk: {"code": walk.kept["code"]}, before=_kiosk),
    Act("codes.reset_pin", data={"pin": "482915"}),
    Act("codes.card"),
    Act("codes.group_cards", data={"which": "all"}),
    Act("codes.revoke", data={"kind": "card"}),
    Act("codes.set_own_pin", "ada", {"pin": "270316", "again": "270316"}),
    Act(
        "codes.revoke_own",
        "ada",
        before=lambda walk, client: client.get("/me/code"),
    ),
)


# People


def _digest(where: str, form: dict[str, object], walk: Walk) -> dict[str, object]:
    page = walk.client("alice").post(where, data=form).text
    found = re.search(r'name="digest" value="([0-9a-f]+)"', page)
    assert found is not None, page
    return {**form, "digest": found[1]}


def _leavers(walk: Walk) -> dict[str, object]:
    form = {
        "group": walk.site.group.group_id,
        "who": [walk.person(10).subject_id],
        "last_day": "2026-03-31",
    }
    return _digest("/people/bulk/leavers", form, walk)


def _move(walk: Walk) -> dict[str, object]:
    form = {
        "group": walk.site.group.group_id,
        "who": [walk.person(11).subject_id],
        "new_group": walk.site.other_group.group_id,
        "first_day": "2026-03-09",
    }
    return _digest("/people/bulk/move", form, walk)


def _year(walk: Walk) -> dict[str, object]:
    form = {"first_day": "2026-09-01", f"next-{walk.site.group.group_id}": "6b"}
    return _digest("/people/bulk/year", form, walk)


def _import_was_sent(walk: Walk, client: FlaskClient) -> None:
    sent = {"table": file("name,group\nZoë,9z\n".encode(), "list.csv")}
    answer = client.post("/people/import", data=sent)
    walk.kept["task"] = str(answer.location).rpartition("/")[2]


def _sample_of(number: int) -> Given:
    def found(walk: Walk) -> dict[str, str]:
        subject_id = walk.person(number).subject_id
        with walk.parts.uow() as uow:
            reference_id = uow.references.ids_of(subject_id)[-1]
        return {"subject_id": subject_id, "reference_id": reference_id}

    return found


PEOPLE = (
    Act("people.add_person", data={"name": "New Person"}),
    Act("people.change", data={"name": "Ada King"}),
    Act("api.add_person", data={"name": "Another Person"}),
    Act("api.rename_person", data={"name": "Ada Lovelace"}, method="PATCH"),
    Act("people.record_consent", data=TERMS, values=_person(5)),
    Act("api.record_consent", data=TERMS, values=_person(5)),
    Act(
        "people.add_samples",
        data=lambda walk: {"files": file(picture(0), "1.png"), "another": "yes"},
        values=_person(5),
    ),
    Act(
        "api.add_samples",
        data=lambda walk: {"pictures": [{"data": b64encode(picture(5)).decode()}], "another": True},
        values=_person(5),
    ),
    Act("people.delete_sample", values=_sample_of(1)),
    Act("api.delete_sample", values=_sample_of(1), method="DELETE"),
    Act("people.withdraw_crops", values=_person(2)),
    Act("people.withdraw_consent", values=_person(2)),
    Act("api.withdraw_consent", values=_person(5), method="DELETE"),
    Act("me.withdraw_pictures", "ada"),
    Act("me.withdraw_consent", "ada"),
    Act(
        "people.join_group",
        data=lambda walk: {**_other_group(walk), "since": str(DAY)},
        values=_person(6),
    ),
    Act(
        "people.leave_group",
        values=lambda walk: {**_other_group(walk), "subject_id": walk.person(6).subject_id},
    ),
    Act(
        "people.start_import",
        values=lambda walk: {"task_id": walk.kept["task"]},
        before=_import_was_sent,
        by_task=True,
    ),
    Act("people.write_leavers", data=_leavers),
    Act("people.write_move", data=_move),
    Act(
        "people.write_substitute",
        data=lambda walk: {
            "absent": walk.site.users["bob"].user_id,
            "substitute": walk.site.users["charlie"].user_id,
            "first_day": "2026-03-02",
            "last_day": "2026-03-06",
            "confirmed": "yes",
        },
    ),
    Act("people.write_year", data=_year),
)

# The site, its register, papers and safety


def _notice(walk: Walk) -> dict[str, str]:
    text = GAP.sub("(on the board)", walk.parts.papers.draft(PaperKind.NOTICE, "en").text)
    return {"text": text + "\n\nOnce more.", "do": "publish"}


def _anchor(walk: Walk) -> dict[str, object]:
    data = walk.client("dora").post("/audit/anchor").data
    return {"anchor": file(data, "anchor.txt")}


def _copies(walk: Walk, client: FlaskClient) -> None:
    home = walk.parts.settings.home
    copy = home / "backups" / "before-upgrade-1"
    copy.mkdir(parents=True)
    shutil.copy(home / "rollbook.db", copy)


def _old_log(walk: Walk, client: FlaskClient) -> None:
    log = walk.parts.settings.home / "logs" / "rollbook.log.1"
    log.parent.mkdir(exist_ok=True)
    log.write_text("old")
    os.utime(log, (0, 0))


def _not_set_up(walk: Walk, client: FlaskClient) -> None:
    walk.parts.site.change("test", set_up=False)


def _rotating(walk: Walk, client: FlaskClient) -> None:
    walk.site.clock.advance(1)
    client.post("/safety/keys/rotate", data={"data": "yes"})


NAMED = {"site_name": "Valley School", "time_zone": "Europe/Berlin", "language": "en"}
LAW = {"kind": "school", "place": "eu", "faces": "on"}
RULES = {
    "consent_months": "11", "inactive_months": "6", "erase_months": "24", "log_days": "14",
    "paper_months": "36", "tally_months": "24",
}  # fmt: skip
SITE = (
    Act("setup.name_post", data=NAMED),
    Act("setup.policy_post", data={"words": "office"}),
    Act("setup.law_post", data=LAW),
    Act("setup.done_post", before=_not_set_up),
    Act("setup.site_name", data={**NAMED, "site_name": "Hill School"}),
    Act("setup.site_faces", data={**LAW, "place": "uk"}),
    Act("setup.site_policy", data={"template": "school"}),
    Act("setup.site_review", data={"review_days": "20"}),
    Act("setup.site_second_factor", data={}),
    Act("audit.as_csv", "dora"),
    Act("audit.download_anchor", "dora"),
    Act("audit.check_anchor", "dora", _anchor),
    Act("audit.check", "dora", by_task=True),
    Act("privacy.change_particulars", data={"controller": "Valley School"}),
    Act("privacy.change_retention", data=RULES),
    Act("privacy.publish", data=_notice),
    Act("privacy.ask_access", data={"language": "en"}, by_task=True),
    Act("me.ask_archive", "ada", by_task=True),
    Act("safety.schedule", data={"wall": "04:15", "keep": "9"}),
    Act(
        "safety.add",
        data=lambda walk: {"url": str(walk.parts.settings.home.parent / "disk" / "third")},
    ),
    Act("safety.start", by_task=True),
    Act("safety.remove"),
    Act("safety.delete_copies", before=_copies),
    Act("safety.go_on"),
    Act("safety.rotate", data={"data": "yes"}, by_task=True),
    Act("safety.stop_rotation", before=_rotating),
    Act("privacy.purge", before=_old_log, by_task=True),
    Act(
        "privacy.erase_now",
        data=lambda walk: {"name": walk.person(20).name},
        values=_person(20),
    ),
    Act("api.remove_person", values=_person(21), method="DELETE"),
)
USERS = (
    Act("api.add_user", data={"login": "gina", "role": "auditor"}),
    Act("api.rename_user", data={"name": "Eve"}, values=_spare, method="PATCH"),
    Act("api.set_user_role", data={"role": "faculty"}, values=_spare),
    Act(
        "api.end_user_sessions",
        before=lambda walk, client: sign_in(walk.site, "bob"),
    ),
    Act("api.set_user_active", data={"active": False}, values=_spare),
)


# Messages and reports


def _channel(walk: Walk) -> str:
    return walk.site.ids["channel_id"][0]


def _plan(walk: Walk) -> dict[str, str]:
    (one,) = walk.parts.report_plans.of(walk.site.users["alice"].user_id)
    return {"plan_id": one.plan_id}


def _failures(walk: Walk) -> list[str]:
    with walk.parts.uow() as uow:
        return [row.message_id for row in uow.outbox.newest([MessageState.FAILED], 1)]


def _give_up(walk: Walk, client: FlaskClient) -> None:
    given_up(walk.parts.uow, walk.parts.clock.now(), walk.site.ada.subject_id)


MESSAGES = (
    Act(
        "messages.set_rules",
        data={
            "enabled": "yes", "grace": "10", "quiet_from": "21:00", "quiet_until": "06:00",
            "daily_at": "15:30", "row_tutor": "2", "row_administrator": "4", "low_below": "80",
            "address": "https://hill-school.example",
        },
    ),
    Act("messages.add_channel", data={"name": "Third", "url": "mailto://127.0.0.1:1?from=a@b.c"}),
    Act(
        "messages.set_text",
        data={"subject": "{name}?", "body": "Where is {name}?"},
        values={"kind": "absent", "language": "en"},
    ),
    Act(
        "messages.add_contact",
        data=lambda walk: {
            "audience": "guardian", "channel": _channel(walk), "contact": "father@example.net",
            "language": "en", "want-absent": "yes", "agreed": "yes",
        },
    ),
    Act("messages.set_contact_active"),
    Act(
        "messages.stop_post",
        None,
        values=lambda walk: {"token": _stop_token(walk)},
        before=lambda walk, client: walk.parts.recipients.set_active(
            walk.site.ids["recipient_id"][0], True, "test"
        ),
    ),
    Act("messages.try_again", values=lambda walk: {"message_id": _failures(walk)[0]}),
    Act("messages.try_all_again", before=_give_up),
    Act(
        "api.send_again",
        values=lambda walk: {"message_id": _failures(walk)[0]},
        before=_give_up,
    ),
    Act("messages.remove_contact"),
    Act(
        "messages.set_own",
        data=lambda walk: {
            "channel": _channel(walk), "contact": "alice@example.net", "language": "en",
            "want-digest": "yes",
        },
    ),
    Act("messages.stop_own"),
    Act("messages.remove_channel", values=lambda walk: {"channel_id": _spare_channel(walk)}),
    Act("exports.plan", data={"rhythm": "weekly", "format": "csv"}),
    Act("exports.end_plan", values=_plan),
)  # fmt: skip


def _stop_token(walk: Walk) -> str:
    with walk.parts.uow() as uow:
        return token_of(uow.vault, walk.site.ids["recipient_id"][0])


def _spare_channel(walk: Walk) -> str:
    return walk.parts.message_settings.channels()[-1].channel_id


ACTS = (*MESSAGES, *ACCOUNTS, *MARKS, *REQUESTS, *PLAN, *THINGS, *PEOPLE, *SITE, *USERS)
