"""Show notes as publishers write them, drawn from a seed, with the chapters that a person would read in them.

The ways of writing a row, the layouts and the things that only look like chapters are those seen in real notes and listed in
the design of earmark's reader; they were put together without looking at what the reader does with them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from html import escape

from benchmarks.chapter_cases import ChapterCase, Chapters, draw_chapters
from benchmarks.made_decoys import ASIDES, DECOY_LISTS, FILLER

KIND = "show notes, made"
WITHOUT = 0.25
"""Share of the notes that have no chapters, though times stand in them."""

_ROWS = (
    "{t} {T}", "{t} {T}", "{t} - {T}", "{t} - {T}", "{t} – {T}", "{t} — {T}", "{t}: {T}", "{t} | {T}", "({t}) {T}", "({t}) - {T}",
    "[{t}] {T}", "[{t}] - {T}", "{n}. {t} {T}", "{n:02}. {t} － {T}", "{n}) {t} - {T}", "{b} {t} {T}", "{b} {t} - {T}",
    "{b} ({t}) {T}", "{T} ({t})", "{T} – {t}", "{T} - {t}", "{T} [{t}]", "{b} {T} ({t})", "{t} - {e} {T}", "{t}–{e} {T}",
    "({t} - {e}) {T}", "{t}\t{T}", "{T}: {t}",
)  # fmt: skip
_BULLETS = ("*", "-", "•", "▶", "►", "→", "➤", "●")
_HEADINGS = (
    "Chapters", "Chapters:", "Timestamps", "Timestamps:", "TIMESTAMPS", "In this episode:", "Outline:", "Show notes", "Kapitel:",
    "Time stamps", "Topics discussed:", "What we cover",
)  # fmt: skip
_TITLED = ("<p><strong>{}</strong></p>", "<h3>{}</h3>", "<p>{}</p>", "<div><b>{}</b></div>")
_DRESSES = (
    ('<a href="https://cast.example/e/7?t={at}">{}</a>', "{}"),
    ("<strong>{}</strong>", "{}"),
    ("<b>{}</b>&nbsp;", "{}"),
    ("{}&nbsp;", "{}"),
    ("{}", '<a href="https://topic.example/">{}</a>'),
    ("{}", "<em>{}</em>"),
    ('<span style="font-weight: 400;">{}</span>', "<span>{}</span>"),
)
"""Tags around the time and around the title."""
_RUN_ON = ("* ", " • ", " ", " | ")


def made_notes(count: int, seed: int) -> list[ChapterCase]:
    """Return so many show notes; another seed gives others."""
    draw = random.Random(seed)
    return [_note(draw, f"made {seed}:{number}") for number in range(count)]


def _note(draw: random.Random, name: str) -> ChapterCase:
    chapters = draw_chapters(draw) if draw.random() >= WITHOUT else ()
    as_text = draw.random() < 0.25
    blocks = [_prose(draw) for _ in range(draw.randint(1, 3))]
    duration = (chapters[-1][0] if chapters else draw.randint(20, 90) * 60) + draw.randint(45, 900)
    if chapters:
        blocks += _list(draw, chapters, duration, as_text=as_text)
    if not chapters or draw.random() < 0.2:
        heading, *rows = draw.choice(DECOY_LISTS)(draw)
        blocks += _lines(draw, heading, rows, as_text=as_text)
    if draw.random() < 0.7:
        blocks.append(_prose(draw))
    field = draw.choice(("content:encoded", "description"))
    text = "\n\n".join(blocks) if as_text else "".join(f"<p>{block}</p>" if block[0] != "<" else block for block in blocks)
    return ChapterCase(KIND, name, chapters, text, duration=duration, field=field)


def _prose(draw: random.Random) -> str:
    """Return a paragraph; in one of two something stands in it that looks like a time."""
    sentences = draw.sample(FILLER, draw.randint(1, 4))
    if draw.random() < 0.5:
        sentences.insert(draw.randint(0, len(sentences)), draw.choice(ASIDES))
    return " ".join(sentences)


def clock_style(draw: random.Random, last: float) -> Callable[[float], str]:
    """Return one way of writing times, the same for a whole list."""
    styles = [_as_needed, _two_digits, _always_hours, _two_digit_hours]
    if last >= 3600:
        styles.append(_only_minutes)
    return draw.choice(styles)


def _split(seconds: float) -> tuple[int, int, int]:
    minutes, rest = divmod(int(seconds), 60)
    return minutes // 60, minutes % 60, rest


def _as_needed(seconds: float) -> str:
    hours, minutes, rest = _split(seconds)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _two_digits(seconds: float) -> str:
    hours, minutes, rest = _split(seconds)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _always_hours(seconds: float) -> str:
    hours, minutes, rest = _split(seconds)
    return f"{hours}:{minutes:02}:{rest:02}"


def _two_digit_hours(seconds: float) -> str:
    hours, minutes, rest = _split(seconds)
    return f"{hours:02}:{minutes:02}:{rest:02}"


def _only_minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _list(draw: random.Random, chapters: Chapters, duration: float, *, as_text: bool) -> list[str]:
    """Return a heading, if there is one, and the rows in one layout."""
    form, bullet, shown = draw.choice(_ROWS), draw.choice(_BULLETS), clock_style(draw, chapters[-1][0])
    heading = draw.choice(_HEADINGS) if draw.random() < 0.7 else ""
    ends = [start for start, _ in chapters[1:]] + [duration]
    dress = draw.choice(_DRESSES) if not as_text and draw.random() < 0.5 else ("{}", "{}")
    quoted, careless = draw.random() < 0.5, draw.random() < 0.15
    rows = []
    for number, ((start, title), end) in enumerate(zip(chapters, ends, strict=True), 1):
        written = title if as_text else escape(title, quote=quoted)
        time = dress[0].format(shown(start), at=f"{start:.0f}")
        rows.append(form.format(t=time, T=dress[1].format(written), n=number, b=bullet, e=shown(end)))
    if draw.random() < 0.06 and form[0] in "{(" and "{e}" not in form and form[1] in "t{":
        # the tags are lost, and with them the ends of lines
        between = draw.choice(_RUN_ON)
        return [(heading or "Chapters") + between + between.join(rows)]
    if careless and len(rows) > 3:
        _carelessly(draw, rows, form)
    return _lines(draw, heading, rows, as_text=as_text)


def _carelessly(draw: random.Random, rows: list[str], form: str) -> None:
    """Write one row with another dash than the others, or put something without a time between two rows."""
    at = draw.randint(1, len(rows) - 1)
    if " - " in form and "{e}" not in form:
        rows[at] = rows[at].replace(" - ", draw.choice((" – ", " -", "- ", " — ")), 1)
    elif "{e}" not in form:
        rows.insert(at, draw.choice(("(This part is brought to you by our friends.)", "— short break —", "~ ~ ~")))


def _lines(draw: random.Random, heading: str, rows: Sequence[str], *, as_text: bool) -> list[str]:
    """Return a heading, which may be empty, and rows, one below the other."""
    every = [heading, *rows] if heading else rows
    if as_text:
        return [draw.choice(("\n", "\n", "\n\n")).join(every)]
    layout = draw.choice(("p", "br", "br", "ul", "ul", "ol", "li p", "div", "pre"))
    if layout == "br":
        return [f"<p>{draw.choice(('<br>', '<br/>', '<br />' + chr(10))).join(every)}</p>"]
    titled = [draw.choice(_TITLED).format(heading)] if heading else []
    if layout == "pre":
        return [*titled, "<pre>" + "\n".join(rows) + "</pre>"]
    if layout in {"p", "div"}:
        return [*titled, *(f"<{layout}>{row}</{layout}>" for row in rows)]
    inner = "<li><p>{}</p></li>" if layout == "li p" else "<li>{}</li>"
    tag = "ol" if layout == "ol" else "ul"
    return [*titled, f"<{tag}>" + "".join(inner.format(row) for row in rows) + f"</{tag}>"]
