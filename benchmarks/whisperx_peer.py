"""Runs whisperX's `assign_word_speakers` in a Python that has whisperX, for `benchmarks.turn_edges`: JSON in, JSON out.

Its module imports torch and pyannote.audio at the top, which this function does not use; empty modules stand in for those that
are not installed.
"""

from __future__ import annotations

import copy
import importlib
import json
import sys
from importlib.metadata import version
from time import thread_time
from typing import Any
from unittest.mock import MagicMock

for name in ("torch", "pyannote", "pyannote.audio", "whisperx.audio"):
    try:
        importlib.import_module(name)
    except ImportError:
        sys.modules[name] = MagicMock()

pandas: Any = importlib.import_module("pandas")
whisperx: Any = importlib.import_module("whisperx.diarize")


def main() -> None:
    """Assign the words with and without `fill_nearest`, again and again."""
    given = json.load(sys.stdin)
    turns = pandas.DataFrame(given["turns"], columns=["start", "end", "speaker"])
    segments = [{"start": s[0]["start"], "end": s[-1]["end"], "text": "", "words": s} for s in given["segments"]]
    outcomes = []
    for how, options in (("", {}), (" (fill_nearest)", {"fill_nearest": True})):
        seconds = []
        for _ in range(given["rounds"]):
            fresh = {"segments": copy.deepcopy(segments)}
            begin = thread_time()
            done = whisperx.assign_word_speakers(turns, fresh, **options)
            seconds.append(thread_time() - begin)
        speakers = [word.get("speaker") for segment in done["segments"] for word in segment["words"]]
        outcomes.append({"how": how, "speakers": speakers, "seconds": seconds})
    json.dump({"version": version("whisperx"), "outcomes": outcomes}, sys.stdout)


if __name__ == "__main__":
    main()
