"""Short silent audio files with chapters in them, in every container that podcasts use, drawn from a seed.

MP3 tags are written by hand, so that two frames may carry one id, as some writers do; MP4 and Matroska by libavformat, Vorbis
comments by mutagen. libavformat writes MP4 chapters twice, as a text track and as Nero's list: one of the two is made unreadable
by renaming its box, so that each is read alone.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import mutagen
import numpy as np

from benchmarks.chapter_cases import ChapterCase, Chapters, draw_chapters

_RATE = 48_000


def made_files(folder: Path, count: int, seed: int) -> list[ChapterCase]:
    """Write so many files of each kind into a folder."""
    draw = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    silent = {name: _silent(folder / f"silent.{name}", codec) for name, codec in _SILENT.items()}
    made: list[ChapterCase] = []
    for kind, (ending, write) in KINDS.items():
        for number in range(count):
            chapters = _fine(draw, draw_chapters(draw), from_zero=write is _mp4_track)
            path = folder / f"{len(made)}.{ending}"
            source = silent.get(ending)
            if source is not None:
                path.write_bytes(source.read_bytes())
            write(draw, path, chapters)
            made.append(ChapterCase(kind, f"file {seed}:{number}", chapters, path=path))
    return made


def _fine(draw: random.Random, chapters: Chapters, *, from_zero: bool) -> Chapters:
    """Return starts to the millisecond; libavformat can write no chapter track that begins later than the file."""
    (first, title), *rest = chapters
    later = [(start + draw.randint(0, 999) / 1000, named) for start, named in rest]
    return ((0.0 if from_zero else first, title), *later)


def _silent(path: Path, codec: str, chapters: Chapters = ()) -> Path:
    """Write a quarter of a second of nothing, with chapters as libavformat writes them."""
    form = {"m4a": "ipod", "mka": "matroska", "opus": "ogg"}.get(path.suffix[1:], path.suffix[1:])
    with av.open(str(path), "w", format=form) as output:
        stream = output.add_stream(codec, rate=_RATE, options={"strict": "experimental"})
        stream.layout = "stereo"
        ends = [*(start for start, _ in chapters[1:]), chapters[-1][0] + 60.0] if chapters else []
        rows = [
            {"id": n, "start": round(start * 1000), "end": round(end * 1000), "time_base": Fraction(1, 1000),
             "metadata": {"title": title}}
            for n, ((start, title), end) in enumerate(zip(chapters, ends, strict=True), 1)
        ]  # fmt: skip
        output.set_chapters(rows)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, _RATE // 2), np.int16), format="s16", layout="stereo")
        frame.sample_rate = _RATE
        resampler = av.AudioResampler(
            format=stream.format.name, layout="stereo", rate=_RATE, frame_size=stream.frame_size or 1024
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return path


# ------------------------------------------------------------------ ID3


def _text(draw: random.Random, title: str) -> bytes:
    """Return a text frame's content, in an encoding that can write it."""
    choices = [b"\x01" + title.encode("utf-16"), b"\x03" + title.encode()]
    if title.isascii():
        choices.append(b"\x00" + title.encode())
    return draw.choice(choices)


def _sized(size: int, version: int) -> bytes:
    if version == 3:
        return struct.pack(">I", size)
    return bytes(size >> shift & 127 for shift in (21, 14, 7, 0))


def _frame(name: bytes, body: bytes, version: int) -> bytes:
    return name + _sized(len(body), version) + b"\0\0" + body


def _chap(draw: random.Random, element: bytes, span: tuple[float, float], title: str, version: int) -> bytes:
    inside = _frame(b"TIT2", _text(draw, title), version)
    if draw.random() < 0.3:
        inside += _frame(b"WXXX", b"\0\0https://topic.example/", version)
    times = struct.pack(">IIII", *(round(time * 1000) for time in span), 0xFFFFFFFF, 0xFFFFFFFF)
    return _frame(b"CHAP", element + b"\0" + times + inside, version)


def _id3(draw: random.Random, path: Path, chapters: Chapters, *, version: int, careless: bool) -> None:
    """Put a tag before the sound; a careless one gives every frame the same id, in any order, without contents."""
    ends = [*(start for start, _ in chapters[1:]), chapters[-1][0] + 60.0]
    names = [b"ch" if careless else b"ch%d" % n for n in range(len(chapters))]
    frames = [
        _chap(draw, name, (start, end), title, version) for name, (start, title), end in zip(names, chapters, ends, strict=True)
    ]
    if careless:
        draw.shuffle(frames)
    else:
        listed = b"toc\0\x03" + bytes([len(names)]) + b"".join(name + b"\0" for name in names)
        frames.insert(0, _frame(b"CTOC", listed, version))
    body = b"".join(frames)
    tag = b"ID3" + bytes([version, 0, 0]) + _sized(len(body), 4) + body
    sound = path.read_bytes()
    path.write_bytes(tag + _without_tag(sound))


def _without_tag(sound: bytes) -> bytes:
    if sound[:3] != b"ID3":
        return sound
    size = sum(byte << shift for byte, shift in zip(sound[6:10], (21, 14, 7, 0), strict=True))
    return sound[10 + size :]


def _mp3(draw: random.Random, path: Path, chapters: Chapters) -> None:
    _id3(draw, path, chapters, version=draw.choice((3, 4)), careless=False)


def _careless_mp3(draw: random.Random, path: Path, chapters: Chapters) -> None:
    _id3(draw, path, chapters, version=draw.choice((3, 4)), careless=True)


# ------------------------------------------------------------------ the others


def _mp4(hidden: bytes, path: Path, chapters: Chapters) -> None:
    data = _silent(path, "aac", chapters).read_bytes()
    # the box's name stands in it once; what players do not know they skip
    path.write_bytes(data.replace(hidden, b"skip"))


def _mp4_track(_: random.Random, path: Path, chapters: Chapters) -> None:
    _mp4(b"chpl", path, chapters)


def _mp4_nero(_: random.Random, path: Path, chapters: Chapters) -> None:
    _mp4(b"tref", path, chapters)


def _mka(_: random.Random, path: Path, chapters: Chapters) -> None:
    _silent(path, "libopus", chapters)


def _comments(draw: random.Random, path: Path, chapters: Chapters) -> None:
    first, lower = draw.choice((0, 1)), draw.random() < 0.3
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    for number, (start, title) in enumerate(chapters, first):
        whole = round(start * 1000)
        clock = f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"
        for key, value in ((f"CHAPTER{number:03}", clock), (f"CHAPTER{number:03}NAME", title)):
            file.tags.append((key.lower() if lower else key, value))
    file.save()


_SILENT = {"mp3": "libmp3lame", "ogg": "vorbis", "opus": "libopus", "flac": "flac"}
KINDS: dict[str, tuple[str, Callable[[random.Random, Path, Chapters], None]]] = {
    "MP3 (ID3)": ("mp3", _mp3),
    "MP3, frames with one id": ("mp3", _careless_mp3),
    "MP4, chapter track": ("m4a", _mp4_track),
    "MP4, Nero's list": ("m4a", _mp4_nero),
    "Ogg Vorbis": ("ogg", _comments),
    "Ogg Opus": ("opus", _comments),
    "FLAC": ("flac", _comments),
    "Matroska": ("mka", _mka),
}
"""What each kind of file ends in, and what writes its chapters."""
