"""What a file says about itself, and the guarded way in."""

from __future__ import annotations

import http.server
import os
import struct
import threading
import wave
import zlib
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.id3 import APIC, ID3

from jobs.probe import MAX_COVER, clean_tags, open_media, probe, read_cover
from storage.errors import BrokenAudio, NotAudio, NotFound
from tests.recordings import add_stream, mux, silence, tone, write_audio


def png(size: int = 8, padding: int = 0) -> bytes:
    """Return a black PNG."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0" * (size + 1) * size))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"teXt", b"x" * padding) + body + chunk(b"IEND", b"")


def attach(path: Path, picture: bytes, media_type: str = "image/png") -> Path:
    """Put a cover into the ID3 tag of an MP3."""
    tags = ID3(path)
    tags.add(APIC(encoding=3, mime=media_type, type=3, desc="cover", data=picture))
    tags.save(path)
    return path


class Canary:
    """A server that must never be asked, and a pipe that must never be read."""

    def __init__(self, folder: Path) -> None:
        self.hits: list[str] = []
        hits = self.hits

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hits.append(self.path)
                self.send_error(404)

            def log_message(self, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/canary.ts"
        self.file = folder / "canary.wav"
        os.mkfifo(self.file)
        self.pipe = os.open(self.file, os.O_RDWR | os.O_NONBLOCK)
        os.write(self.pipe, b"secret")

    @property
    def untouched(self) -> bool:
        """Nobody asked the server; whoever had opened the pipe would have drunk from it."""
        return not self.hits and os.read(self.pipe, 100) == b"secret"

    def close(self) -> None:
        """Stop the server."""
        os.close(self.pipe)
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    """Something that a playlist could point to."""
    bird = Canary(tmp_path)
    yield bird
    bird.close()


def disguised(kind: str, target: str) -> str:
    """Return a playlist that points to `target`."""
    if kind == "hls":
        return f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n"
    if kind == "concat":
        return f"ffconcat version 1.0\nfile '{target}'\n"
    base = f"<Period><AdaptationSet mimeType='audio/mp4'><Representation id='1' bandwidth='1'><BaseURL>{target}</BaseURL>"
    return f"<?xml version='1.0'?><MPD type='static'>{base}</Representation></AdaptationSet></Period></MPD>"


@pytest.mark.parametrize("kind", ["hls", "concat", "dash"])
@pytest.mark.parametrize("demuxer", [None, "mp3", "hls", "concat", "dash"])
def test_a_playlist_named_mp3_opens_nothing(tmp_path: Path, canary: Canary, kind: str, demuxer: str | None) -> None:
    """Neither the file nor the address it names is touched, whichever reader is asked for."""
    for target in (canary.url, canary.file.name, f"file:{canary.file}"):
        path = tmp_path / "episode.mp3"
        path.write_text(disguised(kind, target))
        with pytest.raises(NotAudio, match=r"episode\.mp3 is a playlist"):
            probe(path, demuxer=demuxer)
    assert canary.untouched


@pytest.mark.parametrize("kind", ["hls", "concat"])
def test_ffmpeg_unguarded_would_follow_the_playlist(tmp_path: Path, canary: Canary, kind: str) -> None:
    """The trap works: without the guard the address is asked."""
    path = tmp_path / "episode.mp3"
    path.write_text(disguised(kind, canary.url))
    careless = {"safe": "0", "protocol_whitelist": "file,http,tcp", "allowed_extensions": "ALL", "extension_picky": "0"}
    with pytest.raises(av.FFmpegError):
        av.open(str(path), format=kind, options=careless)
    assert canary.hits == ["/canary.ts"]


def test_readers_that_open_other_files_are_refused_by_name(tmp_path: Path) -> None:
    """Also where the first bytes look like sound."""
    path = write_audio(tmp_path / "a.wav", tone(0.2))
    with pytest.raises(NotAudio, match="lavfi"):
        probe(path, demuxer="lavfi")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "a page"),
        (b"\n\n  <HTML>", "a page"),
        (b"<rss version='2.0'/>", "a feed"),
        (b'{"error": 404}', "a page"),
        (png(), "a picture"),
        (b"[playlist]\nFile1=http://127.0.0.1/a.mp3", "a playlist"),
        (bytes(range(256)) * 8, "not a kind of audio"),
        (b"just some words\n" * 100, "not a kind of audio"),
    ],
)
def test_what_is_not_audio_is_called_by_its_name(tmp_path: Path, content: bytes, says: str) -> None:
    """The error says what the file is instead."""
    path = tmp_path / "episode.mp3"
    path.write_bytes(content)
    with pytest.raises(NotAudio, match=says):
        probe(path)


def test_an_empty_file_is_broken_audio(tmp_path: Path) -> None:
    """With a text that says so."""
    path = tmp_path / "episode.mp3"
    path.touch()
    with pytest.raises(BrokenAudio, match=r"episode\.mp3 is empty"):
        probe(path)


def test_a_missing_file_and_a_folder_are_not_found(tmp_path: Path) -> None:
    """Both name the path."""
    with pytest.raises(NotFound, match="nowhere"):
        probe(tmp_path / "nowhere.mp3")
    with pytest.raises(NotFound, match=tmp_path.name):
        probe(tmp_path)


def test_audio_without_its_index_is_broken(tmp_path: Path) -> None:
    """An MP4 cut off before its index at the end."""
    path = write_audio(tmp_path / "a.m4a", tone(2))
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(BrokenAudio, match="cannot be read"):
        probe(path)


def test_a_video_without_sound_is_not_audio(tmp_path: Path) -> None:
    """It opens, but there is nothing to hear."""
    path = tmp_path / "silent.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    with pytest.raises(NotAudio, match="no audio"):
        probe(path)


@pytest.mark.parametrize("suffix", [".mp3", ".m4a", ".ogg", ".opus", ".flac", ".webm"])
def test_tags_and_format_are_read_from_every_container(tmp_path: Path, suffix: str) -> None:
    """Ogg keeps its tags at the stream, the others at the container."""
    tags = {"title": "Fünf Bienen", "artist": "The Show", "album": "Season 1", "comment": "hello"}
    said = probe(write_audio(tmp_path / f"a{suffix}", np.stack([tone(1), tone(1)]), tags=tags))
    assert {name: said.tags.get(name) for name in tags} == tags
    assert said.sample_rate == 48_000
    assert said.channels == 2
    assert said.codec in {"mp3", "aac", "opus", "flac"}


def test_a_title_that_is_not_utf8_does_not_stop_anything(tmp_path: Path) -> None:
    """The bytes that mean nothing are dropped."""
    path = write_audio(tmp_path / "a.flac", tone(1), tags={"title": "Bees XYZ"})
    path.write_bytes(path.read_bytes().replace(b"XYZ", b"\xff\xfe\xff"))
    assert probe(path).tags["title"] == "Bees"


@given(st.dictionaries(st.text(max_size=100), st.text(max_size=6000), max_size=80))
def test_cleaned_tags_are_printable_and_bounded(raw: dict[str, str]) -> None:
    """Whatever a file holds, what is kept can be stored and shown."""
    tags = clean_tags(raw)
    assert len(tags) <= 64
    for name, text in tags.items():
        assert name == name.strip().lower()
        assert 0 < len(text) <= 4000
        assert all(letter in "\n\t" or letter.isprintable() for letter in text)


def test_the_cover_comes_with_the_type_of_its_bytes(tmp_path: Path) -> None:
    """Whatever type the tag claims."""
    path = attach(write_audio(tmp_path / "a.mp3", tone(1), tags={"title": "x"}), png(), "image/jpeg")
    cover = read_cover(path)
    assert cover is not None
    assert (cover.media_type, cover.data) == ("image/png", png())


def test_no_cover_a_huge_one_and_a_false_one_are_none(tmp_path: Path) -> None:
    """None of them is an error."""
    plain = write_audio(tmp_path / "plain.mp3", tone(1), tags={"title": "x"})
    assert read_cover(plain) is None
    huge = attach(write_audio(tmp_path / "huge.mp3", tone(1), tags={"title": "x"}), png(padding=MAX_COVER))
    assert read_cover(huge) is None
    false = attach(write_audio(tmp_path / "false.mp3", tone(1), tags={"title": "x"}), b"<script>alert(1)</script>" * 9)
    assert read_cover(false) is None


def test_the_default_audio_stream_is_chosen(tmp_path: Path) -> None:
    """Not the first, where another one is marked."""
    path = tmp_path / "two.mka"
    with av.open(str(path), "w") as container:
        first = add_stream(container, "pcm_s16le", silence(1, 8000), 8000)
        second = add_stream(container, "pcm_s16le", tone(1, 16_000), 16_000)
        first.disposition = 0
        second.disposition = av.stream.Disposition.default
        mux(container, first, silence(1, 8000), 8000)
        mux(container, second, tone(1, 16_000), 16_000)
    assert probe(path).sample_rate == 16_000


def test_a_duration_is_a_claim_only_where_a_header_states_one(tmp_path: Path) -> None:
    """An ADTS stream has none, and neither has an MP3 without a Xing header."""
    assert probe(write_audio(tmp_path / "a.aac", tone(2))).claimed is None
    path = write_audio(tmp_path / "a.mp3", tone(2))
    assert probe(path).claimed == pytest.approx(2.0, abs=0.01)
    path.write_bytes(path.read_bytes().replace(b"Info", b"\0\0\0\0").replace(b"Xing", b"\0\0\0\0"))
    assert probe(path).claimed is None


def test_a_cut_wav_claims_what_its_header_says(tmp_path: Path) -> None:
    """FFmpeg would believe the size of the file."""
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16_000 * 10))
    path.write_bytes(path.read_bytes()[:80_000])
    assert probe(path).claimed == pytest.approx(10, abs=0.01)


def test_the_container_is_closed_after_an_error(tmp_path: Path) -> None:
    """The file can be removed and no handle stays."""
    path = write_audio(tmp_path / "a.wav", tone(0.2))
    handles = Path("/dev/fd")
    before = len(list(handles.iterdir()))

    def stumble() -> None:
        with open_media(path):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stumble()
    assert len(list(handles.iterdir())) == before
