"""Pages of messages: settings, texts, recipients, the outbox, and the link that ends messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from mail_server import mail_server
from outboxes import given_up
from rollbook.domain.messages import Audience, EventKind, MessageRules, MessageState
from rollbook.services.unsubscribing import token_of
from web.school import Site

ClientOf = Callable[[str | None], FlaskClient]
URL = "mailto://127.0.0.1:1?from=school@example.org"


@pytest.fixture
def channel(site: Site) -> str:
    made = site.parts.message_settings.add_channel("E-mail", URL, "administrator a")
    site.parts.message_settings.set_rules(MessageRules(enabled=True), "administrator a")
    site.parts.message_settings.set_address("https://school.example", "administrator a")
    return made.channel_id


def rules(**more: str) -> dict[str, str]:
    given = {
        "enabled": "yes",
        "grace": "10",
        "quiet_from": "21:00",
        "quiet_until": "06:00",
        "daily_at": "15:30",
        "row_tutor": "2",
        "row_administrator": "4",
        "low_below": "80",
        "address": "https://school.example/",
        "tell-absent": "yes",
    }
    return {**given, **more}


def contact(channel: str, **more: str) -> dict[str, str]:
    given = {
        "audience": "guardian",
        "channel": channel,
        "contact": "mother@example.net",
        "language": "de",
        "label": "mother",
        "want-absent": "yes",
        "agreed": "yes",
    }
    return {**given, **more}


def test_rules_are_kept_and_what_is_not_ticked_is_told_to_nobody(
    site: Site, client_of: ClientOf
) -> None:
    alice = client_of("alice")
    assert alice.get("/messages").status_code == 200
    assert alice.post("/messages/rules", data=rules()).status_code == 303
    kept = site.parts.message_settings.rules()
    assert kept.enabled and kept.grace == timedelta(minutes=10) and kept.row_administrator == 4
    assert kept.off == frozenset(EventKind) - {EventKind.ABSENT}
    assert site.parts.message_settings.address() == "https://school.example"


@pytest.mark.parametrize(
    "wrong",
    [{"grace": "x"}, {"grace": "999"}, {"quiet_from": "25:00"}, {"address": "ftp://x"}],
)
def test_rules_that_make_no_sense_are_explained(client_of: ClientOf, wrong: dict[str, str]) -> None:
    answer = client_of("alice").post("/messages/rules", data=rules(**wrong))
    assert answer.status_code == 422 and b'role="alert"' in answer.data


def test_a_channel_never_shows_its_password(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    secret = "mailtos://me:s3cret-word@mail.example.org?from=school@example.org"
    answer = alice.post("/messages/channels", data={"name": "Mail", "url": secret})
    assert answer.status_code == 303
    page = alice.get("/messages").get_data(as_text=True)
    assert "mail.example.org:587" in page and "s3cret" not in page
    answer = alice.post("/messages/channels", data={"name": "x", "url": "nonsense://x"})
    assert answer.status_code == 422
    (made,) = site.parts.message_settings.channels()
    alice.post(f"/messages/channels/{made.channel_id}/remove")
    assert site.parts.message_settings.channels() == []


def test_a_test_message_really_leaves(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    with mail_server() as server:
        made = site.parts.message_settings.add_channel("Mail", server.url, "administrator a")
        path = f"/messages/channels/{made.channel_id}/test"
        alice.post(path, data={"to": "head@example.net"})
        (mail,) = server.taken
        assert mail["To"] == "head@example.net" and "Hill School" in mail["Subject"]
        server.refuse_to = "550 unknown"
        alice.post(path, data={"to": "head@example.net"})
    assert "550" in alice.get("/messages").get_data(as_text=True)


def test_texts_can_be_changed_and_put_back(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    assert "Ada Lovelace" in alice.get("/messages/texts").get_data(as_text=True)
    path = "/messages/texts/absent/en"
    alice.post(path, data={"subject": "{name}?", "body": "Where is {name}?"})
    assert "Where is Ada Lovelace?" in alice.get(path).get_data(as_text=True)
    looked = alice.post(path, data={"subject": "x", "body": "{name} sits", "look": "yes"})
    assert "Ada Lovelace sits" in looked.get_data(as_text=True)
    assert "sits" not in site.parts.message_settings.text(EventKind.ABSENT, "en").body
    wrong = alice.post(path, data={"subject": "x", "body": "{score}"})
    assert wrong.status_code == 422 and "{name}" in wrong.get_data(as_text=True)
    alice.post(path, data={"default": "yes"})
    assert "Where is" not in alice.get(path).get_data(as_text=True)
    assert alice.get("/messages/texts/absent/xx").status_code == 404
    assert alice.get("/messages/texts/nothing/en").status_code == 404


def test_a_contact_needs_a_yes_and_is_the_persons(
    site: Site, client_of: ClientOf, channel: str
) -> None:
    bob, path = client_of("bob"), f"/messages/people/{site.ada.subject_id}"
    assert bob.post(path, data=contact(channel, agreed="")).status_code == 422
    assert bob.post(path, data=contact(channel, contact="a b")).status_code == 422
    assert bob.post(path, data=contact(channel)).status_code == 303
    (one,) = site.parts.recipients.of_subject(site.ada.subject_id)
    assert (one.address, one.audience, one.language) == (
        "mother@example.net",
        Audience.GUARDIAN,
        "de",
    )
    assert one.wants == {EventKind.ABSENT}
    assert "mother@example.net" in bob.get(path).get_data(as_text=True)
    bob.post(f"{path}/{one.recipient_id}/active")
    assert not site.parts.recipients.of_subject(site.ada.subject_id)[0].active
    other = site.people[1].subject_id
    wrong = bob.post(f"/messages/people/{other}/{one.recipient_id}/remove")
    assert wrong.status_code == 404
    bob.post(f"{path}/{one.recipient_id}/remove")
    assert site.parts.recipients.of_subject(site.ada.subject_id) == []


def test_a_teacher_of_another_group_sees_and_adds_no_contact(
    site: Site, client_of: ClientOf, channel: str
) -> None:
    charlie, path = client_of("charlie"), f"/messages/people/{site.ada.subject_id}"
    assert charlie.get(path).status_code in (403, 404)
    assert charlie.post(path, data=contact(channel)).status_code in (403, 404)
    assert site.parts.recipients.of_subject(site.ada.subject_id) == []


def test_staff_choose_for_themselves(site: Site, client_of: ClientOf, channel: str) -> None:
    bob = client_of("bob")
    assert bob.get("/messages/me").status_code == 200
    data = {
        "channel": channel,
        "contact": "bob@example.org",
        "language": "en",
        "want-weekly": "yes",
        "want-trouble": "yes",
    }
    bob.post("/messages/me", data=data)
    user_id = site.users["bob"].user_id
    one = site.parts.recipients.of_user(user_id)
    assert one is not None and one.wants == {EventKind.WEEKLY}, "trouble is for administrators"
    bob.post("/messages/me/stop")
    assert site.parts.recipients.of_user(user_id) is None


def test_the_link_works_without_signing_in_and_looking_changes_nothing(
    site: Site, client_of: ClientOf, channel: str
) -> None:
    one = site.parts.recipients.add_contact(
        site.ada.subject_id,
        Audience.GUARDIAN,
        channel,
        "m@example.net",
        language="en",
        by="faculty b",
    )
    with site.parts.uow() as uow:
        path = f"/messages/stop/{token_of(uow.vault, one.recipient_id)}"
    nobody = client_of(None)
    page = nobody.get(path).get_data(as_text=True)
    assert "<button" in page and "Ada" not in page and "m@example" not in page
    assert _active(site)
    answer = nobody.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200 and not _active(site)
    nobody.post(path, data={"again": "yes"})
    assert _active(site)
    nobody.post(path)
    assert not _active(site)
    assert nobody.get(path[:-2] + "xx").status_code == 404
    assert nobody.post(path[:-2] + "xx").status_code == 404


@pytest.mark.parametrize(("url", "address"), [(URL, ""), (URL, "0151"), ("json://h/{to}", "")])
def test_a_contact_has_the_address_that_its_channel_needs(
    site: Site, client_of: ClientOf, url: str, address: str
) -> None:
    made = site.parts.message_settings.add_channel("other", url, "administrator a")
    path = f"/messages/people/{site.ada.subject_id}"
    refused = client_of("bob").post(path, data=contact(made.channel_id, contact=address))
    assert refused.status_code == 422 and 'aria-invalid="true"' in refused.get_data(as_text=True)
    assert site.parts.recipients.of_subject(site.ada.subject_id) == []


def test_the_address_is_optional_only_where_a_channel_reaches_one_place(
    site: Site, client_of: ClientOf, channel: str
) -> None:
    bob, path = client_of("bob"), f"/messages/people/{site.ada.subject_id}"
    assert "Not needed for" not in bob.get(path).get_data(as_text=True)
    chat = site.parts.message_settings.add_channel("Chat", "json://127.0.0.1/x", "administrator a")
    assert "Not needed for: Chat" in bob.get(path).get_data(as_text=True)
    sent = contact(chat.channel_id, contact="")
    assert bob.post(path, data=sent).status_code == 303


def test_pages_say_while_messages_are_off(site: Site, client_of: ClientOf) -> None:
    off = "This site sends no messages yet."
    alice, bob = client_of("alice"), client_of("bob")
    for path in ("/account", "/messages/me", f"/messages/people/{site.ada.subject_id}"):
        assert off in bob.get(path).get_data(as_text=True), path
    there = alice.get("/messages/me").get_data(as_text=True)
    assert off in there and 'href="/messages"' in there.partition(off)[2][:60]
    site.parts.message_settings.set_rules(MessageRules(enabled=True), "administrator a")
    assert off not in alice.get("/messages/me").get_data(as_text=True)


def _active(site: Site) -> bool:
    return site.parts.recipients.of_subject(site.ada.subject_id)[0].active


def test_a_failure_is_shown_with_its_reason_and_tried_again(
    site: Site, client_of: ClientOf, channel: str
) -> None:
    with site.parts.uow() as uow:
        uow.subjects.update(replace(site.ada, minor=True))
        uow.commit()
    bob, alice = client_of("bob"), client_of("alice")
    bob.post(f"/messages/people/{site.ada.subject_id}", data=contact(channel))
    (mother,) = site.parts.recipients.of_subject(site.ada.subject_id)
    with site.parts.uow() as uow:
        uow.recipients.put(replace(mother, address="nothing"))  # as it could be written once
        uow.commit()
    site.parts.register.close_session(site.session.session_id, "faculty b")
    site.clock.advance(3600)
    site.parts.outbox.run()
    page = alice.get("/messages/outbox?state=failed").get_data(as_text=True)
    assert "This is no e-mail address." in page and "Ada Lovelace" in page and "mother" in page
    assert "Look at it" in alice.get("/messages").get_data(as_text=True)
    (failed,) = site.parts.outbox.failures()
    alice.post(f"/messages/outbox/{failed.message_id}/again")
    with site.parts.uow() as uow:
        assert uow.outbox.counts() == {MessageState.WAITING: 1}


@pytest.mark.parametrize("path", ["/messages", "/messages/texts", "/messages/outbox"])
def test_settings_are_for_administrators(client_of: ClientOf, path: str) -> None:
    for login in ("bob", "charlie", "olga"):
        try:
            client = client_of(login)
        except KeyError:
            continue
        assert client.get(path).status_code == 403


def test_several_that_were_given_up_are_tried_again_by_one_button(
    site: Site, client_of: ClientOf
) -> None:
    parts, alice = site.parts, client_of("alice")
    name = "Try everything again that was given up"
    given_up(parts.uow, site.clock.now(), site.ada.subject_id)
    assert name not in alice.get("/messages/outbox").text
    given_up(parts.uow, site.clock.now(), site.ada.subject_id)
    assert name in alice.get("/messages/outbox").text
    answer = alice.post("/messages/outbox/again", follow_redirects=True)
    assert "2 messages are sent again." in answer.text
    with parts.uow() as uow:
        assert uow.outbox.counts() == {MessageState.WAITING: 2}


def test_the_page_says_what_should_have_left_and_why_it_did_not(
    site: Site, client_of: ClientOf, channel: str
) -> None:
    alice = client_of("alice")
    with site.parts.uow() as uow:
        uow.subjects.update(replace(site.ada, minor=True))
        uow.commit()
    client_of("bob").post(f"/messages/people/{site.ada.subject_id}", data=contact(channel))
    site.parts.register.close_session(site.session.session_id, "faculty b")
    assert "should have left" not in alice.get("/messages").text
    site.clock.advance(3600)
    page = alice.get("/messages").text
    assert "1 message should have left already" in page and "Nobody has taken them" in page
    site.parts.outbox.run()  # nobody listens at port 1
    assert "The mail server cannot be reached" in alice.get("/messages").text
