"""Training windows: sentences, pauses, noise and music put together as mel power, with all that a Whisper should say of them.

Composing power rather than samples costs no Fourier transform while training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from examples.training import grammar
from examples.training.clips import Clip, ClipStore
from examples.training.frames import FRAMES_A_SECOND, QUIETEST, Floats, background, normalised, resampled
from examples.training.tokens import LAST_TIMESTAMP, Tokens

Integers = NDArray[np.int64]
Span = tuple[float, float]
Phrase = tuple[str, str]

STATES_A_SECOND = 50  # of the encoder
IGNORED = -100  # a target that costs nothing
NOWHERE: Span = (-1.0, -1.0)
MOST_TOKENS = 440
_DECODER_POSITIONS = 448
_REMEMBERED = 30  # phrases of a window that may be said again


@dataclass(frozen=True, slots=True)
class Item:
    """One token with the span of seconds in which it is heard."""

    token: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A sentence in its window: its span, its tokens, whether all of it lies inside."""

    start: float
    end: float
    items: list[Item]
    complete: bool


@dataclass(frozen=True, slots=True)
class Window:
    """What the network hears and what it should say.

    Shapes: mel (80, frames); tokens and targets (n,); the half-open span of encoder states that each target looks at (n, 2); the
    word of each state (states,), 0 for none; counters of sentences and tokens (2, states), -1 for none; two position offsets.
    """

    mel: Floats
    inputs: list[int]
    targets: list[int]
    spans: Integers
    words: Integers
    counters: Floats
    encoder_offset: int
    decoder_offset: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows stacked: as in `Window`, with a leading dimension."""

    mel: Floats
    inputs: Integers
    targets: Integers
    spans: Integers
    words: Integers
    counters: Floats
    encoder_offsets: Integers
    decoder_offsets: Integers


@dataclass(frozen=True, slots=True)
class Recipe:
    """How often a window is of each kind; `short` windows are shifted in position so that all 30 s are learned from them."""

    prompts: float = 0.2
    timestamps: float = 0.75
    silence: float = 0.05
    short: bool = False


class Composer:
    """Draws windows from a store of clips."""

    def __init__(self, store: ClipStore, tokens: Tokens) -> None:
        self._store, self._tokens = store, tokens
        self._saying: dict[Phrase, list[Clip]] = {}
        for clip in store.clips:
            for phrase in _phrases(clip):
                self._saying.setdefault(phrase, []).append(clip)

    def batch(self, rng: np.random.Generator, count: int, seconds: int, recipe: Recipe) -> Batch:
        """Draw `count` windows of `seconds` and pad their tokens to one length."""
        windows = [self.window(rng, seconds, recipe) for _ in range(count)]
        longest = max(len(window.inputs) for window in windows)
        inputs = np.full((count, longest), self._tokens.end_of_text)
        targets = np.full((count, longest), IGNORED)
        spans = np.full((count, longest, 2), -1)
        for row, window in enumerate(windows):
            length = len(window.inputs)
            inputs[row, :length], targets[row, :length], spans[row, :length] = window.inputs, window.targets, window.spans
        room = _DECODER_POSITIONS - longest
        return Batch(
            mel=np.stack([window.mel for window in windows]),
            inputs=inputs,
            targets=targets,
            spans=spans,
            words=np.stack([window.words for window in windows]),
            counters=np.stack([window.counters for window in windows]),
            encoder_offsets=np.array([window.encoder_offset for window in windows]),
            decoder_offsets=np.array([min(window.decoder_offset, room) for window in windows]),
        )

    def window(self, rng: np.random.Generator, seconds: int, recipe: Recipe) -> Window:
        """Draw one window."""
        frames = seconds * FRAMES_A_SECOND
        content = frames if rng.random() < 0.75 else int(frames * rng.uniform(0.15, 1.0))
        power = np.zeros((frames, 80), np.float32)
        words = np.zeros(frames // 2, np.int64)
        spoken = [] if rng.random() < recipe.silence else self._speak(rng, power, words, content)
        self._add_background(rng, power, spoken, content)
        encoder_offset = 0
        if recipe.short and rng.random() < 0.75:
            encoder_offset = int(rng.integers(0, LAST_TIMESTAMP - frames // 2 + 1))
        prompt = self._prompt(rng, 40 if recipe.short else 224) if rng.random() < recipe.prompts else []
        if spoken:
            said = self._transcript(spoken, content / FRAMES_A_SECOND, encoder_offset, rng.random() < recipe.timestamps)
            inputs = [*prompt, self._tokens.start_of_transcript, *(item.token for item in said[:-1])]
            targets = [IGNORED] * len(prompt) + [item.token for item in said]
            spans = [NOWHERE] * len(prompt) + [(item.start, item.end) for item in said]
        else:
            inputs, targets = self._silence(rng, prompt)
            spans = [NOWHERE] * len(inputs)
        return Window(
            mel=normalised(rng, power, content),
            inputs=inputs[:MOST_TOKENS],
            targets=targets[:MOST_TOKENS],
            spans=_states(spans[:MOST_TOKENS], frames // 2),
            words=words,
            counters=_counters(spoken, frames // 2),
            encoder_offset=encoder_offset,
            decoder_offset=int(rng.integers(0, 200)) if recipe.short and rng.random() < 0.4 else 0,
        )

    def _speak(self, rng: np.random.Generator, power: Floats, words: Integers, content: int) -> list[Placed]:
        """Fill the window with sentences; note in `words` which word each encoder state hears."""
        ends_at = content / FRAMES_A_SECOND
        widest_pause = (0.6, 1.2, 2.2)[rng.integers(3)]
        late_start = (0.0, rng.uniform(0, 0.5), rng.uniform(0, 2.0), rng.uniform(0.3, 4.0))
        time = float(rng.choice(late_start, p=[0.15, 0.45, 0.3, 0.1]))
        placed: list[Placed] = []
        phrases: list[Phrase] = []
        while time < ends_at - 0.1:
            clip = self._next_clip(rng, phrases)
            phrases = [*phrases, *_phrases(clip)][-_REMEMBERED:]
            log_mel, starts, ends, written = self._varied(rng, clip, is_first=not placed)
            first = round(time * FRAMES_A_SECOND)
            last = min(first + len(log_mel), content)
            if last <= first:
                break
            power[first:last] += 10.0 ** log_mel[: last - first]
            time = first / FRAMES_A_SECOND
            end = time + len(log_mel) / FRAMES_A_SECOND
            self._label(words[: content // 2], written, starts + time, ends + time)
            pause = rng.uniform(0.2, widest_pause) + (rng.uniform(0.5, 4) if rng.random() < 0.04 else 0.0)
            items = self._items(written, starts + time, ends + time, until=end + max(pause - 0.02, 0.1))
            placed.append(Placed(time, end, items, complete=end <= ends_at))
            time = end + pause
        return placed

    def _next_clip(self, rng: np.random.Generator, phrases: list[Phrase]) -> Clip:
        """Draw a clip, half of the time one that repeats a phrase of the window.

        Talk repeats itself, and a model that never heard a phrase twice jumps from one place of it to the other.
        """
        clips = self._store.clips
        if phrases and rng.random() < 0.5:
            clips = self._saying[phrases[rng.integers(len(phrases))]]
        return clips[rng.integers(len(clips))]

    def _varied(self, rng: np.random.Generator, clip: Clip, is_first: bool) -> tuple[Floats, Floats, Floats, list[str]]:
        """Return a clip's frames, word starts, word ends and words, a little changed; the first may begin in mid-sentence."""
        log_mel, written = self._store.log_mel(clip), clip.text.split()
        starts, ends = np.array(clip.starts, np.float32), np.array(clip.ends, np.float32)
        if is_first and rng.random() < 0.06 and len(written) > 3:
            skipped = int(rng.integers(1, len(written) - 1))
            cut = int(starts[skipped] * FRAMES_A_SECOND)
            log_mel, written = log_mel[cut:], written[skipped:]
            starts, ends = starts[skipped:] - cut / FRAMES_A_SECOND, ends[skipped:] - cut / FRAMES_A_SECOND
        if rng.random() < 0.25:
            tempo = rng.uniform(0.95, 1.05)
            log_mel = resampled(log_mel, np.linspace(0, len(log_mel) - 1, max(int(len(log_mel) * tempo), 2)))
            starts, ends = starts * np.float32(tempo), ends * np.float32(tempo)
        tilt = np.linspace(0, rng.normal(0, 0.12), 80)
        ripple = 0.04 * np.sin(np.arange(80) * rng.uniform(0.03, 0.25) + rng.uniform(0, 6))
        log_mel = log_mel + (rng.normal(0, 0.2) + tilt + ripple).astype(np.float32)
        if rng.random() < 0.15:
            log_mel = np.maximum(log_mel, log_mel.max() - rng.uniform(4, 7)).astype(np.float32)
        return log_mel, starts, ends, written

    @staticmethod
    def _label(words: Integers, written: list[str], starts: Floats, ends: Floats) -> None:
        """Write the number of each word, from 1, over the states in which it is heard."""
        for word, start, end in zip(written, starts, ends, strict=True):
            first = int(start * STATES_A_SECOND)
            words[first : max(int(end * STATES_A_SECOND), first + 1)] = 1 + grammar.WORD_INDEX[grammar.word_key(word)]

    def _items(self, written: list[str], starts: Floats, ends: Floats, until: float) -> list[Item]:
        """Turn words into tokens with spans; punctuation owns the pause, so that the next word does not begin inside it."""
        items: list[Item] = []
        for index, (word, start, end) in enumerate(zip(written, starts.tolist(), ends.tolist(), strict=True)):
            tokens, marks = self._tokens.word(word)
            share = (end - start) / len(tokens)
            items += [Item(token, start + share * part, start + share * (part + 1)) for part, token in enumerate(tokens)]
            following = max(end + 0.1, float(starts[index + 1])) if index + 1 < len(written) else until
            items += [Item(mark, end - 0.02, following) for mark in marks]
        return items

    def _add_background(self, rng: np.random.Generator, power: Floats, spoken: list[Placed], content: int) -> None:
        """Add noise, and music under the speech or in its pauses; levels are relative to the speech."""
        level = float(np.log10(power[:content].mean() + QUIETEST)) if spoken else -2.0
        kind = rng.random()
        if not spoken and kind < 0.4:
            kind = 1.0
        if kind > 0.15:
            below = rng.uniform(2.0, 6.5) if spoken else rng.uniform(0, 6)
            power[:content] += background(rng, self._store.noise, content) * 10 ** (level - below)
        if kind > 0.95:
            below = rng.uniform(1.2, 3.5) if spoken else rng.uniform(-1, 2)
            first = int(rng.integers(0, content // 2)) if rng.random() < 0.4 else 0
            power[first:content] += background(rng, self._store.music, content)[first:] * 10 ** (level - below)
        elif kind > 0.75 and spoken:
            music = background(rng, self._store.music, content) * 10 ** (level - rng.uniform(0, 1.5))
            for sentence in spoken:
                music[max(0, int(sentence.start * FRAMES_A_SECOND) - 5) : int(sentence.end * FRAMES_A_SECOND) + 5] = 0
            power[:content] += music

    def _prompt(self, rng: np.random.Generator, longest: int) -> list[int]:
        """Draw text that was said before the window, with or without timestamps."""
        length, stamped, time = int(rng.integers(3, longest)), rng.random() < 0.6, rng.uniform(0, 5)
        said: list[int] = []
        while len(said) < length:
            clip = self._store.clips[rng.integers(len(self._store.clips))]
            ids = self._tokens.sentence(clip.text)
            if stamped:
                ids = [self._timestamp(time % 30), *ids, self._timestamp((time + clip.seconds) % 30)]
            time += clip.seconds + 0.5
            said += ids
        return [self._tokens.start_of_previous, *said[-length:]]

    def _silence(self, rng: np.random.Generator, prompt: list[int]) -> tuple[list[int], list[int]]:
        """Return inputs and targets of a window without speech."""
        tokens = self._tokens
        first = (
            tokens.no_speech,
            tokens.no_timestamps,
            tokens.first_timestamp,
            tokens.first_timestamp + int(rng.integers(0, 50)),
        )
        inputs = [*prompt, tokens.start_of_transcript, first[rng.integers(len(first))]]
        return inputs, [IGNORED] * len(prompt) + [tokens.no_speech, tokens.end_of_text]

    def _transcript(self, spoken: list[Placed], ends_at: float, encoder_offset: int, stamped: bool) -> list[Item]:
        """Return the target tokens; a sentence that the window cuts is opened but not closed, as Whisper does."""
        said: list[Item] = [] if stamped else [Item(self._tokens.no_timestamps, *NOWHERE)]
        end_span: Span = (0.0, 0.3)
        for index, sentence in enumerate(spoken):
            if stamped:
                begins = min(sentence.start, 1.0) if index == 0 and encoder_offset == 0 else sentence.start
                said.append(Item(self._timestamp(begins, encoder_offset), sentence.start - 0.05, sentence.start + 0.1))
            if stamped and not sentence.complete and index > 0:
                end_span = NOWHERE
                break
            heard = [item for item in sentence.items if sentence.complete or item.end <= ends_at]
            said += heard
            if heard:
                until = min(heard[-1].end, sentence.end + 0.1)
                end_span = (until, until + 0.3)
            if stamped and sentence.complete:
                said.append(Item(self._timestamp(sentence.end, encoder_offset), sentence.end - 0.06, sentence.end + 0.1))
                end_span = (sentence.end, sentence.end + 0.3)
        return [*said, Item(self._tokens.end_of_text, *end_span)]

    def _timestamp(self, seconds: float, encoder_offset: int = 0) -> int:
        """Return the token of a time in the window."""
        return self._tokens.first_timestamp + min(LAST_TIMESTAMP, round(seconds * STATES_A_SECOND) + encoder_offset)


def _phrases(clip: Clip) -> list[Phrase]:
    """Return each two words that follow one another in a clip."""
    return list(pairwise(grammar.word_key(word) for word in clip.text.split()))


def _states(spans: list[Span], states: int) -> Integers:
    """Turn spans of seconds into half-open spans of encoder states; what lies nowhere or beyond the window is (-1, -1)."""
    rows = []
    for start, end in spans:
        first = max(0, int(start * STATES_A_SECOND))
        last = max(int(start * STATES_A_SECOND) + 1, min(states, math.ceil(end * STATES_A_SECOND)))
        rows.append((-1, -1) if end < 0 or first >= states else (first, last))
    return np.array(rows, np.int64).reshape(-1, 2)


def _counters(spoken: list[Placed], states: int) -> Floats:
    """Count sentences (by tenths) and tokens (by hundredths) over the states in which they are heard."""
    counters = np.full((2, states), -1.0, np.float32)
    count = 0
    for index, sentence in enumerate(spoken):
        for item in sentence.items:
            heard = slice(int(item.start * STATES_A_SECOND), int(item.end * STATES_A_SECOND) + 1)
            counters[0, heard], counters[1, heard] = index / 10, count / 100
            count += 1
    return counters
