"""A transcript as the page of an episode shows it: everything that does not change until there is a newer transcript."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.pages.evidence import Evidence, evidence
from service.pages.links import moment
from service.pages.picture import Picture, Row, Stretch, picture, sound_of
from service.pages.rendering import duration as length_of
from service.pages.spoken_text import Said, said
from storage.documents import NameSource, Transcript
from storage.export.clock import clock
from storage.export.making import fallback_line, making, reservations
from storage.export.sections import Paragraph, sections_of
from storage.export.voices import voices
from storage.plain import one_line, web_address

COLOURS = 8
"""Voices that have a colour of their own; the ninth has that of the first. Names are printed beside every colour."""

_NAME_SOURCES: dict[NameSource, str] = {
    "people": "given by a person",
    "voice": "known by the voice",
    "self_introduction": "introduced themselves",
    "introduction": "was introduced",
    "podcast_person": "named in the feed",
    "title": "named in the title",
    "show_notes": "named in the show notes",
}


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker."""

    label: str
    name: str
    """The label, where no name is known."""
    colour: int
    """From 1 to `COLOURS`."""
    seconds: float
    share: float
    """Of what is said, 0 … 1."""
    because: str
    """Where the name comes from; empty if there is none."""


@dataclass(frozen=True, slots=True)
class ChapterView:
    """A chapter."""

    title: str
    start: float
    end: float
    anchor: str
    is_target: bool
    """As `Said.is_target`, of the heading in the transcript."""
    link: str | None
    evidence: Evidence
    id: str


@dataclass(frozen=True, slots=True)
class SectionView:
    """A chapter with what is said in it; what comes before the first chapter has none."""

    chapter: ChapterView | None
    paragraphs: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class EpisodeView:
    """All of it."""

    id: str
    title: str
    show: str | None
    published: float | None
    page_url: str | None
    language: str | None
    duration: float
    sha256: str
    """Of the audio."""
    media_type: str
    voices: tuple[Voice, ...]
    sections: tuple[SectionView, ...]
    picture: Picture
    loud: str | None
    """What must not be overlooked."""
    making: tuple[str, ...]
    reservations: tuple[str, ...]

    @property
    def chapters(self) -> tuple[ChapterView, ...]:
        """The chapters in order."""
        return tuple(section.chapter for section in self.sections if section.chapter is not None)


def episode_view(transcript: Transcript) -> EpisodeView:
    """Return what the page of an episode shows."""
    episode = transcript.episode
    people = tuple(_voices(transcript))
    sections = tuple(_sections(transcript))
    return EpisodeView(
        id=episode.id,
        title=one_line(episode.title) or "Untitled",
        show=one_line(episode.show or "") or None,
        published=episode.published.timestamp() if episode.published else None,
        page_url=web_address(episode.page_url),
        language=transcript.language,
        duration=transcript.audio.duration,
        sha256=transcript.audio.sha256,
        media_type=transcript.audio.media_type,
        voices=people,
        sections=sections,
        picture=_picture(transcript, people, sections),
        loud=fallback_line(transcript),
        making=tuple(making(transcript)),
        reservations=tuple(reservations(transcript)),
    )


def _voices(transcript: Transcript) -> Iterator[Voice]:
    known = {speaker.label: speaker for speaker in transcript.speakers}
    spoken = sum(speaker.talk_time for speaker in transcript.speakers) or 1.0
    for place, (label, name) in enumerate(voices(transcript).items()):
        speaker = known.get(label)
        seconds = speaker.talk_time if speaker is not None else 0.0
        source = speaker.name_source if speaker is not None and speaker.name else None
        because = _NAME_SOURCES[source] if source is not None else ""
        yield Voice(label, name, place % COLOURS + 1, seconds, seconds / spoken, because)


def _sections(transcript: Transcript) -> Iterator[SectionView]:
    taken: set[str] = set()
    for place, section in enumerate(sections_of(transcript)):
        chapter = None
        if section.chapter is not None:
            found = section.chapter
            title = one_line(found.title) or "Untitled"
            anchor = moment(found.start).removeprefix("#")
            chapter = ChapterView(
                title=title,
                start=found.start,
                end=found.end,
                anchor=anchor,
                is_target=_takes(anchor, taken),
                link=web_address(found.url),
                evidence=evidence(found),
                id=f"chapter-{place}",
            )
        yield SectionView(chapter, tuple(_said(words, taken) for words in section.paragraphs))


def _said(paragraph: Paragraph, taken: set[str]) -> Said:
    anchor = moment(paragraph.start).removeprefix("#")
    return said(paragraph, anchor, is_target=_takes(anchor, taken))


def _takes(anchor: str, taken: set[str]) -> bool:
    """Take an id; False if something else has it."""
    is_free = anchor not in taken
    taken.add(anchor)
    return is_free


def _picture(transcript: Transcript, people: Sequence[Voice], sections: Sequence[SectionView]) -> Picture:
    chapters = [section.chapter for section in sections if section.chapter is not None]
    rows: list[Row] = [("Chapters", "chapter", [_drawn(chapter, place) for place, chapter in enumerate(chapters)])]
    for person in people:
        kind = f"voice-{person.colour}"
        spoken = [Stretch(p.start, p.end, kind, person.name) for s in sections for p in s.paragraphs if p.voice == person.label]
        rows.append((person.name, kind, spoken))
    sound = list(sound_of(transcript.coverage))
    rows.append(("Sound", "sound", sound))
    return picture(rows, transcript.audio.duration, " ".join(_in_words(transcript.audio.duration, chapters, people, sound)))


def _drawn(chapter: ChapterView, place: int) -> Stretch:
    return Stretch(chapter.start, chapter.end, f"chapter-{place % 2}", f"{clock(chapter.start)} {chapter.title}")


def _in_words(
    duration: float, chapters: Sequence[ChapterView], people: Sequence[Voice], sound: Sequence[Stretch]
) -> Iterator[str]:
    yield f"{length_of(duration)} from left to right."
    if chapters:
        yield f"Chapters: {'; '.join(f'{clock(chapter.start)} {chapter.title}' for chapter in chapters)}."
    for person in people:
        if person.seconds:
            yield f"{person.name} speaks for {length_of(person.seconds)} ({person.share:.0%})."
    inserted = [f"{clock(part.start)} to {clock(part.end)}" for part in sound if part.kind == "inserted"]
    if inserted:
        yield f"Inserted: {', '.join(inserted)}."
    for kind, word in (("music", "Music or noise"), ("silence", "Pauses"), ("unclear", "Unclear")):
        seconds = sum(part.end - part.start for part in sound if part.kind == kind)
        if seconds >= 1:
            yield f"{word}: {length_of(seconds)}."
