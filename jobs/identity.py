"""Which episode is which: ids that stay the same when the same episode is asked for again.

Decisions about `normalise_url`, which is compared and hashed and never fetched:

- Scheme, user name, password, default port and fragment are dropped: `http` and `https` of one address are one episode,
  and a private feed's login says who listens, not to what.
- Of the query, only parameters that are known to carry no identity are dropped (`TRACKING_PARAMETERS`): many hosts
  select the episode by query, so an unknown parameter stays.
- Measuring prefixes (`https://pdst.fm/e/host/file.mp3`) are peeled off only for the services in `TRACKING_PREFIXES`, and only
  if what remains begins with something shaped like a host followed by a path. An unknown prefix stays: two ids
  for one episode cost some computing, one id for two episodes loses one.
"""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

TRACKING_PARAMETERS = re.compile(r"utm_[a-z_]+|fbclid|gclid|msclkid|mc_cid|mc_eid|_ga|_gl", re.IGNORECASE)
"""Query parameters that say where a listener came from."""

TRACKING_PREFIXES = re.compile(
    r"(?:(?:www|dts)\.)?podtrac\.com/(?:pts/)?redirect\.[a-z0-9]+/"
    r"|pdst\.fm/e/"
    r"|pdcn\.co/e/"
    r"|(?:chtbl\.com|chrt\.fm)/track/[^/]+/"
    r"|(?:tracking\.)?swap\.fm/track/[^/]+/"
    r"|mgln\.ai/e/[^/]+/"
    r"|op3\.dev/e(?:,[^/]*)?/"
    r"|prfx\.byspotify\.com/e/"
    r"|(?:verifi\.podscribe\.com|pscrb\.fm)/rss/p/"
    r"|arttrk\.com/p/[^/]+/"
    r"|claritaspod\.com/measure/"
    r"|media\.blubrry\.com/[^/]+/"
    r"|growx\.podkite\.com/https?/[^/]+/"
)
"""Measuring services that redirect to the address written behind their own."""

_HOST_AND_PATH = re.compile(r"(?:https?(?:://|/))?([a-z0-9](?:[a-z0-9-]*\.)+[a-z]{2,24}(?::\d{1,5})?/\S+)", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_RESERVED = "!$&'()*+,;=:@/?%[]~#"
_UNRESERVED = re.compile(rb"[A-Za-z0-9._~-]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


def episode_id(feed_url: str | None, guid: str | None, audio_url: str | None) -> str:
    """Return the id of an episode: `ep_` and 16 letters and digits, fit for a file name.

    Feed address and guid decide; without a guid the normalised audio URL. Without a feed address (a local feed) a
    guid alone is too weak, `1` being a common one, so guid and audio address decide together.
    """
    guid = (guid or "").strip()
    audio = normalise_url(audio_url) if audio_url else ""
    if guid and feed_url:
        return _digest("guid", normalise_url(feed_url), guid)
    if guid:
        return _digest("local guid", guid, audio)
    return _digest("audio", audio)


def same_guid_id(feed_url: str | None, guid: str, audio_url: str) -> str:
    """Return the id of an episode whose guid another episode of the feed bears too."""
    return _digest("guid and audio", normalise_url(feed_url or ""), guid.strip(), normalise_url(audio_url))


def file_id(sha256: str) -> str:
    """Return the id of an episode that is only a local file, from the sha256 of its content (hexadecimal)."""
    return _digest("content", sha256.lower())


def _digest(kind: str, *parts: str) -> str:
    text = "\n".join((kind, *parts)).encode("utf-8", "surrogatepass")
    return "ep_" + base64.b32encode(hashlib.sha256(text).digest()[:10]).decode("ascii").lower()


def encode_url(url: str) -> str:
    """Return `url` with what no address may contain percent-encoded: raw spaces, non-ASCII letters of path and query.

    What is already encoded stays as it is; the host name is left to the resolver.
    """
    url = "".join(url.split("\n")).replace("\r", "").replace("\t", "").strip()
    head, separator, rest = url.partition("://")
    if not separator or "/" in head:
        return _quote(url)
    host, slash, path = rest.partition("/")
    if "?" in host or "#" in host:
        return _quote(url)
    return head + separator + host + slash + _quote(path)


def _quote(text: str) -> str:
    encoded = quote(text.encode("utf-8", "surrogatepass"), safe=_RESERVED)
    return re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", encoded)


def normalise_url(url: str) -> str:
    """Return the form of `url` in which two addresses of one thing are equal; see the module for what is dropped."""
    try:
        parts = urlsplit(encode_url(url))
        port = parts.port
    except ValueError:
        return encode_url(url)
    if parts.scheme.lower() not in _DEFAULT_PORTS or not parts.hostname:
        return encode_url(url)
    host = parts.hostname.lower().rstrip(".")
    if port is not None and port != _DEFAULT_PORTS[parts.scheme.lower()]:
        host = f"{host}:{port}"
    return _peel(host + (_same_escapes(parts.path) or "/") + _kept_query(parts))


def _same_escapes(path: str) -> str:
    """Write each percent escape in one way: unreserved characters bare, the rest in capitals (RFC 3986, 6.2.2)."""

    def rewrite(match: re.Match[str]) -> str:
        byte = unquote_to_bytes(match[0])
        return byte.decode("ascii") if _UNRESERVED.fullmatch(byte) else match[0].upper()

    return _ESCAPE.sub(rewrite, path)


def _kept_query(parts: SplitResult) -> str:
    kept = [pair for pair in parts.query.split("&") if pair and not TRACKING_PARAMETERS.fullmatch(pair.partition("=")[0])]
    return "?" + "&".join(kept) if kept else ""


def _peel(address: str) -> str:
    """Take measuring prefixes off, as many as are stacked."""
    while prefix := TRACKING_PREFIXES.match(address):
        inner = _HOST_AND_PATH.fullmatch(address[prefix.end() :])
        if inner is None:
            return address
        host, _, path = inner[1].partition("/")
        address = f"{host.lower()}/{path}"
    return address
