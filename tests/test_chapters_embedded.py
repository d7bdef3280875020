"""Embedded chapters: every format, exact to the millisecond, whole titles, and broken tags."""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import mutagen
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.id3 import APIC, CHAP, CTOC, ID3, TIT2, WXXX, CTOCFlags

from jobs.chapters.embedded import read_embedded
from storage.documents import ChapterMark, ChapterSource
from storage.errors import NotFound

CHAPTERS = [(0.0, 5.123, "Intro 🎙"), (5.123, 12.5, "Zweites – Größe"), (12.5, 20.001, "三 👩‍👩‍👧"), (20.001, 30.0, "왜? (Why?)")]
RATE = 16_000


def make(path: Path, codec: str, container: str, chapters: Sequence[tuple[float, float, str]], seconds: int = 1) -> Path:
    """Write a short silent file with chapters through libavformat."""
    rate = 48_000 if codec == "libopus" else RATE
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, options={"strict": "experimental"})
        stream.layout = layout = "stereo" if codec == "vorbis" else "mono"  # all that this encoder can do
        output.set_chapters(
            [
                {
                    "id": n,
                    "start": round(start * 1000),
                    "end": round(end * 1000),
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": title},
                }
                for n, (start, end, title) in enumerate(chapters, start=1)
            ]
        )
        frame = av.AudioFrame.from_ndarray(np.zeros((1, rate * seconds), np.int16), format="s16", layout="mono")
        frame.sample_rate = rate
        size = stream.frame_size or 1024
        resampler = av.AudioResampler(format=stream.format.name, layout=layout, rate=rate, frame_size=size)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return path


def read(path: Path, duration: float | None = None) -> ChapterSource:
    return read_embedded(path, duration=duration)[0]


def codes(path: Path) -> list[str]:
    return [n.code for n in read_embedded(path, duration=None)[1]]


def rows(marks: Sequence[ChapterMark]) -> list[tuple[float, float | None, str]]:
    return [(m.start, m.end, m.title) for m in marks]


# ------------------------------------------------------------------ what libavformat writes


@pytest.mark.parametrize(
    ("name", "codec", "container", "origin"),
    [
        ("a.mp3", "libmp3lame", "mp3", "id3"),
        ("a.m4a", "aac", "ipod", "mp4:quicktime"),
        ("a.m4b", "aac", "mp4", "mp4:quicktime"),
        ("a.mka", "libopus", "matroska", "matroska"),
    ],
)
def test_times_are_exact_and_titles_whole(tmp_path: Path, name: str, codec: str, container: str, origin: str) -> None:
    """Starts, ends and titles with any letters come back from each container as they went in."""
    source = read(make(tmp_path / name, codec, container, CHAPTERS))
    assert (source.kind, source.origin, source.status) == ("embedded", origin, "found")
    assert rows(source.marks) == CHAPTERS


@pytest.mark.parametrize("codec", ["vorbis", "libopus"])
@pytest.mark.parametrize("count", [4, 300])
def test_ogg_starts_are_exact_and_titles_whole(tmp_path: Path, codec: str, count: int) -> None:
    """The format has no ends; rows in any order, as tags are."""
    given = [(round(CHAPTERS[n % 4][0] + 40 * (n // 4), 3), CHAPTERS[n % 4][2]) for n in range(count)]
    comments = [
        comment
        for n, (start, title) in reversed(list(enumerate(given)))
        for comment in ((f"CHAPTER{n:03d}", vorbis_time(start)), (f"CHAPTER{n:03d}NAME", title))
    ]
    source = read(ogg(tmp_path / "a.ogg", comments, codec))
    assert (source.origin, rows(source.marks)) == ("vorbis_comment", [(start, None, title) for start, title in given])


@pytest.mark.parametrize("container", ["mp4", "ipod"])
def test_a_file_with_both_kinds_of_mp4_chapters_is_read_once(tmp_path: Path, container: str) -> None:
    """The usual writer puts a text track and Nero's box into one file."""
    path = make(tmp_path / "a.m4b", "aac", container, CHAPTERS)
    assert all(name in path.read_bytes() for name in (b"chpl", b"tref"))
    assert (read(path).origin, rows(read(path).marks)) == ("mp4:quicktime", CHAPTERS)


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [
        ("a.mp3", "libmp3lame", "mp3"),
        ("a.m4a", "aac", "ipod"),
        ("a.mka", "libopus", "matroska"),
    ],
)
def test_three_hundred_chapters_are_read(tmp_path: Path, name: str, codec: str, container: str) -> None:
    """More than fit in one byte, in the formats that count in bytes."""
    many = [(n * 0.5, n * 0.5 + 0.5, f"Chapter number {n} 🎧") for n in range(300)]
    found = read(make(tmp_path / name, codec, container, many)).marks
    assert [(mark.start, mark.title) for mark in found] == [(start, title) for start, _, title in many]
    assert {mark.end for mark in found} in ({None}, {end for _, end, _ in many})


def test_a_cut_matroska_file_raises_nothing_and_keeps_its_chapters(tmp_path: Path) -> None:
    """They stand before the sound."""
    whole = make(tmp_path / "a.mka", "libopus", "matroska", CHAPTERS).read_bytes()
    path = tmp_path / "cut.mka"
    for length in range(4, len(whole), 97):
        path.write_bytes(whole[:length])
        source = read(path)
        assert source.status == ("found" if source.marks else "unknown" if codes(path) else "none")
    path.write_bytes(whole[:-20])
    assert rows(read(path).marks) == CHAPTERS


def test_nero_chapters_out_of_order_are_sorted(tmp_path: Path) -> None:
    """And the list says so."""
    path = movie(tmp_path / "a.m4a", [], [], nero((5000, "B"), (0, "A")))
    assert (rows(read(path).marks), codes(path)) == ([(0, None, "A"), (5, None, "B")], ["chapters_sorted"])


def test_a_file_without_chapters_has_none(tmp_path: Path) -> None:
    """Read and empty is "none"."""
    for name, codec, container in [("a.mp3", "libmp3lame", "mp3"), ("a.m4a", "aac", "ipod"), ("a.flac", "flac", "flac")]:
        source = read(make(tmp_path / name, codec, container, []))
        assert (source.status, source.marks) == ("none", ())


def test_ends_are_cut_to_the_measured_length(tmp_path: Path) -> None:
    """A last chapter that ends behind the file ends with it; a start behind it is left for the choice to name."""
    source = read(make(tmp_path / "a.mp3", "libmp3lame", "mp3", CHAPTERS), duration=19.5)
    assert [m.end for m in source.marks] == [5.123, 12.5, 19.5, None]


def test_the_kind_of_file_is_told_by_its_bytes(tmp_path: Path) -> None:
    """A wrong ending of the name changes nothing; what is no audio has no chapters."""
    path = make(tmp_path / "a.mp3", "libmp3lame", "mp3", CHAPTERS).rename(tmp_path / "a.m4a")
    assert len(read(path).marks) == 4
    (tmp_path / "page.mp3").write_text("<html>no</html>")
    (tmp_path / "empty.mp3").write_bytes(b"")
    assert [read(tmp_path / n).status for n in ("page.mp3", "empty.mp3")] == ["none", "none"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error says which file."""
    with pytest.raises(NotFound, match=r"gone\.mp3"):
        read(tmp_path / "gone.mp3")


# ------------------------------------------------------------------ ID3


def chap(element: str, start: int, end: int, *frames: mutagen.id3.Frame) -> CHAP:
    return CHAP(element_id=element, start_time=start, end_time=end, sub_frames=list(frames))


def titled(text: str) -> TIT2:
    return TIT2(encoding=3, text=[text])


def tagged(path: Path, *frames: mutagen.id3.Frame, version: int = 4) -> Path:
    tag = ID3()
    for frame in frames:
        tag.add(frame)
    path.write_bytes(b"")
    tag.save(path, v2_version=version)
    return path


def test_links_and_linked_pictures_are_kept_and_stored_ones_counted(tmp_path: Path) -> None:
    """WXXX gives the link; an APIC that holds an address gives the image."""
    path = tagged(
        tmp_path / "a.mp3",
        chap("a", 0, 1000, titled("A"), WXXX(encoding=0, desc="chapter url", url="https://example.com/a b?x=ü")),
        chap("b", 1000, 2000, titled("B"), APIC(encoding=0, mime="-->", type=3, desc="", data=b"https://example.com/b.png")),
        chap("c", 2000, 3000, titled("C"), APIC(encoding=0, mime="image/png", type=3, desc="", data=b"\x89PNG")),
        chap("d", 3000, 4000, titled("D"), WXXX(encoding=0, desc="", url="javascript:alert(1)")),
    )
    a, b, c, d = read(path).marks
    assert (a.url, b.image, c.image, d.url) == ("https://example.com/a%20b?x=%C3%BC", "https://example.com/b.png", None, None)
    assert codes(path) == ["chapter_pictures"]


def test_a_chapter_outside_the_contents_is_hidden(tmp_path: Path) -> None:
    """Nested tables are followed, also in a circle; what none reaches is hidden."""
    flags = CTOCFlags.TOP_LEVEL | CTOCFlags.ORDERED
    path = tagged(
        tmp_path / "a.mp3",
        CTOC(element_id="toc", flags=flags, child_element_ids=["a", "more"], sub_frames=[]),
        CTOC(element_id="more", flags=CTOCFlags(0), child_element_ids=["b", "toc"], sub_frames=[]),
        *(chap(name, n * 1000, n * 1000 + 1000, titled(name.upper())) for n, name in enumerate("abc")),
    )
    assert [(m.title, m.hidden) for m in read(path).marks] == [("A", False), ("B", False), ("C", True)]


def test_a_table_that_reaches_nothing_hides_nothing(tmp_path: Path) -> None:
    """A broken table of contents is no reason to hide the chapters."""
    path = tagged(
        tmp_path / "a.mp3",
        CTOC(element_id="toc", flags=CTOCFlags.TOP_LEVEL, child_element_ids=["x", "y"], sub_frames=[]),
        chap("a", 0, 1000, titled("A")),
        chap("b", 1000, 2000, titled("B")),
    )
    assert [m.hidden for m in read(path).marks] == [False, False]


def raw_chap(element: bytes, start: int, end: int, title: str, size: int | None = None) -> bytes:
    text = b"\x03" + title.encode()
    sub = b"TIT2" + struct.pack(">I", len(text)) + b"\0\0" + text
    body = element + b"\0" + struct.pack(">IIII", start, end, 0xFFFFFFFF, 0xFFFFFFFF) + sub
    return b"CHAP" + struct.pack(">I", len(body) if size is None else size) + b"\0\0" + body


def raw_tag(*frames: bytes, flags: int = 0) -> bytes:
    body = b"".join(frames)
    n = len(body)
    return b"ID3\x03\0" + bytes([flags, n >> 21 & 127, n >> 14 & 127, n >> 7 & 127, n & 127]) + body


def test_frames_with_one_id_are_different_chapters(tmp_path: Path) -> None:
    """Two chapters may carry one id; the same chapter twice is one."""
    path = tmp_path / "a.mp3"
    again = raw_chap(b"ch", 1000, 2000, "Two")
    path.write_bytes(raw_tag(raw_chap(b"ch", 0, 1000, "One"), again, again))
    assert rows(read(path).marks) == [(0, 1, "One"), (1, 2, "Two")]
    assert codes(path) == ["chapter_dropped"]


def test_frames_out_of_order_are_sorted_and_overlaps_kept(tmp_path: Path) -> None:
    """Chapters run in time whatever the order of frames; printed ends stay."""
    path = tmp_path / "a.mp3"
    path.write_bytes(raw_tag(raw_chap(b"c", 5000, 9000, "C"), raw_chap(b"a", 0, 7000, "A"), raw_chap(b"b", 2000, 1000, "B")))
    assert rows(read(path).marks) == [(0, 7, "A"), (2, None, "B"), (5, 9, "C")]


def test_a_start_given_as_a_byte_offset_is_dropped_with_a_notice(tmp_path: Path) -> None:
    """No time can be told from it."""
    path = tmp_path / "a.mp3"
    path.write_bytes(raw_tag(raw_chap(b"a", 0xFFFFFFFF, 0xFFFFFFFF, "A"), raw_chap(b"b", 1000, 0xFFFFFFFF, "B")))
    assert rows(read(path).marks) == [(1, None, "B")]
    assert codes(path) == ["chapter_dropped"]


def test_a_tag_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    """At every length: never an exception, and the whole chapters before the cut stay."""
    whole = raw_tag(*(raw_chap(b"ch%d" % n, n * 1000, n * 1000 + 1000, f"Title {n} 🎙") for n in range(4)))
    path = tmp_path / "a.mp3"
    for length in range(10, len(whole)):
        path.write_bytes(whole[:length])
        source, notices = read_embedded(path, duration=None)
        assert "tag_truncated" in [n.code for n in notices]
        assert source.status == ("found" if source.marks else "unknown")
        for n, mark in enumerate(source.marks):
            assert mark.truncated or mark.title == f"Title {n} 🎙"
    path.write_bytes(whole)
    assert [m.truncated for m in read(path).marks] == [False] * 4


def test_unsynchronised_and_second_tags_are_read(tmp_path: Path) -> None:
    """Version 2.3 may stuff zero bytes behind 0xFF; some writers put a second tag behind the first."""
    path = tmp_path / "a.mp3"
    stuffed = raw_chap(b"a", 255, 65280, "A").replace(b"\xff", b"\xff\0")
    path.write_bytes(raw_tag(b"TXXX\0\0\0\1\0\0\0") + raw_tag(stuffed, flags=0x80))
    assert rows(read(path).marks) == [(0.255, 65.28, "A")]


@pytest.mark.parametrize("version", [3, 4])
def test_both_versions_and_all_encodings_of_text(tmp_path: Path, version: int) -> None:
    """Latin-1, UTF-16 and UTF-8 titles, in 2.3 and 2.4."""
    texts = [(0, "Ärger"), (1, "Größe 🎙"), (3, "三")]
    path = tagged(
        tmp_path / "a.mp3",
        *(chap(f"c{n}", n * 1000, n * 1000 + 999, TIT2(encoding=e, text=[t])) for n, (e, t) in enumerate(texts)),
        version=version,
    )
    assert [m.title for m in read(path).marks] == [t for _, t in texts]


def test_a_chapter_without_title_has_none(tmp_path: Path) -> None:
    """The element id is no title, though libavformat shows it as one."""
    path = tagged(tmp_path / "a.mp3", chap("ch0", 0, 1000), chap("ch1", 1000, 2000, titled("B")))
    assert [m.title for m in read(path).marks] == ["", "B"]


def test_the_tag_of_a_wave_file_is_read(tmp_path: Path) -> None:
    """WAV keeps it in a chunk of its own, behind the samples."""
    tag = raw_tag(raw_chap(b"a", 0, 1000, "A"), raw_chap(b"b", 1500, 2000, "B"))
    chunks = b"data" + struct.pack("<I", 3) + b"\0\0\0\0" + b"id3 " + struct.pack("<I", len(tag)) + tag
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks)
    assert rows(read(path).marks) == [(0, 1, "A"), (1.5, 2, "B")]


# ------------------------------------------------------------------ MP4


def box(name: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", len(body) + 8, name) + body


def table(name: bytes, form: str, *entries: tuple[int, ...]) -> bytes:
    return box(name, struct.pack(">II", 0, len(entries)), *(struct.pack(form, *entry) for entry in entries))


def track(number: int, handler: bytes, places: Sequence[tuple[int, int]], durations: Sequence[int], *extra: bytes) -> bytes:
    """Return a `trak` box on a clock of 1,000 ticks a second."""
    return box(
        b"trak",
        box(b"tkhd", struct.pack(">IIIII", 0, 0, 0, number, 0), bytes(64)),
        *extra,
        box(
            b"mdia",
            box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, 1000, sum(durations)), bytes(4)),
            box(b"hdlr", bytes(8), handler, bytes(13)),
            box(
                b"minf",
                box(
                    b"stbl",
                    table(b"stts", ">II", *((1, d) for d in durations)),
                    table(b"stsc", ">III", (1, 1, 1)),
                    box(b"stsz", struct.pack(">III", 0, 0, len(places)), *(struct.pack(">I", size) for _, size in places)),
                    table(b"stco", ">I", *((offset,) for offset, _ in places)),
                ),
            ),
        ),
    )


def text_sample(text: str, href: str | None = None) -> bytes:
    raw = text.encode()
    link = href.encode() if href else b""
    return struct.pack(">H", len(raw)) + raw + (box(b"href", bytes(4), bytes([len(link)]), link, b"\0") if href else b"")


def nero(*entries: tuple[int, str]) -> bytes:
    raw = [struct.pack(">QB", start * 10_000, len(t.encode()[:255])) + t.encode()[:255] for start, t in entries]
    return box(b"udta", box(b"chpl", b"\1\0\0\0\0", struct.pack(">I", len(entries)), *raw))


def movie(
    path: Path, tracks_of_samples: Sequence[Sequence[bytes]], durations: Sequence[int], *extra: bytes, edit: bytes = b""
) -> Path:
    """Write an MP4 of one audio track and some text tracks that it names as its chapters, in the order given."""
    head = box(b"ftyp", b"M4A \0\0\0\0")
    data, texts = b"", []
    for n, samples in enumerate(tracks_of_samples):
        places = []
        for sample in samples:
            places.append((len(head) + 8 + len(data), len(sample)))
            data += sample
        texts.append(track(n + 2, b"text", places, durations, edit))
    named = box(b"tref", box(b"chap", struct.pack(f">{len(texts)}I", *range(2, 2 + len(texts)))))
    clock = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 10_000), bytes(80))
    moov = box(b"moov", clock, track(1, b"soun", [], [], named), *texts, *extra)
    path.write_bytes(head + box(b"mdat", data) + moov)
    return path


TITLES = [text_sample("Eins 🎙"), text_sample("Zwei"), text_sample("Drei")]
LINKS = [text_sample("", "https://example.com/1"), text_sample(""), text_sample("more", "https://example.com/3 x")]


@pytest.mark.parametrize("order", [(TITLES, LINKS), (LINKS, TITLES)])
def test_a_second_text_track_gives_the_links(tmp_path: Path, order: Sequence[Sequence[bytes]]) -> None:
    """Whichever comes first, one track has the titles and the other the links."""
    source = read(movie(tmp_path / "a.m4a", order, [1500, 2001, 3000]))
    assert rows(source.marks) == [(0, 1.5, "Eins 🎙"), (1.5, 3.501, "Zwei"), (3.501, 6.501, "Drei")]
    assert [m.url for m in source.marks] == ["https://example.com/1", None, "https://example.com/3%20x"]


def test_quicktime_goes_before_nero_and_nero_is_read_alone(tmp_path: Path) -> None:
    """Both in one file: the text track counts. Nero alone: its starts, without ends."""
    short = nero((0, "N1"), (2500, "N2"))
    both = movie(tmp_path / "both.m4a", [TITLES], [1000, 1000, 1000], short)
    assert (read(both).origin, len(read(both).marks)) == ("mp4:quicktime", 3)
    alone = movie(tmp_path / "nero.m4a", [], [], short)
    assert (read(alone).origin, rows(read(alone).marks)) == ("mp4:nero", [(0, None, "N1"), (2.5, None, "N2")])


def test_nero_titles_that_the_format_cut_are_marked(tmp_path: Path) -> None:
    """255 bytes are its limit; half a letter at the end is left away."""
    path = movie(tmp_path / "a.m4a", [], [], nero((0, "ab" * 20 + "🎙" * 70), (1000, "short")))
    first, second = read(path).marks
    assert (first.truncated, second.truncated) == (True, False)
    assert set(first.title[40:]) == {"🎙"}


def test_an_empty_edit_delays_the_chapter_track(tmp_path: Path) -> None:
    """A list that does not start at 0 is written so."""
    edit = box(b"edts", table(b"elst", ">IiI", (2000, -1, 65536), (3000, 0, 65536)))
    source = read(movie(tmp_path / "a.m4a", [TITLES], [1000, 1000, 1000], edit=edit))
    assert [m.start for m in source.marks] == [2, 3, 4]


def test_old_mac_and_utf16_texts_are_read(tmp_path: Path) -> None:
    """Text tracks from before UTF-8."""
    samples = [struct.pack(">H", len(raw)) + raw for raw in ("Größe".encode("mac_roman"), "三".encode("utf-16"))]
    assert [m.title for m in read(movie(tmp_path / "a.m4a", [samples], [500, 500])).marks] == ["Größe", "三"]


def test_an_mp4_cut_short_raises_nothing(tmp_path: Path) -> None:
    """At every length; without its index nobody can tell."""
    whole = movie(tmp_path / "a.m4a", [TITLES, LINKS], [1000, 1000, 1000]).read_bytes()
    path = tmp_path / "cut.m4a"
    for length in range(8, len(whole), 5):
        path.write_bytes(whole[:length])
        assert read(path).status in ("unknown", "found", "none")
    path.write_bytes(whole[: whole.index(b"moov") - 4])
    assert (read(path).status, codes(path)) == ("unknown", ["tag_truncated"])


# ------------------------------------------------------------------ Vorbis comments


def ogg(path: Path, comments: Sequence[tuple[str, str]], codec: str) -> Path:
    """Write an Ogg file with comments; not by libavformat, which writes the start 12.5 as 13.5."""
    make(path, codec, "ogg", [])
    tags = mutagen.File(path)
    tags.tags.extend(comments)
    tags.save()
    return path


def opus(path: Path, comments: Sequence[tuple[str, str]]) -> Path:
    return ogg(path, comments, "libopus")


def vorbis_time(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}.{whole % 1000:03d}"


def test_vorbis_keys_in_any_case_and_from_zero(tmp_path: Path) -> None:
    """The convention's keys as they are found in the wild."""
    path = opus(
        tmp_path / "a.opus",
        [
            ("chapter000", "00:00:00.000"),
            ("Chapter000Name", "Intro 🎙"),
            ("CHAPTER002", "01:00:12.500"),
            ("CHAPTER002NAME", "Late"),
            ("CHAPTER001", "02:03.25"),
            ("CHAPTER001NAME", "Größe = gut"),
            ("CHAPTER001URL", "https://example.com/x y"),
            ("CHAPTER003", "soon"),
            ("CHAPTERS", "no"),
        ],
    )
    source, notices = read_embedded(path, duration=None)
    assert rows(source.marks) == [(0, None, "Intro 🎙"), (123.25, None, "Größe = gut"), (3612.5, None, "Late")]
    assert source.marks[1].url == "https://example.com/x%20y"
    assert [n.code for n in notices] == ["chapter_dropped"]


def test_a_wrong_ogg_checksum_loses_nothing(tmp_path: Path) -> None:
    """The chapters are read though the pages' checksums are wrong."""
    path = opus(tmp_path / "a.opus", [("CHAPTER001", "00:00:01.000"), ("CHAPTER001NAME", "One")])
    data = path.read_bytes()
    second = data.index(b"OggS", 4)
    path.write_bytes(data[: second + 22] + bytes([data[second + 22] ^ 0xFF]) + data[second + 23 :])
    assert rows(read(path).marks) == [(1, None, "One")]


def test_comments_over_many_pages_and_cut_short(tmp_path: Path) -> None:
    """A cover picture makes the comments long; what stands before a cut is read."""
    early = [("CHAPTER001", "00:00:01.000"), ("CHAPTER001NAME", "One")]
    path = opus(tmp_path / "a.opus", [*early, ("COVER", "x" * 200_000), ("CHAPTER002", "00:00:02.000")])
    assert [m.start for m in read(path).marks] == [1, 2]
    path.write_bytes(path.read_bytes()[:100_000])
    assert [m.start for m in read(path).marks] == [1]
    assert codes(path) == ["tag_truncated"]


def test_flac_comments_are_read(tmp_path: Path) -> None:
    """Native FLAC uses the same convention; so does one behind an ID3 tag."""
    path = make(tmp_path / "a.flac", "flac", "flac", [])
    tags = mutagen.File(path)
    tags["CHAPTER001"], tags["CHAPTER001NAME"] = "00:00:00.500", "Half"
    tags.save()
    assert rows(read(path).marks) == [(0.5, None, "Half")]
    path.write_bytes(raw_tag(b"TXXX\0\0\0\1\0\0\0") + path.read_bytes())
    assert rows(read(path).marks) == [(0.5, None, "Half")]


# ------------------------------------------------------------------ hostile bytes

_SEEDS = [
    raw_tag(raw_chap(b"a", 0, 1000, "A"), raw_chap(b"b", 1000, 2000, "B")),
    box(b"ftyp", b"M4A ") + box(b"moov", nero((0, "N1"), (10, "N2")), track(1, b"text", [(8, 4)], [5])),
    b"OggS" + bytes(22) + b"\x01\x08OpusHead" + b"OggS" + bytes(22) + b"\x01\x20OpusTags" + bytes(24),
    b"fLaC\x04\0\0\x10" + bytes(16),
    b"\x1a\x45\xdf\xa3" + bytes(40),
    b"RIFF\0\0\0\0WAVEid3 \xff\xff\xff\x7f" + raw_tag(raw_chap(b"a", 0, 1, "A")),
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(_SEEDS), st.lists(st.tuples(st.integers(4, 400), st.binary(min_size=1, max_size=6)), max_size=6))
def test_no_bytes_raise_anything(tmp_path_factory: pytest.TempPathFactory, seed: bytes, patches: list[tuple[int, bytes]]) -> None:
    """Whatever is in a file, reading its chapters ends with a source."""
    data = io.BytesIO(seed)
    for at, patch in patches:
        data.seek(min(at, len(seed)))
        data.write(patch)
    path = tmp_path_factory.mktemp("hostile") / "a.bin"
    path.write_bytes(data.getvalue())
    source = read(path, duration=10.0)
    assert source.status == "found" or source.marks == ()


@pytest.mark.parametrize(
    "data",
    [
        b"ID3\x03\0\0\x01\x7f\x7f\x7f" + b"TXXX\0\0\0\0\0\0" * 400_000,
        b"\0\0\0\x08ftyp" * 500_000,
        box(b"ftyp") + box(b"moov", box(b"udta", box(b"chpl", b"\1\0\0\0\0\xff\xff\xff\xff" + bytes(4_000_000)))),
        b"OggS" + bytes(22) + b"\x01\x08OpusHead" + (b"OggS" + bytes(23)) * 150_000,
        b"fLaC" + b"\1\0\0\0" * 1_000_000,
        b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 500_000,
    ],
)
def test_a_file_of_empty_pieces_takes_no_time(tmp_path: Path, data: bytes) -> None:
    """Counts are capped wherever a file says how much there is."""
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    began = time.process_time()
    assert len(read(path).marks) <= 5_001
    assert time.process_time() - began < 2
