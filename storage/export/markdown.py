"""A page to read, in CommonMark (https://spec.commonmark.org/)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from storage.documents import Transcript
from storage.export.clock import clock
from storage.export.making import fallback_line, making, reservations
from storage.export.sections import Paragraph, sections_of
from storage.export.voices import voices
from storage.plain import one_line, web_address

_ENTITY = re.compile(r"&(?=#?\w+;)")
_LIST_OR_RULE = re.compile(r"^(\d*)([-+.)])")
_MARKUP = re.compile(r"([\\`*_\[\]#|~$])")


def markdown(transcript: Transcript) -> str:
    """Write a transcript as a readable page: chapters are headings with their time, speakers are paragraphs with theirs.

    No string of the transcript can make markup or HTML, and only http(s) links are written.
    """
    return "\n\n".join(_blocks(transcript)) + "\n"


def _blocks(transcript: Transcript) -> Iterator[str]:
    yield f"# {markdown_text(transcript.episode.title) or 'Untitled'}"
    yield _about(transcript)
    if loud := fallback_line(transcript):
        yield f"> **⚠ {markdown_text(loud)}**"
    names = voices(transcript)
    for section in sections_of(transcript):
        if section.chapter is not None:
            title = markdown_text(section.chapter.title)
            yield f"## {clock(section.chapter.start)} {title}".rstrip()
            if address := web_address(section.chapter.url):
                yield _link("Link of this chapter", address)
        for paragraph in section.paragraphs:
            yield _paragraph(paragraph, names)
    if not any(segment.text.strip() or segment.words for segment in transcript.segments):
        yield "*No speech was found.*"
    yield "## About this transcript"
    yield "\n".join(f"- {_item(line)}" for line in [*making(transcript), *reservations(transcript)])


def _about(transcript: Transcript) -> str:
    episode = transcript.episode
    show = markdown_text(episode.show or "")
    facts = [f"**{show}**" if show else ""]
    facts.append(f"{episode.published:%Y-%m-%d}" if episode.published else "")
    facts.append(clock(transcript.audio.duration))
    for label, url in (("Episode page", episode.page_url), ("Audio", episode.audio_url)):
        if address := web_address(url):
            facts.append(_link(label, address))
    return " · ".join(fact for fact in facts if fact)


def _paragraph(paragraph: Paragraph, names: dict[str, str]) -> str:
    name = markdown_text(names[paragraph.speaker]) if paragraph.speaker is not None else ""
    time = f"({clock(paragraph.start)})"
    return f"**{name}** {time}: {markdown_text(paragraph.text)}" if name else f"{time} {markdown_text(paragraph.text)}"


def _link(label: str, address: str) -> str:
    """Write a link to an address that `web_address` let through."""
    return f"[{label}]({_ENTITY.sub('&amp;', address)})"


def _item(text: str) -> str:
    """Escape one line of text that begins a list item, where it could begin a list or a rule of its own."""
    return _LIST_OR_RULE.sub(r"\1\\\2", markdown_text(text))


def markdown_text(text: str) -> str:
    """Escape one line of text that does not begin its block."""
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(r"\\\1", plain)
