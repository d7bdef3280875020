"""A Whisper of a real one's size says what the small one says that it was made from."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.recordings import EXAMPLE, EXAMPLE_MODEL
from benchmarks.widened import VOCABULARY, Size, widened

torch = pytest.importorskip("torch", reason="torch comes with the extra 'diarize'")
faster_whisper = pytest.importorskip("faster_whisper", reason="faster-whisper comes with the extra 'speech'")

from benchmarks.widening import widen  # noqa: E402
from examples.training.checkpoint import load_network  # noqa: E402
from examples.training.export import export  # noqa: E402
from examples.training.network import Heard, Shape, TinyWhisper  # noqa: E402
from examples.training.objective import CURRENT_LAYER  # noqa: E402
from examples.training.tokens import Tokens  # noqa: E402

SENTENCES = Path(__file__).resolve().parent / "data" / "audio" / "two_sentences.mp3"
MINUTE = 60 * 16000


@pytest.fixture(scope="module")
def small() -> TinyWhisper:
    """Return the network of the example's model."""
    return load_network(EXAMPLE / "training" / "checkpoint.pt")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Let torch use one thread: matrices are small, and threads that wait for each other on a busy machine take longer."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def heard(network: TinyWhisper, tokens: Tokens) -> Heard:
    """Return what a network makes of the first two seconds of speech, given the first tokens of a transcript."""
    samples = faster_whisper.decode_audio(str(SENTENCES))[: 2 * 16000]
    mel = torch.from_numpy(faster_whisper.feature_extractor.FeatureExtractor()(samples))[None, :, :200]
    said = [tokens.start_of_transcript, tokens.first_timestamp, *tokens.sentence("Let's start with the training data.")]
    start = torch.zeros(1, dtype=torch.long)
    with torch.no_grad():
        whole: Heard = network(mel, torch.tensor([said]), start, start, keep=(CURRENT_LAYER,))
    return whole


def shape_like(small: Shape, width: int, heads: int, *, further: int = 1) -> Shape:
    """Return a shape with so many further layers in both halves."""
    layers = {name: getattr(small, name) + further for name in ("encoder_layers", "decoder_layers")}
    return replace(small, width=width, heads=heads, hidden=4 * width, **layers)


@pytest.mark.parametrize(("width", "heads"), [(128, 4), (256, 4), (256, 8), (384, 6), (512, 8), (640, 10)])
def test_a_wider_and_deeper_network_gives_the_same_logits(small: TinyWhisper, width: int, heads: int) -> None:
    """Whether copies are made of heads, within heads, of both, or of some: logits, states and attention are equal."""
    wide = heard(widen(small, shape_like(small.shape, width, heads, further=2)), Tokens())
    narrow = heard(small, Tokens())
    assert narrow.logits.std() > 1
    torch.testing.assert_close(wide.logits, narrow.logits, atol=2e-3, rtol=0)
    torch.testing.assert_close(wide.states, narrow.states.repeat(1, 1, width // 128), atol=1e-3, rtol=0)
    copies = [head % 4 for head in range(heads)]
    torch.testing.assert_close(wide.attention[CURRENT_LAYER], narrow.attention[CURRENT_LAYER][:, copies], atol=1e-4, rtol=0)


def test_further_tokens_never_win_and_leave_the_others_as_they_were(small: TinyWhisper) -> None:
    """Their logits are the same everywhere, far below the rest."""
    more = Tokens(unused=500)
    shape = replace(shape_like(small.shape, 256, 4), vocabulary=len(more.all), first_timestamp=more.first_timestamp)
    logits = heard(widen(small, shape, first_unused=more.first_unused), more).logits
    first, past = more.first_unused, more.first_unused + 500
    known = torch.cat([logits[..., :first], logits[..., past:]], -1)
    torch.testing.assert_close(known, heard(small, Tokens()).logits, atol=2e-3, rtol=0)
    torch.testing.assert_close(logits[..., first:past], torch.full_like(logits[..., first:past], -40.0), atol=0.01, rtol=0)


def test_no_layer_is_like_another_or_idle(small: TinyWhisper) -> None:
    """A matrix that is there twice would be stored once, and be found in the processor's cache."""
    network = widen(small, shape_like(small.shape, 384, 6, further=2))
    matrices = [value for name, value in network.state_dict().items() if ".layers." in name and value.ndim > 1]
    assert len(matrices) == 5 * 6 + 4 * 10
    assert all(value.abs().max() > 0 for value in matrices)
    assert not any(a.shape == b.shape and torch.equal(a, b) for at, a in enumerate(matrices) for b in matrices[:at])


@pytest.mark.parametrize(("width", "heads"), [(192, 4), (256, 2), (256, 5), (128, 8)])
def test_a_shape_that_does_not_come_out_even_is_refused(small: TinyWhisper, width: int, heads: int) -> None:
    """Whatever is no multiple of what there is."""
    with pytest.raises(ValueError, match=r"multiple|do the work"):
        widen(small, shape_like(small.shape, width, heads))


def test_a_shape_with_fewer_layers_is_refused(small: TinyWhisper) -> None:
    """It could not do what the small one does."""
    with pytest.raises(ValueError, match=r"it takes 3 \+ 2 layers"):
        widen(small, shape_like(small.shape, 256, 4, further=-1))


def test_the_checkpoint_exports_as_the_model_that_ships(small: TinyWhisper, tmp_path: Path) -> None:
    """So what is made from the checkpoint is made from the model."""
    export(small, tmp_path / "again")
    for path in (tmp_path / "again").iterdir():
        assert path.read_bytes() == (EXAMPLE_MODEL / path.name).read_bytes(), path.name


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model twice as wide, a layer deeper, and with the vocabulary of a real one."""
    folder = tmp_path_factory.mktemp("models") / "larger"
    assert widened(Size(256, 4, 3, 4), folder) > 17e6
    return folder


def words(model: Path, compute_type: str) -> list[Any]:
    """Return the words that a model hears in the first minute of the example."""
    loaded = faster_whisper.WhisperModel(str(model), device="cpu", compute_type=compute_type, cpu_threads=2)
    samples = faster_whisper.decode_audio(str(EXAMPLE / "episode.mp3"))[:MINUTE]
    segments, _ = loaded.transcribe(samples, word_timestamps=True, condition_on_previous_text=False, vad_filter=True)
    return [word for segment in segments for word in segment.words]


@pytest.mark.slow
def test_in_float32_a_minute_is_heard_in_the_same_words_at_the_same_times(larger: Path) -> None:
    """Times come from the heads that were told to look at the word being said."""
    ours, theirs = words(larger, "float32"), words(EXAMPLE_MODEL, "float32")
    assert len(theirs) > 100
    assert [word.word for word in ours] == [word.word for word in theirs]
    assert max(abs(a.start - b.start) for a, b in zip(ours, theirs, strict=True)) <= 0.04


@pytest.mark.slow
def test_in_int8_at_most_three_words_in_a_hundred_come_out_otherwise(larger: Path) -> None:
    """Rounding differs from layer to layer, as it does between int8 and float32."""
    ours, theirs = ([word.word for word in words(model, "int8")] for model in (larger, EXAMPLE_MODEL))
    assert difflib.SequenceMatcher(None, ours, theirs, autojunk=False).ratio() >= 0.97


@pytest.mark.slow
def test_the_vocabulary_is_that_of_an_english_whisper(larger: Path) -> None:
    """One more, and faster-whisper would ask it for the language; texts come first and timestamps last, as everywhere."""
    vocabulary = json.loads((larger / "vocabulary.json").read_text("utf-8"))
    model = faster_whisper.WhisperModel(str(larger), device="cpu", compute_type="int8")
    assert len(vocabulary) == VOCABULARY
    assert not model.model.is_multilingual
    assert model.hf_tokenizer.get_vocab_size() == VOCABULARY
    assert model.hf_tokenizer.token_to_id("<|30.00|>") == VOCABULARY - 1
    assert model.hf_tokenizer.token_to_id("<|unused 0|>") < model.hf_tokenizer.token_to_id("<|endoftext|>")
