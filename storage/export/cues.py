"""Cutting a transcript into cues: what a caption shows at one time.

A cue is what one speaker says, at most about seven seconds and two lines of 42 columns, the measure that broadcasters' caption
guidelines use (BBC Subtitle Guidelines; Netflix Timed Text Style Guide). Cues break at sentence ends, clauses and pauses by
preference, always at the start of a chapter, and never overlap.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storage.documents import Transcript, Word
from storage.export.clock import milliseconds
from storage.export.spoken import spoken
from storage.export.voices import voices
from storage.words import is_unspaced, text_of, width

LINE_WIDTH = 42
"""Columns of a line; wide characters take two."""

LONGEST_CUE = 7.0
"""Seconds; a single longer word stands alone."""

LONG_PAUSE = 2.0
"""Seconds without a word after which a cue ends in any case."""

SENTENCE_ENDS = frozenset(".!?…。！？｡؟۔।॥።။។")
CLAUSE_ENDS = frozenset(",;:–—、，；：､،؛")
_CLOSERS = "\"'”’»)]）」』】"

_FILL, _SENTENCE, _CLAUSE, _PAUSE, _ORPHAN = 3.0, 2.0, 1.0, 1.0, 1.0
"""Weights of a break: a full cue, the end of a sentence, of a clause, half a second of pause; against it: a word or two left."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown at one time, said by one speaker."""

    start_ms: int
    end_ms: int
    """Milliseconds, whole, since the formats write them so; `end_ms` is greater than `start_ms`."""
    speaker: str | None
    """Label; a name is in `voices`."""
    words: tuple[Word, ...]
    """At least one; each text on one line and not empty."""
    announced: bool
    """Whether somebody else spoke before, so that a format without voices has to say who this is."""


def cues_of(transcript: Transcript) -> list[Cue]:
    """Return the cues of a transcript in its order, without overlap, each later than the one before."""
    names = voices(transcript)
    chunks: list[tuple[tuple[Word, ...], str | None, bool]] = []
    previous: str | None = None
    for run, speaker in _runs(transcript):
        announced = speaker is not None and speaker != previous
        previous = speaker
        indent = min(width(names[speaker]) + 2, LINE_WIDTH // 2) if speaker is not None and announced else 0
        for chunk in _split(run, indent):
            chunks.append((chunk, speaker, announced))
            announced = False
    return _timed(chunks)


def lines_of(words: Sequence[Word], indent: int = 0) -> tuple[str, ...]:
    """Set a cue's words in one line or two of about the same width; `indent` columns of the first line are taken."""
    total = text_of(words)
    if width(total) + indent <= LINE_WIDTH:
        return (total,)
    best, least = 0, float("inf")
    first = indent
    whole = width(total) + indent
    for place in range(1, len(words)):
        first += width(words[place - 1].text) + (place > 1 and not words[place - 1].joined)
        if not _may_break(words[place - 1], words[place]):
            continue
        second = whole - first - (not words[place].joined)
        cost = abs(first - second) - 8 * _strength(words[place - 1].text) + 100 * max(0, first - LINE_WIDTH, second - LINE_WIDTH)
        if cost < least:
            best, least = place, cost
    return (text_of(words[:best]), text_of(words[best:])) if best else (total,)


def _runs(transcript: Transcript) -> Iterator[tuple[list[Word], str | None]]:
    """Yield stretches of words by one speaker in one segment and one chapter, without long pauses."""
    opens, times = _chapter_starts(transcript)
    for place, segment in enumerate(transcript.segments):
        cuts = [times[n] for n in range(bisect_right(times, segment.start), bisect_left(times, segment.end)) if opens[n] != place]
        run: list[Word] = []
        speaker = segment.speaker
        for word, says in spoken(segment):
            if run and (
                says != speaker
                or word.start - run[-1].end > LONG_PAUSE
                or (cuts and bisect_right(cuts, run[-1].start) != bisect_right(cuts, word.start))
            ):
                yield run, speaker
                run = []
            run.append(word)
            speaker = says
        if run:
            yield run, speaker


def _chapter_starts(transcript: Transcript) -> tuple[list[int], list[float]]:
    """Return, sorted by time, the segment that opens each chapter, and the chapter's start."""
    chapters = sorted(transcript.chapters, key=lambda chapter: chapter.start)
    return [chapter.segments[0] for chapter in chapters], [chapter.start for chapter in chapters]


def _split(run: Sequence[Word], indent: int) -> Iterator[tuple[Word, ...]]:
    """Cut a run into chunks that fit a cue."""
    begin = 0
    while begin < len(run):
        end = _furthest(run, begin, indent)
        if end < len(run):
            end = _best_break(run, begin, end)
        yield tuple(run[begin:end])
        begin, indent = end, 0


def _furthest(run: Sequence[Word], begin: int, indent: int) -> int:
    """Return the place after the last word that a cue beginning at `begin` has room for; at least one word."""
    line, column = 1, indent
    for place in range(begin, len(run)):
        word = run[place]
        if place > begin and word.end - run[begin].start > LONGEST_CUE:
            return place
        room = width(word.text)
        spaced = column + room + (place > begin and not word.joined)
        if spaced <= LINE_WIDTH or column == 0:
            column = spaced
        elif line == 1:
            line, column = 2, room
        else:
            return max(place, begin + 1)
    return len(run)


def _best_break(run: Sequence[Word], begin: int, end: int) -> int:
    """Return where to end the cue that begins at `begin` and could reach `end`."""
    best, most = end, float("-inf")
    for place in range(begin + 1, end + 1):
        if not _may_break(run[place - 1], run[place]):
            continue
        pause = min(1.0, max(0.0, run[place].start - run[place - 1].end) / 0.5)
        merit = _FILL * (place - begin) / (end - begin) + _strength(run[place - 1].text) + _PAUSE * pause
        if len(run) - place <= 2:
            merit -= _ORPHAN
        if merit > most:
            best, most = place, merit
    return best


def _strength(text: str) -> float:
    """How well a break goes after this word."""
    last = text.rstrip(_CLOSERS)[-1:]
    if last in SENTENCE_ENDS:
        return _SENTENCE
    return _CLAUSE if last in CLAUSE_ENDS else 0.0


def _may_break(before: Word, after: Word) -> bool:
    """Whether a line may end between two words: not inside a hyphenated one, but between characters of an unspaced script."""
    return not after.joined or is_unspaced(before.text[-1]) or is_unspaced(after.text[0])


def _timed(chunks: Sequence[tuple[tuple[Word, ...], str | None, bool]]) -> list[Cue]:
    """Give the chunks times that grow: a cue ends where the next begins at the latest, and lasts a millisecond at least."""
    cues: list[Cue] = []
    begins = [milliseconds(words[0].start) for words, _, _ in chunks]
    previous = 0
    for place, (words, speaker, announced) in enumerate(chunks):
        start = max(begins[place], previous)
        end = milliseconds(max(word.end for word in words))
        if place + 1 < len(chunks):
            end = min(end, begins[place + 1])
        previous = max(end, start + 1)
        cues.append(Cue(start, previous, speaker, words, announced))
    return cues
