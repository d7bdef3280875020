"""Lengths of episodes as people and feeds write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.durations import LONGEST, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2280", 2280),
        ("2280.5", 2280.5),
        (" 7:48 ", 468),
        ("75:10", 4510),
        ("1:02:03", 3723),
        ("01:02:03.250", 3723.25),
        ("38 分", 2280),
        ("1 時間 2 分", 3720),
        ("１時間２分", 3720),
        ("1 時間 18 分", 4680),
        ("1 hr 2 min", 3720),
        ("1h 2m", 3720),
        ("1h2m3s", 3723),
        ("1 hour, 2 minutes", 3720),
        ("45 min", 2700),
        ("1 Std. 2 Min.", 3720),
        ("1시간 2분", 3720),
        ("1小时2分钟", 3720),
        ("PT1H2M", 3720),
        ("pt38m", 2280),
        ("P1DT1S", 86401),
        ("PT90.5S", 90.5),
    ],
)
def test_every_written_form_of_a_length_is_read(text: str, seconds: float) -> None:
    """Seconds, clocks, ISO 8601 and the forms of listings."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "0",
        "0:00",
        "00:00:00",
        "-5",
        "-1:00",
        "garbage",
        "1:75",
        "1:60:00",
        "1:2:3:4",
        "P",
        "PT",
        "P1Y",
        "nan",
        "inf",
        "1e3",
        "12 parsecs",
        "9999999",
        "1" * 300,
        ":",
        "1:",
        ":30",
        "PT0S",
        "38 分 1 時間",
        "١٢",
    ],
)
def test_zero_negative_and_garbage_are_none(text: str | None) -> None:
    """What is not a length says nothing, and is never guessed at."""
    assert parse_duration(text) is None


@given(st.text(max_size=60))
def test_any_text_gives_a_possible_length_or_none(text: str) -> None:
    """No text raises, and no result is outside of what an episode can be."""
    seconds = parse_duration(text)
    assert seconds is None or 0 < seconds <= LONGEST


@given(st.integers(min_value=1, max_value=int(LONGEST) - 1))
def test_a_length_written_as_clock_or_iso_reads_back(total: int) -> None:
    """Whole seconds survive each form."""
    hours, minutes, seconds = total // 3600, total // 60 % 60, total % 60
    assert parse_duration(f"{hours}:{minutes:02}:{seconds:02}") == total
    assert parse_duration(f"PT{hours}H{minutes}M{seconds}S") == total
    assert parse_duration(f"{hours} 時間 {minutes} 分 {seconds} 秒") == total
    assert parse_duration(str(total)) == total
