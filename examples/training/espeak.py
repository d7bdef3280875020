"""Speech from libespeak-ng through ctypes, with the time at which each word begins."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

Samples = NDArray[np.float32]

# Values of speak_lib.h: the synthesis mode, the parameters and the two event kinds that are used.
_SYNCHRONOUS_RETRIEVAL = 2
_RATE, _PITCH, _RANGE = 1, 3, 4
_LIST_TERMINATED, _WORD = 0, 1
_POSITION_CHARACTER = 1
_UTF8 = 1

_QUIET = 0.003  # mean level of 10 ms below which speech has not begun or is over
_EDGE = 0.01  # seconds kept before the first and after the last sound


class _Event(ctypes.Structure):
    """One `espeak_EVENT`."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class Voice:
    """How a sentence is spoken: an espeak-ng voice name, words a minute, pitch and pitch range (0 to 99)."""

    name: str
    rate: int = 160
    pitch: int = 50
    pitch_range: int = 50


@dataclass(frozen=True, slots=True)
class Utterance:
    """A spoken sentence, cut to its sound: samples (n,) and the start and end in seconds of each blank-separated word."""

    samples: Samples
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    seconds: float


class Espeak:
    """One loaded libespeak-ng; raises OSError where the library is not installed."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        self._source_rate: int = self._library.espeak_Initialize(_SYNCHRONOUS_RETRIEVAL, 0, None, 0)
        self._chunks: list[NDArray[np.int16]] = []
        self._words: list[tuple[int, float]] = []
        self._callback = _Callback(self._collect)  # kept, since C holds a bare pointer to it
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(self, wave: Any, count: int, events: Any) -> int:
        """Take one chunk of sound and the words that begin in it."""
        if wave and count > 0:
            self._chunks.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while events[index].type != _LIST_TERMINATED:
            event = events[index]
            if event.type == _WORD:
                self._words.append((event.text_position - 1, event.audio_position / 1000.0))
            index += 1
        return 0

    def say(self, text: str, voice: Voice, sample_rate: int = 16000) -> Utterance:
        """Speak one sentence at `sample_rate`; raises ValueError for a voice that espeak-ng does not have."""
        self._chunks, self._words = [], []
        if self._library.espeak_SetVoiceByName(voice.name.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice.name!r}")
        for parameter, value in ((_RATE, voice.rate), (_PITCH, voice.pitch), (_RANGE, voice.pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        encoded = text.encode()
        self._library.espeak_Synth(encoded, len(encoded) + 1, 0, _POSITION_CHARACTER, 0, _UTF8, None, None)
        divisor = gcd(sample_rate, self._source_rate)
        raw = np.concatenate(self._chunks).astype(np.float32) / 32768
        samples = resample_poly(raw, sample_rate // divisor, self._source_rate // divisor).astype(np.float32)
        first, last = _sounding(samples, sample_rate)
        offset, seconds = first / sample_rate, (last - first) / sample_rate
        starts = _word_starts(text, self._words, offset, offset + seconds)
        starts = [min(max(start - offset, 0.0), seconds) for start in starts]
        samples = samples[first:last]
        return Utterance(samples, tuple(starts), _word_ends(text, starts, seconds, samples, sample_rate), seconds)


def _sounding(samples: Samples, sample_rate: int) -> tuple[int, int]:
    """Return the first sample and the one after the last of what can be heard."""
    width = sample_rate // 100
    level = np.convolve(np.abs(samples), np.ones(width) / width, mode="same")
    loud = np.flatnonzero(level > _QUIET)
    edge = int(_EDGE * sample_rate)
    return max(int(loud[0]) - edge, 0), min(int(loud[-1]) + edge, len(samples))


def _word_starts(text: str, events: list[tuple[int, float]], start: float, end: float) -> list[float]:
    """Give each word its earliest event; words that espeak-ng ran into another share the time in between."""
    positions, position = [], 0
    for word in text.split():
        position = text.index(word, position)
        positions.append(position)
        position += len(word)
    starts: list[float | None] = [None] * len(positions)
    for text_position, time in events:
        word_index = max(i for i, begin in enumerate(positions) if begin <= max(text_position, 0))
        known = starts[word_index]
        if known is None or time < known:
            starts[word_index] = time
    starts[0] = start
    filled: list[float] = []
    for index, known in enumerate(starts):
        if known is not None:
            filled.append(known)
            continue
        later = next((k for k in range(index, len(starts)) if starts[k] is not None), len(starts))
        following = starts[later] if later < len(starts) else None
        gap = (end if following is None else following) - filled[-1]
        filled.append(filled[-1] + gap / (later - index + 1))
    return filled


def _word_ends(text: str, starts: list[float], seconds: float, samples: Samples, sample_rate: int) -> tuple[float, ...]:
    """End each word where the next begins, but before the pause that follows a comma."""
    ends = [*starts[1:], seconds]
    words = text.split()
    level = np.abs(samples)
    threshold = 0.05 * float(level.max(initial=0.0))
    for index, word in enumerate(words[:-1]):
        if word[-1] in ",.?!":
            first = int(starts[index] * sample_rate)
            loud = np.flatnonzero(level[first : int(ends[index] * sample_rate)] > threshold)
            if len(loud):
                ends[index] = min(ends[index], (first + int(loud[-1])) / sample_rate + _EDGE)
    return tuple(ends)
