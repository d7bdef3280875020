"""What earmark is compared with: faster-whisper alone, one call over the whole file.

python -m benchmarks.bare MODEL AUDIO [--threads N] [--beam N] prints one JSON line with the words and how long each stage took.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.recordings import SaidWord


def hear(model: Any, audio: Any, *, beam: int = 5, language: str | None = None) -> tuple[list[SaidWord], Any]:
    """Transcribe a file or samples in one call, with the settings that earmark uses for a part."""
    segments, info = model.transcribe(
        audio,
        language=language,
        beam_size=beam,
        vad_filter=True,
        word_timestamps=True,
        condition_on_previous_text=False,
    )
    return [SaidWord(word.word, word.start, word.end) for segment in segments for word in segment.words], info


def load(model: Path, *, threads: int) -> Any:
    """Load a CTranslate2 folder for the processor, in 8-bit integers."""
    from faster_whisper import WhisperModel

    return WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)


def main() -> int:
    """Transcribe one file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("audio", type=Path)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--beam", type=int, default=5)
    given = parser.parse_args()
    begin = time.perf_counter()
    model = load(given.model, threads=given.threads)
    loaded = time.perf_counter()
    words, info = hear(model, str(given.audio), beam=given.beam)
    spent = {"load": loaded - begin, "transcribe": time.perf_counter() - loaded}
    print(json.dumps({"words": len(words), "duration": info.duration, "speech": info.duration_after_vad, **spent}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
