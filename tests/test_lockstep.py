"""Streams heard in one batch: each as if it were alone, and all together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from faster_whisper import WhisperModel

from benchmarks.recordings import EXAMPLE, EXAMPLE_MODEL
from jobs.engines.lockstep import Lockstep
from jobs.engines.protocols import Samples
from jobs.pcm import Pcm
from jobs.prepare import prepare

SECONDS = 25.0
COUNT = 4


class Counted:
    """The network, which counts how many windows each call asks about; it may say that it is on a GPU."""

    def __init__(self, network: Any, device: str) -> None:
        self.network = network
        self.device = device
        self.asked: list[tuple[str, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)

    def generate(self, window: Any, prompts: list[list[int]], **options: Any) -> Any:
        """Generate."""
        self.asked.append(("generate", len(prompts)))
        return self.network.generate(window, prompts, **options)

    def align(self, window: Any, start: list[int], tokens: list[list[int]], *rest: Any, **options: Any) -> Any:
        """Align."""
        self.asked.append(("align", len(tokens)))
        return self.network.align(window, start, tokens, *rest, **options)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Samples]:
    """Return stretches of the example; the last one is longer than a window."""
    wav = tmp_path_factory.mktemp("clips") / "example.wav"
    prepare(EXAMPLE / "episode.mp3", wav)
    with Pcm(wav) as pcm:
        lengths = [SECONDS] * (COUNT - 1) + [2.5 * SECONDS]
        return [pcm.read(at * SECONDS, at * SECONDS + length) for at, length in enumerate(lengths)]


def model(device: str = "cpu") -> tuple[WhisperModel, Counted]:
    """Return the example's Whisper, in lockstep."""
    whisper = WhisperModel(str(EXAMPLE_MODEL), device="cpu", compute_type="int8", cpu_threads=1)
    network = Counted(whisper.model, device)
    whisper.model = Lockstep(network)
    return whisper, network


def hear(whisper: WhisperModel, clip: Samples, **options: Any) -> list[tuple[str, float, float, float]]:
    """Return words, times and probabilities, by faster-whisper's own loop."""
    asked = {"language": "en", "word_timestamps": True, "condition_on_previous_text": False, **options}
    segments, _ = whisper.transcribe(clip, **asked)
    return [(word.word, word.start, word.end, word.probability) for segment in segments for word in segment.words or ()]


def works(whisper: WhisperModel, clips: list[Samples]) -> list[Callable[[], list[tuple[str, float, float, float]]]]:
    """Return what is to be done for each clip."""
    return [partial(hear, whisper, clip) for clip in clips]


def test_a_batch_gives_what_each_gives_alone(clips: list[Samples]) -> None:
    """Words and times are the same, and probabilities but for rounding; the network is asked about all of them at once."""
    whisper, network = model()
    alone = [hear(whisper, clip) for clip in clips]
    assert all(len(words) > 20 for words in alone)
    assert {size for _, size in network.asked} == {1}
    network.asked.clear()
    together = whisper.model.together(works(whisper, clips))
    assert [[word[:3] for word in words] for words in together] == [[word[:3] for word in words] for words in alone]
    for ours, theirs in zip(together, alone, strict=True):
        assert [word[3] for word in ours] == pytest.approx([word[3] for word in theirs], abs=1e-5)
    assert network.asked[:2] == [("generate", COUNT), ("align", COUNT)]


def test_where_rows_cannot_be_taken_out_batches_are_encoded_anew(clips: list[Samples]) -> None:
    """As on a GPU: the same words, whichever of the windows are asked about together."""
    whisper, network = model("cuda")
    alone = [hear(whisper, clip) for clip in clips]
    network.asked.clear()
    together = whisper.model.together(works(whisper, clips))
    assert [[word[:3] for word in words] for words in together] == [[word[:3] for word in words] for words in alone]
    assert network.asked[0] == ("generate", COUNT)


def test_a_stream_that_is_decoded_again_keeps_step_with_the_others(clips: list[Samples]) -> None:
    """The first is doubted at each temperature; the others wait for it before all go on to their next windows."""
    whisper, network = model()
    doubted = partial(hear, whisper, clips[-1], temperature=[0.0, 0.5, 1.0], log_prob_threshold=0.0)
    sure = [partial(hear, whisper, clips[-1], temperature=0.0)] * 2
    whisper.model.together([doubted, *sure])
    assert network.asked[:5] == [("generate", 3), ("generate", 1), ("generate", 1), ("align", 3), ("generate", 3)]


def test_an_error_in_one_stream_ends_all(clips: list[Samples]) -> None:
    """Nobody goes on after it, and the model can be used again."""
    whisper, network = model()

    def fail() -> list[tuple[str, float, float, float]]:
        hear(whisper, clips[0])
        raise KeyError("a stream")

    ended: list[str] = []

    def watched() -> list[tuple[str, float, float, float]]:
        try:
            return hear(whisper, clips[-1])
        finally:
            ended.append("ended")

    with pytest.raises(KeyError, match="a stream"):
        whisper.model.together([fail, watched])
    assert ended == ["ended"]
    network.asked.clear()
    assert whisper.model.together(works(whisper, clips[:1])) == [hear(whisper, clips[0])]


def test_an_error_of_the_network_reaches_the_caller(clips: list[Samples]) -> None:
    """For instance one of too little memory."""
    whisper, network = model()

    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of memory")

    network.generate = refuse  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="out of memory"):
        whisper.model.together(works(whisper, clips))


def test_the_language_is_heard_in_a_stream(shared: Path, clips: list[Samples]) -> None:
    """Where none is given, each stream asks for itself."""
    whisper = WhisperModel(str(shared / "models" / "digits-whisper"), device="cpu", compute_type="int8", cpu_threads=1)

    def spoken(clip: Samples) -> str:
        return str(whisper.transcribe(clip)[1].language)

    alone = [spoken(clip) for clip in clips[:2]]
    whisper.model = Lockstep(whisper.model)
    assert whisper.model.together([partial(spoken, clip) for clip in clips[:2]]) == alone
