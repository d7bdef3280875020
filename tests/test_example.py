"""The example that ships: its files agree with each other, and its tiny Whisper reads its episode."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from lxml import etree
from numpy.typing import NDArray

from examples.training import grammar
from examples.training.evaluate import Measured, heard_words, measure, true_words

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
EPISODE = EXAMPLES / "episode.mp3"
NAMESPACES = {
    "content": "http://purl.org/rss/1.0/modules/content/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "podcast": "https://podcastindex.org/namespace/1.0",
    "psc": "http://podlove.org/simple-chapters",
}
SAMPLE_RATE = 16000
LARGEST_PUBLISHING_ERROR = 3.0

Chapters = list[tuple[str, float]]


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    """Return what is known about the episode."""
    loaded: dict[str, Any] = json.loads((EXAMPLES / "truth.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def samples() -> NDArray[np.float32]:
    """Return the episode as 16 kHz mono samples."""
    chunks = []
    with av.open(str(EPISODE)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        for frame in container.decode(audio=0):
            chunks += [converted.to_ndarray()[0] for converted in resampler.resample(frame)]
        chunks += [converted.to_ndarray()[0] for converted in resampler.resample(None)]
    return np.concatenate(chunks)


@pytest.fixture(scope="module")
def item() -> etree._Element:
    """Return the feed's one item."""
    found = etree.parse(str(EXAMPLES / "feed.xml")).find("channel/item")
    assert found is not None
    return found


def child(item: etree._Element, path: str) -> etree._Element:
    """Return the one element at `path`."""
    found = item.findall(path, NAMESPACES)
    assert len(found) == 1
    return found[0]


def seconds_of(clock: str) -> float:
    """Read HH:MM:SS.mmm or MM:SS."""
    total = 0.0
    for part in clock.split(":"):
        total = total * 60 + float(part)
    return total


def listed(text: str) -> Chapters:
    """Read the lines that begin with a time."""
    return [(title, seconds_of(clock)) for clock, title in re.findall(r"^(\d\d:\d\d) (.+)$", text, re.MULTILINE)]


def embedded_chapters() -> Chapters:
    """Read the chapters in the mp3, whose frames lie in no order, as in many files."""
    with av.open(str(EPISODE)) as container:
        found = [(c["metadata"]["title"], float(c["start"] * c["time_base"])) for c in container.chapters()]
    return sorted(found, key=lambda chapter: chapter[1])


def published_chapters(item: etree._Element) -> dict[str, Chapters]:
    """Read the chapters of every source."""
    simple = child(item, "psc:chapters")
    document = json.loads((EXAMPLES / "chapters.json").read_text(encoding="utf-8"))
    notes = child(item, "content:encoded").text or ""
    return {
        "embedded": embedded_chapters(),
        "json": [(chapter["title"], chapter["startTime"]) for chapter in document["chapters"]],
        "psc": [(str(c.attrib["title"]), seconds_of(str(c.attrib["start"]))) for c in simple],
        "notes": listed(re.sub(r"<[^>]+>", "\n", notes)),
        "plain notes": listed((EXAMPLES / "notes.txt").read_text(encoding="utf-8")),
    }


def test_the_truth_is_as_long_as_the_episode(truth: dict[str, Any], samples: NDArray[np.float32]) -> None:
    """The mp3 plays for the duration that the truth gives, which is two to four minutes."""
    assert len(samples) / SAMPLE_RATE == pytest.approx(truth["duration"], abs=0.1)
    assert 120 <= truth["duration"] <= 240


def test_words_stand_in_order_inside_their_sentences(truth: dict[str, Any]) -> None:
    """Each sentence is its words, one after the other, and no two sentences overlap."""
    for sentence in truth["sentences"]:
        words = sentence["words"]
        assert " ".join(word["word"] for word in words) == sentence["text"]
        assert words[0]["start"] == pytest.approx(sentence["start"], abs=0.02)
        assert words[-1]["end"] == pytest.approx(sentence["end"], abs=0.02)
        assert all(word["start"] < word["end"] for word in words)
        assert all(a["end"] <= b["start"] + 1e-6 for a, b in pairwise(words))
    assert all(a["end"] < b["start"] for a, b in pairwise(truth["sentences"]))


def test_sentences_are_where_the_mp3_has_sound(truth: dict[str, Any], samples: NDArray[np.float32]) -> None:
    """Speech begins within 30 ms of each sentence's start, and the time before it is quiet: truth and file are aligned."""
    width = SAMPLE_RATE // 100
    level = np.sqrt(np.mean(samples[: len(samples) // width * width].reshape(-1, width) ** 2, axis=1))
    for sentence in truth["sentences"]:
        start = round(sentence["start"] * 100)
        assert level[start - 15 : start - 3].max() < 0.01, sentence["text"]
        assert level[start : start + 12].max() > 0.01, sentence["text"]


def test_turns_hold_the_sentences_of_their_speaker(truth: dict[str, Any]) -> None:
    """Every sentence lies in exactly one turn, spoken by the same voice; three voices take turns."""
    for sentence in truth["sentences"]:
        holding = [turn for turn in truth["turns"] if turn["start"] <= sentence["start"] and sentence["end"] <= turn["end"]]
        assert [turn["speaker"] for turn in holding] == [sentence["speaker"]]
    assert {turn["speaker"] for turn in truth["turns"]} == {speaker["id"] for speaker in truth["speakers"]}
    assert len(truth["speakers"]) == 3


def test_a_chapter_begins_with_a_sentence_after_a_clear_pause_or_a_jingle(truth: dict[str, Any]) -> None:
    """A chapter's true start is the start of a sentence, and no other pause is as long as those before chapters."""
    starts = [sentence["start"] for sentence in truth["sentences"]]
    gaps = {b["start"]: b["start"] - a["end"] for a, b in pairwise(truth["sentences"])}
    chapters = [chapter["start"] for chapter in truth["chapters"]]
    assert len(chapters) >= 5
    assert set(chapters) <= set(starts)
    assert min(gaps[start] for start in chapters[1:]) > 1.8
    music = [(stretch["start"], stretch["end"]) for stretch in truth["non_speech"]]
    inside = {start: gap for start, gap in gaps.items() if start not in chapters and not any(a < start < b + 1 for a, b in music)}
    assert max(inside.values()) < 1.0


def test_every_source_names_the_chapters_within_three_seconds_of_the_truth(truth: dict[str, Any], item: etree._Element) -> None:
    """Embedded, JSON, psc and notes carry one list of titles; times are near the truth, and not the truth itself."""
    titles = [chapter["title"] for chapter in truth["chapters"]]
    starts = [chapter["start"] for chapter in truth["chapters"]]
    for source, chapters in published_chapters(item).items():
        assert [title for title, _ in chapters] == titles, source
        errors = [abs(published - start) for (_, published), start in zip(chapters, starts, strict=True)]
        assert max(errors) <= LARGEST_PUBLISHING_ERROR, source
        assert max(errors) > 1, source
        assert chapters[0][1] == 0
        published = truth["published"][source.removeprefix("plain ")]
        assert [start for _, start in chapters] == pytest.approx(published, abs=0.001), source


def test_every_published_time_is_nearest_to_its_own_chapter(truth: dict[str, Any], item: etree._Element) -> None:
    """Despite the jitter no published time lies nearer to another chapter's true start."""
    starts = np.array([chapter["start"] for chapter in truth["chapters"]])
    for source, chapters in published_chapters(item).items():
        nearest = [int(np.argmin(np.abs(starts - published))) for _, published in chapters]
        assert nearest == list(range(len(starts))), source


def test_the_feed_points_at_the_files_beside_it(truth: dict[str, Any], item: etree._Element) -> None:
    """Enclosure, chapters and cover are relative addresses of files that exist; size, duration and people are right."""
    enclosure = child(item, "enclosure")
    assert enclosure.get("url") == EPISODE.name
    assert enclosure.get("length") == str(EPISODE.stat().st_size)
    assert enclosure.get("type") == "audio/mpeg"
    assert EPISODE.stat().st_size < 2_500_000
    chapters = child(item, "podcast:chapters")
    assert chapters.get("type") == "application/json+chapters"
    cover = etree.parse(str(EXAMPLES / "feed.xml")).find("channel/itunes:image", NAMESPACES)
    assert cover is not None
    for name in (chapters.get("url"), cover.get("href")):
        assert name is not None
        assert (EXAMPLES / name).is_file()
    assert seconds_of(child(item, "itunes:duration").text or "") == pytest.approx(truth["duration"], abs=1)
    people = {(person.text, person.get("role")) for person in item.findall("podcast:person", NAMESPACES)}
    assert people == {("Ben", "host"), ("Clara", "guest")}


def test_the_mp3_carries_title_artist_album_and_cover(item: etree._Element) -> None:
    """The tags name the episode as the feed does, and hold the cover."""
    with av.open(str(EPISODE)) as container:
        tags = {name.lower(): value for name, value in container.metadata.items()}
        pictures = [stream for stream in container.streams if stream.type == "video"]
    assert tags["title"] == child(item, "title").text
    assert tags["artist"] == "earmark"
    assert tags["album"] == "The Open Models Show"
    assert len(pictures) == 1


def test_the_dialogue_keeps_to_the_words_of_the_model(truth: dict[str, Any]) -> None:
    """Every word of the episode is one of the 269 that the tiny Whisper knows, and the training leaves its sentences out."""
    said = {grammar.word_key(word["word"]) for sentence in truth["sentences"] for word in sentence["words"]}
    assert said <= set(grammar.WORD_INDEX)
    assert len(grammar.WORDS) == 269
    assert all(grammar.is_in_example(s["text"]) for s in truth["sentences"] if len(s["words"]) >= 3)


@pytest.fixture(scope="module")
def read(truth: dict[str, Any]) -> Measured:
    """Return how the tiny Whisper read the episode, through faster-whisper as it is."""
    faster_whisper = pytest.importorskip("faster_whisper", reason="faster-whisper comes with the extra 'speech'")
    model = faster_whisper.WhisperModel(str(EXAMPLES / "tiny-whisper"), device="cpu", compute_type="int8", cpu_threads=2)
    segments, _ = model.transcribe(
        str(EPISODE), vad_filter=True, word_timestamps=True, condition_on_previous_text=False, beam_size=5
    )
    return measure(true_words(truth), heard_words(segments))


@pytest.mark.slow
def test_the_tiny_whisper_reads_the_example_with_at_most_five_words_in_a_hundred_wrong(read: Measured) -> None:
    """The word error rate by jiwer is at most 5 %."""
    assert read.error_rate <= 0.05


@pytest.mark.slow
def test_the_tiny_whisper_times_the_words_it_reads(read: Measured) -> None:
    """Half of the right words begin within 0.15 s of the truth."""
    assert len(read.start_errors) > 0.9 * read.words
    assert float(np.median(read.start_errors)) < 0.15
