"""The memory of voices in the service: workers with the real diarizer remember a show's speakers from episode to episode."""

from __future__ import annotations

import io
import shutil
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from jobs.options import Options
from service.show_voices import ShowVoices, called
from storage.documents import Episode, Publication
from storage.records import JobRecord
from storage.voices import Voice
from tests.workshop import EXAMPLES
from tests.yard import Yard, open_yard
from worker.desk import Asked

pytestmark = pytest.mark.slow


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """Open a service with one worker."""
    with open_yard(tmp_path) as opened:
        opened.worker()
        yield opened


def quieter(source: Path, target: Path) -> Path:
    """Write a recording at half its loudness, and with noise: the same people, heard otherwise."""
    with av.open(source) as file:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        frames = [made.to_ndarray() for frame in file.decode(audio=0) for made in resampler.resample(frame)]
    samples = np.concatenate(frames, axis=1)[0].astype(float)
    noisy = samples / 2 + 20 * np.random.default_rng(1).standard_normal(len(samples))
    with wave.open(str(target), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", "not compressed"))
        out.writeframes(np.clip(noisy, -32768, 32767).astype("<i2").tobytes())
    return target


def submit(yard: Yard, name: str, audio: Path) -> JobRecord:
    """Ask for an episode of the show; what is said comes from the script, who says it from Resemblyzer."""
    options = Options(engine="scripted", model=str(yard.script()), diarizer="resemblyzer", language="en")
    publication = Publication(episode=Episode(id=f"ep_{name}", title=name, show="A show", audio_url=audio.as_uri()))
    return yard.desk.submit(Asked(publication, options)).job


def voices_of(yard: Yard) -> tuple[Voice, ...]:
    """Return the voices that are remembered of the show."""
    return yard.desk.stores.memory.of_show("a show")


def test_a_second_episode_knows_the_voices_of_the_first_and_a_rename_reaches_both(yard: Yard) -> None:
    """The same two voices, not four; each has a recording to listen to; a name that a person gives stands in both transcripts."""
    first = submit(yard, "first", Path(shutil.copyfile(EXAMPLES / "episode.mp3", yard.folder / "first.mp3")))
    assert yard.ended(first).state == "done"
    second = submit(yard, "second", quieter(EXAMPLES / "episode.mp3", yard.folder / "second.wav"))
    assert yard.ended(second).state == "done"

    voices = voices_of(yard)
    spoken = {speaker.voice for speaker in yard.transcript(first).speakers}
    assert {voice.id for voice in voices} == spoken == {speaker.voice for speaker in yard.transcript(second).speakers}
    assert [set(voice.episodes) for voice in voices] == [{"ep_first", "ep_second"}] * len(spoken)
    scores = [sample.score for voice in voices for sample in voice.samples if sample.episode_id == "ep_second"]
    assert all(score is not None and score > 0.99 for score in scores)
    for voice in voices:
        clip = next(digest for sample in voice.samples for digest in sample.clips)
        with wave.open(io.BytesIO(yard.desk.stores.blobs.read(clip))) as heard:
            assert heard.getnframes() / heard.getframerate() > 2.0

    renamed, retold = ShowVoices(yard.desk.stores).rename(voices[0], "Zoë Quist")
    assert called(renamed) == "Zoë Quist"
    assert retold.changed == 2
    for job in (first, second):
        episode = yard.desk.stores.episodes.get(yard.transcript(job).episode.id)
        assert episode.transcript is not None
        told = yard.desk.stores.blobs.read(episode.transcript)
        assert "Zoë Quist" in told.decode()
