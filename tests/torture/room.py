"""A room without a way out: a network namespace in which everything that would leave is heard.

Loopback works in it. All other addresses, and the resolver of names, lie behind an interface at
whose other end there is nothing: a program that tries to reach them is not refused by its own
machine but sends, and is heard. `python -m torture.room TOLD WORD…` runs a program inside one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

RESOLVER, NOWHERE, PROBE = "198.51.100.53", "203.0.113.9", "probe.example"
RESOLVING = f"nameserver {RESOLVER}\noptions timeout:1 attempts:1\n"
SET_UP = (
    "link set lo up",
    "link add out type veth peer name wall",  # a pair: more kernels have it than a dummy
    "link set wall arp off up",
    "link set out arp off up",
    "address add 198.51.100.2/24 dev out",
    "route add default dev out",
    "-6 address add 2001:db8::2/64 dev out nodad",
    "-6 route add default dev out",
)
PROGRAMS = ("unshare", "ip", "mount")
EVERYTHING = 3  # ETH_P_ALL
IPV4, IPV6 = 0x0800, 0x86DD
TCP, UDP, ICMPV6 = 6, 17, 58
SOL_PACKET, PACKET_STATISTICS = 263, 6


def why_not() -> str:
    """Return why there can be no such room here, or nothing."""
    if not sys.platform.startswith("linux"):
        return "outbound: only Linux has network namespaces"
    if os.geteuid() != 0:
        return "outbound: only root may make a network namespace and listen in it"
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"outbound: not installed: {', '.join(missing)}"
    made = subprocess.run(["unshare", "--net", "--mount", "true"], check=False)
    return "outbound: this machine lets nobody make a namespace" if made.returncode else ""


def words(told: Path, *program: str) -> list[str]:
    """Return the words that run a program in a room; what was heard is written to `told`."""
    own = [sys.executable, "-m", "torture.room", str(told)]
    return ["unshare", "--net", "--mount", *own, *program]


class Listener:
    """Hears every packet that leaves by the room's one interface."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self._socket.bind(("out", EVERYTHING))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            said = what_is(self._socket.recv(65_536))
            if said:
                self.heard[said] += 1

    def missed(self) -> int:
        """Return how many packets came faster than they were heard, since the last call."""
        told = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        return int(struct.unpack("II", told)[1])


def what_is(frame: bytes) -> str:
    """Return what a packet wants of whom; nothing for what the kernel says to its neighbours."""
    (kind,) = struct.unpack_from(">H", frame, 12)
    packet = frame[14:]
    if kind == IPV4:
        protocol, to, rest = packet[9], packet[16:20], packet[(packet[0] & 15) * 4 :]
    elif kind == IPV6:
        protocol, to, rest = packet[6], packet[24:40], packet[40:]
        if protocol in (0, ICMPV6):  # neighbours and groups, which the interface itself asks for
            return ""
    else:
        return f"a packet of kind {kind:#06x}"
    if protocol not in (TCP, UDP):
        return f"protocol {protocol} to {ip_address(to)}"
    (port,) = struct.unpack_from(">H", rest, 2)
    name = f" for {asked_name(rest[8:])}" if protocol == UDP and port in (53, 5353) else ""
    return f"{'TCP' if protocol == TCP else 'UDP'} {ip_address(to)} port {port}{name}"


def asked_name(question: bytes) -> str:
    """Return the name that a look-up asks for."""
    parts, at = [], 12
    while at < len(question) and question[at]:
        parts.append(question[at + 1 : at + 1 + question[at]])
        at += 1 + question[at]
    return re.sub(r"[^\w.-]", "?", b".".join(parts).decode("ascii", "replace"))


def main() -> int:
    told, program = Path(sys.argv[1]), sys.argv[2:]
    for line in SET_UP:
        subprocess.run(["ip", *line.split()], check="-6" not in line)  # a kernel may lack IPv6
    resolving = told.with_suffix(".resolver")
    resolving.write_text(RESOLVING)
    subprocess.run(["mount", "--bind", str(resolving), "/etc/resolv.conf"], check=True)
    listener = Listener()
    hears = _hears(listener)
    listener.heard.clear()
    code = subprocess.run(program, check=False).returncode
    time.sleep(0.5)  # what is on its way is still heard
    said = {"code": code, "hears": hears, "missed": listener.missed(), "heard": listener.heard}
    told.write_text(json.dumps(said), encoding="utf-8")
    return code


def _hears(listener: Listener) -> bool:
    """Try to reach somebody and to look up a name, and return whether both was heard."""
    with suppress(OSError), socket.socket() as trying:
        trying.settimeout(0.3)
        trying.connect((NOWHERE, 443))
    with suppress(OSError):
        socket.getaddrinfo(PROBE, 443)
    time.sleep(0.3)
    reached = any(f"{NOWHERE} port 443" in one for one in listener.heard)
    return reached and any(f"port 53 for {PROBE}" in one for one in listener.heard)


if __name__ == "__main__":
    sys.exit(main())
