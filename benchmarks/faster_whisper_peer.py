"""Bare faster-whisper on one file, for `benchmarks.tools`; runs in a Python that need not have earmark.

python faster_whisper_peer.py MODEL AUDIO THREADS BATCH BEAM prints one JSON line; with a batch of 1, one segment after the other.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version


def main() -> None:
    """Transcribe one file with word times."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    model_path, audio, threads, batch, beam = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    model = WhisperModel(model_path, device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
    asked = {"beam_size": beam, "vad_filter": True, "word_timestamps": True, "language": "en"}
    if batch > 1:
        segments, _ = BatchedInferencePipeline(model).transcribe(audio, batch_size=batch, **asked)
    else:
        segments, _ = model.transcribe(audio, condition_on_previous_text=False, **asked)
    words = [word.word for segment in segments for word in segment.words]
    print(json.dumps({"words": words, "version": version("faster-whisper")}))


if __name__ == "__main__":
    main()
