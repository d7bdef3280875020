"""The places of an episode where a topic may begin, each with its evidence.

A place is the start of a word that follows a sentence's end, a pause, a change of speaker, or music. Evidence is a log-odds
against an ordinary beginning of a sentence after a pause of `_USUAL_PAUSE`; the parts add up, as if they were independent. A
pause tells the more, the longer it is, and the rarer such pauses are in the episode: some people pause for a second in the
middle of a thought, others never.
The weights were set by hand and checked on episodes with known truth (tests/test_chapters_place.py): a longer pause, music,
and the chapter's title or what goes with it (`cues`) said right there speak for a place; the middle of a sentence speaks
against it.

Word times of recognisers are off by about 0.1 s, and the first word after a pause often begins early, inside the pause or the
jingle. Where the coverage says that speech sets in behind a word's start, that is where the word is heard. Recognisers also leave
out words: where speech sets in well before the first word behind a pause, the topic begins with words that are not in the text.
"""

from __future__ import annotations

import bisect
import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import JaroWinkler

from jobs.chapters.cues import OPENERS, plain, roles_of, says
from storage.documents import Coverage, Turn, Word

_USUAL_PAUSE = 0.45
"""Seconds between two sentences of one topic."""
_SOME_PAUSE = 0.25
"""Seconds without words after which something may begin also in the middle of a sentence."""
_LATE_ONSET = 0.5
_LATEST_ONSET = 1.5
"""The same, where the word itself reaches beyond the onset: recognisers stretch words over jingles."""
_RUN_OUT = 0.2
"""Seconds by which speech before a pause may seem to reach into the next word."""
_LEFT_OUT = (0.4, 1.5)
"""Seconds from the onset of speech to the first word that was recognised, if those before it were left out; less is a breath."""
_MUSIC = 0.6
"""Seconds of music that are a jingle and not a breath."""
_PUNCTUATED = 60
"""At most this many words for each sentence end: otherwise the transcript has no punctuation to go by."""

_W_PAUSE, _PAUSE_RANGE = 1.6, (-1.5, 3.5)
_ENOUGH_PAUSES, _W_RARE = 40, 0.5
"""With so many pauses it is known which are rare in the episode; that counts as much as their length."""
_W_MUSIC = 3.0
_MUSIC_ITSELF = 2.5
"""Evidence for the place where music sets in; the words behind it have more, and the title's besides."""
_W_SPEAKER = 0.6
_W_INSIDE_SENTENCE = -2.5
_W_TITLE = 2.5
_W_ROLE = 3.0
_W_TOPIC = 1.5
"""For other words of the chapter's topic."""
_W_OPENER = 0.7
_SAID_ALREADY = 0.6
"""Share of the evidence of a title's words that is lost where they were said just before."""
_SAID_SOON = 0.6
"""Share of it that is left where the words come behind the next place only."""
_TOLD_ALREADY = 0.85
"""The same for the phrases of a role: farewells come one behind the other, and the first one opens the chapter."""

TITLE_REACH = 16
"""Words after a place in which the title's words count as said there."""
_TITLE_BEFORE = 20
"""Words before a place in which they count as said already."""
_OPENING = 7
"""Words after a place in which a phrase opens the topic."""
_SAME_WORD = 0.93

_SENTENCE_END = re.compile(r"[.?!…。！？؟।]['\"”’»)\]]*$")
_COMMON = (
    "a an and are as at be but by do for from has have how i in into is it its my of on or our that the their this to was we "
    "what when where which who why will with you your der die das ein eine und im mit von zu für auf ist wie was le la les un "
    "une des du de et en est dans pour sur que qui el los las una y por para con del o os as um uma e em no na il lo gli di che "
    "per"
)
_FUNCTION_WORDS = frozenset(_COMMON.split())
"""The commonest words of some languages, which say nothing about a topic."""


@dataclass(frozen=True)
class TopicStart:
    """A place where a topic may begin."""

    time: float
    evidence: float
    """Log-odds against an ordinary sentence start."""
    word: int | None
    """Index of the first word; none where no word begins."""


def topic_starts(words: Sequence[Word], turns: Sequence[Turn], coverage: Sequence[Coverage]) -> tuple[TopicStart, ...]:
    """Return every place where a topic may begin, in order of time; words and coverage must be sorted."""
    ends = sum(bool(_SENTENCE_END.search(w.text)) for w in words)
    punctuated = ends * _PUNCTUATED >= len(words)
    sound = _Sound(coverage)
    changes = [b.start for a, b in itertools.pairwise(turns) if a.speaker != b.speaker]
    found: list[_Place] = []
    for at, word in enumerate(words):
        before = words[at - 1] if at else None
        onset = sound.onset(before, word)
        pause, music = _pause(sound, before, onset)
        change = _speaker_changes(before, word, onset, changes)
        sentence = before is None or bool(_SENTENCE_END.search(before.text))
        if (sentence or change or pause >= _SOME_PAUSE) and not (found and onset <= found[-1].onset):
            found.append(_Place(onset, at, pause, music, change, punctuated and not sentence))
    pauses = _Pauses([place.pause for place in found if not place.inside])
    return tuple(TopicStart(place.onset, _evidence(place, pauses), place.word) for place in found)


def music_starts(coverage: Sequence[Coverage]) -> tuple[TopicStart, ...]:
    """Return the places where music sets in: some publishers count the jingle to the chapter that it announces."""
    return tuple(TopicStart(c.start, _MUSIC_ITSELF, None) for c in coverage if c.kind == "music" and c.end - c.start >= _MUSIC)


def ends_sentence(word: Word) -> bool:
    """Tell whether a word carries the mark that ends a sentence."""
    return bool(_SENTENCE_END.search(word.text))


def is_function_word(bare: str) -> bool:
    """Tell whether a bare word (`cues.plain`) is one of the commonest of its language, which say nothing about a topic."""
    return bare in _FUNCTION_WORDS


@dataclass(frozen=True)
class _Place:
    """What is heard where something may begin."""

    onset: float
    word: int
    pause: float
    music: float
    """Seconds of it in the pause."""
    change: bool
    """Of speaker."""
    inside: bool
    """In the middle of a sentence."""


class _Pauses:
    """The pauses between the sentences of an episode: each is as telling as it is rare among them."""

    def __init__(self, pauses: Sequence[float]) -> None:
        self._sorted = sorted(pauses)

    def evidence(self, pause: float) -> float:
        """Return the log-odds of a pause before a topic, against the one that is usual between two sentences."""
        low, high = _PAUSE_RANGE
        found = _W_PAUSE * math.log(max(pause, 0.01) / _USUAL_PAUSE)
        count = len(self._sorted)
        if count >= _ENOUGH_PAUSES:
            longer = count - bisect.bisect_left(self._sorted, pause)
            rare = math.log(count / max(1, longer)) - math.log(2)
            found = (1 - _W_RARE) * found + _W_RARE * rare if rare > 0 else found
        return min(high, max(low, found))


def _evidence(place: _Place, pauses: _Pauses) -> float:
    evidence = pauses.evidence(place.pause)
    return evidence + _W_MUSIC * (place.music >= _MUSIC) + _W_SPEAKER * place.change + _W_INSIDE_SENTENCE * place.inside


def _pause(sound: _Sound, before: Word | None, onset: float) -> tuple[float, float]:
    """Return the seconds without words before a place, and how many of them are music."""
    if before is None:
        return onset, sound.within("music", 0.0, onset)
    middle = (before.start + before.end) / 2
    music = sound.within("music", middle, onset)
    return max(onset - before.end, music + sound.within("silence", middle, onset)), music


def _speaker_changes(before: Word | None, word: Word, onset: float, changes: Sequence[float]) -> bool:
    if before is None:
        return False
    if before.speaker and word.speaker:
        return before.speaker != word.speaker
    at = bisect.bisect_left(changes, before.end - 0.3)
    return at < len(changes) and changes[at] <= onset + 0.3


_VOICE = frozenset({"speech", "unclear"})
"""Kinds of sound in which somebody speaks, whether words came out or not."""


class _Sound:
    """The coverage, asked by place."""

    def __init__(self, coverage: Sequence[Coverage]) -> None:
        self._pieces = tuple(coverage)
        self._starts = [c.start for c in coverage]

    def onset(self, before: Word | None, word: Word) -> float:
        """Return where a word is first heard, or what was left out between it and the word before.

        That is its start, or where speech sets in behind a start that lies in a pause, or well before it.
        """
        at = max(0, bisect.bisect_right(self._starts, word.start + _RUN_OUT) - 1)
        if not self._pieces:
            return word.start
        if self._pieces[at].kind == "speech":
            return self._left_out(before, word, at)
        following = next((c.start for c in self._pieces[at + 1 : at + 4] if c.kind == "speech"), math.inf)
        late = word.start + (_LATE_ONSET if following >= word.end else _LATEST_ONSET)
        return following if following <= late else word.start

    def _left_out(self, before: Word | None, word: Word, at: int) -> float:
        """Return where the voice sets in that a word is in, if only words that were left out are between; else its start."""
        if before is None:
            return word.start
        while at and self._pieces[at - 1].kind in _VOICE:
            at -= 1
        onset = self._pieces[at].start
        least, most = _LEFT_OUT
        return onset if least <= word.start - onset <= most and onset >= before.end - _RUN_OUT else word.start

    def within(self, kind: str, start: float, end: float) -> float:
        """Return the seconds of one kind of sound between two times."""
        at = max(0, bisect.bisect_right(self._starts, start) - 1)
        total = 0.0
        for i in range(at, len(self._pieces)):
            piece = self._pieces[i]
            if piece.start >= end:
                break
            if piece.kind == kind:
                total += max(0.0, min(end, piece.end) - max(start, piece.start))
        return total


# ------------------------------------------------------------------ the title's words


class SpokenTitles:
    """Tells whether what is said at a place is what a chapter's title promises."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._said = [plain(w.text) for w in words]

    def evidence(self, title: str, at: int, following: int, *, topical: bool = False) -> float:
        """Return the log-odds for a topic of this title to begin at a word, the next place being at word `following`.

        `topical`: other words of the chapter's topic are said there. High where the words of the title, or phrases that go
        with such a title, come up and are new. What is said behind the next place speaks less for this one, or a "Yes." just
        before a topic would share its evidence.
        """
        before, opening = max(0, at - _TITLE_BEFORE), self._said[at : min(following, at + _OPENING)]
        wanted = set(content_words(title))
        words = 0.0
        if wanted:
            here = self._share(wanted, at, min(following, at + TITLE_REACH))
            soon = self._share(wanted, at, at + TITLE_REACH)
            words = max(here, _SAID_SOON * soon) * (1 - _SAID_ALREADY * self._share(wanted, before, at))
        roles = [role.said for role in roles_of(title)]
        told = any(says(said, opening) for said in roles)
        role = told * (1 - _TOLD_ALREADY * any(says(said, self._said[before:at]) for said in roles))
        return _W_OPENER * says(OPENERS, opening) + max(_W_TITLE * words, _W_ROLE * role, _W_TOPIC * topical)

    def _share(self, wanted: set[str], start: int, end: int) -> float:
        said = self._said[start:end]
        return sum(any(_same(word, heard) for heard in said) for word in wanted) / len(wanted)


def content_words(title: str) -> Iterator[str]:
    """Yield the bare words of a title that say something about its topic."""
    for word in title.split():
        bare = plain(word)
        if len(bare) > 1 and bare not in _FUNCTION_WORDS and not bare.isdigit():
            yield bare


def _same(a: str, b: str) -> bool:
    if a == b:
        return True
    return min(len(a), len(b)) >= 4 and JaroWinkler.similarity(a, b, score_cutoff=_SAME_WORD) > 0
