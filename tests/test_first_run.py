"""The example through the engines that ship with it: what `make run` promises, measured against the truth."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Any

import jiwer
import jsonschema
import pytest

from jobs.engines.resemblyzer import ResemblyzerDiarizer
from jobs.engines.whisper import WhisperTranscriber
from jobs.options import Options
from jobs.pipeline import process
from storage.documents import ChapterSource, Publication, SourceKind, Transcript
from storage.export import FORMATS
from storage.schema import transcript_schema
from tests.workshop import EXAMPLES, Bench, example, example_as_published, open_bench, true_story

pytestmark = pytest.mark.slow

OPTIONS = Options(engine="whisper", diarizer="resemblyzer", language="en")
SOURCES: tuple[SourceKind, ...] = ("embedded", "podcast_json", "psc", "show_notes")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return a workshop with the tiny Whisper and Resemblyzer."""
    with open_bench(tmp_path_factory.mktemp("first run")) as scripted:
        scripted.transcriber.inner = WhisperTranscriber(EXAMPLES / "tiny-whisper", device="cpu")
        scripted.diarizer.inner = ResemblyzerDiarizer()
        yield scripted


@pytest.fixture(scope="module")
def untagged(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """Return the example without the chapters in its tags."""
    return example(tmp_path_factory.mktemp("untagged"))


@pytest.fixture(scope="module")
def transcript(bench: Bench) -> Transcript:
    """Return the example's transcript as `make run` makes it."""
    return process(example_as_published(), OPTIONS, bench.shop, listener=bench.events.append).transcript


def only(publication: Publication, kind: SourceKind) -> Publication:
    """Return the publication with one source of chapters left."""
    inline: tuple[ChapterSource, ...] = publication.chapters if kind == "psc" else ()
    return publication.model_copy(
        update={
            "chapters": inline,
            "chapter_links": publication.chapter_links if kind == "podcast_json" else (),
            "notes": publication.notes if kind == "show_notes" else (),
        }
    )


def plain(text: str) -> str:
    """Return a text as it is compared: lower case, no punctuation."""
    return " ".join(re.sub(r"[^a-z0-9' ]", " ", text.lower()).split())


def true_words() -> list[tuple[str, str]]:
    """Return the words of the truth with who says them."""
    return [(plain(word["word"]), sentence["speaker"]) for sentence in true_story()["sentences"] for word in sentence["words"]]


def test_the_tiny_whisper_reads_the_example(transcript: Transcript) -> None:
    """At most five words in a hundred are wrong."""
    heard = plain(" ".join(word.text for segment in transcript.segments for word in segment.words))
    assert jiwer.wer(" ".join(word for word, _ in true_words()), heard) <= 0.05


def test_at_least_95_words_in_a_hundred_have_the_right_speaker(transcript: Transcript) -> None:
    """Speakers are compared on the words that were read right, under the best matching of labels."""
    truth = true_words()
    heard = [(plain(word.text), word.speaker) for segment in transcript.segments for word in segment.words]
    matcher = SequenceMatcher(None, [word for word, _ in truth], [word for word, _ in heard], autojunk=False)
    pairs = Counter(
        (truth[block.a + n][1], heard[block.b + n][1]) for block in matcher.get_matching_blocks() for n in range(block.size)
    )
    names: dict[str, Any] = {}
    for (who, label), _ in pairs.most_common():
        if who not in names and label not in names.values():
            names[who] = label
    right = sum(count for (who, label), count in pairs.items() if names.get(who) == label)
    assert len(names) == len({who for _, who in truth})
    assert right >= 0.95 * pairs.total()


@pytest.mark.parametrize("kind", SOURCES)
def test_each_source_gives_every_chapter_within_half_a_second_of_the_truth(
    kind: SourceKind, bench: Bench, untagged: Publication
) -> None:
    """Published times are up to three seconds off, in each source by another amount; the words put them right."""
    publication = only(example_as_published() if kind == "embedded" else untagged, kind)
    made = process(publication, OPTIONS, bench.shop, listener=bench.events.append).transcript
    truth = true_story()["chapters"]
    assert {chapter.source for chapter in made.chapters} == {kind}
    assert [chapter.title for chapter in made.chapters] == [chapter["title"] for chapter in truth]
    errors = [chapter.start - true["start"] for chapter, true in zip(made.chapters, truth, strict=True)]
    assert max(map(abs, errors)) <= 0.5, errors


def test_every_second_of_the_example_is_accounted_for(transcript: Transcript) -> None:
    """Coverage tiles the file, and most of what is not music or silence became words."""
    tiles = transcript.coverage
    assert tiles[0].start == 0
    assert tiles[-1].end == pytest.approx(transcript.audio.duration)
    assert all(a.end == b.start for a, b in pairwise(tiles))
    spoken = sum(sentence["end"] - sentence["start"] for sentence in true_story()["sentences"])
    assert sum(tile.end - tile.start for tile in tiles if tile.kind == "speech") >= 0.9 * spoken


def test_every_output_of_the_example_is_valid(transcript: Transcript, tmp_path: Path) -> None:
    """The JSON follows its schema, and every export renders."""
    document = json.loads(FORMATS["json"].render(transcript))
    jsonschema.Draft202012Validator(transcript_schema()).validate(document)
    for name, entry in FORMATS.items():
        assert entry.render(transcript).strip(), name


def test_the_output_says_what_the_tiny_model_is(bench: Bench, transcript: Transcript) -> None:
    """The model carries its own notice, and the transcript says which weights were used."""
    engine = bench.transcriber.inner
    assert isinstance(engine, WhisperTranscriber)
    assert engine.notice is not None
    assert "knows only" in engine.notice
    assert transcript.made.transcriber.model == "tiny-whisper"
    assert transcript.made.transcriber.model_digest
