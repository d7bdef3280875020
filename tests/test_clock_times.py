from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.chapters.clock_times import find_times, folded, without_range


def seconds_in(text: str) -> list[float]:
    """Return the values of the whole times in a text."""
    return [time.seconds for time in find_times(folded(text)).times if not time.broken]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0:00", 0),
        ("7:48", 468),
        ("01:35:52", 5752),
        ("75:10", 4510),
        ("120:00", 7200),
        ("35:12.250", 2112.25),
        ("00:03:12,500", 192.5),
        ("1h02m03s", 3723),
        ("1h02", 3720),
        ("1 h 02 min", 3720),
        ("12m30s", 750),
        ("12'30\"", 750),
        ("12′30″", 750),
        ("12分30秒", 750),
        ("1時間02分", 3720),
        ("12분 30초", 750),
        ("０５：３０", 330),
        ("05：30", 330),
        ("٠٥:١٢", 312),
        ("०४:३५", 275),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, seconds: float) -> None:
    """Numbers with colons, units, fractions and the digits of other scripts."""
    assert seconds_in(text) == [seconds]


@pytest.mark.parametrize(
    "text",
    [
        "Top 10:2025",
        "A03:2021",
        "John 3:5",
        "16:9",
        "fe80::1:20",
        "01:45:23:67:89",
        "$12:50",
        "€9:99",
        "2001:4860:4860::8888",
        "12:30%",
        "4:3",
        "1234:56",
    ],
)
def test_what_only_resembles_a_time_is_none(text: str) -> None:
    """Ids, ratios, addresses, phone numbers, prices."""
    assert seconds_in(text) == []


@pytest.mark.parametrize("text", ["10:75", "1:60:00", "1:75:10", "00:00:60"])
def test_sixty_and_more_is_broken(text: str) -> None:
    """A clock cannot show it, but a list may want to say which row it lost."""
    assert [time.broken for time in find_times(text).times] == [True]


def test_the_times_of_subtitles_are_none() -> None:
    """An arrow of a subtitle file takes both of its times with it."""
    assert seconds_in("00:00:00.680 --> 00:00:03.199") == []


@pytest.mark.parametrize("between", [" - ", "–", " — ", " to ", " bis ", "～", " → "])
def test_two_rising_times_and_a_dash_are_a_range(between: str) -> None:
    """One time with an end."""
    (time,) = find_times(folded(f"0:30{between}9:24 Title")).times
    assert (time.seconds, time.end, time.to) == (30, 564, len(f"0:30{between}9:24"))
    assert without_range(time).end is None
    assert without_range(time).to == 4


def test_a_falling_time_after_a_dash_is_no_range() -> None:
    """`12:30 - 9:00 to 5:00 jobs` is a title about working hours."""
    assert [time.end for time in find_times("12:30 - 9:00 to 5:00 jobs").times] == [None, None, None]


@given(st.text(max_size=200))
def test_folding_keeps_every_place(text: str) -> None:
    """Places in the folded text are places in the original."""
    assert len(folded(text)) == len(text)


@given(st.text("0:-aé٠०０：∶—－\u2003\u3000′″）あ한\U0001d7d9", max_size=60))
def test_a_few_characters_fold_as_they_do_among_many(text: str) -> None:
    """Few are replaced one after the other, many at once; both give the same."""
    many = "".join(chr(zero + digit) for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0xFF10) for digit in range(10))
    assert folded(text + many) == folded(text) + "0123456789" * 6


def test_what_resembles_times_hides_none_of_those_behind_it() -> None:
    """A sentence may hold many numbers."""
    assert seconds_in("2:1, 3 h, 10 m, 1:2:3, " * 50 + "then 12:34") == [754]


@settings(max_examples=200)
@given(st.integers(0, 359_999), st.sampled_from("٠०０๐০"), st.sampled_from(":：∶"))
def test_any_whole_second_reads_back_in_any_script(total: int, zero: str, colon: str) -> None:
    """`H:MM:SS` in the digits of a script."""
    text = f"{total // 3600}:{total % 3600 // 60:02d}:{total % 60:02d}"
    script = text.translate({ord(str(digit)): chr(ord(zero) + digit) for digit in range(10)}).replace(":", colon)
    assert seconds_in(script) == [total]
