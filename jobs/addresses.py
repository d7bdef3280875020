"""Which addresses may be connected to.

A name is resolved once, every address that it has is judged, and the connection goes to a judged address, so that no second
answer of the resolver (DNS rebinding) can lead elsewhere. The networks are those of the IANA special-purpose address
registries (RFC 6890).
"""

from __future__ import annotations

import contextlib
import ipaddress
import queue
import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from storage.errors import AddressRefused, NetworkError, TooSlow

Resolver = Callable[[str, int], Sequence[str]]
"""From a host name and a port to its addresses, as text; raises OSError where there is none."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(table: dict[str, str]) -> tuple[tuple[_Network, str], ...]:
    return tuple((ipaddress.ip_network(network), meaning) for network, meaning in table.items())


# Somebody's own networks: refused, unless the operator allows private networks.
_PRIVATE = _networks(
    {
        "127.0.0.0/8": "this machine itself (loopback)",
        "::1/128": "this machine itself (loopback)",
        "10.0.0.0/8": "a private network",
        "172.16.0.0/12": "a private network",
        "192.168.0.0/16": "a private network",
        "100.64.0.0/10": "a carrier's private network",
        "fc00::/7": "a private network",
    },
)

# Never connected to, whatever is allowed: nothing that publishes podcasts lives there, and some hand out a machine's credentials.
_NEVER = _networks(
    {
        "169.254.0.0/16": "link-local, where clouds keep their metadata service",
        "fe80::/10": "link-local",
        "fd00:ec2::/32": "a cloud's metadata service",
        "fd20:ce::/32": "a cloud's metadata service",
        "100.100.100.200/32": "a cloud's metadata service",
        "168.63.129.16/32": "a cloud's metadata service",
        "192.0.0.0/24": "reserved for protocols",
        "0.0.0.0/8": "unspecified",
        "::/128": "unspecified",
        "192.0.2.0/24": "reserved for documentation",
        "198.51.100.0/24": "reserved for documentation",
        "203.0.113.0/24": "reserved for documentation",
        "2001:db8::/32": "reserved for documentation",
        "3fff::/20": "reserved for documentation",
        "198.18.0.0/15": "reserved for benchmarks",
        "192.88.99.0/24": "a 6to4 relay",
        "224.0.0.0/4": "multicast",
        "ff00::/8": "multicast",
        "240.0.0.0/4": "reserved",
        "2002::/16": "a 6to4 tunnel",
        "2001::/32": "a Teredo tunnel",
        "2001::/23": "reserved for protocols",
        "64:ff9b:1::/48": "a local NAT64 translator",
        "fec0::/10": "site-local",
    },
)
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")  # the only part of IPv6 that is handed out

# The last 32 bits of these are an IPv4 address, which is the one to judge.
_CARRIES_IPV4 = tuple(ipaddress.IPv6Network(network) for network in ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "::/96"))


def refusal(address: str, *, allow_private: bool = False) -> str | None:
    """Return why `address` must not be connected to, in words that follow "it is", or None where it may."""
    try:
        judged = _embedded(ipaddress.ip_address(address))
    except ValueError:
        return "not an IP address"
    for network, meaning in _NEVER:
        if judged in network:
            return meaning
    for network, meaning in _PRIVATE:
        if judged in network:
            return None if allow_private else meaning
    if isinstance(judged, ipaddress.IPv6Address) and judged not in _GLOBAL_IPV6:
        return "reserved"
    return None


def _embedded(address: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        return ipaddress.IPv6Address("fe80::")  # an interface can only be named for an address of this link
    if isinstance(address, ipaddress.IPv4Address) or int(address) <= 1:  # :: and ::1 are no embedded IPv4
        return address
    if any(address in network for network in _CARRIES_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the operating system; raises OSError where the name has no address."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


_HOST = re.compile(r"(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.IGNORECASE)
_NUMERIC_ENDING = re.compile(r"(^|\.)(0x[0-9a-f]*|[0-9]+)$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Guard:
    """Decides on addresses: first what the text of a URL says, then what its name resolves to."""

    allow_private: bool = False
    """Permit loopback and private networks, for people who host their own feeds; never link-local or metadata."""
    resolver: Resolver = system_resolver

    def check_url(self, url: str, *, shown: str | None = None) -> httpx.URL:
        """Return the URL without its fragment; raises AddressRefused for what cannot or must not be asked.

        Spellings of addresses that only some programs understand (`127.1`, `0x7f000001`, `2130706433`) are refused as such.
        Errors call it `shown`, for an address that must not be told.
        """
        shown = shown or shown_url(url)
        try:
            parsed = httpx.URL(url.strip())
        except (httpx.InvalidURL, ValueError) as error:
            raise AddressRefused(f"{shown} is not a web address: {error}.", hint="Check the address.") from error
        if parsed.scheme not in {"http", "https"}:
            raise AddressRefused(f"{shown} is not a web address.", hint="Only http:// and https:// addresses are fetched.")
        authority = re.split(r"[/?#]", url.strip().partition("://")[2], maxsplit=1)[0]
        if parsed.userinfo or "@" in authority:
            raise AddressRefused(
                f"{shown} carries a user name or password before the host.",
                hint="Take the part up to the @ out of the address.",
            )
        if "\\" in authority or not 0 < (80 if parsed.port is None else parsed.port) < 65536:
            raise AddressRefused(f"{shown} is not a web address.", hint="Check the host and the port.")
        return parsed.copy_with(host=self._check_host(parsed.raw_host.decode("ascii"), shown), fragment=None)

    def _check_host(self, raw_host: str, shown: str) -> str:
        host = raw_host.rstrip(".")
        with contextlib.suppress(ValueError):
            address = str(ipaddress.ip_address(host))
            self._judge(address, f"{shown} is refused")
            return address
        if len(host) > 253 or not _HOST.fullmatch(host) or _NUMERIC_ENDING.search(host):
            raise AddressRefused(f"{shown} has no valid host name.", hint="Check the address.")
        return host

    def _judge(self, address: str, so: str) -> None:
        why = refusal(address, allow_private=self.allow_private)
        if why is None:
            return
        allowable = refusal(address, allow_private=True) is None
        hint = (
            "If you host it yourself, allow private networks in the settings."
            if allowable
            else "Such addresses are never fetched."
        )
        raise AddressRefused(f"{so}: {address} is {why}.", hint=hint)

    def addresses(self, host: str, port: int, *, seconds: float) -> tuple[str, ...]:
        """Resolve a name once and return its addresses, all of them judged.

        Raises AddressRefused if any of them must not be connected to, NetworkError if there is none,
        TooSlow if the resolver needs longer than `seconds`.
        """
        try:
            found: tuple[str, ...] = (str(ipaddress.ip_address(host)),)
        except ValueError:
            found = tuple(self._resolve(host, port, seconds))
        if not found:
            raise NetworkError(f"The name {host} has no address.", hint="Check the address and your network connection.")
        for address in found:
            self._judge(address, f"{host} is refused")
        return found

    def _resolve(self, host: str, port: int, seconds: float) -> Sequence[str]:
        """Ask the resolver in a thread of its own: the system's cannot be told how long it may take."""
        answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self.resolver(host, port))
            except Exception as error:  # noqa: BLE001 - handed over and raised by the caller below
                answers.put(error)

        threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
        try:
            answer = answers.get(timeout=max(0.0, seconds))
        except queue.Empty:
            raise TooSlow(
                f"The name {host} did not resolve within {seconds:.0f} s.", hint="Check your network connection."
            ) from None
        if isinstance(answer, (OSError, UnicodeError)):
            raise NetworkError(
                f"The name {host} does not resolve: {answer}.",
                hint="Check the address and your network connection.",
            ) from answer
        if isinstance(answer, Exception):
            raise answer
        return answer


def shown_url(url: str, *, longest: int = 200) -> str:
    """Return a URL as errors may show it: without passwords and control characters, and not endless."""
    cleaned = _CONTROL.sub("�", re.sub(r"(?<=//)[^/?#@]*@", "…@", url.strip()))
    return cleaned if len(cleaned) <= longest else f"{cleaned[:longest]}…"
