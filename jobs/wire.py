"""One HTTP exchange over a connection that goes only to judged addresses and cannot be held up.

`exchange` sits on httpcore, below httpx's client, so that nothing can happen unseen: no proxy, no cookie, no credentials from a
netrc, no redirect, no connection that an earlier exchange left open.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import httpcore
import httpx

from jobs.addresses import Guard
from storage.errors import NetworkError, SourceError, TooLarge, TooSlow


@dataclass(frozen=True)
class FetchLimits:
    """How much of bytes, time and patience one fetch may take."""

    max_bytes: int = 2 * 1024**3
    """Of a download, on the wire and decoded."""
    download_seconds: float = 2 * 3600.0
    """For a whole download, tries and waits included."""
    document_seconds: float = 60.0
    """For a whole document, tries and waits included."""
    connect_seconds: float = 10.0
    """For each address that is tried, and for the TLS handshake."""
    head_seconds: float = 30.0
    """From the first look at the name to the last header."""
    max_head_bytes: int = 64 * 1024
    max_headers: int = 200
    min_rate: float = 1024.0
    """Bytes a second that must come, on average over `rate_window`; only time spent waiting for the server counts."""
    rate_window: float = 30.0
    max_redirects: int = 10
    tries: int = 5
    """For one call, the first included."""
    first_wait: float = 0.5
    """Before the second try, in seconds; doubled for each one after, with jitter."""
    longest_wait: float = 60.0
    """Also for a Retry-After: a server that asks for more is not tried again in this call."""


DEFAULT_LIMITS = FetchLimits()


class Pace:
    """Watches over the time and bytes of one exchange; `deadline` is on the clock of `time.monotonic`."""

    def __init__(self, url: str, limits: FetchLimits, deadline: float) -> None:
        self._url = url
        self._limits = limits
        self._deadline = deadline
        self._head_deadline = min(deadline, time.monotonic() + limits.head_seconds)
        self._head_bytes = 0
        self._in_head = True
        self._waited = 0.0
        self._came = 0

    def begin_body(self) -> None:
        """Note that the headers are complete: from here on the rate counts."""
        self._in_head = False

    def seconds_left(self) -> float:
        """Return how long the next wait may last; raises TooSlow when time is up."""
        now = time.monotonic()
        if now >= self._deadline:
            raise TooSlow(f"{self._url} did not finish within the time limit.", hint="Try again later, or raise the limit.")
        if self._in_head:
            if now >= self._head_deadline:
                raise TooSlow(f"{self._url} sent no answer within {self._limits.head_seconds:g} s.", hint="Try again later.")
            return self._head_deadline - now
        return min(self._deadline - now, max(0.001, self._limits.rate_window - self._waited))

    def bytes_wanted(self, asked: int) -> int:
        """Return how many bytes to read next; raises TooLarge when headers have no end."""
        if not self._in_head:
            return asked
        room = self._limits.max_head_bytes - self._head_bytes
        if room <= 0:
            raise TooLarge(f"{self._url} sent more than {self._limits.max_head_bytes} bytes of headers.", hint="")
        return min(asked, room)

    def record(self, seconds: float, count: int) -> None:
        """Count a wait and what came of it; raises TooSlow when a whole window brought too little."""
        if self._in_head:
            self._head_bytes += count
            return
        self._waited += seconds
        self._came += count
        if self._waited < self._limits.rate_window:
            return
        if self._came < self._limits.min_rate * self._limits.rate_window:
            raise TooSlow(
                f"{self._url} sent only {self._came} bytes in {self._waited:.1f} s.",
                hint="The server or the connection is too slow at the moment; try again later.",
            )
        self._waited, self._came = 0.0, 0


class _PacedStream(httpcore.NetworkStream):
    """A connection that asks its Pace before each read and write."""

    def __init__(self, stream: httpcore.NetworkStream, pace: Pace) -> None:
        self._stream = stream
        self._pace = pace

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the Pace decides
        wanted, seconds = self._pace.bytes_wanted(max_bytes), self._pace.seconds_left()
        began = time.monotonic()
        try:
            data = self._stream.read(wanted, seconds)
        except httpcore.ReadTimeout:
            self._pace.record(time.monotonic() - began, 0)
            self._pace.seconds_left()  # says which limit it was
            return self.read(max_bytes)
        self._pace.record(time.monotonic() - began, len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the Pace decides
        self._stream.write(buffer, self._pace.seconds_left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._pace.seconds_left()
        secured = self._stream.start_tls(ssl_context, server_hostname, min(left, timeout or left))
        return _PacedStream(secured, self._pace)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _PinnedBackend(httpcore.NetworkBackend):
    """Opens connections to the addresses that were judged; Host and the certificate's name stay those of the URL."""

    def __init__(self, addresses: tuple[str, ...], pace: Pace, connect_seconds: float) -> None:
        self._addresses = addresses
        self._pace = pace
        self._connect_seconds = connect_seconds
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the Pace decides
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses:
            seconds = min(self._connect_seconds, self._pace.seconds_left())
            try:
                stream = self._system.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            return _PacedStream(stream, self._pace)
        raise failure


@dataclass(frozen=True)
class Answer:
    """The head of an HTTP answer, and its body still to be read."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; the first of those that came twice."""
    wire: Iterator[bytes]
    """The body as it was sent, chunked framing removed."""
    moved_to: str | None = None
    """Where the address has moved for good, without the query, which may be a signature; none if it has not."""

    @property
    def length(self) -> int | None:
        """Content-Length, if the server gave a sensible one."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else None

    @property
    def encoding(self) -> str:
        """Content-Encoding; empty for none, and for values that some servers send without encoding anything."""
        value = self.headers.get("content-encoding", "").strip().lower()
        return value if value in {"gzip", "x-gzip", "deflate", "br", "zstd", "compress"} else ""


@contextlib.contextmanager
def exchange(
    url: httpx.URL,
    headers: Mapping[str, str],
    *,
    guard: Guard,
    limits: FetchLimits,
    deadline: float,
    tls: ssl.SSLContext,
    posted: bytes | None = None,
) -> Iterator[Answer]:
    """Send one GET, or POST what is to be posted, and yield its answer; the connection ends with the block.

    `url` has passed `Guard.check_url`. Raises AddressRefused, NetworkError, TooSlow, TooLarge, and SourceError for a certificate
    that does not hold.
    """
    host = url.host
    pace = Pace(host, limits, deadline)
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    addresses = guard.addresses(host, port, seconds=pace.seconds_left())
    backend = _PinnedBackend(addresses, pace, limits.connect_seconds)
    address = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    sent = [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers.items()]
    timeout = {"connect": limits.connect_seconds, "pool": limits.connect_seconds}
    method = "GET" if posted is None else "POST"
    with (
        _explained(host),
        httpcore.ConnectionPool(ssl_context=tls, network_backend=backend, max_connections=1) as pool,
        pool.stream(method, address, headers=sent, content=posted, extensions={"timeout": timeout}) as response,
    ):
        if len(response.headers) > limits.max_headers:
            raise TooLarge(f"{host} sent {len(response.headers)} header lines.", hint=f"At most {limits.max_headers} are read.")
        pace.begin_body()
        yield Answer(
            status=response.status, headers=_first_of_each(response.headers), wire=_explain_each(host, response.iter_stream())
        )


def _first_of_each(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            text = value.decode("latin-1")
        found.setdefault(name.decode("latin-1").lower(), text)
    return found


def _explain_each(host: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    with _explained(host):
        yield from pieces


@contextlib.contextmanager
def _explained(host: str) -> Iterator[None]:
    """Turn httpcore's errors into ours."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise TooSlow(f"{host} did not answer in time.", hint="Try again later.") from error
    except httpcore.ConnectError as error:
        raise _connect_failure(host, error) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
        raise NetworkError(f"The connection to {host} broke: {_in_words(error)}.", hint="Try again later.") from error


def _connect_failure(host: str, error: httpcore.ConnectError) -> NetworkError | SourceError:
    cause = error.args[0] if error.args else None  # httpcore raises it `from None`, yet keeps it here
    if isinstance(cause, ssl.SSLCertVerificationError):
        return SourceError(
            f"The certificate of {host} does not hold: {cause.verify_message or cause.reason}.",
            hint="Check the address and this machine's clock; nothing was fetched, since anyone could have answered.",
        )
    if isinstance(cause, ssl.SSLError):
        return NetworkError(
            f"{host} does not speak TLS as this machine does: {cause.reason or cause}.", hint="Check the address."
        )
    return NetworkError(f"No connection to {host}: {_in_words(error)}.", hint="Check the address and your network connection.")


def _in_words(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
