"""Make two_sentences.mp3 and its truth: two espeak-ng voices, silence around them. By hand; needs the program espeak-ng."""

from __future__ import annotations

import io
import json
import subprocess
import wave
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

HERE = Path(__file__).parent
RATE = 22_050
SENTENCES = (
    ("en-gb", "Welcome to the show, today we talk about bees and their gardens."),
    ("en-us+f3", "Many people think that honey is the only thing a bee can make."),
)
SILENCES = (0.8, 1.2, 0.7)


def speak(voice: str, text: str) -> npt.NDArray[np.int16]:
    """Return a sentence without the silence around it."""
    made = subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "--stdout", text], check=True, capture_output=True)
    with wave.open(io.BytesIO(made.stdout)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 300)
    return samples[loud[0] : loud[-1] + 1]


def main() -> None:
    """Write the recording and its truth beside this script."""
    pieces = [np.zeros(round(SILENCES[0] * RATE), np.int16)]
    truth = []
    for (voice, text), after in zip(SENTENCES, SILENCES[1:], strict=True):
        start = sum(map(len, pieces)) / RATE
        pieces.append(speak(voice, text))
        truth.append({"start": round(start, 3), "end": round(sum(map(len, pieces)) / RATE, 3), "voice": voice, "text": text})
        pieces.append(np.zeros(round(after * RATE), np.int16))
    samples = np.concatenate(pieces)
    with av.open(str(HERE / "two_sentences.mp3"), "w") as container:
        container.metadata["title"] = "Two sentences"
        stream = container.add_stream("libmp3lame", rate=RATE, layout="mono", bit_rate=48_000)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    document = {"duration": round(len(samples) / RATE, 3), "sentences": truth}
    (HERE / "two_sentences.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
