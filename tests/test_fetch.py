"""The guarded way to the network, against real servers on the loopback that behave badly."""

from __future__ import annotations

import gzip
import hashlib
import ipaddress
import itertools
import json
import socket
import ssl
import subprocess
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

import jobs.addresses
from jobs.fetch import USER_AGENT, Fetcher
from jobs.partial import note_of
from jobs.wire import FetchLimits
from storage.errors import (
    AddressRefused,
    Cancelled,
    EarmarkError,
    Forbidden,
    NetworkError,
    NotAudio,
    NotFound,
    OutputError,
    RateLimited,
    ServerError,
    SourceError,
    StorageFull,
    TooLarge,
    TooManyRedirects,
    TooSlow,
)
from tests.webserver import Canary, Reply, WebServer, redirect

DATA = Path(__file__).parent / "data"
REPOSITORY = Path(__file__).parent.parent

FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes
AUDIO = b"".join(FRAME[:-4] + number.to_bytes(4, "big") for number in range(720))  # 300 kB, each frame another
OTHER = AUDIO[417:] + FRAME * 5  # another version of the episode
SHA = hashlib.sha256(AUDIO).hexdigest()

LIMITS = FetchLimits(first_wait=0.01, tries=3, head_seconds=3, document_seconds=10, download_seconds=20, rate_window=3)
ONCE = FetchLimits(tries=1, head_seconds=3, document_seconds=10, download_seconds=20)


def fetcher(limits: FetchLimits = LIMITS, **options: object) -> Fetcher:
    """Return a fetcher that may use the loopback."""
    return Fetcher(limits, **{"allow_private": True, **options})  # type: ignore[arg-type]  # spelled out by each test


def get(url: str, limits: FetchLimits = LIMITS) -> bytes:
    """Fetch a document of at most 1 MiB."""
    return fetcher(limits).get(url, max_bytes=2**20).body


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """Name a file to download to."""
    return tmp_path / "episode.part"


Asking = Callable[[Fetcher, str, Path], object]
EVERY_WAY: list[tuple[str, Asking]] = [
    ("get", lambda asker, url, part: asker.get(url, max_bytes=2**20)),
    ("download", lambda asker, url, part: asker.download(url, part)),
]
every_way = pytest.mark.parametrize("ask", [way for _, way in EVERY_WAY], ids=[name for name, _ in EVERY_WAY])


# --- documents ------------------------------------------------------------------------------------------------------


def test_a_document_comes_with_what_its_server_says(webserver: WebServer) -> None:
    """Body, type, charset, validators and both addresses are told; the request says who asks and wants no compression."""
    headers = {"Content-Type": "Application/RSS+xml; charset=ISO-8859-1", "Last-Modified": "Sun, 01 Nov 2026 10:00:00 GMT"}
    webserver.routes["/feed"] = Reply(b"<rss/>", headers=headers)
    webserver.routes["/old"] = redirect("/feed?signature=abc")
    with fetcher() as asker:
        document = asker.get(webserver.url("/old"), accept="application/rss+xml", max_bytes=100)
    assert (document.status, document.body) == (200, b"<rss/>")
    assert (document.media_type, document.charset) == ("application/rss+xml", "iso-8859-1")
    assert (document.url, document.final_url) == (webserver.url("/old"), webserver.url("/feed?signature=abc"))
    assert document.last_modified == headers["Last-Modified"]
    sent = webserver.requests[-1].headers
    assert (sent["user-agent"], sent["accept"]) == (USER_AGENT, "application/rss+xml")
    assert (sent["accept-encoding"], sent["host"]) == ("identity", f"127.0.0.1:{webserver.port}")


def test_an_unchanged_document_is_not_sent_again(webserver: WebServer) -> None:
    """With the ETag of last time the answer is 304 and no body."""
    webserver.routes["/feed"] = b"<rss/>"
    first = fetcher().get(webserver.url("/feed"), max_bytes=100)
    assert first.etag
    again = fetcher().get(webserver.url("/feed"), max_bytes=100, etag=first.etag)
    assert (again.status, again.body, again.etag) == (304, b"", first.etag)
    changed = fetcher().get(webserver.url("/feed"), max_bytes=100, etag='"other"')
    assert (changed.status, changed.body) == (200, b"<rss/>")


def test_where_an_address_has_moved_for_good_is_told(webserver: WebServer) -> None:
    """As far as every hop is for good, and without what may be a signature; also where nothing has changed."""
    webserver.routes["/feed"] = b"<rss/>"
    webserver.routes["/second"] = redirect("/feed?signature=abc", 308)
    webserver.routes["/first"] = redirect("/second", 301)
    webserver.routes["/for-now"] = redirect("/second", 302)
    webserver.routes["/partly"] = redirect("/for-now", 301)
    moved = fetcher().get(webserver.url("/first"), max_bytes=100)
    assert moved.moved_to == webserver.url("/feed")
    assert fetcher().get(webserver.url("/first"), max_bytes=100, etag=moved.etag).moved_to == webserver.url("/feed")
    assert fetcher().get(webserver.url("/partly"), max_bytes=100).moved_to == webserver.url("/for-now")
    assert fetcher().get(webserver.url("/for-now"), max_bytes=100).moved_to is None
    assert fetcher().get(webserver.url("/feed"), max_bytes=100).moved_to is None


def test_a_304_that_nobody_asked_for_is_an_error(webserver: WebServer) -> None:
    """A server cannot make a first fetch look unchanged."""
    webserver.routes["/feed"] = Reply(status=304)
    with pytest.raises(ServerError, match="304"):
        get(webserver.url("/feed"), ONCE)


def test_an_absent_content_type_is_none(webserver: WebServer) -> None:
    """Nothing is made up where the server says nothing."""
    webserver.routes["/x"] = b"x"
    document = fetcher().get(webserver.url("/x"), max_bytes=10)
    assert (document.media_type, document.charset) == (None, None)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"hello " * 1000, mtime=0)),
        ("x-gzip", gzip.compress(b"hello " * 1000, mtime=0)),
        ("deflate", zlib.compress(b"hello " * 1000)),
        ("deflate", zlib.compress(b"hello " * 1000)[2:-4]),
        ("identity", b"hello " * 1000),
        ("utf-8", b"hello " * 1000),
    ],
)
def test_compression_that_was_not_asked_for_is_undone(webserver: WebServer, encoding: str, body: bytes) -> None:
    """Servers that compress all the same are understood, and labels that mean nothing are passed over."""
    webserver.routes["/x"] = Reply(body, headers={"Content-Encoding": encoding})
    assert get(webserver.url("/x")) == b"hello " * 1000


@pytest.mark.parametrize(
    ("encoding", "body", "error"),
    [
        ("gzip", gzip.compress(b"hello " * 1000, mtime=0)[:-20], NetworkError),
        ("gzip", b"\x1f\x8bnonsense", NetworkError),
        ("br", b"\x0b\x02\x80hello\x03", SourceError),
    ],
)
def test_broken_compression_is_an_error(webserver: WebServer, encoding: str, body: bytes, error: type[EarmarkError]) -> None:
    """A stream that ends early, or in an encoding that nobody offered, is no document."""
    webserver.routes["/x"] = Reply(body, headers={"Content-Encoding": encoding})
    with pytest.raises(error, match=r"encod|compressed"):
        get(webserver.url("/x"))


# --- statuses -------------------------------------------------------------------------------------------------------


@every_way
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, (NotFound, "not found")),
        (410, (NotFound, "gone")),
        (401, (Forbidden, "login")),
        (403, (Forbidden, "user agent")),
        (418, (Forbidden, "418")),
        (451, (Forbidden, "legal")),
        (429, (RateLimited, "too often")),
        (500, (ServerError, "failed")),
        (204, (ServerError, "204")),
    ],
)
def test_statuses_become_errors_that_help(
    webserver: WebServer, part: Path, ask: Asking, status: int, expected: tuple[type[EarmarkError], str]
) -> None:
    """Each refusal has its error, names the address, and says what to do."""
    error, text = expected
    webserver.routes["/e.mp3"] = Reply(status=status)
    with pytest.raises(error, match=text) as raised:
        ask(fetcher(ONCE), webserver.url("/e.mp3"), part)
    assert type(raised.value) is error
    assert webserver.url("/e.mp3") in raised.value.message
    assert raised.value.hint


def test_a_rate_limit_tells_how_long_to_wait(webserver: WebServer) -> None:
    """Retry-After is read as seconds and as a date; longer than this call may wait, it is raised at once."""
    webserver.routes["/a"] = Reply(status=429, headers={"Retry-After": "3600"})
    with pytest.raises(RateLimited, match="in 3600 s") as limited:
        get(webserver.url("/a"))
    assert limited.value.retry_after == 3600
    webserver.routes["/b"] = Reply(status=429, headers={"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=1))})
    with pytest.raises(RateLimited) as limited:
        get(webserver.url("/b"))
    assert limited.value.retry_after == pytest.approx(3600, abs=5)
    assert len(webserver.requests) == 2


@every_way
def test_a_short_retry_after_is_waited_for(webserver: WebServer, part: Path, ask: Asking) -> None:
    """The next try comes no sooner than the server asked."""
    webserver.routes["/e.mp3"] = [Reply(status=503, headers={"Retry-After": "1"}), AUDIO]
    began = time.monotonic()
    assert ask(fetcher(), webserver.url("/e.mp3"), part)
    assert 1.0 <= time.monotonic() - began < 5


def test_passing_failures_are_tried_again_and_lasting_ones_are_not(webserver: WebServer) -> None:
    """A 500 is tried as often as the limits say, a 404 once."""
    webserver.routes["/a"] = [Reply(status=500), Reply(status=502), b"fine"]
    assert get(webserver.url("/a")) == b"fine"
    webserver.routes["/b"] = Reply(status=500)
    with pytest.raises(ServerError):
        get(webserver.url("/b"))
    webserver.routes["/c"] = Reply(status=404)
    with pytest.raises(NotFound):
        get(webserver.url("/c"))
    assert [len(webserver.asked(path)) for path in ("/a", "/b", "/c")] == [3, 3, 1]


def test_no_server_is_a_network_error() -> None:
    """A port where nobody listens is named."""
    with Canary() as closed:
        url = closed.url("/x")
    with pytest.raises(NetworkError, match=r"No connection to 127\.0\.0\.1"):
        get(url)


def test_an_unknown_name_is_not_asked_for_again() -> None:
    """When the resolver is sure that a name does not exist, no time is lost with further tries."""
    asked: list[str] = []

    def unknown(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(NetworkError, match=r"nowhere\.test does not resolve"):
        fetcher(resolver=unknown).get("http://nowhere.test/", max_bytes=10)
    assert asked == ["nowhere.test"]


# --- addresses: rows 16 to 18 of the reliability table --------------------------------------------------------------


@every_way
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "2130706433",
        "0",
        "0.0.0.0",
        "127.0.0.1.",
        "localhost",
        "localhost.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "user@127.0.0.1",
        "podcast.test@127.0.0.1",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "100.64.0.1",
    ],
)
def test_no_spelling_of_a_private_address_is_connected_to(canary: Canary, part: Path, ask: Asking, host: str) -> None:
    """Loopback in every dress, metadata and carrier addresses are refused before any connection."""
    with pytest.raises(AddressRefused):
        ask(Fetcher(LIMITS), canary.url("/e.mp3", host=host), part)
    assert not canary.touched
    assert not part.exists()


@every_way
@pytest.mark.parametrize("answer", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"]])
def test_no_name_leads_to_a_private_address(canary: Canary, part: Path, ask: Asking, answer: list[str]) -> None:
    """What counts is where a name leads, and one bad address among good ones is enough."""
    with pytest.raises(AddressRefused, match=r"podcast\.test is refused"):
        ask(Fetcher(LIMITS, resolver=lambda host, port: answer), canary.url("/e.mp3", host="podcast.test"), part)
    assert not canary.touched


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Canary]:
    """Listen on a second loopback address, while 127.0.0.1 is taken for a public one: both sides of the guard are real."""
    private = [(network, meaning) for network, meaning in jobs.addresses._PRIVATE if str(network) != "127.0.0.0/8"]
    private.append((ipaddress.ip_network("127.0.0.2/32"), "this machine itself (loopback)"))
    monkeypatch.setattr(jobs.addresses, "_PRIVATE", tuple(private))
    try:
        listener = Canary("127.0.0.2")
    except OSError:
        pytest.skip("this system has no second loopback address (127.0.0.2)")
    with listener:
        yield listener


@every_way
def test_a_redirect_to_a_private_address_is_refused_at_that_hop(
    webserver: WebServer, elsewhere: Canary, part: Path, ask: Asking
) -> None:
    """The first hop is asked, the second is not; the error does not tell the path, which may be signed."""
    webserver.routes["/a"] = redirect(webserver.url("/b"))
    webserver.routes["/b"] = redirect(elsewhere.url("/latest?signature=geheim"))
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.2 is this machine itself") as refused:
        ask(Fetcher(LIMITS), webserver.url("/a"), part)
    assert not elsewhere.touched
    assert [request.path for request in webserver.requests] == ["/a", "/b"]
    assert "geheim" not in str(refused.value)


@every_way
def test_a_resolver_that_changes_its_mind_leads_nowhere_else(
    webserver: WebServer, elsewhere: Canary, part: Path, ask: Asking
) -> None:
    """DNS rebinding: the address that was judged is the one connected to, at every hop and every try."""
    answers = itertools.cycle(["127.0.0.1", "127.0.0.2"])
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(next(answers))
        return [asked[-1]]

    host = "podcast.test"
    webserver.routes["/once"] = AUDIO
    assert ask(Fetcher(LIMITS, resolver=rebinding), webserver.url("/once", host=host), part)
    assert asked == ["127.0.0.1"]
    assert webserver.requests[0].headers["host"] == f"{host}:{webserver.port}"
    next(answers)
    webserver.routes["/moved"] = redirect(f"http://{host}:{elsewhere.port}/latest")
    with pytest.raises(AddressRefused):
        ask(Fetcher(LIMITS, resolver=rebinding), webserver.url("/moved", host=host), part)
    assert asked == ["127.0.0.1", "127.0.0.1", "127.0.0.2"]
    assert not elsewhere.touched


@every_way
@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1:{port}/",
        "gopher://127.0.0.1:{port}/",
        "http://user:secret@127.0.0.1:{port}/",
        "http://127.1:{port}/",
        "http://0x7f000001:{port}/",
        "//2130706433:{port}/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/latest",
        "http://[::1",
        "\\\\127.0.0.1\\share",
    ],
)
def test_redirects_are_judged_like_first_addresses(
    webserver: WebServer, canary: Canary, part: Path, ask: Asking, target: str
) -> None:
    """Even where private networks are allowed, a redirect cannot leave http, carry credentials, or reach metadata."""
    webserver.routes["/a"] = redirect(target.format(port=canary.port))
    with pytest.raises((AddressRefused, NotFound)) as refused:
        ask(fetcher(), webserver.url("/a"), part)
    assert not canary.touched
    assert "secret" not in str(refused.value)


@every_way
def test_redirects_end_after_ten_hops_or_in_a_circle(webserver: WebServer, part: Path, ask: Asking) -> None:
    """Ten prefixes are followed, eleven are not, and a circle is seen at once."""
    for hop in range(11):
        webserver.routes[f"/{hop}"] = redirect(f"/{hop + 1}", status=(301, 302, 303, 307, 308)[hop % 5])
    webserver.routes["/11"] = AUDIO
    assert ask(fetcher(), webserver.url("/1"), part)
    with pytest.raises(TooManyRedirects, match="more than 10"):
        ask(fetcher(), webserver.url("/0"), part)
    webserver.requests.clear()
    webserver.routes["/x"] = redirect("/y")
    webserver.routes["/y"] = redirect("/x")
    with pytest.raises(TooManyRedirects, match="circle"):
        ask(fetcher(), webserver.url("/x"), part)
    assert len(webserver.requests) == 2


def test_a_redirect_to_nowhere_is_a_server_error(webserver: WebServer) -> None:
    """A redirect must say where."""
    webserver.routes["/a"] = Reply(status=302)
    with pytest.raises(ServerError, match="without saying where"):
        get(webserver.url("/a"), ONCE)


def test_nothing_of_one_answer_goes_into_the_next_request(webserver: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cookie and no Referer is sent on."""
    webserver.routes["/a"] = Reply(status=302, headers={"Location": "/b", "Set-Cookie": "id=1"})
    webserver.routes["/b"] = b"fine"
    assert get(webserver.url("/a")) == b"fine"
    assert set(webserver.requests[1].headers) == {"host", "user-agent", "accept", "accept-encoding"}


def test_proxies_of_the_environment_are_passed_by(webserver: WebServer, canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy could connect anywhere on our behalf, so none is used."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, canary.url())
    webserver.routes["/a"] = b"fine"
    assert get(webserver.url("/a")) == b"fine"
    assert not canary.touched


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def secure() -> Iterator[WebServer]:
    """Run a server with a certificate for podcast.test."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DATA / "podcast.test.pem")
    with WebServer(tls=context) as server:
        yield server


def trusting(limits: FetchLimits = ONCE) -> Fetcher:
    """Return a fetcher that trusts that certificate, and finds every name on this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(DATA / "podcast.test.pem")
    return fetcher(limits, tls=context, resolver=lambda host, port: ["127.0.0.1"])


def test_the_certificate_is_checked_against_the_name_though_the_address_is_pinned(secure: WebServer) -> None:
    """Host and certificate name are those of the URL; another name, or a certificate that nobody trusts, is an error."""
    secure.routes["/a"] = b"fine"
    assert trusting().get(secure.url("/a", host="podcast.test"), max_bytes=10).body == b"fine"
    assert secure.requests[0].headers["host"] == f"podcast.test:{secure.port}"
    with pytest.raises(SourceError, match=r"certificate of other\.test does not hold: .*other\.test"):
        trusting().get(secure.url("/a", host="other.test"), max_bytes=10)
    strict = fetcher(resolver=lambda host, port: ["127.0.0.1"])
    with pytest.raises(SourceError, match="does not hold"):
        strict.get(secure.url("/a", host="podcast.test"), max_bytes=10)
    assert len(secure.requests) == 1


def test_a_server_without_tls_is_named(webserver: WebServer) -> None:
    """Https to a port that speaks http is a clear error."""
    with pytest.raises(NetworkError, match="does not speak TLS"):
        trusting().get(f"https://podcast.test:{webserver.port}/", max_bytes=10)


def test_https_may_lead_to_http_and_back(secure: WebServer, webserver: WebServer) -> None:
    """Podcast prefixes redirect between both; neither way is refused."""
    secure.routes["/a"] = redirect(webserver.url("/b", host="podcast.test"))
    webserver.routes["/b"] = redirect(secure.url("/c", host="podcast.test"))
    secure.routes["/c"] = b"fine"
    assert trusting().get(secure.url("/a", host="podcast.test"), max_bytes=10).body == b"fine"


# --- time: row 19 ---------------------------------------------------------------------------------------------------


def timed(call: Callable[[], object], error: type[EarmarkError], match: str) -> float:
    """Return the seconds that a call took to fail as expected."""
    began = time.monotonic()
    with pytest.raises(error, match=match):
        call()
    return time.monotonic() - began


@every_way
def test_endless_headers_are_cut_off(webserver: WebServer, part: Path, ask: Asking) -> None:
    """Header after header, slowly or fast, ends at the deadline or at the cap."""

    def headers(pause: float) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        for number in itertools.count():
            yield f"X-{number}: y\r\n".encode() * (1 if pause else 100)
            if webserver.stopping.wait(pause):
                return

    webserver.routes["/slow"] = lambda request: Reply(raw=headers(0.02))
    webserver.routes["/fast"] = lambda request: Reply(raw=headers(0))
    limits = FetchLimits(tries=1, head_seconds=0.5)
    assert timed(lambda: ask(fetcher(limits), webserver.url("/slow"), part), TooSlow, "no answer within 0.5 s") < 5
    assert timed(lambda: ask(fetcher(ONCE), webserver.url("/fast"), part), TooLarge, "of headers") < 5


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 201 + b"Content-Length: 0\r\n\r\n", TooLarge),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\nContent-Length: 0\r\n\r\n", TooLarge),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, TooLarge),
        (b"SSH-2.0-OpenSSH_9.6\r\n", NetworkError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", NetworkError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", NetworkError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", NetworkError),
        (b"", NetworkError),
    ],
)
def test_answers_that_break_http_are_refused(webserver: WebServer, raw: bytes, error: type[EarmarkError]) -> None:
    """Too many headers, too long ones, and what is not HTTP become errors of ours."""
    webserver.routes["/x"] = Reply(raw=[raw])
    with pytest.raises(error, match=r"127\.0\.0\.1"):
        get(webserver.url("/x"), ONCE)


@every_way
def test_a_byte_at_a_time_is_too_slow(webserver: WebServer, part: Path, ask: Asking) -> None:
    """A body below the minimum rate ends after the window, though every single wait is short."""
    webserver.routes["/e.mp3"] = Reply(AUDIO, drip=(1, 0.02))
    limits = FetchLimits(tries=1, min_rate=1000, rate_window=0.5)
    assert timed(lambda: ask(fetcher(limits), webserver.url("/e.mp3"), part), TooSlow, r"sent only \d+ bytes in 0\.") < 5


@every_way
def test_a_server_that_falls_silent_is_too_slow(webserver: WebServer, part: Path, ask: Asking) -> None:
    """Silence counts as a rate of nothing."""
    webserver.routes["/e.mp3"] = Reply(AUDIO, drip=(1000, 30))
    limits = FetchLimits(tries=1, min_rate=5000, rate_window=0.5)
    assert timed(lambda: ask(fetcher(limits), webserver.url("/e.mp3"), part), TooSlow, r"sent only \d+ bytes") < 5


def test_the_deadline_ends_what_is_fast_enough(webserver: WebServer, part: Path) -> None:
    """The total time counts over all tries and waits."""
    webserver.routes["/e.mp3"] = Reply(AUDIO, drip=(2000, 0.05))
    limits = FetchLimits(document_seconds=0.6, download_seconds=0.6, first_wait=0.01)
    url = webserver.url("/e.mp3")
    assert timed(lambda: fetcher(limits).get(url, max_bytes=2**20), TooSlow, "time limit") < 5
    assert timed(lambda: fetcher(limits).download(url, part), TooSlow, r"of 300240 bytes came.*time limit") < 5
    webserver.routes["/500"] = Reply(status=500)
    limits = FetchLimits(document_seconds=0.6, first_wait=0.25, tries=50)
    assert timed(lambda: get(webserver.url("/500"), limits), ServerError, "500") < 5


def test_a_server_that_accepts_and_says_nothing_is_given_up(canary: Canary) -> None:
    """Neither a silent server nor a silent TLS handshake holds the slot."""
    limits = FetchLimits(tries=1, head_seconds=0.5, connect_seconds=0.5)
    assert timed(lambda: get(canary.url(), limits), TooSlow, "no answer") < 5
    https = canary.url().replace("http:", "https:")
    assert timed(lambda: trusting(limits).get(https, max_bytes=10), TooSlow, "answer") < 5


def test_a_dead_address_does_not_hide_a_living_one(webserver: WebServer) -> None:
    """The next address of a name is tried when the first refuses."""
    webserver.routes["/a"] = b"fine"
    both = fetcher(resolver=lambda host, port: ["::1", "127.0.0.1"])
    assert both.get(webserver.url("/a", host="podcast.test"), max_bytes=10).body == b"fine"


# --- size: row 20 ---------------------------------------------------------------------------------------------------


def test_sizes_over_the_cap_are_refused(webserver: WebServer, part: Path) -> None:
    """A long Content-Length ends at the headers, an endless body at the cap; nothing is left on disk."""
    webserver.routes["/long"] = Reply(FRAME, headers={"Content-Length": str(10**12)})
    webserver.routes["/endless"] = lambda request: Reply(itertools.repeat(FRAME * 100), headers={"Transfer-Encoding": ""})
    limits = FetchLimits(max_bytes=2**20)
    for path in ("/long", "/endless"):
        with pytest.raises(TooLarge, match="larger than the limit of 1048576 bytes"):
            get(webserver.url(path))
        with pytest.raises(TooLarge, match="larger than the limit of 1048576 bytes"):
            fetcher(limits).download(webserver.url(path), part)
        assert not part.exists()
        assert not note_of(part).exists()


@every_way
def test_a_gzip_bomb_is_stopped_in_bounded_memory(webserver: WebServer, part: Path, ask: Asking) -> None:
    """100 MiB in 100 kB of gzip cost no more memory than the cap."""
    bomb = gzip.compress(FRAME * (100 * 2**20 // 417), compresslevel=1)
    webserver.routes["/e.mp3"] = Reply(bomb, headers={"Content-Encoding": "gzip"})
    asker = fetcher(FetchLimits(max_bytes=2**20, tries=1))
    tracemalloc.start()
    with pytest.raises(TooLarge, match="larger than the limit"):
        ask(asker, webserver.url("/e.mp3"), part)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * 2**20


# --- resuming: row 21 -----------------------------------------------------------------------------------------------


def test_a_download_is_whole_and_named_by_its_bytes(webserver: WebServer, part: Path) -> None:
    """Size, hash, type and validators are told; progress never goes back; no note is left."""
    webserver.routes["/e.mp3"] = Reply(AUDIO, headers={"Content-Type": "text/html"})
    seen: list[tuple[int, int | None]] = []
    download = fetcher().download(webserver.url("/e.mp3"), part, progress=lambda done, total: seen.append((done, total)))
    assert part.read_bytes() == AUDIO
    assert (download.path, download.sha256, download.bytes, download.resumed_from) == (part, SHA, len(AUDIO), 0)
    assert download.media_type.name == "audio/mpeg"
    assert download.etag
    assert seen == sorted(seen)
    assert seen[-1] == (len(AUDIO), len(AUDIO))
    assert list(part.parent.iterdir()) == [part]


CUT = len(AUDIO) * 7 // 10
RANGE_LIES: list[dict[str, str]] = [
    {"Content-Range": f"bytes {CUT - 1}-{len(AUDIO) - 2}/{len(AUDIO)}"},
    {"Content-Range": f"bytes 0-{len(AUDIO) - 1}/{len(AUDIO)}"},
    {"Content-Range": f"bytes {CUT}-{len(AUDIO)}/{len(AUDIO) + 1}"},
    {"Content-Range": f"bytes {CUT}-{len(AUDIO) - 2}/{len(AUDIO)}"},
    {"Content-Range": "bytes */*"},
    {"Content-Range": ""},
    {"Content-Range": f"bytes {CUT}-{len(AUDIO) - 1}/{len(AUDIO)}", "ETag": '"new"'},
]


def test_a_broken_connection_is_taken_up_where_it_broke(webserver: WebServer, part: Path) -> None:
    """Dropped at 70 %, the rest is asked for with Range and If-Range, and the hash is exact."""
    webserver.routes["/e.mp3"] = [Reply(AUDIO, drop_after=CUT), AUDIO]
    download = fetcher().download(webserver.url("/e.mp3"), part)
    assert (download.sha256, download.resumed_from) == (SHA, CUT)
    again = webserver.requests[1].headers
    assert again["range"] == f"bytes={CUT}-"
    assert again["if-range"] == download.etag


def test_many_breaks_are_taken_up_one_after_another(webserver: WebServer, part: Path) -> None:
    """Each connection goes on where the one before stopped."""
    webserver.routes["/e.mp3"] = [Reply(AUDIO, drop_after=100_000), Reply(AUDIO, drop_after=50_000), AUDIO]
    download = fetcher().download(webserver.url("/e.mp3"), part)
    assert (download.sha256, download.resumed_from) == (SHA, 150_000)


@pytest.mark.parametrize("lie", RANGE_LIES, ids=[str(list(lie.values())) for lie in RANGE_LIES])
def test_a_206_that_does_not_fit_starts_again(webserver: WebServer, part: Path, lie: dict[str, str]) -> None:
    """Wrong ranges, totals and versions are not glued together: the file is fetched anew."""
    tag = {"ETag": '"one"'}
    wrong = Reply(b"?" * (len(AUDIO) - CUT), status=206, headers={**tag, **lie}, ranges=False)
    webserver.routes["/e.mp3"] = [Reply(AUDIO, headers=tag, drop_after=CUT), wrong, Reply(AUDIO, headers=tag)]
    download = fetcher().download(webserver.url("/e.mp3"), part)
    assert (download.sha256, download.resumed_from) == (SHA, 0)
    assert ["range" in request.headers for request in webserver.requests] == [False, True, False]


def test_a_200_to_a_range_is_taken_as_the_whole_file(webserver: WebServer, part: Path) -> None:
    """A server that knows no ranges sends everything, and everything is taken."""
    webserver.routes["/e.mp3"] = [Reply(AUDIO, drop_after=CUT), Reply(AUDIO, ranges=False)]
    download = fetcher().download(webserver.url("/e.mp3"), part)
    assert (download.sha256, download.resumed_from, len(webserver.requests)) == (SHA, 0, 2)


def test_a_changed_file_is_fetched_anew(webserver: WebServer, part: Path) -> None:
    """When the ETag is another one, If-Range brings the whole new version."""
    webserver.routes["/e.mp3"] = [Reply(AUDIO, drop_after=CUT), OTHER]
    download = fetcher().download(webserver.url("/e.mp3"), part)
    assert part.read_bytes() == OTHER
    assert (download.sha256, download.resumed_from) == (hashlib.sha256(OTHER).hexdigest(), 0)


@pytest.mark.parametrize("tag", ['W/"weak"', "", "unquoted"])
def test_without_a_strong_etag_nothing_is_glued_together(webserver: WebServer, part: Path, tag: str) -> None:
    """A weak or missing ETag may stand for other bytes, so the file is fetched anew."""
    webserver.routes["/e.mp3"] = [Reply(AUDIO, headers={"ETag": tag}, drop_after=CUT), Reply(AUDIO, headers={"ETag": tag})]
    download = fetcher().download(webserver.url("/e.mp3"), part)
    assert (download.sha256, download.resumed_from) == (SHA, 0)
    assert "range" not in webserver.requests[1].headers


def test_a_total_that_comes_late_is_held_to(webserver: WebServer, part: Path) -> None:
    """Where only the 206 tells the total, a rest that ends early is noticed and taken up again."""
    tag = b'HTTP/1.1 200 OK\r\nETag: "one"\r\n'
    size = len(AUDIO)
    first = [tag + b"Transfer-Encoding: chunked\r\n\r\n186a0\r\n" + AUDIO[:100_000] + b"\r\n"]  # 186a0: 100000
    head = f'HTTP/1.1 206 OK\r\nETag: "one"\r\nContent-Range: bytes 100000-{size - 1}/{size}\r\n\r\n'.encode()
    short = [head + AUDIO[100_000:200_000]]
    webserver.routes["/e.mp3"] = [Reply(raw=first), Reply(raw=short), Reply(AUDIO, headers={"ETag": '"one"'})]
    download = fetcher().download(webserver.url("/e.mp3"), part)
    assert (download.sha256, download.resumed_from) == (SHA, 200_000)


def test_a_file_that_lies_there_by_mistake_is_kept_until_bytes_come(webserver: WebServer, part: Path) -> None:
    """A refused or failed request touches nothing on disk, and leaves nothing where nothing was."""
    part.write_bytes(b"somebody's work")
    for url, error in (("http://169.254.169.254/", AddressRefused), (webserver.url("/gone"), NotFound)):
        with pytest.raises(error):
            fetcher().download(url, part)
        assert part.read_bytes() == b"somebody's work"
        other = part.with_name("other.part")
        with pytest.raises(error):
            fetcher().download(url, other)
        assert list(part.parent.iterdir()) == [part]


def test_one_fetcher_serves_many_threads(webserver: WebServer, tmp_path: Path) -> None:
    """Downloads side by side do not touch one another."""
    bodies = {f"/{number}.mp3": AUDIO[417 * number :] for number in range(8)}
    webserver.routes.update({path: [Reply(body, drop_after=CUT), body] for path, body in bodies.items()})
    with fetcher() as asker, ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda path: asker.download(webserver.url(path), tmp_path / path[1:]).sha256, bodies)
        assert list(found) == [hashlib.sha256(body).hexdigest() for body in bodies.values()]


def test_a_416_starts_again(webserver: WebServer, part: Path) -> None:
    """A server that finds the range impossible is asked for everything."""
    webserver.routes["/e.mp3"] = [Reply(AUDIO, drop_after=CUT), Reply(status=416), AUDIO]
    assert fetcher().download(webserver.url("/e.mp3"), part).sha256 == SHA


def test_compressed_audio_is_decoded_and_never_resumed(webserver: WebServer, part: Path) -> None:
    """A range would count compressed bytes, so a break starts again."""
    packed = Reply(gzip.compress(AUDIO, mtime=0), headers={"Content-Encoding": "gzip"})
    broken = Reply(gzip.compress(AUDIO, mtime=0), headers={"Content-Encoding": "gzip"}, drop_after=500)
    webserver.routes["/e.mp3"] = [broken, packed]
    assert fetcher().download(webserver.url("/e.mp3"), part).sha256 == SHA
    assert "range" not in webserver.requests[1].headers


def test_a_lasting_truncation_says_how_much_came(webserver: WebServer, part: Path) -> None:
    """After the last try the error counts the bytes, which stay on disk."""
    webserver.routes["/e.mp3"] = [Reply(AUDIO, drop_after=CUT), Reply(status=206, raw=[b""])]
    with pytest.raises(NetworkError, match="broke"):
        fetcher().download(webserver.url("/e.mp3"), part)
    assert part.stat().st_size == CUT
    webserver.routes["/e.mp3"] = Reply(AUDIO, headers={"ETag": ""}, drop_after=CUT)
    with pytest.raises(NetworkError, match=f"{CUT} of {len(AUDIO)} bytes came") as broken:
        fetcher().download(webserver.url("/e.mp3"), part)
    assert broken.value.hint


def test_a_later_call_goes_on_from_the_note(webserver: WebServer, part: Path) -> None:
    """The note names the address as asked, never the signed one that it led to, and a new fetcher goes on from it."""
    webserver.routes["/e.mp3"] = lambda request: redirect("/real.mp3?signature=geheim")
    webserver.routes["/real.mp3"] = [Reply(AUDIO, drop_after=CUT), AUDIO]
    with pytest.raises(NetworkError) as broken:
        fetcher(ONCE).download(webserver.url("/e.mp3"), part)
    assert "geheim" not in str(broken.value) + note_of(part).read_text()
    note = json.loads(note_of(part).read_text())
    assert (note["url"], note["bytes"], note["total"]) == (webserver.url("/e.mp3"), CUT, len(AUDIO))
    download = fetcher(ONCE).download(webserver.url("/e.mp3"), part)
    assert (download.sha256, download.resumed_from) == (SHA, CUT)
    assert list(part.parent.iterdir()) == [part]


STRANGE = '{"url": "%s", "etag": "\\"a\\"", "last_modified": null, "total": "x", "bytes": 5}'


@pytest.mark.parametrize("note", ["", "{", "[]", '{"url": 1}', STRANGE, STRANGE.replace('"x"', "null").replace("5", "-5")])
def test_a_note_that_makes_no_sense_is_passed_over(webserver: WebServer, part: Path, note: str) -> None:
    """What an unknown hand left in the file is not built upon."""
    webserver.routes["/e.mp3"] = AUDIO
    part.write_bytes(b"?" * 1000)
    note_of(part).write_text(note.replace("%s", webserver.url("/e.mp3")))
    download = fetcher().download(webserver.url("/e.mp3"), part)
    assert (download.sha256, download.resumed_from) == (SHA, 0)


def test_a_note_about_another_address_is_passed_over(webserver: WebServer, part: Path) -> None:
    """The bytes of one episode never become the beginning of another."""
    webserver.routes["/1.mp3"] = Reply(OTHER, headers={"ETag": '"same"'}, drop_after=CUT)
    webserver.routes["/2.mp3"] = Reply(AUDIO, headers={"ETag": '"same"'})
    with pytest.raises(NetworkError):
        fetcher(ONCE).download(webserver.url("/1.mp3"), part)
    assert fetcher(ONCE).download(webserver.url("/2.mp3"), part).sha256 == SHA


def test_a_whole_file_is_only_confirmed(webserver: WebServer, part: Path) -> None:
    """A process that died between the last byte and the end costs one 304; a changed file is fetched anew."""
    webserver.routes["/e.mp3"] = Reply(AUDIO, headers={"ETag": '"one"'})
    part.write_bytes(AUDIO)
    note = {"url": webserver.url("/e.mp3"), "etag": '"one"', "last_modified": None, "total": len(AUDIO), "bytes": len(AUDIO)}
    note_of(part).write_text(json.dumps(note))
    download = fetcher(ONCE).download(webserver.url("/e.mp3"), part)
    assert (download.sha256, download.resumed_from) == (SHA, len(AUDIO))
    assert webserver.requests[0].headers["if-none-match"] == '"one"'
    note_of(part).write_text(json.dumps(note))
    webserver.routes["/e.mp3"] = Reply(OTHER, headers={"ETag": '"two"'})
    assert fetcher(ONCE).download(webserver.url("/e.mp3"), part).sha256 == hashlib.sha256(OTHER).hexdigest()


def test_a_person_who_stops_loses_nothing(webserver: WebServer, part: Path) -> None:
    """Whatever the progress callback raises ends the download, and the next one goes on from there."""
    webserver.routes["/e.mp3"] = AUDIO

    def stop(done: int, total: int | None) -> None:
        if done > 100_000:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        fetcher().download(webserver.url("/e.mp3"), part, progress=stop)
    download = fetcher().download(webserver.url("/e.mp3"), part)
    assert download.sha256 == SHA
    assert download.resumed_from > 100_000


CHILD = """
import os, resource, sys
from pathlib import Path
from jobs.fetch import Fetcher
from jobs.wire import FetchLimits
from storage.errors import EarmarkError
url, part, mode, amount = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
def progress(done, total):
    if mode == "die" and done >= amount:
        os._exit(9)
if mode == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (amount, amount))
try:
    Fetcher(FetchLimits(tries=1), allow_private=True).download(url, part, progress=progress)
except EarmarkError as error:
    print(type(error).__name__, error)
"""


def child(url: str, part: Path, mode: str, amount: int) -> subprocess.CompletedProcess[str]:
    """Download in another process, which dies, or may write no more than `amount` bytes to a file."""
    command = [sys.executable, "-c", CHILD, url, str(part), mode, str(amount)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)


def test_a_killed_process_loses_no_more_than_a_checkpoint(webserver: WebServer, part: Path) -> None:
    """A process that dies at once leaves a note from which the next one goes on."""
    large = AUDIO * 70  # 21 MB, over one checkpoint
    webserver.routes["/e.mp3"] = large
    assert child(webserver.url("/e.mp3"), part, "die", 20_000_000).returncode == 9
    download = fetcher().download(webserver.url("/e.mp3"), part)
    assert download.sha256 == hashlib.sha256(large).hexdigest()
    assert 2**24 <= download.resumed_from < 20_000_000


# --- the disk -------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_said_and_a_retry_goes_on(webserver: WebServer, part: Path) -> None:
    """A write that does not fit raises StorageFull; what fitted is kept, and the next call goes on from it."""
    webserver.routes["/e.mp3"] = AUDIO
    ended = child(webserver.url("/e.mp3"), part, "limit", 150_000)
    assert ended.stdout.startswith("StorageFull No room is left"), ended
    assert "Make room" in ended.stdout
    download = fetcher().download(webserver.url("/e.mp3"), part)
    assert (download.sha256, download.resumed_from) == (SHA, 150_000)


def test_a_file_that_cannot_fit_is_refused_before_it_comes(webserver: WebServer, part: Path) -> None:
    """The announced length is held against the free space."""
    webserver.routes["/e.mp3"] = Reply(FRAME, headers={"Content-Length": str(10**17)})
    with pytest.raises(StorageFull, match=f"bytes free, and {10**17} are needed"):
        fetcher(FetchLimits(max_bytes=10**18)).download(webserver.url("/e.mp3"), part)


def test_an_output_that_cannot_be_written_is_said(webserver: WebServer, tmp_path: Path) -> None:
    """A folder in the way, or a file where a folder should be, is an OutputError, and nothing is asked of the server."""
    webserver.routes["/e.mp3"] = AUDIO
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for into in (tmp_path / "folder", tmp_path / "file" / "episode.part"):
        with pytest.raises(OutputError, match="cannot be written") as refused:
            fetcher().download(webserver.url("/e.mp3"), into)
        assert str(into) in refused.value.message
    assert webserver.requests == []


# --- disguised and broken media: rows 22 and 23 ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("#EXTM3U\n#EXTINF:10,\n{url}\n#EXTINF:10,\nfile:///etc/passwd\n", "playlist (M3U8)"),
        ("ffconcat version 1.0\nfile '{url}'\n", "concat script"),
        ("file '{url}'\n", "concat script"),
        ("<?xml version='1.0'?><MPD><BaseURL>{url}</BaseURL></MPD>", "playlist (DASH)"),
        ("[playlist]\nFile1={url}\n", "playlist (PLS)"),
        ("<playlist><location>{url}</location></playlist>", "playlist (XSPF)"),
        ("<!doctype html><img src='{url}'>", "web page"),
        ("<!DOCTYPE x SYSTEM '{url}'><x/>", "XML document"),
        ('{{"url": "{url}"}}', "JSON document"),
    ],
)
def test_texts_disguised_as_audio_are_refused_and_nothing_in_them_is_opened(
    webserver: WebServer, canary: Canary, part: Path, text: str, named: str
) -> None:
    """Name and Content-Type say mp3, the first bytes say otherwise, and they are believed."""
    body = text.format(url=canary.url("/secret.ts")).encode()
    webserver.routes["/e.mp3"] = Reply(body, headers={"Content-Type": "audio/mpeg"})
    with pytest.raises(NotAudio) as refused:
        fetcher().download(webserver.url("/e.mp3"), part)
    assert named in refused.value.message
    assert not canary.touched
    assert list(part.parent.iterdir()) == []
    assert len(webserver.requests) == 1


def test_what_is_not_audio_is_refused_early(webserver: WebServer, part: Path) -> None:
    """An endless page costs a few kilobytes, not the whole limit."""
    sent: list[int] = []

    def page() -> Iterator[bytes]:
        yield b"<html>"
        for _ in range(10_000):
            sent.append(1)
            yield b"x" * 10_000

    webserver.routes["/e.mp3"] = lambda request: Reply(page())
    with pytest.raises(NotAudio, match="web page"):
        fetcher().download(webserver.url("/e.mp3"), part)
    assert len(sent) < 5000


@pytest.mark.parametrize(
    ("body", "named"), [(b"", "an empty file"), (b"\0" * 100, "no kind of audio"), (b"GIF89a\x01\0", "an image")]
)
def test_empty_and_unknown_bytes_are_refused_in_words(webserver: WebServer, part: Path, body: bytes, named: str) -> None:
    """An empty body and bytes of no known type are named."""
    webserver.routes["/e.mp3"] = body
    with pytest.raises(NotAudio, match=named) as refused:
        fetcher().download(webserver.url("/e.mp3"), part)
    assert refused.value.hint
