"""A few pages and commands in rooms without a way out, and that the listener hears."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest

from torture import outbound, room
from torture.frame import Plan


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pages", "terminal"])
def test_nothing_leaves_the_machine(name: str, tmp_path: Path) -> None:
    outcome = outbound.run(Plan(tmp_path, short=True, scenarios=frozenset({name})))
    if outcome.left_out:
        pytest.skip(outcome.left_out[0])
    counted = {"pages": "requests of pages", "terminal": "commands run without a network"}
    outcome.require("rooms listened in", counted[name])


def frame(protocol: int, to: str, port: int, payload: bytes) -> bytes:
    head = bytes([0x45, *bytes(8), protocol, 0, 0]) + bytes(4) + socket.inet_aton(to)
    more = bytes(8) if protocol == room.UDP else bytes(20)
    return bytes(12) + b"\x08\x00" + head + struct.pack(">HH", 40_000, port) + more[4:] + payload


def test_a_packet_is_told_by_whom_it_wants() -> None:
    question = bytes(12) + b"\x07updates\x07example\x00\x00\x01\x00\x01"
    told = room.what_is(frame(room.UDP, "198.51.100.53", 53, question))
    assert told == "UDP 198.51.100.53 port 53 for updates.example"
    assert room.what_is(frame(room.TCP, "192.0.2.1", 443, b"")) == "TCP 192.0.2.1 port 443"
    assert room.what_is(bytes(12) + b"\x08\x06" + bytes(28)) == "a packet of kind 0x0806"


def test_neighbours_of_the_interface_itself_are_no_attempt() -> None:
    solicitation = bytes([0x60, *bytes(5), room.ICMPV6, 255]) + bytes(32) + bytes([133])
    assert room.what_is(bytes(12) + b"\x86\xdd" + solicitation) == ""
