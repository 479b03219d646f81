"""Sealed payloads open for their owner and purpose alone."""

from __future__ import annotations

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import make_subject
from rollbook.errors import DecryptionFailed
from rollbook.storage.database import Database

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
on_one_database = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@on_one_database
@given(st.binary(max_size=300), texts, texts)
def test_what_is_sealed_comes_back(
    database: Database, plaintext: bytes, purpose: str, owner: str
) -> None:
    with database.uow() as uow:
        token = uow.vault.seal(plaintext, purpose=purpose, owner=owner)
        assert uow.vault.open(token, purpose=purpose, owner=owner) == plaintext


@on_one_database
@given(st.tuples(texts, texts), st.tuples(texts, texts))
def test_purpose_and_owner_cannot_run_into_each_other(
    database: Database, sealed: tuple[str, str], asked: tuple[str, str]
) -> None:
    with database.uow() as uow:
        token = uow.vault.seal(b"text", purpose=sealed[0], owner=sealed[1])
        if sealed == asked:
            assert uow.vault.open(token, purpose=asked[0], owner=asked[1]) == b"text"
            return
        with pytest.raises(DecryptionFailed):
            uow.vault.open(token, purpose=asked[0], owner=asked[1])


def test_a_token_does_not_tell_when_it_was_made(database: Database) -> None:
    ada = make_subject()
    with database.uow() as uow:
        uow.subjects.add(ada)
        sealed = uow.vault.seal(b"text", purpose="p", owner="o")
        own = uow.vault.seal_for(ada.subject_id, b"text", purpose="p")
    for token in (sealed, own):
        assert base64.urlsafe_b64decode(token)[1:9] == bytes(8)


def test_a_changed_token_is_refused(database: Database) -> None:
    with database.uow() as uow:
        token = bytearray(uow.vault.seal(b"text", purpose="p", owner="o"))
        token[20] ^= 1
        for wrong in (bytes(token), b"", b"x" * 100, "ü".encode()):
            with pytest.raises(DecryptionFailed):
                uow.vault.open(wrong, purpose="p", owner="o")


def test_each_person_has_a_key_of_their_own(database: Database) -> None:
    ada, bob = make_subject("Ada"), make_subject("Bob")
    with database.uow() as uow:
        uow.subjects.add_many([ada, bob])
        token = uow.vault.seal_for(ada.subject_id, b"text", purpose="p")
        assert uow.vault.open_for(ada.subject_id, token, purpose="p") == b"text"
        with pytest.raises(DecryptionFailed):
            uow.vault.open_for(bob.subject_id, token, purpose="p")
        with pytest.raises(DecryptionFailed):
            uow.vault.open_for(ada.subject_id, token, purpose="q")
        with pytest.raises(DecryptionFailed):
            uow.vault.open(token, purpose="p", owner=ada.subject_id)


def test_a_key_is_made_at_the_first_use_and_kept_with_the_transaction(database: Database) -> None:
    with database.uow() as uow:
        lost = uow.vault.seal_for("new", b"text", purpose="p")
    with database.uow() as uow:
        with pytest.raises(DecryptionFailed):
            uow.vault.open_for("new", lost, purpose="p")
        kept = uow.vault.seal_for("new", b"text", purpose="p")
        uow.commit()
    with database.uow() as uow:
        assert uow.vault.open_for("new", kept, purpose="p") == b"text"


def test_blind_indexes_are_equal_for_equal_text_of_one_purpose(database: Database) -> None:
    with database.uow() as uow:
        one = uow.vault.blind("external id", "42")
        assert len(one) == 32
        assert one == uow.vault.blind("external id", "42")
        assert one != uow.vault.blind("external id", "43")
        assert one != uow.vault.blind("login", "42")
        assert uow.vault.blind("a", "bc") != uow.vault.blind("ab", "c")
