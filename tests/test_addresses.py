"""Which addresses may be connected to."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.addresses import Guard, refusal, shown_url
from storage.errors import AddressRefused, NetworkError, TooSlow

PRIVATE = ["127.0.0.1", "127.255.0.9", "10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd12:3456::1", "fc00::1"]
MAPPED_PRIVATE = ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "::127.0.0.1", "::ffff:0:192.168.0.1"]
NEVER = [
    "169.254.169.254",
    "169.254.170.2",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "ff02::1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.51.100.7",
    "203.0.113.9",
    "198.18.0.1",
    "198.19.255.255",
    "192.88.99.1",
    "2001:db8::1",
    "3fff::1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:2::1",
    "64:ff9b:1::7f00:1",
    "fe80::1",
    "fe80::1%eth0",
    "::1%lo",
    "fec0::1",
    "100::1",
    "5f00::1",
    "4000::1",
    "not-an-address",
    "127.1",
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "198.20.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", PRIVATE + MAPPED_PRIVATE)
def test_private_addresses_are_refused_unless_allowed(address: str) -> None:
    """Loopback, private and carrier networks are open to those alone who allow them, also inside IPv6."""
    assert refusal(address) is not None
    assert refusal(address, allow_private=True) is None


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_refused_whatever_is_allowed(address: str) -> None:
    """Metadata services, link-local, multicast, tunnels, documentation and reserved networks stay closed."""
    assert refusal(address) is not None
    assert refusal(address, allow_private=True) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_connected_to(address: str) -> None:
    """Ordinary addresses pass, also those next to a reserved network."""
    assert refusal(address) is None


@settings(deadline=None)
@given(st.ip_addresses())
def test_nothing_passes_that_the_standard_library_knows_as_private(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Whatever Python's own table calls not global is refused, except IPv4 that is carried in IPv6 and public."""
    if refusal(str(address)) is None:
        carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        assert address.is_global or carried.is_global
        assert not address.is_multicast
        assert not address.is_loopback


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_ipv6_dress(address: ipaddress.IPv4Address) -> None:
    """Mapped and NAT64 forms of an address are refused exactly when the address itself is."""
    plain = refusal(str(address))
    assert refusal(f"::ffff:{address}") == plain
    assert refusal(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(address)))) == plain


@pytest.mark.parametrize(
    "url",
    [
        "http://127.1/a.mp3",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://017700000001/",
        "http://0177.0.0.1/",
        "http://2130706433/",
        "http://127.0.0.1.5/",
        "http://1/",
        "http://user@podcast.test/",
        "http://user:secret@podcast.test/",
        "http://@podcast.test/",
        "http://podcast.test\\@127.0.0.1/",
        "http://podcast.test:0/",
        "http://podcast.test:70000/",
        "http://pod cast.test/",
        "http://podcast..test/",
        "http://-podcast.test/",
        "http:///a.mp3",
        "http://",
        "podcast.test/a.mp3",
        "//podcast.test/a.mp3",
        "file:///etc/passwd",
        "ftp://podcast.test/",
        "gopher://podcast.test/",
        "data:audio/mpeg;base64,AAAA",
        "javascript:alert(1)",
        "http://podcast.test/\n\x00",
        "http://１２７.0.0.1/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://" + "a" * 300 + ".test/",
        "",
    ],
)
def test_odd_urls_are_refused_by_their_text(url: str) -> None:
    """Odd spellings of addresses, credentials, other schemes and broken hosts never reach a resolver."""

    def never(host: str, port: int) -> Sequence[str]:
        raise AssertionError(host)

    with pytest.raises(AddressRefused) as refused:
        Guard(allow_private=True, resolver=never).check_url(url)
    assert refused.value.hint
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1./", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://10.0.0.1:8080/x"])
def test_literal_private_addresses_are_refused_with_the_setting_named(url: str) -> None:
    """The error for a private address says how people who host their own feeds allow it."""
    with pytest.raises(AddressRefused, match="allow private networks"):
        Guard().check_url(url)
    assert Guard(allow_private=True).check_url(url).host


def test_ordinary_urls_keep_what_they_say() -> None:
    """Port, path, escapes and query stay; the fragment, the trailing dot and capital letters of the host go."""
    url = Guard().check_url(" HTTP://Podcast.TEST.:8080/a%2Fb c.mp3?sig=x%2By&e=1#t=30 ")
    assert str(url) == "http://podcast.test:8080/a%2Fb%20c.mp3?sig=x%2By&e=1"
    assert Guard().check_url("https://bücher.test/").raw_host == b"xn--bcher-kva.test"
    assert str(Guard().check_url("http://[2606:4700::1111]:81/x")) == "http://[2606:4700::1111]:81/x"


def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    """Every address of a name is judged, not just the first."""
    guard = Guard(resolver=lambda host, port: ["8.8.8.8", "127.0.0.1"])
    with pytest.raises(AddressRefused, match=r"podcast\.test is refused: 127\.0\.0\.1 is this machine itself"):
        guard.addresses("podcast.test", 80, seconds=5)


def test_a_name_without_address_is_a_network_error() -> None:
    """An unknown name says so; so does one whose resolver gives an empty answer."""

    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(NetworkError, match=r"podcast\.test does not resolve: .*not known"):
        Guard(resolver=unknown).addresses("podcast.test", 80, seconds=5)
    with pytest.raises(NetworkError, match="has no address"):
        Guard(resolver=lambda host, port: []).addresses("podcast.test", 80, seconds=5)


def test_a_slow_resolver_is_not_waited_for() -> None:
    """A resolver that does not answer costs no more than the time allowed."""
    done = threading.Event()

    def slow(host: str, port: int) -> Sequence[str]:
        done.wait(10)
        return ["8.8.8.8"]

    began = time.monotonic()
    with pytest.raises(TooSlow, match="did not resolve"):
        Guard(resolver=slow).addresses("podcast.test", 80, seconds=0.1)
    assert time.monotonic() - began < 5
    done.set()


def test_the_system_resolver_finds_this_machine() -> None:
    """The name localhost resolves through the operating system, and is judged by its addresses."""
    with pytest.raises(AddressRefused, match="loopback"):
        Guard().addresses("localhost", 80, seconds=5)
    assert set(Guard(allow_private=True).addresses("localhost", 80, seconds=5)) <= {"127.0.0.1", "::1"}


def test_shown_urls_hide_passwords_and_stay_short() -> None:
    """What errors show of a URL carries no password, no control character, and no endless query."""
    assert shown_url("http://me:secret@podcast.test/a") == "http://…@podcast.test/a"
    assert "\n" not in shown_url("http://podcast.test/\na")
    assert len(shown_url("http://podcast.test/?" + "x" * 1000)) == 201
