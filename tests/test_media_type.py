"""Types told by first bytes, on files that real encoders wrote and on files in disguise."""

from __future__ import annotations

import io
import time
import zipfile
from functools import cache

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.frames import framing
from jobs.media_type import SNIFF_BYTES, require_audio, sniff
from storage.errors import NotAudio


@cache
def encoded(container: str, codec: str, rate: int = 48000, *, video: bool = False) -> bytes:
    """Encode two seconds of a tone (beside half a second of grey picture, if `video`)."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = 64000
        pictures = out.add_stream("mpeg4", rate=10) if video else None
        if pictures is not None:
            pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
            for _ in range(5):
                grey = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 127, np.uint8), format="rgb24")
                out.mux(pictures.encode(grey))
            out.mux(pictures.encode(None))
        tone = np.sin(np.arange(2 * rate) * 2 * np.pi * 440 / rate) * 0.3
        frame = av.AudioFrame.from_ndarray(tone.astype(np.float32)[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate, frame_size=stream.frame_size or None)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("container", "codec", "name", "demuxer"),
    [
        ("mp3", "libmp3lame", "audio/mpeg", "mp3"),
        ("mp2", "mp2", "audio/mpeg", "mp3"),
        ("ipod", "aac", "audio/mp4", "mov"),
        ("mp4", "aac", "video/mp4", "mov"),  # its tracks are listed at the end, out of sight
        ("mov", "aac", "video/quicktime", "mov"),
        ("adts", "aac", "audio/aac", "aac"),
        ("ogg", "libopus", "audio/ogg", "ogg"),
        ("flac", "flac", "audio/flac", "flac"),
        ("wav", "pcm_s16le", "audio/wav", "wav"),
        ("aiff", "pcm_s16be", "audio/aiff", "aiff"),
        ("caf", "pcm_s16be", "audio/x-caf", "caf"),
        ("au", "pcm_s16be", "audio/basic", "au"),
        ("ac3", "ac3", "audio/ac3", "ac3"),
        ("eac3", "eac3", "audio/eac3", "eac3"),
        ("asf", "wmav2", "audio/x-ms-wma", "asf"),
        ("matroska", "aac", "video/x-matroska", "matroska"),
        ("webm", "libopus", "video/webm", "matroska"),
        ("mpegts", "aac", "video/mp2t", "mpegts"),
        ("flv", "aac", "video/x-flv", "flv"),
        ("wv", "wavpack", "audio/x-wavpack", "wv"),
    ],
)
def test_encoded_audio_is_named_and_decodes_with_the_forced_demuxer(container: str, codec: str, name: str, demuxer: str) -> None:
    """What an encoder wrote is recognised, and FFmpeg reads it with the demuxer that is named."""
    data = encoded(container, codec, rate=44100 if container in {"asf", "flv"} else 48000)
    media = sniff(data[:SNIFF_BYTES])
    assert (media.name, media.demuxer) == (name, demuxer)
    assert media.has_audio
    assert media.kind == name.partition("/")[0]
    with av.open(io.BytesIO(data), format=media.demuxer) as opened:
        assert sum(frame.samples for frame in opened.decode(audio=0)) > 40000


@pytest.mark.parametrize(("container", "name"), [("mp4", "video/mp4"), ("mov", "video/quicktime"), ("avi", "video/x-msvideo")])
def test_videos_with_an_audio_track_are_accepted(container: str, name: str) -> None:
    """Video files are worth a try, since they carry an audio track."""
    data = encoded(container, "libmp3lame", video=True)
    media = require_audio(data[:SNIFF_BYTES], "episode")
    assert (media.name, media.kind) == (name, "video")


def test_an_mp4_that_lists_its_tracks_first_is_told_audio_from_video() -> None:
    """Where the list of tracks is in sight, an mp4 without pictures is audio."""
    handlers = b"\0\0\0\x18ftypisom" + b"\0" * 40 + b"moov" + b"\0" * 20 + b"hdlr\0\0\0\0\0\0\0\0"
    assert sniff(handlers + b"soun").name == "audio/mp4"
    assert sniff(handlers + b"soun" + handlers + b"vide").name == "video/mp4"


def test_mp3_is_found_behind_tags_zeros_and_junk() -> None:
    """ID3 tags of any length, zero padding and stray bytes before the first frame do not hide an mp3."""
    audio = encoded("mp3", "libmp3lame")
    plain = audio[audio.index(b"\xff\xfb") :]
    tag = b"ID3\x03\x00\x00\x00\x00\x01\x00" + b"\0" * 128
    picture = b"ID3\x03\x00\x00\x00\x10\x00\x00" + b"\xff\xd8\xff" * 100
    for data in (plain, tag + plain, tag + tag + b"\0" * 50 + plain, picture, b"\0" * 3000 + plain, b"\x01junk\xff\xfb" + plain):
        assert sniff(data[:SNIFF_BYTES]).name == "audio/mpeg"
    assert sniff(plain[:100]).name == "audio/mpeg"  # cut off within the first frame
    assert sniff(tag + encoded("flac", "flac")[:100]).name == "audio/flac"
    assert sniff(tag + encoded("adts", "aac")[:4000]).name == "audio/aac"


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000])
def test_mpeg_frames_follow_at_every_sampling_rate(rate: int) -> None:
    """MPEG-1, MPEG-2 and MPEG-2.5 frames are measured rightly: no tag is needed to know the file."""
    audio = encoded("mp3", "libmp3lame", rate=rate)
    size = sum(byte << shift for byte, shift in zip(audio[6:10], (21, 14, 7, 0), strict=True))
    assert framing(audio[10 + size :][:SNIFF_BYTES]) == "mpeg"


BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("head", "kind", "name"),
    [
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n", "playlist", "application/vnd.apple.mpegurl"),
        (BOM + b"\n  #EXTM3U\n", "playlist", "application/vnd.apple.mpegurl"),
        ("\ufeff#EXTM3U\n".encode("utf-16-le"), "playlist", "application/vnd.apple.mpegurl"),
        (b"http://host.test/a.mp3\nhttp://host.test/b.mp3\n", "playlist", "application/vnd.apple.mpegurl"),
        (b"[playlist]\nFile1=http://host.test/a.mp3\n", "playlist", "audio/x-scpls"),
        (b"[Playlist]\r\n", "playlist", "audio/x-scpls"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "playlist", "text/x-ffconcat"),
        (b"file '/etc/passwd'\n", "playlist", "text/x-ffconcat"),
        (b'<?xml version="1.0"?>\n<!-- x --><MPD xmlns="urn:mpeg:dash:schema:mpd:2011">', "playlist", "application/dash+xml"),
        (b'<playlist version="1" xmlns="http://xspf.org/ns/0/">', "playlist", "application/xspf+xml"),
        (b"<asx version='3.0'>", "playlist", "video/x-ms-asx"),
        (b"<smil><body>", "playlist", "application/smil+xml"),
        (b"<!DOCTYPE html>\n<html>", "html", "text/html"),
        (b"\n\n<HTML><HEAD>", "html", "text/html"),
        (b"<!-- made by hand -->\n<html lang=en>\xe9", "html", "text/html"),
        ("\ufeff<html>".encode("utf-16-le"), "html", "text/html"),
        (b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "x.dtd"><html>', "html", "text/html"),
        (b'<?xml version="1.0"?><rss version="2.0">', "xml", "application/rss+xml"),
        (b'<!DOCTYPE rss [<!ENTITY a "b">]><rss>', "xml", "application/rss+xml"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom">', "xml", "application/atom+xml"),
        (b"<opml version='2.0'>", "xml", "text/x-opml"),
        (b"<Error><Code>AccessDenied</Code>", "xml", "application/xml"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "image", "image/svg+xml"),
        (b'{"version": "1.2.0"', "json", "application/json"),
        (b'[{"a": 1}]', "json", "application/json"),
        (b"Not found. Try later \xe2\x80\x94 or not.", "text", "text/plain"),
        (b"BMW announced a new car", "text", "text/plain"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image", "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image", "image/jpeg"),
        (b"GIF89a\x01\0", "image", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image", "image/webp"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "image", "image/avif"),
        (b"%PDF-1.7\n%\xe2\xe3", "unknown", "application/pdf"),
        (b"\x1f\x8b\x08\0", "archive", "application/gzip"),
        (b"", "empty", "application/x-empty"),
        (b"\0" * 5000, "unknown", "application/octet-stream"),
        (bytes(range(256)) * 4, "unknown", "application/octet-stream"),
    ],
)
def test_what_is_not_audio_is_named_and_refused(head: bytes, kind: str, name: str) -> None:
    """Playlists, pages, feeds, images, archives and nonsense are told apart, get no demuxer, and are refused in words."""
    media = sniff(head)
    assert (media.kind, media.name, media.demuxer) == (kind, name, None)
    with pytest.raises(NotAudio, match=r"https://podcast\.test/1\.mp3 is .*, not audio") as refused:
        require_audio(head, "https://podcast.test/1.mp3")
    assert refused.value.hint


def test_a_zip_file_is_an_archive() -> None:
    """A real zip archive is named as one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.mp3", b"x")
    assert sniff(buffer.getvalue()).kind == "archive"


@pytest.mark.parametrize(
    ("head", "demuxer"),
    [
        (b"RF64\xff\xff\xff\xffWAVEds64", "wav"),
        (b"#!AMR\n\x3c", "amr"),
        (b"#!AMR-WB\n\x04", "amr"),
        (b"\0\0\0\x20ftypM4B \0\0\0\0", "mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov"),
        (b"FORM\0\0\0\0AIFCFVER", "aiff"),
        (b"\0\0\x01\xba\x44\0", "mpeg"),
        (b"OggS\0\2" + b"\0" * 22 + b"\x1e\x01vorbis", "ogg"),
        (b"OggS\0\2" + b"\0" * 22 + b"\x2a\x80theora", "ogg"),
    ],
)
def test_rarer_containers_are_known_by_their_signature(head: bytes, demuxer: str) -> None:
    """Formats for which no encoder is at hand are told by their published signatures."""
    assert sniff(head).demuxer == demuxer


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_get_some_type(head: bytes) -> None:
    """No bytes make it fail, and only audio and video ever get a demuxer."""
    media = sniff(head)
    assert (media.demuxer is not None) == (media.kind in {"audio", "video"})


@pytest.mark.parametrize(
    "unit",
    [b"\xff", b"\xff\xfb\x90\x00", b"ID3\3\0\0\0\0\0\0", b"<!--", b"<?", b"<!doctype x[", b"a.mp3?", b" <", b"file '", b"[["],
)
def test_hostile_repetition_costs_little(unit: bytes) -> None:
    """No head makes the search deep or slow: a fifth of a second would be two hundred times the usual."""
    began = time.process_time()
    assert sniff((unit * SNIFF_BYTES)[:SNIFF_BYTES]).name
    assert time.process_time() - began < 0.2


@settings(deadline=None)
@given(st.text(min_size=1, max_size=50))
def test_no_text_is_ever_taken_for_audio_frames(text: str) -> None:
    """Valid UTF-8 has no byte that begins an audio frame."""
    assert framing(text.encode()) is None
