"""The names and addresses under which this machine can be reached. Nothing is sent to find them."""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LOOPBACK: tuple[Address, ...] = (
    ipaddress.ip_address("127.0.0.1"),
    ipaddress.ip_address("::1"),
)
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_NOBODY = ("192.0.2.1", "2001:db8::1")  # documentation addresses: nothing answers, nothing is sent


@dataclass(frozen=True, slots=True)
class MachineNames:
    """What a browser on the network may write into its address field, without the port."""

    names: tuple[str, ...]
    addresses: tuple[Address, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return all as they stand in a Host header."""
        return (*self.names, *(host_of(address) for address in self.addresses))

    @property
    def best(self) -> str:
        """Return what other machines most probably reach: an address of the local network."""
        outside = [one for one in self.addresses if one not in LOOPBACK]
        ranked = sorted(outside, key=lambda one: (one.version, not one.is_private))
        return host_of(ranked[0]) if ranked else "localhost"


def host_of(address: Address) -> str:
    """Return an address as URLs write it.

    >>> host_of(ipaddress.ip_address("fd00::1")), host_of(ipaddress.ip_address("10.0.0.5"))
    ('[fd00::1]', '10.0.0.5')
    """
    return f"[{address}]" if address.version == 6 else str(address)


def machine_names(hostname: str | None = None) -> MachineNames:
    """Return this machine's names and addresses, those of the loopback first."""
    own = (hostname or socket.gethostname()).lower().rstrip(".")
    names = ["localhost"]
    if _NAME.fullmatch(own) and own != "localhost":
        first = own.split(".")[0]
        names += [own, f"{first}.local"]
    found = {address for address in _addresses(own) if _useful(address)} - set(LOOPBACK)
    ordered = sorted(found, key=lambda address: (address.version, int(address)))
    return MachineNames(tuple(dict.fromkeys(names)), (*LOOPBACK, *ordered))


def _useful(address: Address) -> bool:
    """Return whether a browser can be told this address; link-local ones need an interface."""
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)


def _addresses(hostname: str) -> Iterator[Address]:
    yield from _parsed(_of_linux() if sys.platform.startswith("linux") else _of_routes())
    yield from _parsed(_of_name(hostname))


def _parsed(texts: Iterable[str]) -> Iterator[Address]:
    for text in texts:
        try:
            yield ipaddress.ip_address(text.split("%")[0])
        except ValueError:
            continue


def _of_name(hostname: str) -> Iterator[str]:
    """Yield what the system itself says of its name; on Windows these are all addresses."""
    try:
        found = socket.getaddrinfo(hostname, None, flags=socket.AI_NUMERICHOST)
    except OSError:
        found = []
    if not found and not sys.platform.startswith("linux"):
        try:
            found = socket.getaddrinfo(hostname, None)
        except OSError:
            return
    yield from (str(entry[4][0]) for entry in found)


def _of_linux() -> Iterator[str]:
    """Yield the addresses that the kernel lists."""
    try:
        trie = Path("/proc/net/fib_trie").read_text(encoding="ascii")
        yield from re.findall(r"\|-- (\S+)\s+/32 host LOCAL", trie)
        for line in Path("/proc/net/if_inet6").read_text(encoding="ascii").splitlines():
            digits = line.split()[0]
            yield ":".join(digits[i : i + 4] for i in range(0, 32, 4))
    except (OSError, IndexError):
        return


def _of_routes() -> Iterator[str]:
    """Yield the address that would be used to reach others; connecting a datagram sends nothing."""
    for family, target in zip((socket.AF_INET, socket.AF_INET6), _NOBODY, strict=True):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                yield str(probe.getsockname()[0])
        except OSError:
            continue
