"""Papers on the web: filled, published, read by everybody, and kept as they were."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask.testing import FlaskClient
from pypdf import PdfReader

from builders import make_reference
from rollbook.domain.documents import LANGUAGES, PaperKind
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.register import EntryKind
from rollbook.domain.retention import RetentionRules
from rollbook.services.papers import digest_of
from rollbook.storage.repositories.receipts import signed_text
from rollbook.storage.signing import is_signed
from web.school import Site

Browser = Callable[[str | None], FlaskClient]
TOLD = {
    "controller": "Hill School\n1 Hill Road, Hilltown",
    "contact": "office@hill.example",
    "officer": "Dr Jane Roe",
    "authority": "The Commissioner",
    "purpose": "We have to know who is in the building.",
    "legal_basis": "School Act, section 7",
    "recipients": "nobody",
    "incident_lead": "The head, +1 555 0100",
}


@pytest.fixture
def alice(client_of: Browser) -> FlaskClient:
    return client_of("alice")


def publish(site: Site, kind: PaperKind, language: str = "en") -> str:
    """Publish a paper with every gap filled in; return its id."""
    site.parts.papers.set_particulars("administrator a", TOLD)
    draft = site.parts.papers.draft(kind, language)
    text = draft.text
    for gap in draft.gaps:
        for mark in (f"[to be filled in: {gap}]", f"[zu ergänzen: {gap}]"):
            text = text.replace(mark, "done")
    return site.parts.papers.publish(kind, language, text, "administrator a").document_id


def pdf_text(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def test_the_list_says_what_is_missing_and_nothing_is_made_up(alice: FlaskClient) -> None:
    page = alice.get("/privacy").text
    assert "Who answers for the data" in page and page.count("draft") >= 18
    notice = alice.get("/privacy/papers/notice/en").text
    assert "<mark>[to be filled in: name and address of who answers for the data]</mark>" in notice


def test_what_people_tell_stands_in_the_papers(site: Site, alice: FlaskClient) -> None:
    assert alice.post("/privacy/particulars", data=TOLD).status_code == 303
    for kind, language in (("notice", "en"), ("notice", "de"), ("dpia", "en")):
        text = alice.get(f"/privacy/papers/{kind}/{language}.txt").text
        assert TOLD["purpose"] in text and "1 Hill Road" in text
    with site.parts.uow() as uow:
        (entry, *_) = uow.register.entries([EntryKind.SETTING])
    assert entry.body["fields"] == list(TOLD)
    assert "Hilltown" not in str(dict(entry.body))


def test_a_paper_follows_the_settings(site: Site) -> None:
    site.parts.retention.change("administrator a", RetentionRules(inactive_months=4))
    site.parts.site.change("administrator a", institution="school", place="us-il")
    text = site.parts.papers.draft(PaperKind.RETENTION, "en").text
    assert "4 months after the last contact" in text and "740 ILCS 14/15(a)" in text
    site.parts.site.change("administrator a", faces_enabled=False, place="ch")
    notice = site.parts.papers.draft(PaperKind.NOTICE, "en").text
    assert "This site does not use faces" in notice and "template is computed" not in notice
    assert "Swiss Federal Act" in notice


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", PaperKind)
def test_every_paper_says_that_it_is_no_legal_advice_and_is_set_as_pdf(
    kind: PaperKind, language: str, alice: FlaskClient
) -> None:
    text = alice.get(f"/privacy/papers/{kind.value}/{language}.txt").text
    assert {"en": "no legal advice", "de": "keine Rechtsberatung"}[language] in text
    made = alice.get(f"/privacy/papers/{kind.value}/{language}.pdf")
    assert made.mimetype == "application/pdf"
    words = " ".join(pdf_text(made.data).split())
    assert text.splitlines()[0].removeprefix("# ") in words


def test_a_paper_with_gaps_is_not_published(site: Site, alice: FlaskClient) -> None:
    text = site.parts.papers.draft(PaperKind.NOTICE, "en").text
    answer = alice.post("/privacy/papers/notice/en", data={"text": text, "do": "publish"})
    assert answer.status_code == 400 and "still to be filled in" in answer.text
    assert site.parts.papers.versions() == []


def test_publishing_keeps_the_exact_text_and_the_register_its_digest(
    site: Site, alice: FlaskClient
) -> None:
    text = "# Notice\r\n\r\nWe keep   little. <b>Nothing</b> else.\r\n"
    sent = {"text": text, "do": "publish"}
    answer = alice.post("/privacy/papers/notice/en", data=sent)
    assert answer.status_code == 303
    (kept,) = site.parts.papers.versions()
    assert kept.text == "# Notice\n\nWe keep   little. <b>Nothing</b> else.\n"
    assert answer.location.endswith(kept.document_id)
    with site.parts.uow() as uow:
        (entry,) = uow.register.entries([EntryKind.TRUST])
    assert entry.body["sha256"] == digest_of(kept)
    assert alice.post("/privacy/papers/notice/en", data=sent).status_code == 400
    page = alice.get(f"/privacy/texts/{kept.document_id}").text
    assert "&lt;b&gt;Nothing&lt;/b&gt;" in page
    plain = alice.get(f"/privacy/texts/{kept.document_id}.txt")
    assert plain.text == kept.text and plain.mimetype == "text/plain"


def test_a_newer_version_leaves_the_former_one_as_it_was(site: Site, client_of: Browser) -> None:
    first = publish(site, PaperKind.NOTICE)
    before = site.parts.papers.published(first)
    site.parts.papers.publish(PaperKind.NOTICE, "en", "# Notice\n\nShorter.\n", "administrator a")
    assert site.parts.papers.published(first) == before
    page = client_of(None).get(f"/privacy/texts/{first}").text
    assert "There is a newer version" in page
    assert "Shorter." in client_of(None).get("/privacy/notice").text


def test_everybody_reads_what_is_published_and_nothing_else(site: Site, client_of: Browser) -> None:
    anybody = client_of(None)
    for page in ("/privacy/notice", "/privacy/retention", "/privacy/rights"):
        assert anybody.get(page).status_code == 404
    assert "Privacy notice" not in anybody.get("/login").text
    publish(site, PaperKind.NOTICE)
    publish(site, PaperKind.RETENTION)
    dpia = publish(site, PaperKind.DPIA)
    form = publish(site, PaperKind.ADULT)
    assert "office@hill.example" in anybody.get("/privacy/notice").text
    assert anybody.get("/privacy/retention").status_code == 200
    assert "/privacy/notice" in anybody.get("/login").text
    assert "/privacy/retention" in client_of("ada").get("/me/data").text
    assert anybody.get(f"/privacy/texts/{form}").status_code == 200
    for secret in (f"/privacy/texts/{dpia}", f"/privacy/texts/{dpia}.pdf"):
        assert anybody.get(secret).status_code == 404
        assert client_of("bob").get(secret).status_code == 404
        assert client_of("alice").get(secret).status_code == 200


def test_a_visitor_reads_the_notice_in_their_language_or_in_the_one_there_is(
    site: Site, client_of: Browser
) -> None:
    publish(site, PaperKind.NOTICE, "en")
    german = {"Accept-Language": "de"}
    assert (
        "Who answers for your data" in client_of(None).get("/privacy/notice", headers=german).text
    )
    publish(site, PaperKind.NOTICE, "de")
    assert "Wer für Ihre Daten" in client_of(None).get("/privacy/notice", headers=german).text


def test_the_list_says_when_the_settings_have_changed(site: Site, client_of: Browser) -> None:
    publish(site, PaperKind.RETENTION)
    site.clock.at += timedelta(days=3)
    alice = client_of("alice")
    assert "settings have changed since" not in alice.get("/privacy").text
    site.parts.retention.change("administrator a", RetentionRules(paper_months=1))
    assert "settings have changed since" in alice.get("/privacy").text


def test_consent_forms_are_offered_newest_first_for_each_audience_and_language(site: Site) -> None:
    assert site.parts.papers.consent_texts() == []
    old = publish(site, PaperKind.GUARDIAN)
    site.parts.papers.publish(PaperKind.GUARDIAN, "en", "# Newer\n", "administrator a")
    publish(site, PaperKind.GUARDIAN, "de")
    publish(site, PaperKind.CHILD)
    offered = site.parts.papers.consent_texts()
    shown = [(one.audience, one.language) for one in offered]
    assert shown == [("child", "en"), ("guardian", "de"), ("guardian", "en")]
    assert offered[2].title == "Newer"
    known = site.parts.papers.consent_text(old)
    assert known is not None and known.audience == "guardian"
    assert site.parts.papers.consent_text("2026-1") is None


def test_a_teacher_prints_the_form_of_an_own_pupil_with_the_name_in_it(
    site: Site, client_of: Browser
) -> None:
    bob, charlie = client_of("bob"), client_of("charlie")
    own = f"/privacy/forms/{site.ada.subject_id}"
    assert "No consent form is published yet" in bob.get(own).text
    form, notice = publish(site, PaperKind.GUARDIAN), publish(site, PaperKind.NOTICE)
    assert form in bob.get(own).text
    words = pdf_text(bob.get(f"{own}/{form}.pdf").data)
    assert "Ada Lovelace" in words and form in words
    assert "No. My child uses a PIN" in words
    assert bob.get(f"{own}/{notice}.pdf").status_code == 404
    assert charlie.get(own).status_code == charlie.get(f"{own}/{form}.pdf").status_code == 404


def test_only_the_administrator_keeps_papers(client_of: Browser) -> None:
    for login in ("bob", "charlie", "dora", "ada"):
        browser = client_of(login)
        for page in ("/privacy", "/privacy/papers/notice/en", "/privacy/receipts"):
            assert browser.get(page).status_code == 403, (login, page)
        for change in ("/privacy/papers/notice/en", "/privacy/particulars", "/privacy/purge"):
            assert browser.post(change).status_code == 403, (login, change)


def test_unknown_papers_are_not_found(alice: FlaskClient) -> None:
    for page in ("papers/notice/fr", "papers/gossip/en", "papers/notice/en.exe", "texts/none"):
        assert alice.get(f"/privacy/{page}").status_code == 404, page


def test_rules_are_changed_and_wrong_ones_are_explained(site: Site, alice: FlaskClient) -> None:
    good = {"consent_months": "6", "inactive_months": "3", "erase_months": "24"}
    good |= {"paper_months": "6", "log_days": "14", "tally_months": "24"}
    assert alice.post("/privacy/retention-settings", data=good).status_code == 303
    assert site.parts.retention.rules() == RetentionRules(6, 3, 24, False, 6, 14, 24)
    for wrong in (
        {"consent_months": "37"},
        {"log_days": "x"},
        {"erase_months": "2"},
        {"tally_months": "37"},
    ):
        answer = alice.post("/privacy/retention-settings", data=good | wrong)
        assert answer.status_code == 400 and 'role="alert"' in answer.text
    assert site.parts.retention.rules().consent_months == 6


def test_rules_that_a_published_paper_promises_hold(site: Site) -> None:
    assert site.parts.retention.waits_until() is not None
    publish(site, PaperKind.NOTICE)
    assert site.parts.retention.waits_until() is None


def test_rules_that_are_saved_as_they_are_hold(site: Site, alice: FlaskClient) -> None:
    values = {name: str(value) for name, value in RetentionRules().as_json().items() if value}
    page = alice.post("/privacy/retention-settings", data=values, follow_redirects=True).text
    assert "hold from now on" in page and "Nobody has decided" not in page
    assert "changed the setting “rules of retention”" in alice.get("/audit").text
    assert site.parts.retention.waits_until() is None


def test_what_is_due_is_shown_deleted_and_told_by_a_receipt(site: Site, client_of: Browser) -> None:
    ada = site.ada.subject_id
    with site.parts.uow() as uow:
        uow.references.add(make_reference(ada))
        uow.groups.leave(site.group.group_id, ada, date(2026, 3, 3))
        uow.commit()
    site.clock.at += timedelta(days=300)
    alice = client_of("alice")
    page = alice.get("/privacy/retention-settings").text
    assert "Samples of people who are not here any more" in page
    assert "Nobody has decided on these rules yet" in page and "once the rules hold" in page
    assert alice.post("/privacy/purge").status_code == 303
    assert alice.post("/privacy/purge").status_code == 303  # a second click begins nothing
    assert site.parts.tasks.run_one()
    assert not site.parts.tasks.run_one()
    assert alice.get("/privacy/purge/progress").json["over"] is True
    with site.parts.uow() as uow:
        assert uow.references.counts() == {}
        (receipt,) = uow.receipts.all([ReceiptKind.PURGE])
    page = alice.get("/privacy/retention-settings").text
    assert receipt.receipt_id in page and "Nobody has decided" not in page
    shown = alice.get(f"/privacy/receipts/{receipt.receipt_id}").text
    assert ada in shown and "Ada" not in shown


def test_a_receipt_speaks_the_readers_language_and_gives_the_signed_text(
    site: Site, alice: FlaskClient
) -> None:
    body = {"file": "x.rbk", "entries": 7, "by": "timetable", "began": "2026-03-02T08:00:00+00:00"}
    with site.parts.uow() as uow:
        uow.receipts.add(Receipt("b" * 32, ReceiptKind.BACKUP, site.clock.now(), body))
        uow.commit()
    page = alice.get(f"/privacy/receipts/{'b' * 32}").text
    assert "Entries in the register" in page and "the timetable" in page and "holds" in page
    assert "word for word" in page and "2026-03-02T08:00:00+00:00" in page
    german = {"Accept-Language": "de"}
    assert "Angefordert von" in alice.get(f"/privacy/receipts/{'b' * 32}", headers=german).text


def test_a_receipt_can_be_checked_by_others(site: Site, alice: FlaskClient) -> None:
    with site.parts.uow() as uow:
        uow.receipts.add(Receipt("a" * 32, ReceiptKind.BACKUP, site.clock.now(), {"files": 3}))
        uow.commit()
    assert "Backup" in alice.get("/privacy/receipts").text
    assert "aaaaaaaa" not in alice.get("/privacy/receipts?kind=purge").text
    told = json.loads(alice.get(f"/privacy/receipts/{'a' * 32}.json").text)
    with site.parts.uow() as uow:
        kept = uow.receipts.get("a" * 32)
        site_key = uow.vault.public_key
    assert base64.b64decode(told["public_key"]) == site_key
    assert told["body"] == {"files": 3} and told["signature"]
    signature = base64.b64decode(told["signature"])
    assert is_signed(site_key, "receipt", signed_text(kept), signature)
    said = {name: told[name] for name in ("receipt", "kind", "at", "body")}
    plain = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    Ed25519PublicKey.from_public_bytes(site_key).verify(
        signature, b"rollbook receipt\0" + plain.encode()
    )
    changed = replace(kept, body={"files": 4})
    assert not is_signed(site_key, "receipt", signed_text(changed), signature)
