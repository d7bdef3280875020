"""Engines that say what a script says: for tests of everything around speech, shipped so that others can test with them too.

The script is JSON: `{"language": "en", "pace": 0, "sentences": [{"speaker", "words": [{"word", "start", "end"}]}]}`, as the
example's `truth.json` is. With `"fault": "die", "fault_at": 60.0` the engine does what native code does at its worst
(`jobs.engines.faults`) in the part that holds that second. The output names the engine `scripted`, so nobody can take it
for hearing.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jobs.engines.faults import Fault, commit
from jobs.engines.protocols import (
    AudioSource,
    Diarization,
    LanguageGuess,
    PartAudio,
    Progress,
    Samples,
    SpeakerHints,
    SpeechOptions,
)
from storage.documents import Document, EngineInfo, Segment, Span, Turn, Word
from storage.errors import ModelInvalid, ModelMissing


class ScriptedWord(Document):
    """A word of the script with its place in the file."""

    word: str
    start: float
    end: float


class ScriptedSentence(Document):
    """What one speaker says in one breath."""

    speaker: str
    words: tuple[ScriptedWord, ...]


class Script(Document):
    """What is said in a file, by whom, and when."""

    sentences: tuple[ScriptedSentence, ...]
    language: str = "en"
    pace: float = 0.0
    """Seconds that hearing takes per second of speech, for tests of scheduling and interruption."""
    fault: Fault = "none"
    fault_at: float = 0.0
    """The second of the file in whose part the fault happens."""

    @property
    def digest(self) -> str:
        """What names the script in results: what is said, not how."""
        return hashlib.sha256(self.model_dump_json(exclude={"pace", "fault", "fault_at"}).encode()).hexdigest()[:16]


def read_script(path: Path) -> Script:
    """Read a script; fields that it does not need are passed over."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
        sentences = tuple(
            ScriptedSentence(
                speaker=sentence["speaker"],
                words=tuple(ScriptedWord(word=w["word"], start=w["start"], end=w["end"]) for w in sentence["words"]),
            )
            for sentence in raw["sentences"]
        )
        how = {name: raw[name] for name in ("language", "pace", "fault", "fault_at") if name in raw}
        return Script(sentences=sentences, **how)
    except FileNotFoundError as error:
        raise ModelMissing(f"There is no script {path}.", hint="Give the scripted engine a JSON file with sentences.") from error
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise ModelInvalid(f"{path} is not a script: {error!r}.", hint="It needs sentences with speaker and words.") from error


class ScriptedTranscriber:
    """A `Transcriber` that returns the words of the script that lie in the part, at the script's pace."""

    def __init__(self, script: Script, *, name: str = "script") -> None:
        self._script = script
        self._ended, self._begins = _edges(script.sentences)
        self._busy = threading.Lock()
        self.info = EngineInfo(name="scripted", version="1", model=name, model_digest=script.digest)

    def expect(self, parts: int) -> int:  # noqa: ARG002 - part of the protocol
        """Take one part at a time."""
        return 1

    def get_ready(self) -> None:
        """Have nothing to load."""

    def detect_language(self, clips: Sequence[Samples]) -> LanguageGuess:  # noqa: ARG002 - the protocol's
        """Answer what the script says."""
        return LanguageGuess(self._script.language, 1.0)

    def transcribe(self, part: PartAudio, options: SpeechOptions, progress: Progress) -> tuple[Segment, ...]:  # noqa: ARG002
        """Return one segment per sentence, cut to the words whose middle lies in the part."""
        segments = []
        first, last = bisect_left(self._ended, part.start), bisect_left(self._begins, part.end)
        for sentence in self._script.sentences[first:last]:
            words = tuple(
                Word(start=w.start, end=w.end, text=w.word, probability=1.0)
                for w in sentence.words
                if part.start <= (w.start + w.end) / 2 < part.end
            )
            if words:
                text = " ".join(word.text for word in words)
                segments.append(Segment(start=words[0].start, end=words[-1].end, text=text, words=words))
        if part.start <= self._script.fault_at < part.end:
            commit(self._script.fault)
        with self._busy:
            self._take_time(part, progress)
        return tuple(segments)

    def _take_time(self, part: PartAudio, progress: Progress) -> None:
        speech, done = sum(region.end - region.start for region in part.speech), 0.0
        while self._script.pace and done < speech:
            step = min(1.0, speech - done)
            time.sleep(step * self._script.pace)
            done += step
            progress((part.end - part.start) * done / speech)
        progress(part.end - part.start)


def _edges(sentences: Sequence[ScriptedSentence]) -> tuple[list[float], list[float]]:
    """Return when all sentences up to each have ended, and when the first of those from each on begins.

    Both only rise, whatever the order of the sentences, so that a part of a long script is found without going through it all.
    """
    ends = (max((word.end for word in sentence.words), default=-math.inf) for sentence in sentences)
    starts = (min((word.start for word in sentence.words), default=math.inf) for sentence in reversed(sentences))
    return list(accumulate(ends, max)), list(accumulate(starts, min))[::-1]


class ScriptedDiarizer:
    """A `Diarizer` that returns the turns of the script."""

    def __init__(self, script: Script, *, name: str = "script") -> None:
        self._script = script
        self.info = EngineInfo(name="scripted", version="1", model=name, model_digest=script.digest)

    def diarize(self, audio: AudioSource, speech: Sequence[Span], hints: SpeakerHints, progress: Progress) -> Diarization:  # noqa: ARG002
        """Join the sentences of one speaker that follow each other into turns."""
        labels: dict[str, str] = {}
        turns: list[Turn] = []
        for sentence in self._script.sentences:
            if not sentence.words:
                continue
            label = labels.setdefault(sentence.speaker, f"Speaker {len(labels) + 1}")
            start, end = sentence.words[0].start, sentence.words[-1].end
            if turns and turns[-1].speaker == label:
                start = turns.pop().start
            turns.append(Turn(start=start, end=end, speaker=label))
        progress(audio.duration)
        return Diarization(turns=tuple(turns), overlapping=tuple(turns))
