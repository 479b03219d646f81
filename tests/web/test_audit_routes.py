"""Whoever changes something leaves an entry: every route that takes a change names its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Flask
from flask.testing import FlaskClient

from rollbook.domain.register import EntryKind
from rollbook.web.audit.sentences import BY_KIND, EXPORTED
from web.pages import routes
from web.school import Site

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
    "api.join_group": "people joined",
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
    "api.send_again": "message tried again",
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
    "attending.undo": "status",
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
    "kiosk.paired": "kiosk paired",
    "me.ask_archive": "access given",
    "me.dispute": "request made",
    "me.excuse": "request made",
    "me.withdraw_consent": "withdrawn",
    "me.withdraw_pictures": "crops withdrawn",
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
    "messages.try_all_again": "message tried again",
    "people.add_person": "added",
    "people.add_samples": "enrolled",
    "people.change": "renamed",
    "people.delete_sample": "samples deleted",
    "people.join_group": "joined",
    "people.leave_group": "left",
    "people.record_consent": "recorded",
    "people.start_import": "added",
    "people.withdraw_consent": "withdrawn",
    "people.withdraw_crops": "crops withdrawn",
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
    "timetable.join": "people joined",
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
    "kiosk.leave": "one browser forgets its key; the kiosk itself stays as it is",
    "people.discard_task": "throws a preview away, of which nothing was kept",
    "me.stop_own_archive": "an unfinished archive is deleted; one that is finished has its entry",
    "people.frame": STEP,
    "people.resume_task": STEP,
    "exports.stop": "nothing was handed out",
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
    told = set(EVENTS) | set(NOTHING)
    assert changing - told == set(), "name the event that it writes, or why it writes none"
    assert told - changing == set(), "there are no such routes any more"
    assert set(EVENTS) & set(NOTHING) == set()


def test_every_named_event_has_a_sentence() -> None:
    known = {event for sentences in BY_KIND.values() for event in sentences} | {"exported"}
    assert EXPORTED
    assert set(EVENTS.values()) - known == set()


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


def test_a_sign_in_and_a_refusal_are_in_the_register(site: Site, client_of: ClientOf) -> None:
    before = count(site)
    nobody = client_of(None)
    nobody.post("/login", data={"login": "bob", "password": "wrong wrong wrong"})
    assert newest(site, before)[0][0].startswith("sign-in failed")
    before = count(site)
    assert client_of("bob").get("/audit").status_code == 403
    assert [event for event, _by in newest(site, before)] == ["refused"]
