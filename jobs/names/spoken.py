"""Names that are said: who introduces themself, and whom others introduce or greet.

The speaker of `I'm Anna` is Anna, unless the sentence reports what somebody else said, or imagines something. The speaker of
`my guest today is Anna` is not; who is, is whoever answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.names.form import Forms
from jobs.names.printed import PrintedNames
from jobs.names.shapes import is_doubtful, name_pattern, split_names, trimmed, word_pattern
from storage.documents import Coverage, NameCandidate, NameSource, Segment
from storage.words import words_of

EARLY = 150
"""Words of their own up to which somebody introduces themself."""

_REPORT_REACH = 8
"""Words before a form in which a report may begin."""

_QUOTE = re.compile(r"[\"“”„«»]")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
_OTHERS_WORD = re.compile(
    r"^[\"”»]?,?\s*(?:(?:he|she|they|er|sie|il|elle|él|ella|ele|ela|lui|lei)\s)?"
    r"(?:said|says|sagte|sagt|meinte|hat (?:er|sie) gesagt|dit-il|dit-elle|a-t-(?:il|elle) dit|dit|dijo|dice|ha dicho|"
    r"disse|diz|ha detto)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Utterance:
    """What one speaker says without another's word between."""

    speaker: str
    text: str
    said: int
    """Words that the speaker has said before."""


@dataclass(frozen=True)
class Claim:
    """Something that speaks for a speaker's name."""

    speaker: str
    name: str
    source: NameSource
    confidence: float

    @property
    def candidate(self) -> NameCandidate:
        """The name without whose it is."""
        return NameCandidate(name=self.name, source=self.source, confidence=self.confidence)


def utterances_of(segments: Sequence[Segment], coverage: Sequence[Coverage] = ()) -> tuple[Utterance, ...]:
    """Return who says what, in order; ads that were put into the file are left out, since their voices are nobody's here."""
    ads = [(stretch.start, stretch.end) for stretch in coverage if stretch.inserted]
    runs: list[tuple[str, list[str]]] = []
    for segment in segments:
        for word in words_of(segment):
            speaker = word.speaker or segment.speaker
            if speaker is None or any(start <= word.start < end for start, end in ads):
                continue
            if not runs or runs[-1][0] != speaker:
                runs.append((speaker, []))
            runs[-1][1].append(word.text if word.joined else f" {word.text}")
    said: dict[str, int] = {}
    made = []
    for speaker, words in runs:
        made.append(Utterance(speaker, "".join(words).strip(), said.get(speaker, 0)))
        said[speaker] = said.get(speaker, 0) + len(words)
    return tuple(made)


def claims_in(utterances: Sequence[Utterance], forms: Forms, printed: PrintedNames, main: Sequence[str]) -> tuple[Claim, ...]:
    """Return what the words say about names; `main` are the speakers who say more than a few words."""
    return (*_of_themselves(utterances, forms, printed), *_of_others(utterances, forms, printed, main))


# ------------------------------------------------------------------ of themselves


def _of_themselves(utterances: Sequence[Utterance], forms: Forms, printed: PrintedNames) -> Iterator[Claim]:
    kinds = [(form, kind) for kind in ("strong", "weak", "named_only") for form in getattr(forms, kind)]
    for utterance in utterances:
        for form, kind in kinds:
            for match in name_pattern(form, forms.joins).finditer(utterance.text):
                name = trimmed(match["N"])
                before, after = utterance.text[: match.start()], utterance.text[match.end("N") :]
                if name is None or _is_reported(before, after, forms):
                    continue
                said = utterance.said + len(before.split())
                claimed = _sure_of(name, kind, said, forms, printed)
                if claimed is not None:
                    yield Claim(utterance.speaker, claimed[0], "self_introduction", claimed[1])


def _sure_of(name: str, kind: str, said: int, forms: Forms, printed: PrintedNames) -> tuple[str, float] | None:
    """Return the fullest name and how sure it is."""
    full = printed.full_name(name)
    if kind == "named_only":
        return (full, 0.85) if full is not None and said <= EARLY else None
    if full is not None:
        return full, 0.95 if said <= EARLY else 0.85
    if kind == "strong":
        sure = 0.9
    elif " " in name and not is_doubtful(name):
        sure = 0.6 if forms.capitals else 0.85
    else:
        sure = 0.5 if not forms.capitals else 0.4  # one word may be anything that somebody is; it takes more to be a name
    return name, sure if said <= EARLY else sure * 0.6


def _is_reported(before: str, after: str, forms: Forms) -> bool:
    """Tell whether `I` is not the speaker."""
    sentences = _SENTENCE_END.split(before)
    nearest = sentences[-1]
    words = [word.casefold().strip(",.;:!?'’\"“”»«") for word in nearest.split()]
    last_of_previous = sentences[-2].split()[-1:] if len(sentences) > 1 and not words else []
    leading = [*(word.casefold().strip(".!?…,:") for word in last_of_previous), *words[-_REPORT_REACH:]]
    if any(word in forms.reports for word in leading):
        return True
    return len(_QUOTE.findall(nearest)) % 2 == 1 or _OTHERS_WORD.match(after) is not None


# ------------------------------------------------------------------ of others


def _of_others(utterances: Sequence[Utterance], forms: Forms, printed: PrintedNames, main: Sequence[str]) -> Iterator[Claim]:
    guests = says(utterances, forms.guest_says)
    for place, utterance in enumerate(utterances):
        following = utterances[place + 1] if place + 1 < len(utterances) else None
        answers = following is not None and word_pattern(forms.answers).match(following.text) is not None
        for form in forms.introduces:
            for match in name_pattern(form, forms.joins).finditer(utterance.text):
                names = split_names(match["L"], forms.joins)
                if len(names) != 1 or _is_reported(utterance.text[: match.start()], "", forms):
                    continue
                who = _other(utterance.speaker, following, main, guests, answers=answers)
                if who is not None:
                    yield _introduced(who, names[0], 0.8 if who in guests or answers else 0.65, printed)
        if following is None or not answers:
            continue
        for form in forms.greets:
            for match in name_pattern(form, forms.joins).finditer(utterance.text):
                name = trimmed(match["N"])
                near_end = len(utterance.text[match.end() :].split()) <= EARLY // 3
                if name is not None and near_end and not _is_reported(utterance.text[: match.start()], "", forms):
                    yield _introduced(following.speaker, name, 0.7 if " " in name else 0.5, printed)


def _introduced(speaker: str, name: str, sure: float, printed: PrintedNames) -> Claim:
    full = printed.full_name(name)
    if full is not None:
        return Claim(speaker, full, "introduction", min(sure + 0.15, 0.9))
    return Claim(speaker, name, "introduction", sure if " " in name else min(sure, 0.55))


def _other(
    speaker: str, following: Utterance | None, main: Sequence[str], guests: frozenset[str], *, answers: bool
) -> str | None:
    """Return who was introduced: whoever answers, the one who says what guests say, or the only other one."""
    others = [other for other in main if other != speaker]
    if following is not None and answers and following.speaker in others:
        return following.speaker
    grateful = [other for other in others if other in guests]
    if len(grateful) == 1:
        return grateful[0]
    return others[0] if len(others) == 1 else None


def says(utterances: Sequence[Utterance], forms: tuple[str, ...]) -> frozenset[str]:
    """Return the speakers who use any of some forms."""
    pattern = word_pattern(forms)
    return frozenset(utterance.speaker for utterance in utterances if pattern.search(utterance.text))
