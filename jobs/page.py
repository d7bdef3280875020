"""The web page of an episode or a show: where its feed is, where its audio is, and which episode it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import urljoin, urlsplit

from lxml import etree

from jobs.dates import parse_date
from jobs.durations import parse_duration
from jobs.feed import Feed
from jobs.feed_addresses import Resolve, resolver
from jobs.identity import episode_id, normalise_url
from jobs.media_types import AUDIO_SUFFIXES, media_rank, suffix_of
from jobs.page_data import PageData, read_page_data
from jobs.safe_xml import Element, decode, text_inside
from jobs.titles import best_title, title_from_url, without_show
from storage.documents import Episode, Link, Note, Publication
from storage.errors import NoEpisode, TooLarge

MAX_PAGE_BYTES = 16 * 1024 * 1024
"""Largest web page that is read, in bytes."""

MAX_LINKS = 200
"""Most audio or feed links that are kept of one page."""

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_OG_AUDIO = ("og:audio:secure_url", "og:audio:url", "og:audio")
_FEED_TYPES = {"application/rss+xml", "application/atom+xml", "application/rdf+xml"}


@dataclass(frozen=True, slots=True)
class PageFinds:
    """What a page says about episodes, best evidence first."""

    url: str
    canonical: str | None = None
    title: str | None = None
    titles: tuple[str, ...] = ()
    """Everything that may be the episode's title, to compare with a feed's."""
    show: str | None = None
    description: str | None = None
    published: datetime | None = None
    duration: float | None = None
    language: str | None = None
    image: str | None = None
    feeds: tuple[Link, ...] = ()
    audio: tuple[Link, ...] = ()


def read_page(html: bytes, url: str, *, max_bytes: int = MAX_PAGE_BYTES) -> PageFinds:
    """Read a web page that came from `url`; broken HTML and broken JSON-LD only lead to fewer finds.

    Raises `TooLarge` over `max_bytes`.
    """
    if len(html) > max_bytes:
        raise TooLarge(
            f"The page {url} has {len(html):,} bytes; at most {max_bytes:,} are read.", hint="Give the feed's address."
        )
    root = _parse(html)
    if root is None:
        return PageFinds(url=url)
    base = next((element.get("href") for element in root.iter("base") if element.get("href")), None)
    resolve = resolver(_join(url, base), local=False)
    meta = _meta(root)
    data = read_page_data(root, resolve)
    heading = _text(next(root.iter("h1"), None))
    page_title = _text(next(root.iter("title"), None))
    titles = tuple(
        dict.fromkeys(text for text in (data.title, " ".join(meta.get("og:title", "").split()), heading, page_title) if text)
    )
    published = meta.get("article:published_time") or meta.get("og:published_time") or _time(root)
    return PageFinds(
        url=url,
        canonical=_canonical(root, resolve) or resolve(meta.get("og:url")),
        title=titles[0] if titles else None,
        titles=titles,
        show=data.show or meta.get("og:site_name"),
        description=data.description or meta.get("og:description") or meta.get("description"),
        published=data.published or parse_date(published),
        duration=data.duration or parse_duration(meta.get("music:duration")),
        language=(root.get("lang") or "").strip() or None,
        image=data.image or resolve(meta.get("og:image")),
        feeds=_feeds(root, resolve, data),
        audio=_audio(root, resolve, data, meta),
    )


def _parse(html: bytes) -> Element | None:
    text, _, _ = decode(_with_declaration(html))
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root: Element | None = etree.fromstring(text.replace("\0", "").encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root


def _with_declaration(html: bytes) -> bytes:
    """Put the page's `<meta charset>` where an XML file has its own, so that one function decodes both."""
    head = html[:4096].lower()
    place = head.find(b"charset=")
    if place < 0 or not head.lstrip().startswith(b"<") or head.lstrip().startswith(b"<?xml"):
        return html
    name = head[place + 8 : place + 60].lstrip(b"\"' ").split(b'"')[0].split(b"'")[0].split(b">")[0].split(b";")[0].strip(b" /")
    return b'<?xml version="1.0" encoding="' + name + b'"?>' + html if name else html


def _join(url: str, base: str | None) -> str:
    try:
        return urljoin(url, base) if base else url
    except ValueError:
        return url


def _text(element: Element | None) -> str | None:
    return (text_inside(element) or None) if element is not None else None


def _meta(root: Element) -> dict[str, str]:
    """Return the first content of each `<meta>` by its property or name."""
    found: dict[str, str] = {}
    for element in root.iter("meta"):
        key = (element.get("property") or element.get("name") or "").strip().lower()
        content = (element.get("content") or "").strip()
        if key and content:
            found.setdefault(key, content)
    return found


def _time(root: Element) -> str | None:
    return next((element.get("datetime") for element in root.iter("time") if element.get("datetime")), None)


def _rel(element: Element) -> set[str]:
    return set((element.get("rel") or "").lower().split())


def _canonical(root: Element, resolve: Resolve) -> str | None:
    return next((url for link in root.iter("link") if "canonical" in _rel(link) and (url := resolve(link.get("href")))), None)


def _feeds(root: Element, resolve: Resolve, data: PageData) -> tuple[Link, ...]:
    """Return the feeds that the page announces; a feed of comments comes last, it never has audio."""
    found = [Link(url=url) for url in data.feeds]
    for element in root.iter("link", "a"):
        kind = (element.get("type") or "").partition(";")[0].strip().lower()
        if kind in _FEED_TYPES and (element.tag == "a" or "alternate" in _rel(element)) and (url := resolve(element.get("href"))):
            found.append(Link(url=url, media_type=kind, rel=element.get("title") or None))
    return _once(sorted(found, key=_about_comments))


def _about_comments(link: Link) -> bool:
    return "comment" in f"{link.rel or ''} {urlsplit(link.url).path}".lower()


def _audio(root: Element, resolve: Resolve, data: PageData, meta: dict[str, str]) -> tuple[Link, ...]:
    """Return the audio of the page: structured data, `og:audio`, players, then plain links to audio files."""
    found = list(data.audio)
    found += [Link(url=url, media_type=meta.get("og:audio:type")) for key in _OG_AUDIO if (url := resolve(meta.get(key)))]
    for element in root.iter("audio", "source"):
        inside_player = element.tag == "audio" or any(True for _ in element.iterancestors("audio"))
        if inside_player and (url := resolve(element.get("src"))):
            found.append(Link(url=url, media_type=element.get("type")))
    for element in root.iter("a"):
        url = resolve(element.get("href"))
        if url and suffix_of(url) in AUDIO_SUFFIXES:
            found.append(Link(url=url))
    return _once([link for link in found if media_rank(link.url, link.media_type) is not None])


def _once(links: list[Link]) -> tuple[Link, ...]:
    kept: dict[str, Link] = {}
    for link in links:
        kept.setdefault(normalise_url(link.url), link)
    return tuple(kept.values())[:MAX_LINKS]


# ------------------------------------------------------------------ from the page to an episode


def match_episode(finds: PageFinds, feed: Feed) -> Publication | None:
    """Return the episode of `feed` that the page is about, or none if that is not certain.

    Tried in this order: the page's address as an item's link or guid; its audio, if it is that of exactly one item;
    its title. The show's own page matches no episode.
    """
    pages = {_page_key(url) for url in (finds.url, finds.canonical) if url}
    by_link = [publication for publication in feed.publications if pages & _addresses(publication)]
    if len(by_link) == 1:
        return by_link[0]
    if feed.link and _page_key(feed.link) in pages:
        return None
    audio = {normalise_url(link.url) for link in finds.audio}
    by_audio = [p for p in feed.publications if p.episode.audio_url and normalise_url(p.episode.audio_url) in audio]
    if by_audio:
        return by_audio[0] if len(by_audio) == 1 else None
    return _by_title(finds, by_link or list(feed.publications))


def _by_title(finds: PageFinds, publications: list[Publication]) -> Publication | None:
    titles = [publication.episode.title for publication in publications]
    for written in finds.titles:
        for text in without_show(written):
            index = best_title(text, titles)
            if index is not None:
                return publications[index]
    return None


def _page_key(url: str) -> str:
    return normalise_url(url).rstrip("/").removeprefix("www.")


def _addresses(publication: Publication) -> set[str]:
    episode = publication.episode
    guid = episode.guid if episode.guid and episode.guid.startswith(("http://", "https://")) else None
    return {_page_key(url) for url in (episode.page_url, guid) if url}


def _as_html(text: str) -> str:
    """Return a description as HTML; one that has no tags is plain text whose line breaks matter."""
    return text if _TAG.search(text) else escape(text, quote=False).replace("\n", "<br>\n")


def page_publication(finds: PageFinds) -> Publication:
    """Return the publication that a page without a feed describes, with its first audio; raise `NoEpisode` if it has none."""
    if not finds.audio:
        raise NoEpisode(
            f"The page {finds.url} has neither a feed nor audio.", hint="Give the address of the feed or of the audio file."
        )
    audio = finds.audio[0]
    episode = Episode(
        id=episode_id(None, None, audio.url),
        title=finds.title or title_from_url(audio.url),
        show=finds.show,
        audio_url=audio.url,
        page_url=finds.canonical or finds.url,
        published=finds.published,
        published_duration=finds.duration,
        language=finds.language,
        image=finds.image,
    )
    notes = (Note(field="page", html=_as_html(finds.description)),) if finds.description else ()
    return Publication(episode=episode, media_type=audio.media_type, notes=notes)
