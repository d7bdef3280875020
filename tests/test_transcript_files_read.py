"""Which format a transcript is, which of several is fetched, and what cannot be read."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.fetch import Fetcher
from jobs.published import Cue, PublisherTranscript
from jobs.transcript_files.collect import collect_transcripts
from jobs.transcript_files.links import worth_fetching
from jobs.transcript_files.read import MAX_BYTES, MEDIA_TYPES, Format, read_transcript
from jobs.wire import FetchLimits
from storage.documents import Link, Seconds
from storage.errors import BadTranscript
from tests.webserver import Reply, WebServer

VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Anna>Hello\n"
SRT = "1\n00:00:01,000 --> 00:00:02,000\nAnna: Hello\n"
JSON = json.dumps({"version": "1.0.0", "segments": [{"speaker": "Anna", "startTime": 1, "endTime": 2, "body": "Hello"}]})
ONCE = Fetcher(FetchLimits(tries=1), allow_private=True)
HTML = "<cite>Anna:</cite><time>0:01</time><p>Hello</p>"


def link(kind: str | None = None, url: str = "https://x.example/t", **more: str) -> Link:
    """Return a link to a transcript."""
    return Link(url=url, media_type=kind, **more)


def read(text: str | bytes, kind: str | None = None) -> PublisherTranscript:
    """Read a transcript that is said to be of a type."""
    return read_transcript(text.encode() if isinstance(text, str) else text, link(kind))


@pytest.mark.parametrize(
    "kind", ["text/vtt", "application/srt", "application/srr", "application/json", "text/html", "text/plain", None]
)
@pytest.mark.parametrize(("text", "end"), [(VTT, 2.0), (SRT, 2.0), (JSON, 2.0), (HTML, None)])
def test_a_transcript_is_read_by_what_it_is_whatever_it_is_said_to_be(text: str, end: float | None, kind: str | None) -> None:
    """Feeds lie about types."""
    assert read(text, kind).cues == (Cue(start=1.0, end=end, text="Hello", speaker="Anna"),)


def test_a_wrong_type_is_told_and_a_right_one_is_not() -> None:
    """`application/srr` is a known misspelling."""
    assert [notice.code for notice in read(VTT, "application/srt").warnings] == ["transcript_type"]
    assert read(SRT, "application/srr").warnings == ()
    assert read(SRT).media_type == "application/x-subrip"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_transcript_is_read_in_any_encoding(encoding: str) -> None:
    """As with feeds."""
    assert read(SRT.replace("Hello", "Grüße").encode(encoding)).cues[0].text == "Grüße"


def test_a_text_without_times_gives_no_cues_and_says_so() -> None:
    """It was read all the same."""
    found = read("Hello and welcome to the show.", "text/plain")
    assert (found.cues, [notice.code for notice in found.warnings]) == ((), ["transcript_untimed"])


@pytest.mark.parametrize("data", [b"", b" \n", b"\0\0\0\0", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"{]", b" " * (MAX_BYTES + 1)])
def test_what_is_no_transcript_is_refused(data: bytes) -> None:
    """By one error, which names the address."""
    with pytest.raises(BadTranscript, match=r"x\.example"):
        read_transcript(data, link())


@given(
    st.one_of(st.binary(max_size=300), st.text(alphabet="0123456789:.,->< \n[](){}\"'vWEBTNOcitem", max_size=300).map(str.encode))
)
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    """Cues are in order whatever comes."""
    try:
        found = read_transcript(data, link())
    except BadTranscript:
        return
    starts = [cue.start for cue in found.cues]
    assert starts == sorted(starts)


NAMES = st.sampled_from([None, "Anna", "Ben M.", "日本"])
WORDS = (
    st.text(alphabet=st.sampled_from("abcdefg é日?!"), min_size=1, max_size=20)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)


@given(st.lists(st.tuples(NAMES, WORDS), min_size=1, max_size=8), st.sampled_from(["vtt", "srt", "json"]))
def test_what_is_written_in_a_format_is_read_back_the_same(said: list[tuple[str | None, str]], form: Format) -> None:
    """Times to the millisecond, names and words; in SRT a name holds until the next, and the first row has one."""
    if form == "srt":
        said = [(said[0][0] or "Anna", said[0][1]), *said[1:]]
    cues = [Cue(start=n * 4000.123, end=n * 4000.123 + 1.5, text=text, speaker=name) for n, (name, text) in enumerate(said)]
    found = read(written(cues, form), MEDIA_TYPES[form]).cues
    assert [cue.text for cue in found] == [cue.text for cue in cues]
    assert [cue.start for cue in found] == pytest.approx([cue.start for cue in cues], abs=0.0011)
    assert [cue.end for cue in found] == pytest.approx([cue.end for cue in cues], abs=0.0011)
    if form != "srt":
        assert [cue.speaker for cue in found] == [cue.speaker for cue in cues]


def written(cues: list[Cue], form: Format) -> str:
    """Return cues in a format."""
    if form == "json":
        return json.dumps(
            {"segments": [{"speaker": c.speaker, "startTime": c.start, "endTime": c.end, "body": c.text} for c in cues]}
        )
    blocks = [f"{_clock(c.start, form)} --> {_clock(c.end or 0, form)}\n{_named(c, form)}\n" for c in cues]
    return ("WEBVTT\n\n" if form == "vtt" else "") + "\n".join(blocks)


def _clock(seconds: Seconds, form: Format) -> str:
    whole = round(seconds * 1000)
    mark = "." if form == "vtt" else ","
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}{mark}{whole % 1000:03d}"


def _named(cue: Cue, form: Format) -> str:
    if cue.speaker is None:
        return cue.text
    return f"<v {cue.speaker}>{cue.text}" if form == "vtt" else f"{cue.speaker}: {cue.text}"


HOSTILE = {
    "arrows": "-->" * 300_000,
    "timings": "0:00 --> 0:01\n" * 70_000,
    "opened tags": "WEBVTT\n\n0:00 --> 0:01\n" + "<" * 900_000,
    "voices": "WEBVTT\n\n0:00 --> 0:01\n" + "<v a>b" * 150_000,
    "deep page": "<div><time>0:00" * 60_000,
    "colons": "0:00 --> 0:01\n" + ":" * 900_000,
    "digits": "1" * 1_000_000,
    "spaces": "a" + " " * 900_000 + "0:00",
    "names": "A B C D: " * 100_000,
    "entities": "<p>" + "&amp;" * 200_000,
    "numbers": "0:00 --> 0:01\n" + "1\n" * 400_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_megabyte_made_to_be_slow_takes_no_longer_than_another(text: str) -> None:
    """Processor time, for a busy machine."""
    began = time.thread_time()
    read(text)
    assert time.thread_time() - began < 5


# ------------------------------------------------------------------ which of them


def test_formats_with_times_are_tried_first_and_no_more_than_three() -> None:
    """By type, else by the end of the address; captions have times whatever they are."""
    links = [
        link("text/html", "https://x.example/a"),
        link(None, "https://x.example/b.srt?x=1"),
        link("text/plain", "https://x.example/c"),
        link("text/vtt", "https://x.example/d"),
        link("application/json", "https://x.example/e"),
        link("text/vtt", "https://x.example/d"),
    ]
    assert [found.url for found in worth_fetching(links, "de")] == [
        "https://x.example/e", "https://x.example/d", "https://x.example/b.srt?x=1",
    ]  # fmt: skip
    pages = [link("text/html", "https://x.example/a"), link("text/html", "https://x.example/b", rel="captions")]
    assert [found.url[-1] for found in worth_fetching(pages, None)] == ["b", "a"]


def test_translations_are_fetched_only_if_there_is_nothing_else() -> None:
    """A link that names no language is the episode's."""
    english, german = (
        link("text/vtt", "https://x.example/en", language="en-GB"),
        link("text/srt", "https://x.example/de", language="de"),
    )
    bare = link("text/html", "https://x.example/x")
    assert worth_fetching([english, german, bare], "de-AT") == (german, bare)
    assert worth_fetching([english, german], "fr") == (english, german)
    assert worth_fetching([english, german], None) == (english, german)


def test_the_first_transcript_with_times_is_enough(webserver: WebServer) -> None:
    """An untimed one is kept and told, and the next is asked for."""
    webserver.routes |= {"/a.json": b"[]", "/b.vtt": VTT.encode(), "/c.srt": SRT.encode()}
    links = [link(None, webserver.url(path)) for path in ("/c.srt", "/b.vtt", "/a.json")]
    offered = collect_transcripts(links, None, ONCE)
    assert [len(found.cues) for found in offered.transcripts] == [0, 1]
    assert [request.path for request in webserver.requests] == ["/a.json", "/b.vtt"]
    assert ([notice.code for notice in offered.warnings], offered.settled) == (["transcript_untimed"], True)


@pytest.mark.parametrize(("status", "settled"), [(404, True), (503, False)])
def test_a_transcript_that_cannot_be_had_is_a_warning(status: int, settled: bool, webserver: WebServer) -> None:
    """A server that is down may answer another day."""
    webserver.routes["/a.vtt"] = Reply(status=status)
    offered = collect_transcripts([link("text/vtt", webserver.url("/a.vtt"))], None, ONCE)
    assert ([notice.code for notice in offered.warnings], offered.settled) == (["transcript_unreadable"], settled)
    assert offered.transcripts == ()


def test_another_transcript_makes_up_for_one_that_cannot_be_had(webserver: WebServer) -> None:
    """Then nothing is left to be asked again."""
    webserver.routes |= {"/a.vtt": Reply(status=503), "/b.srt": SRT.encode()}
    links = [link("text/vtt", webserver.url("/a.vtt")), link("text/srt", webserver.url("/b.srt"))]
    offered = collect_transcripts(links, None, ONCE)
    assert ([len(found.cues) for found in offered.transcripts], offered.settled) == ([1], True)
