"""A publisher's transcript against recognised words: offsets come out where something was put in or cut, and only there."""

from __future__ import annotations

import itertools
import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.talk import TOPICS, Talker
from jobs.chapters.align import align
from jobs.chapters.anchor import OffsetMap
from jobs.chapters.tokens import cue_tokens, heard_tokens
from jobs.published import Cue
from storage.documents import Word

EACH = 0.4
"""Seconds that a word takes."""


def talk(seed: int, count: int) -> list[str]:
    """Return so many words of a conversation."""
    talker, topics = Talker(random.Random(seed)), random.Random(seed).sample(TOPICS, 10)
    said: list[str] = []
    while len(said) < count:
        said += talker.sentence(random.Random(seed + len(said)).choice(topics), topical=0.4)
    return said[:count]


def heard(texts: list[str], start: float = 0.0, *, errors: float = 0.0, seed: int = 0) -> list[Word]:
    """Return words one behind the other, some of them wrong."""
    draw = random.Random(seed)
    shown = [Talker(draw).any_word() if draw.random() < errors else text for text in texts]
    return [
        Word(start=start + at * EACH, end=start + at * EACH + 0.8 * EACH, text=text, probability=0.9)
        for at, text in enumerate(shown)
    ]


def captions(texts: list[str], size: int = 8, *, ends: bool = True) -> list[Cue]:
    """Return cues of so many words."""
    return [
        Cue(start=at * EACH, end=(at + len(part)) * EACH if ends else None, text=" ".join(part))
        for at, part in ((at, texts[at : at + size]) for at in range(0, len(texts), size))
    ]


def with_ad(texts: list[str], place: int, ad: int, *, errors: float = 0.0) -> list[Word]:
    """Return the words of a file with `ad` foreign words before word `place`."""
    foreign = talk(999, ad)
    return heard([*texts[:place], *foreign, *texts[place:]], errors=errors)


def offsets_at(found: OffsetMap | None, times: list[float]) -> list[float]:
    assert found is not None
    return [found.apply(t) - t for t in times]


TEXT = talk(1, 1200)


@pytest.mark.parametrize("errors", [0.0, 0.1, 0.3])
def test_an_undisturbed_file_has_no_offset(errors: float) -> None:
    """One piece, exactly 0, however many words are wrong."""
    found = align(captions(TEXT), heard(TEXT, errors=errors))
    assert found is not None
    assert [piece.offset for piece in found.pieces] == [0.0]
    assert found.method == "publisher_transcript"
    assert found.inserted == found.cut == ()
    assert found.certainty(200) > 0.99


@settings(max_examples=40, deadline=None)
@given(st.integers(60, 1140), st.integers(40, 400), st.sampled_from([0.0, 0.1, 0.3]))
@example(179, 377, 0.1)  # a phrase of the ad is said behind it, too
def test_an_inserted_stretch_is_found(place: int, ad: int, errors: float) -> None:
    """Wherever an ad begins and however long it is: before it nothing moves, behind it all by its length."""
    near = 12 if errors < 0.3 else 40  # words
    place = place if errors < 0.3 else min(place, 1100)  # sixty words, a third of them wrong, do not tell what they are
    found = align(captions(TEXT), with_ad(TEXT, place, ad, errors=errors))
    assert offsets_at(found, [0, max(0, place - near) * EACH]) == pytest.approx([0, 0], abs=0.4)
    assert offsets_at(found, [min(1199, place + near) * EACH, 1199 * EACH]) == pytest.approx([ad * EACH] * 2, abs=0.4)
    assert found is not None
    (span,) = found.inserted
    assert (span.start, span.end) == pytest.approx((place * EACH, (place + ad) * EACH), abs=near * EACH)


@settings(max_examples=30, deadline=None)
@given(st.integers(60, 800), st.integers(20, 300))
def test_a_stretch_that_was_cut_is_found(place: int, gone: int) -> None:
    """Times inside it lie at the cut, those behind it are earlier by its length."""
    found = align(captions(TEXT), heard([*TEXT[:place], *TEXT[place + gone :]]))
    assert offsets_at(found, [(place - 15) * EACH, (place + gone + 15) * EACH]) == pytest.approx([0, -gone * EACH], abs=0.4)
    assert found is not None
    assert found.apply((place + gone / 2) * EACH) == pytest.approx(place * EACH, abs=12 * EACH)
    (span,) = found.cut
    assert (span.start, span.end) == pytest.approx((place * EACH, (place + gone) * EACH), abs=12 * EACH)


def test_a_missing_or_added_beginning_is_an_offset_from_the_start() -> None:
    """An intro that was cut makes the first offset negative, a jingle before the start a positive one."""
    assert offsets_at(align(captions(TEXT), heard(TEXT[100:])), [100, 400]) == pytest.approx([-40, -40], abs=0.4)
    assert offsets_at(align(captions(TEXT), heard(TEXT, start=12.5)), [0, 400]) == pytest.approx([12.5, 12.5], abs=0.4)


def test_a_preview_is_aligned_as_far_as_it_goes() -> None:
    """The file ends in the middle; what is behind its end is not trusted."""
    found = align(captions(TEXT), heard(TEXT[:400]))
    assert offsets_at(found, [100]) == [0]
    assert found is not None
    assert found.certainty(100) > 0.99 > found.certainty(400)


def test_another_episode_s_transcript_is_refused() -> None:
    """Without words in common there is no map; nor without any words."""
    assert align(captions(talk(2, 1200)), heard(TEXT)) is None
    assert align(captions(TEXT), []) is None
    assert align([], heard(TEXT)) is None
    assert align([Cue(start=3, text="…")], heard(TEXT)) is None


def test_a_passage_in_common_is_not_enough() -> None:
    """Two episodes share a standing introduction of 60 words, and nothing else."""
    intro = talk(3, 60)
    assert align(captions([*intro, *talk(2, 1200)]), heard([*intro, *TEXT])) is None


def test_paragraphs_without_ends_show_an_ad_and_nothing_else() -> None:
    """Times inside a paragraph of a minute are guessed, and guesses make no steps."""
    uneven = [(at * EACH + 3 * (at % 150 > 75), text) for at, text in enumerate(TEXT)]
    words = [Word(start=t + 60 * (t > 240), end=t + 60 * (t > 240) + 0.3, text=text) for t, text in uneven]
    cues = [Cue(start=float(int(uneven[at][0])), text=" ".join(TEXT[at : at + 150])) for at in range(0, 1200, 150)]
    found = align(cues, words)
    assert found is not None
    assert [piece.offset for piece in found.pieces] == pytest.approx([0, 60], abs=1)
    assert found.pieces[1].published_start == pytest.approx(240, abs=4)


def test_writing_without_spaces_is_aligned_by_its_characters() -> None:
    """It does not matter where a recogniser puts the boundaries of words."""
    draw = random.Random(5)
    text = "".join(draw.choices([chr(c) for c in range(0x4E00, 0x4E00 + 600)], k=1500))
    cues = [Cue(start=at * 0.2, end=(at + 24) * 0.2, text=text[at : at + 24]) for at in range(0, 1500, 24)]
    words = [
        Word(start=at * 0.2 + 30 * (at >= 750), end=at * 0.2 + 30 * (at >= 750) + 0.6, text=text[at : at + 3])
        for at in range(0, 1500, 3)
    ]
    assert offsets_at(align(cues, words), [10, 290]) == pytest.approx([0, 30], abs=0.4)


def test_a_gap_without_evidence_lowers_the_trust() -> None:
    """Forty seconds that fit neither side of a step: nobody knows where it is."""
    words = [*heard(TEXT[:500]), *heard(talk(7, 100), 200), *heard(TEXT[600:], 300)]
    found = align(captions(TEXT), words)
    assert found is not None
    assert found.certainty(220) < 0.5
    assert found.certainty(150) > 0.99 < found.certainty(300)


_TEXTS = st.lists(st.sampled_from([*"abcdefg", "é", "漢字", "…", "a-b", ""]), max_size=60)
_CUES = st.lists(
    st.tuples(st.floats(0, 1e5), st.none() | st.floats(0, 1e5), _TEXTS.map(" ".join)).map(
        lambda t: Cue(start=t[0], end=t[1], text=t[2])
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(_CUES, _TEXTS, st.floats(0, 50), st.lists(st.floats(0, 1e5), min_size=2, max_size=10))
def test_whatever_is_published_time_never_turns_back(cues: list[Cue], texts: list[str], step: float, times: list[float]) -> None:
    """No cues and no words crash it, and a map that comes out keeps the order."""
    words = [Word(start=at * step, end=(at + 1) * step, text=text) for at, text in enumerate(texts)]
    found = align(cues, words)
    if found is not None:
        places = [found.apply(t) for t in sorted(times)]
        assert all(a <= b + 1e-6 for a, b in itertools.pairwise(places))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(40, 300), st.booleans(), st.integers(30, 120)), min_size=1, max_size=5), st.integers(0, 99))
def test_many_steps_keep_the_order_of_time(steps: list[tuple[int, bool, int]], seed: int) -> None:
    """Stretches put in and cut one behind the other: the last offset is their sum, and places never turn back."""
    texts, at, offset = list[str](), 0, 0
    for length, put_in, size in steps:
        texts += TEXT[at : at + length]
        at += length
        if at >= 1000:
            break
        if put_in:
            texts += talk(seed + at, size)
        else:
            at += size
        offset += size if put_in else -size
    texts += TEXT[at:]
    found = align(captions(TEXT), heard(texts, errors=0.1, seed=seed))
    if at < 1100:
        assert offsets_at(found, [1190 * EACH]) == pytest.approx([offset * EACH], abs=1)
    if found is not None:
        places = [found.apply(t / 2) for t in range(1000)]
        assert all(a <= b + 1e-6 for a, b in itertools.pairwise(places))


def test_hours_of_words_take_seconds() -> None:
    """Ten hours are 90,000 words."""
    long = list(itertools.islice(itertools.cycle(talk(8, 30_000)), 30_000)) + talk(9, 30_000) + talk(10, 30_000)
    cues, words = captions(long), with_ad(long, 50_000, 200, errors=0.1)
    began = time.process_time()
    found = align(cues, words)
    assert time.process_time() - began < 12
    assert offsets_at(found, [100, 35_000]) == pytest.approx([0, 80], abs=0.4)


def test_times_inside_a_cue_follow_the_length_of_its_words() -> None:
    """A cue without an end lasts until the next, or as long as its words take at the pace of the others."""
    tokens = cue_tokens([Cue(start=10, end=14, text="Aaaaaa, bb!"), Cue(start=20.5, text="cc"), Cue(start=30, text="dd")])
    assert [t.text for t in tokens] == ["aaaaaa", "bb", "cc", "dd"]
    assert [t.start for t in tokens] == pytest.approx([10, 10 + 4 * 8 / 12, 20.5, 30])
    assert tokens[3].end < 36
    assert tokens[1].error > tokens[0].error


def test_words_of_several_characters_are_taken_apart() -> None:
    """Times are shared out among them."""
    tokens = heard_tokens([Word(start=0, end=1, text="漢字"), Word(start=1, end=2, text="Ok."), Word(start=2, end=3, text="—")])
    assert [(t.text, t.start) for t in tokens] == [("漢", 0), ("字", 0.5), ("ok", 1)]
