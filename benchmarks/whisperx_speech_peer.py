"""whisperX's transcription of one file, for `benchmarks.tools`; runs in a Python that need not have earmark.

python whisperx_speech_peer.py MODEL AUDIO THREADS BATCH BEAM prints one JSON line. Its alignment, which gives words their times,
needs a model of another kind that is not to be had here: the time is that of its text alone, and words have none.
Audio is decoded by PyAV, where whisperX itself calls the program ffmpeg.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version


def main() -> None:
    """Transcribe one file."""
    import whisperx
    from faster_whisper import decode_audio

    model_path, audio, threads, batch, beam = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    model = whisperx.load_model(
        model_path, "cpu", compute_type="int8", language="en", threads=threads, asr_options={"beam_size": beam}
    )
    found = model.transcribe(decode_audio(audio), batch_size=batch)
    words = [word for segment in found["segments"] for word in segment["text"].split()]
    print(json.dumps({"words": words, "version": version("whisperx")}), file=sys.__stdout__)


if __name__ == "__main__":
    main()
