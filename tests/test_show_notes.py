from __future__ import annotations

import time
from collections import Counter
from html import escape
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from benchmarks.notes import HOSTILE
from benchmarks.notes_labelled import SETS, labelled, scored
from jobs.chapters.clock_times import find_times, folded
from jobs.chapters.note_rows import PREPOSITION
from jobs.chapters.note_text import MAX_CHARACTERS, MAX_LINES
from jobs.chapters.show_notes import MAX_CHAPTERS, read_notes_text, read_show_notes
from storage.documents import ChapterMark, Note, Notice


def marks_of(text: str, duration: float | None = None) -> list[tuple[float, str]]:
    """Return start and title of each chapter read from one text."""
    source, _ = read_notes_text(text, "file", duration=duration)
    return [(mark.start, mark.title) for mark in source.marks]


def codes(notices: tuple[Notice, ...]) -> list[str]:
    """Return the codes of notices."""
    return [notice.code for notice in notices]


# ------------------------------------------------------------------ the labelled set


def test_the_labelled_set_is_as_large_and_as_varied_as_it_claims() -> None:
    """At least 150 notes in at least 8 languages: positives, decoys and mixtures, each with an id of its own."""
    rows = labelled(*(name for names in SETS.values() for name in names))
    kinds = Counter(row["kind"] for row in rows)
    assert len({row["id"] for row in rows}) == len(rows) >= 150
    assert len({row["language"] for row in rows}) >= 8
    assert kinds["positive"] >= 60
    assert kinds["decoy"] >= 60
    assert kinds["mixture"] >= 30
    assert all(not row["expected"] for row in rows if row["kind"] == "decoy")


@pytest.mark.parametrize("names", SETS.values(), ids=SETS.keys())
def test_chapters_of_labelled_notes_are_read_with_precision_and_recall_of_98_percent(names: tuple[str, ...]) -> None:
    """Exact starts and titles; whatever is read wrongly is printed."""
    precision, recall, wrong = scored(labelled(*names))
    print(f"precision {precision:.4f}, recall {recall:.4f}", *wrong, sep="\n")
    assert precision >= 0.98
    assert recall >= 0.98


def test_the_first_users_feed_reads_as_they_expect() -> None:
    """The eight episodes of a real feed: 0 10 0 0 5 0 0 0 chapters, with exact starts and titles."""
    counts = []
    for row in labelled("interconnects"):
        sources, _ = read_show_notes([Note(**note) for note in row["notes"]], duration=row["duration"])
        found = [(mark.start, mark.title) for mark in sources[0].marks]
        assert found == [(one["start"], one["title"]) for one in row["expected"]], row["id"]
        counts.append(len(found))
    assert counts == [0, 10, 0, 0, 5, 0, 0, 0]


def test_the_first_users_cut_off_title_is_marked_truncated() -> None:
    """`Post training...` keeps its dots and says that the field broke off; the others are whole."""
    row = labelled("interconnects")[4]
    sources, _ = read_show_notes([Note(**note) for note in row["notes"]], duration=row["duration"])
    assert [mark.truncated for mark in sources[0].marks] == [False, False, False, False, True]


# ------------------------------------------------------------------ fields


def test_the_first_field_with_a_list_is_read_whatever_the_order_given() -> None:
    """`content:encoded` goes before `description`, and the other field says that it has the same list."""
    text = "<p>00:00 Intro</p><p>05:10 Owls</p><p>20:02 Outro</p>"
    sources, _ = read_show_notes([Note(field="description", html=text), Note(field="content:encoded", html=text)])
    assert [(source.origin, source.status) for source in sources] == [("content:encoded", "found"), ("description", "found")]
    assert sources[1].reason == "the same list as in content:encoded"


def test_a_field_without_a_list_gives_way_to_the_next() -> None:
    """The prose of `content:encoded` is passed over for the list in `itunes:summary`, which goes first."""
    prose = Note(field="content:encoded", html="<p>We talk about owls at 12:30.</p>")
    listed = Note(field="itunes:summary", html="00:00 Intro\n05:10 Owls\n20:02 Outro")
    sources, _ = read_show_notes([prose, listed])
    assert [(source.origin, source.status, len(source.marks)) for source in sources] == [
        ("itunes:summary", "found", 3),
        ("content:encoded", "none", 0),
    ]


def test_a_list_that_breaks_off_gives_way_to_the_whole_one() -> None:
    """The cut field comes first by rank, but the other has all of its rows."""
    cut = Note(field="content:encoded", html="Chapters* 00:00 Intro* 05:10 Owls and th...")
    whole = Note(field="description", html="00:00 Intro\n05:10 Owls and their prey\n20:02 Outro")
    sources, notices = read_show_notes([cut, whole])
    assert sources[0].origin == "description"
    assert len(sources[0].marks) == 3
    assert "chapter_repaired" in codes(notices)


def test_no_notes_at_all_are_said_to_be_none() -> None:
    """One source with status none, and a reason."""
    (source,), notices = read_show_notes([])
    assert (source.status, source.marks, notices) == ("none", (), ())
    assert source.reason


# ------------------------------------------------------------------ links and ends


def test_a_link_around_the_title_is_the_chapters_and_a_jump_of_the_player_is_not() -> None:
    """Player links carry the time; only the paper's address is kept."""
    text = (
        '<p><a href="https://youtu.be/x?t=0">00:00</a> Intro</p>'
        '<p><a href="https://youtu.be/x?t=310">05:10</a> <a href="https://example.com/paper">The paper</a></p>'
        '<p><a href="https://example.com/show#t=20:02">20:02 Outro</a></p>'
    )
    source, _ = read_notes_text(text, "file")
    assert [mark.url for mark in source.marks] == [None, "https://example.com/paper", None]


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "data:text/html,x", "mailto:a@b.c", "/relative", "#top", "http://a b/", ""]
)
def test_only_web_addresses_are_kept_as_links(href: str) -> None:
    """Anything but http and https is no chapter's link."""
    source, _ = read_notes_text(f'<p>0:00 Intro</p><p>5:10 <a href="{href}">Owls</a></p><p>20:02 Outro</p>', "file")
    assert [mark.url for mark in source.marks] == [None, None, None]


def test_the_links_of_run_on_rows_stay_with_their_rows() -> None:
    """Each link of one line goes to the title that it lies on."""
    text = 'Chapters* 00:00 Intro* 05:10 <a href="https://example.com/owl">Owls</a>* 20:02 Outro'
    source, _ = read_notes_text(text, "file")
    assert [(mark.title, mark.url) for mark in source.marks] == [
        ("Intro", None),
        ("Owls", "https://example.com/owl"),
        ("Outro", None),
    ]


def test_the_end_of_a_range_is_the_chapters_end() -> None:
    """The start of a range is the chapter's start."""
    source, _ = read_notes_text("00:00 - 09:24 Leeds\n09:24–31:50: The record\n31:50 → 40:00 Tour", "file")
    assert [(mark.start, mark.end, mark.title) for mark in source.marks] == [
        (0, 564, "Leeds"),
        (564, 1910, "The record"),
        (1910, 2400, "Tour"),
    ]


def test_a_time_after_a_dash_is_a_title_where_other_rows_have_no_range() -> None:
    """`7:30 – 9:30 Club` among rows without ends is a chapter about the 9:30 Club."""
    assert marks_of("0:00 Intro\n7:30 – 9:30 Club memories\n20:11 Fugazi\n31:00 Outro")[1] == (450, "9:30 Club memories")


# ------------------------------------------------------------------ repairs


@pytest.mark.parametrize(
    ("text", "expected", "code"),
    [
        ("0:00 A\n9:10 C\n4:05 B\n15:00 D\n22:00 E", [0, 245, 550, 900, 1320], "chapter_repaired"),
        ("0:00 A\n4;05 B\n9:10 C\n15:01 D", [0, 245, 550, 901], "chapter_repaired"),
        ("0:00 A\n4:75 B\n9:10 C\n15:01 D", [0, 550, 901], "chapter_dropped"),
        ("0:00 A\n4:05 B\n4:05 B\n9:10 C", [0, 245, 550], "chapter_dropped"),
        ("0:00 A\n31:07 B\n58:12 C\n1:02 D\n1:10 E", [0, 1867, 3492, 3720, 4200], "chapter_repaired"),
    ],
    ids=["misplaced", "mistyped", "impossible", "twice", "hours after the first hour"],
)
def test_a_bad_row_is_put_right_or_dropped_and_the_list_stays(text: str, expected: list[float], code: str) -> None:
    """Each repair is named in a notice."""
    source, notices = read_notes_text(text, "file")
    assert [mark.start for mark in source.marks] == expected
    assert code in codes(notices)


def test_a_clean_list_has_no_notices() -> None:
    """Notices are for repairs alone."""
    assert read_notes_text("0:00 A\n4:05 B\n4:05 C\n9:10 D", "file")[1] == ()


def test_rows_past_the_end_are_kept_and_noticed() -> None:
    """What to do about an overrun is decided where the audio is known."""
    source, notices = read_notes_text("0:00 A\n4:05 B\n9:10 C\n31:00 D", "file", duration=1500)
    assert len(source.marks) == 4
    assert codes(notices) == ["chapters_overrun"]


def test_hours_and_minutes_are_believed_only_where_the_length_says_so() -> None:
    """The same list is minutes and seconds when the length is unknown or short."""
    text = "00:00 A\n00:33 B\n01:02 C\n02:20 D"
    assert [start for start, _ in marks_of(text, 10_800)] == [0, 1980, 3720, 8400]
    assert [start for start, _ in marks_of(text)] == [0, 33, 62, 140]
    assert [start for start, _ in marks_of(text, 170)] == [0, 33, 62, 140]


def test_what_follows_a_run_on_list_is_cut_from_its_last_title() -> None:
    """The footer is glued to the last title; the cut is noticed."""
    text = (
        "Chapters* 00:00 Intro* 05:10 Owls* 20:02 Night flightFollow us on every platform that there is and leave a review, "
        "it helps others to find us and it makes us very happy indeed, every time."
    )
    source, notices = read_notes_text(text, "description")
    assert [mark.title for mark in source.marks] == ["Intro", "Owls", "Night flight"]
    assert codes(notices) == ["chapter_repaired"]


def test_a_field_cut_inside_the_next_time_keeps_its_last_title_whole() -> None:
    """The rest of a time is no part of the title."""
    source, _ = read_notes_text("Chapters* 00:00 Intro* 05:10 Owls* 00:2...", "description")
    assert [(mark.title, mark.truncated) for mark in source.marks] == [("Intro", False), ("Owls", False)]


def test_dots_before_the_end_of_the_text_are_the_titles_own() -> None:
    """Only the end of the text can break off."""
    source, _ = read_notes_text("<p>0:00 Well...<br>5:10 Owls<br>9:00 And then…</p><p>Thanks!</p>", "file")
    assert [mark.truncated for mark in source.marks] == [False, False, False]


# ------------------------------------------------------------------ limits


def test_no_more_than_the_limit_of_chapters_is_kept() -> None:
    """A list of 1,200 rows keeps 500 and says so."""
    text = "\n".join(f"{n * 20 // 60}:{n * 20 % 60:02d} T{n}" for n in range(1200) if n * 20 // 60 < 1000)
    source, notices = read_notes_text(text, "file")
    assert len(source.marks) == MAX_CHAPTERS
    assert "chapters_too_many" in codes(notices)


def test_an_endless_text_is_read_up_to_the_limit_with_a_notice() -> None:
    """The list at its front is found all the same."""
    source, notices = read_notes_text("<p>0:00 A</p><p>5:10 B</p><p>9:00 C</p>" + "x" * MAX_CHARACTERS, "file")
    assert len(source.marks) == 3
    assert codes(notices) == ["notes_too_long"]


def test_more_lines_than_notes_have_are_not_read_and_a_notice_says_so() -> None:
    """The list at the front is found; one behind a book is not."""
    rows, book = "<p>0:00 A</p><p>5:10 B</p><p>9:00 C</p>", "<p>word</p>" * MAX_LINES
    front, said = read_notes_text(rows + book, "file")
    behind, said_too = read_notes_text(book + rows, "file")
    assert (len(front.marks), len(behind.marks)) == (3, 0)
    assert codes(said) == codes(said_too) == ["notes_too_long"]


@pytest.mark.parametrize("form", ["{t} T{n}", "T{n} ({t})", "* {t} T{n}", "[{t}] T{n}", "{t} T{n}: 5 h or 10 m, 3:1 or 2:4"])
def test_five_hundred_rows_of_any_form_are_read(form: str) -> None:
    """What bounds the time of hostile texts does not bound them."""
    text = "\n".join(form.format(t=full(n * 40), n=n) for n in range(500))
    assert [(start, title.partition(":")[0]) for start, title in marks_of(text)] == [(n * 40, f"T{n}") for n in range(500)]


def test_five_hundred_ranges_in_one_line_are_read() -> None:
    """What bounds the time of hostile texts does not bound them."""
    text = " * ".join(f"{full(n * 40)} - {full(n * 40 + 40)} T{n}" for n in range(500))
    assert marks_of(text) == [(n * 40, f"T{n}") for n in range(500)]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_text_brings_the_reader_to_a_halt(name: str) -> None:
    """What is not linear takes minutes on 100 kB; how fast it is beyond that, `benchmarks.notes` measures."""
    begun = time.thread_time()
    source, _ = read_notes_text(HOSTILE[name][:100_000], "file")
    assert time.thread_time() - begun < 2
    assert source.status in {"found", "none"}


# ------------------------------------------------------------------ properties

LETTERS = st.sampled_from(
    [
        *list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZäöüßéèñçãøÅŁžиЖлЯאבגمرحباनमसเอ日本語中文字한국어カナ"),
        "👋",
        "🔥",
        "👩\u200d👧",
    ]
)
INNER = st.one_of(LETTERS, st.sampled_from(list("0123456789 ':,.!?&()[]-–/+#%’“”（）「」：")))
TIME_IN_TITLE = st.sampled_from(["", "", "", " 9:30 Club", " at 3:33 am", " 16:9", " John 3:16!", " 2022–2023", " A03:2021"])


@st.composite
def titles(draw: st.DrawFn, *, with_times: bool = True) -> str:
    """Draw a title: any words, with a letter at each end, perhaps with a time inside and a remark in brackets at its end.

    What cannot be told apart is left out: separators and bullets at the edges, and dashes or commas next to a time.
    """
    middle = "".join(draw(st.lists(INNER, max_size=20)))
    middle = " ".join(middle.split())
    inner_time = draw(TIME_IN_TITLE) if with_times else ""
    remark = draw(st.sampled_from(["", "", " (Why?)", "?", "!"]))
    return f"{draw(LETTERS)}{middle}{draw(LETTERS)}{inner_time}{remark if not inner_time else ''}"


@st.composite
def lists(draw: st.DrawFn, *, with_times: bool = True, least: int = 3) -> list[tuple[int, str]]:
    """Draw a list of chapters that begins at 0:00, with gaps that leave time to speak."""
    one = titles(with_times=with_times)
    if not with_times:  # by chance, `0h0` or `1:23`
        one = one.filter(lambda title: not find_times(folded(title)).times)
    drawn = draw(st.lists(one, min_size=least, max_size=12, unique=True))
    gaps = draw(st.lists(st.integers(31, 900), min_size=len(drawn), max_size=len(drawn)))
    starts = [0]
    for gap in gaps[:-1]:
        starts.append(starts[-1] + gap)
    return list(zip(starts, drawn, strict=True))


def short(seconds: int) -> str:
    """Write `7:48`, `75:10`."""
    return f"{seconds // 60}:{seconds % 60:02d}"


def padded(seconds: int) -> str:
    """Write `07:48`, `01:35:52`."""
    hours, rest = divmod(seconds, 3600)
    return f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60:02d}:{rest % 60:02d}"


def full(seconds: int) -> str:
    """Write `0:07:48`."""
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def wide(seconds: int) -> str:
    """Write full-width digits and colons."""
    return padded(seconds).translate({ord(mark): chr(ord(mark) + 0xFEE0) for mark in "0123456789:"})


def with_letters(seconds: int) -> str:
    """Write `1h02m03s`, `12m30s`."""
    hours, rest = divmod(seconds, 3600)
    return f"{hours}h{rest // 60:02d}m{rest % 60:02d}s" if hours else f"{rest // 60}m{rest % 60:02d}s"


CLOCKS = st.sampled_from([short, padded, full, wide, with_letters])
LEADING = [
    *("{t} {x}", "{t} - {x}", "{t} – {x}", "{t} — {x}", "{t} | {x}", "{t}: {x}"),
    *("({t}) {x}", "({t}) - {x}", "[{t}] {x}", "【{t}】{x}"),
    *("* {t} {x}", "- {t} {x}", "• {t} {x}", "▶ {t} {x}", "► {t} - {x}", "→ {t} {x}", "➤ {t} {x}", "● {t} {x}", "🎤 {t} {x}"),
    *("{n}. {t} {x}", "{n:02d}. {t} － {x}", "{n}) {t} {x}"),
]
TRAILING = ["{x} ({t})", "{x} [{t}]", "{x} – {t}", "{x} - {t}", "{x} | {t}", "• {x} ({t})"]
WRAPPINGS = [
    ("<ul>", "<li>{row}</li>", "</ul>"),
    ("<ul>", "<li><p>{row}</p></li>\n", "</ul>"),
    ("", "<p>{row}</p>", ""),
    ("<p>", "{row}<br>", "</p>"),
    ("<p>", "{row}<br />\n", "</p>"),
    ("<div>", "<div><span>{row}</span></div>", "</div>"),
    ("<p>Hello, dear listeners.</p><h3>Chapters</h3>", "<p>{row}</p>", "<p>Bye, and thanks.</p>"),
]


def rendered(rows: list[tuple[int, str]], clock: Any, form: str, wrapping: tuple[str, str, str] | None) -> str:
    """Write a list of chapters as show notes; without a wrapping, as plain lines."""
    lines = [form.format(t=clock(start), x=title, n=number) for number, (start, title) in enumerate(rows, 1)]
    return in_tags(lines, wrapping)


def in_tags(lines: list[str], wrapping: tuple[str, str, str] | None) -> str:
    """Put the lines of a list into tags, or none, with something before and behind."""
    if wrapping is None:
        return "Notes\n\n" + "\n".join(map(escape, lines)) + "\n\nThanks for listening"
    return wrapping[0] + "".join(wrapping[1].replace("{row}", escape(line)) for line in lines) + wrapping[2]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lists(), CLOCKS, st.sampled_from(LEADING), st.sampled_from([None, *WRAPPINGS]))
def test_any_list_with_leading_times_reads_back_the_same(
    rows: list[tuple[int, str]], clock: Any, form: str, wrapping: tuple[str, str, str] | None
) -> None:
    """Every listed form of times, bullets, separators and tags; titles with brackets, numbers and times inside."""
    assert marks_of(rendered(rows, clock, form, wrapping)) == rows


def test_a_title_of_symbols_before_a_trailing_time_is_a_title() -> None:
    """`👋👋 (0:31)` between `Hello (0:00)` and `Bye (1:02)` is no bullet."""
    assert marks_of("Notes\n\nHello (0:00)\n👋👋 (0:31)\nBye now (1:02)\n\nThanks") == [
        (0, "Hello"),
        (31, "👋👋"),
        (62, "Bye now"),
    ]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lists(with_times=False), CLOCKS, st.sampled_from(TRAILING), st.sampled_from([None, *WRAPPINGS]))
def test_any_list_with_trailing_times_reads_back_the_same(
    rows: list[tuple[int, str]], clock: Any, form: str, wrapping: tuple[str, str, str] | None
) -> None:
    """`T (0:00)`, `T – 12:34` and the like."""
    assert marks_of(rendered(rows, clock, form, wrapping)) == rows


RUN_ON = ["* {t} {x}", "• {t} {x} ", " ({t}) {x}", " [{t}] {x}", " | {t} {x}"]


@settings(max_examples=200, deadline=None)
@given(
    lists(with_times=False),
    st.sampled_from([short, padded, full]),
    st.sampled_from(RUN_ON),
    st.sampled_from(["Chapters", "Bye. Timestamps:"]),
)
def test_any_list_whose_tags_were_lost_reads_back_the_same(
    rows: list[tuple[int, str]], clock: Any, form: str, before: str
) -> None:
    """One line, set off by bullets or brackets."""
    text = before + "".join(form.format(t=clock(start), x=escape(title)) for start, title in rows)
    assert marks_of(text) == rows


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lists(with_times=False),
    st.sampled_from([short, padded, full]),
    st.sampled_from(["{a} - {b} {x}", "{a}–{b} {x}", "[{a} - {b}] {x}", "({a} – {b}) {x}", "• {a} → {b}: {x}"]),
    st.sampled_from([None, *WRAPPINGS]),
)
def test_any_list_of_ranges_reads_back_with_its_starts_and_ends(
    rows: list[tuple[int, str]], clock: Any, form: str, wrapping: tuple[str, str, str] | None
) -> None:
    """`00:00 - 09:24 T`: each range ends where the next begins."""
    ends = [start for start, _ in rows[1:]] + [rows[-1][0] + 100]
    written = [form.format(a=clock(start), b=clock(end), x=title) for (start, title), end in zip(rows, ends, strict=True)]
    source, _ = read_notes_text(in_tags(written, wrapping), "file")
    assert [(mark.start, mark.end, mark.title) for mark in source.marks] == [
        (start, end, title) for (start, title), end in zip(rows, ends, strict=True)
    ]


@pytest.mark.parametrize(
    "display", ["0:00 / -1:48:27 You can read the book.", "A talk with Ann. 0:00 / -1:48:27", "0:00/-59:10 Play"]
)
@pytest.mark.parametrize("rows", ["0:00 Intro<br>15:15 Coral<br>48:27 Kelp", "Intro (0:00)<br>Coral (15:15)<br>Kelp (48:27)"])
def test_a_players_display_is_no_chapter_whatever_it_is_glued_to(display: str, rows: str) -> None:
    """Where tags were lost, text follows the time that is left, or stands before it."""
    expected = [(0.0, "Intro"), (915.0, "Coral"), (2907.0, "Kelp")]
    assert marks_of(f"<p>{display}</p><p>{rows}</p>") == expected
    assert marks_of(f"<p>{rows}</p><p>{display}</p>") == expected
    assert marks_of(f"<p>{display}</p>") == []


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lists(), st.sampled_from([short, padded, full]), st.sampled_from(["<p>", "<li>"]))
def test_any_list_whose_times_are_links_reads_back_the_same(rows: list[tuple[int, str]], clock: Any, tag: str) -> None:
    """The player's jumps are no links of the chapters."""
    text = "".join(
        f'{tag}<a href="https://youtu.be/x?t={start}">{clock(start)}</a> {escape(title)}{tag.replace("<", "</")}'
        for start, title in rows
    )
    source, _ = read_notes_text(text, "file")
    assert [(mark.start, mark.title, mark.url) for mark in source.marks] == [(start, title, None) for start, title in rows]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lists(with_times=False), st.data())
def test_a_remark_behind_a_trailing_time_stays_with_its_title(rows: list[tuple[int, str]], data: st.DataObject) -> None:
    """`T 1:13:40(note)`; a title that ends in a word such as "at" makes a sentence of it."""
    assume(not any(PREPOSITION.search(title) for _, title in rows))
    noted = data.draw(st.integers(1, len(rows) - 1))
    lines = [f"{title} {short(start)}" + ("(note)" if n == noted else "") for n, (start, title) in enumerate(rows)]
    expected = [(start, f"{title} (note)" if n == noted else title) for n, (start, title) in enumerate(rows)]
    assert marks_of(in_tags(lines, None)) == expected


@settings(max_examples=100, deadline=None)
@given(lists(with_times=False), st.data())
def test_a_run_on_list_that_is_cut_off_reads_back_with_its_last_title_marked(
    rows: list[tuple[int, str]], data: st.DataObject
) -> None:
    """The dots that stand for the rest are kept."""
    start, title = rows[-1]
    kept = data.draw(st.integers(1, len(title)))
    cut = title[:kept].rstrip()
    if not cut[-1].isalpha():  # a mark before the dots may be taken for one that led on to the rest
        return
    text = "Chapters" + "".join(f"* {padded(at)} {escape(its)}" for at, its in [*rows[:-1], (start, cut)]) + "..."
    source, _ = read_notes_text(text, "description")
    assert [(mark.start, mark.title, mark.truncated) for mark in source.marks] == [
        *((at, its, False) for at, its in rows[:-1]),
        (start, f"{cut}...", True),
    ]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.one_of(st.none(), st.floats(0, 1e6)))
def test_no_text_crashes_the_reader(text: str, duration: float | None) -> None:
    """Whatever comes in, chapters with titles and rising times come out."""
    check_marks(read_notes_text(text, "file", duration=duration)[0].marks)


FRAGMENTS = st.sampled_from(
    [
        *[
            "0:00",
            "5:10",
            "12:34",
            "1:02:03",
            "99:99",
            "12;30",
            "1h02",
            "12'30",
            "0:60",
            "０：００",
            "1.",
            "(",
            ")",
            "[",
            "]",
            "-",
            "–",
            "|",
            "*",
            "•",
            "/",
            ":",
            ".",
            ",",
            "...",
            "…",
            "to",
            "at",
            "Uhr",
            "pm",
            "Chapters",
            "Intro",
        ],
        *[
            "<p>",
            "</p>",
            "<br>",
            "<li>",
            "</a>",
            "<!--",
            "-->",
            "<script>",
            "<td>",
            "</div>",
            "<![CDATA[",
            "&amp;",
            "&lt;p&gt;",
            "日本",
            "🎤",
        ],
        *("\n", " ", "\ud800", "\x00", "\u200f", "<a href='x?t=1'>", "<div hidden>", "<a href='http://a.b'>"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(FRAGMENTS, max_size=60).map("".join), st.one_of(st.none(), st.floats(0, 2e4)))
def test_no_mixture_of_fragments_crashes_the_reader(text: str, duration: float | None) -> None:
    """Half tags, half times and half brackets in any order."""
    check_marks(read_notes_text(text, "file", duration=duration)[0].marks)


def check_marks(marks: tuple[ChapterMark, ...]) -> None:
    """Assert what holds for any chapters: titles, order, JSON."""
    assert all(mark.title.strip() for mark in marks)
    assert [mark.start for mark in marks] == sorted(mark.start for mark in marks)
    for mark in marks:
        mark.model_dump_json()
