"""Whoever changes something leaves an entry: every route that takes a change names its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rollbook.domain.attendance import Method
from rollbook.domain.register import EntryKind
from rollbook.web.audit.sentences import BY_KIND, EXPORTED
from web.pages import address, routes
from web.school import DAY, Site, sign_in

ClientOf = Callable[[str | None], FlaskClient]

# route -> the event of the entry that a change through it leaves
EVENTS: Mapping[str, str] = {
    "accounts.change_role": "role changed",
    "accounts.choose_password_post": "password changed",
    "accounts.end_other_sessions": "other sessions ended",
    "accounts.end_session": "session ended",
    "accounts.end_user_sessions": "sessions ended",
    "accounts.give_code": "one-time code",
    "accounts.group_accounts_post": "added",
    "accounts.login_post": "signed in",
    "accounts.logout": "signed out",
    "accounts.new_codes": "recovery codes made",
    "accounts.new_user_post": "added",
    "accounts.passkey_add": "passkey added",
    "accounts.passkey_login": "signed in",
    "accounts.passkey_remove": "passkey removed",
    "accounts.password_post": "password changed",
    "accounts.rename_user": "renamed",
    "accounts.second_step_post": "signed in",
    "accounts.set_active": "disabled",
    "accounts.stop_teaching": "no longer teaches",
    "accounts.teach": "teaches",
    "accounts.turn_off": "second factor removed",
    "accounts.turn_on": "second factor set up",
    "api.add_camera": "camera added",
    "api.add_group": "group added",
    "api.add_person": "added",
    "api.add_samples": "enrolled",
    "api.add_series": "series added",
    "api.add_user": "added",
    "api.ask": "request made",
    "api.cancel_session": "called off",
    "api.change_camera": "camera changed",
    "api.change_series": "series changed",
    "api.close_session": "closed",
    "api.decide_request": "request granted",
    "api.decide_review": "unsure face decided",
    "api.delete_sample": "samples deleted",
    "api.end_series": "series ended",
    "api.end_user_sessions": "sessions ended",
    "api.export": "exported",
    "api.join_group": "joined",
    "api.leave_group": "left",
    "api.make_token": "token made",
    "api.mark": "status",
    "api.open_new_session": "opened",
    "api.open_session": "opened",
    "api.put_in_charge": "staff added",
    "api.record_consent": "recorded",
    "api.relieve": "staff left",
    "api.remove_camera": "camera removed",
    "api.remove_device": "kiosk removed",
    "api.remove_person": "removed",
    "api.rename_group": "group renamed",
    "api.rename_person": "renamed",
    "api.rename_user": "renamed",
    "api.restore_session": "restored",
    "api.revoke_device": "kiosk revoked",
    "api.revoke_token": "token revoked",
    "api.set_series_date": "series changed",
    "api.set_user_active": "disabled",
    "api.set_user_role": "role changed",
    "api.take_absence_back": "absence taken back",
    "api.take_back": "request withdrawn",
    "api.tell_absence": "absence told",
    "api.withdraw_consent": "withdrawn",
    "attending.confirm_photos": "arrived",
    "attending.correct": "status",
    "attending.enter_paper": "status",
    "attending.everybody_present": "status",
    "attending.save": "status",
    "attending.save_one": "status",
    "attending.send_photos": "class photograph looked at",
    "attending.undo": "taken back",
    "audit.as_csv": "audit exported",
    "audit.check": "register checked",
    "audit.check_anchor": "anchor checked",
    "audit.download_anchor": "anchor made",
    "cameras.add": "camera added",
    "cameras.change": "camera changed",
    "cameras.remove": "camera removed",
    "cameras.switch": "camera switched off",
    "codes.card": "card made",
    "codes.group_cards": "cards printed",
    "codes.reset_pin": "PIN set",
    "codes.revoke": "card revoked",
    "codes.revoke_own": "phone revoked",
    "codes.set_own_pin": "PIN set",
    "devices.add": "kiosk added",
    "devices.change": "kiosk changed",
    "devices.code": "kiosk code made",
    "devices.greeting": "kiosk greeting",
    "devices.remove": "kiosk removed",
    "devices.revoke": "kiosk revoked",
    "exports.end_plan": "report plan ended",
    "exports.make": "exported",
    "exports.plan": "report planned",
    "kiosk.leave": "kiosk revoked",
    "kiosk.paired": "kiosk paired",
    "me.ask_archive": "access given",
    "me.dispute": "request made",
    "me.excuse": "request made",
    "me.withdraw_consent": "withdrawn",
    "me.withdraw_request": "request withdrawn",
    "messages.add_channel": "message channel added",
    "messages.add_contact": "recipient set",
    "messages.remove_channel": "message channel removed",
    "messages.remove_contact": "recipient removed",
    "messages.set_contact_active": "messages stopped",
    "messages.set_own": "recipient set",
    "messages.set_rules": "message rules changed",
    "messages.set_text": "message text changed",
    "messages.stop_own": "recipient removed",
    "messages.stop_post": "messages stopped",
    "messages.try_again": "message tried again",
    "people.add_person": "added",
    "people.add_samples": "enrolled",
    "people.change": "renamed",
    "people.delete_sample": "samples deleted",
    "people.join_group": "joined",
    "people.leave_group": "left",
    "people.record_consent": "recorded",
    "people.start_import": "added",
    "people.withdraw_consent": "withdrawn",
    "people.withdraw_crops": "withdrawn",
    "people.write_leavers": "people left",
    "people.write_move": "people moved",
    "people.write_substitute": "staff added",
    "people.write_year": "people moved",
    "privacy.ask_access": "access given",
    "privacy.change_particulars": "setting changed",
    "privacy.change_retention": "setting changed",
    "privacy.erase_now": "removed",
    "privacy.publish": "paper published",
    "privacy.purge": "purged",
    "review.decide": "request granted",
    "review.face": "unsure face decided",
    "review.settings": "request rules changed",
    "safety.add": "backup destination added",
    "safety.delete_copies": "copies deleted",
    "safety.go_on": "backups go on",
    "safety.remove": "backup destination removed",
    "safety.rotate": "keys: rotation begun",
    "safety.schedule": "backup schedule",
    "safety.start": "backup made",
    "safety.stop_rotation": "keys: rotation stopped",
    "sessions.add": "opened",
    "sessions.cancel": "called off",
    "sessions.close": "closed",
    "sessions.open_now": "opened",
    "sessions.restore": "restored",
    "setup.account_post": "added",
    "setup.law_post": "setting changed",
    "setup.name_post": "setting changed",
    "setup.policy_post": "setting changed",
    "setup.done_post": "setting changed",
    "setup.code": "set-up code wrong",
    "setup.site_faces": "setting changed",
    "setup.site_name": "setting changed",
    "setup.site_policy": "setting changed",
    "setup.site_review": "setting changed",
    "setup.site_second_factor": "setting changed",
    "timetable.add_group": "group added",
    "timetable.add_holiday": "holidays added",
    "timetable.add_series": "series added",
    "timetable.add_staff": "staff added",
    "timetable.add_term": "term added",
    "timetable.change_series": "series changed",
    "timetable.change_term": "term changed",
    "timetable.end_series": "series ended",
    "timetable.end_staff": "staff left",
    "timetable.import_apply": "calendar imported",
    "timetable.join": "joined",
    "timetable.leave": "left",
    "timetable.remove_holiday": "holidays removed",
    "timetable.remove_term": "term removed",
    "timetable.rename_group": "group renamed",
    "timetable.set_reasons": "absence reasons",
    "timetable.set_region": "holiday region",
    "timetable.set_weeks": "weeks planned ahead",
    "timetable.take_back": "absence taken back",
    "timetable.tell_absence": "absence told",
}
SEARCH = "it only searches: a name must stand in no address"
STEP = "a step before the change, which leaves the entry; what is kept for it is forgotten"
NOTHING: Mapping[str, str] = {
    "messages.test_channel": "nothing is changed; a test leaves for an address that was typed",
    "dashboard.visualize": "a ticket is made; only reading follows",
    "accounts.confirm_post": "the same person shows again who they are; a failure is an entry",
    "accounts.passkey_confirm": "the same person shows again who they are; a failure is an entry",
    "accounts.passkey_ask": STEP,
    "accounts.passkey_confirm_ask": STEP,
    "accounts.passkey_start": STEP,
    "audit.person": SEARCH,
    "people.discard_task": "throws a preview away, of which nothing was kept",
    "me.stop_own_archive": "an unfinished archive is deleted; one that is finished has its entry",
    "people.frame": STEP,
    "people.resume_task": STEP,
    "people.stop_task": "what was taken over until then has its entries",
    "people.upload": STEP,
    "privacy.stop_access": "an unfinished archive is deleted; one that is finished has its entry",
    "privacy.stop_purge": "what was deleted until then has its entry",
    "safety.stop": "an unfinished backup is deleted, and its task tells of it",
    "safety.test": "writes a file to the destination and deletes it",
    "setup.camera_test": "looks at a picture that is not kept, before anybody is enrolled",
    "start.language": "the language of one browser",
    "timetable.import_file": STEP,
}


def test_every_route_that_changes_something_names_its_entry(web_app: Flask) -> None:
    changing = {rule.endpoint for rule, method in routes(web_app) if method != "GET"}
    changing = {one for one in changing if not one.startswith("kiosk.") or one in EVENTS}
    told = set(EVENTS) | set(NOTHING)
    assert changing - told == set(), "name the event that it writes, or why it writes none"
    assert told - changing == set(), "there are no such routes any more"
    assert set(EVENTS) & set(NOTHING) == set()


def test_every_named_event_has_a_sentence() -> None:
    known = {event for sentences in BY_KIND.values() for event in sentences} | {"exported"}
    assert EXPORTED
    assert set(EVENTS.values()) - known == set()


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is really done through a route."""

    endpoint: str
    login: str = "alice"
    data: Mapping[str, object] = field(default_factory=dict)
    first: Callable[[Site], object] | None = None  # what has to be so before
    as_json: bool = False


def _arrive(site: Site) -> None:
    site.parts.register.sight(
        site.session.session_id, site.ada.subject_id, site.clock.now(), Method.PIN
    )


ACTS = (
    Act("accounts.change_role", data={"role": "auditor"}),
    Act("accounts.end_user_sessions", first=lambda site: sign_in(site, "bob")),
    Act("accounts.give_code"),
    Act("accounts.rename_user", data={"login": "robert", "name": "Robert"}),
    Act("accounts.set_active", data={"active": ""}),
    Act("accounts.logout", "bob"),
    Act("attending.correct", "bob", {"status": "late"}),
    Act("attending.save_one", "bob", {"subject_id": "{ada}", "status": "late"}, as_json=True),
    Act("attending.everybody_present", "bob"),
    Act("audit.as_csv", "dora"),
    Act("audit.download_anchor", "dora"),
    Act("codes.reset_pin", data={"pin": "482915"}),
    Act("codes.card"),
    Act("devices.add", data={"name": "Hall"}),
    Act("people.add_person", data={"name": "New Person"}),
    Act("people.change", data={"name": "Ada King"}),
    Act("privacy.change_particulars", data={"controller": "Hill School"}),
    Act("sessions.close", "bob", first=_arrive),
    Act("sessions.cancel"),
    Act(
        "setup.site_name",
        data={"site_name": "Valley School", "time_zone": "Europe/Berlin", "language": "en"},
    ),
    Act("timetable.add_group", data={"name": "9z"}),
    Act("timetable.rename_group", data={"name": "9y"}),
    Act("timetable.set_weeks", data={"weeks": "3"}),
    Act(
        "timetable.tell_absence",
        data={"subject": "{ada}", "first_day": str(DAY), "last_day": str(DAY), "reason": "ill"},
    ),
)


def newest(site: Site, after: int) -> list[tuple[str, object]]:
    with site.parts.uow() as uow:
        entries = uow.register.entries(limit=50, down_to=after + 1)
    told = [(entry, entry.body.get("event", entry.body.get("kind"))) for entry in entries]
    return [
        (str(event) if entry.kind is not EntryKind.EXPORT else "exported", entry.body.get("by"))
        for entry, event in told
    ]


def count(site: Site) -> int:
    with site.parts.uow() as uow:
        return uow.register.count()


@pytest.mark.slow
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.endpoint)
def test_what_is_done_through_a_route_is_in_the_register(
    act: Act, site: Site, web_app: Flask, client_of: ClientOf
) -> None:
    client = client_of(act.login)
    if act.first is not None:
        act.first(site)
    data = {
        name: str(value).replace("{ada}", site.ada.subject_id) for name, value in act.data.items()
    }
    rule = next(
        rule
        for rule, method in routes(web_app)
        if rule.endpoint == act.endpoint and method != "GET"
    )
    before = count(site)
    where = address(web_app, rule, site)
    answer = client.post(where, json=data) if act.as_json else client.post(where, data=data)
    assert answer.status_code < 400, answer.text[-1500:]
    told = newest(site, before)
    assert EVENTS[act.endpoint] in [event for event, _by in told], told
    user = site.users[act.login].user_id
    assert all(user in str(by) for _event, by in told), told


def test_a_sign_in_and_a_refusal_are_in_the_register(site: Site, client_of: ClientOf) -> None:
    before = count(site)
    nobody = client_of(None)
    nobody.post("/login", data={"login": "bob", "password": "wrong wrong wrong"})
    assert newest(site, before)[0][0].startswith("sign-in failed")
    before = count(site)
    assert client_of("bob").get("/audit").status_code == 403
    assert [event for event, _by in newest(site, before)] == ["refused"]
