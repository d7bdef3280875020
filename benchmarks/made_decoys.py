"""What stands in show notes beside chapters and looks like them: times of day, scores, verses, lengths, whole transcripts."""

from __future__ import annotations

import random
from collections.abc import Callable

FILLER = (
    "This week we sit down with someone who has spent ten years on one question.",
    "It is a longer episode than usual, and we think it is worth it.",
    "You can find the book wherever books are sold.",
    "Our theme was written by a friend of the show.",
    "If you like what we do, tell one other person about it.",
    "We talk about what went wrong, and what they would do differently today.",
    "Follow us wherever you are, and write to us; we read everything.",
    "A correction from last week: the bridge is in the north of the city.",
    "Thanks to everyone who came to the live show.",
)

ASIDES = (
    "Call me at 12:30 on weekdays, or leave a message.",
    "We keep a 1:1 ratio of stories to arguments.",
    "The video is in 16:9 this time.",
    "As John 3:16 is quoted so often, we left it out.",
    "They won 3:2 in the end, after leading 2:0.",
    "The kit costs $19.99, or 24:99 in the old shop window.",
    "We go live every Thursday at 7:00 pm ET, 16:00 Pacific.",
    "This was recorded on 2024-05-06 at 14:30.",
    "The whole conversation runs for 1:05:30.",
    "The part about money (5:39 – 12:39) can be skipped.",
    "Meet us from 13:30 outside the venue.",
    "The list is the one of the OWASP Top 10:2025, with A03:2021 for comparison.",
    "Use the code SHOW20 for 20% off until 11:59 pm tonight.",
    "She ran the half marathon in 1:38:20, her best time yet.",
    "Doors open at 18:00, we begin at 19:30.",
    "Mix the paint 2:1 with water.",
    "0:00 / -1:48:27",
    "Our phone is +1 555 010 4477, extension 12.",
)


def _schedule(draw: random.Random) -> list[str]:
    hour = draw.randint(8, 10)
    rows = ["Registration", "Opening talk", "Workshops", "Lunch", "Panel", "Lightning talks", "Party"]
    dash = draw.choice((" ", " – ", " - "))
    times = [(hour + n, draw.choice((0, 15, 30, 45))) for n in range(len(rows))]
    return [
        draw.choice(("Schedule for Saturday:", "Programme of the day", "Agenda, Friday 14 June")),
        *(f"{h:02}:{m:02}{dash}{row}" for (h, m), row in zip(times, rows, strict=True)),
    ]


def _opening_hours(draw: random.Random) -> list[str]:
    opens = draw.randint(8, 11)
    return [
        "Opening hours of the museum:",
        f"Monday to Friday {opens}:00 – 17:30",
        f"Saturday {opens}:30 – 16:00",
        "Sunday 13:00 – 16:00",
    ]


def _songs(draw: random.Random) -> list[str]:
    names = draw.sample(("Blue Moon", "Red Sun", "Green Sky", "Slow Rain", "Paper Boats", "Harbour Lights", "Tin Roof"), 5)
    form = draw.choice(("{} ({}:{:02})", "{} – {}:{:02}", "{} [{}:{:02}]"))
    return ["Music in this episode:", *(form.format(name, draw.randint(2, 5), draw.randint(0, 59)) for name in names)]


def _scores(draw: random.Random) -> list[str]:
    teams = draw.sample(("North End", "Harbour FC", "Old Mill", "Rovers", "City", "United", "Athletic", "Wanderers"), 8)
    pairs = zip(teams[::2], teams[1::2], strict=True)
    return ["Results of the weekend:", *(f"{a} – {b} {draw.randint(0, 4)}:{draw.randint(0, 4)}" for a, b in pairs)]


def _verses(draw: random.Random) -> list[str]:
    books = draw.sample(("John", "Romans", "Psalm", "Luke", "Isaiah", "Ruth", "Mark"), 4)
    return ["Read along:", *(f"{book} {draw.randint(1, 40)}:{draw.randint(1, 40):02}" for book in books)]


def _bests(draw: random.Random) -> list[str]:
    times = [f"{draw.randint(16, 25)}:{draw.randint(0, 59):02}", f"{draw.randint(35, 55)}:{draw.randint(0, 59):02}", "1:41:07"]
    return ["Personal bests of our guest:", *(f"{what}: {t}" for what, t in zip(("5 km", "10 km", "Half"), times, strict=True))]


def _years(draw: random.Random) -> list[str]:
    year = draw.randint(1990, 2005)
    return [
        "The guest's path:",
        *(f"* {year + 4 * n}–{year + 4 * n + 3} {what}" for n, what in enumerate(("School", "Lab", "Start-up", "Farm"))),
    ]


def _prices(draw: random.Random) -> list[str]:
    return ["Tickets:", *(f"{what}: €{draw.randint(5, 60)}.{draw.choice(('00', '50', '90'))}" for what in ("Adults", "Children"))]


def _transcript(draw: random.Random) -> list[str]:
    clock, rows = 0, ["Transcript"]
    form = draw.choice(("[{}] {}: {}", "{} {}: {}", "({}) {}: {}"))
    for number in range(draw.randint(30, 60)):
        clock += draw.randint(4, 25)
        said = " ".join(draw.sample(FILLER, draw.randint(1, 2)))
        rows.append(form.format(f"00:{clock // 60:02}:{clock % 60:02}", ("Anna", "Tom")[number % 2], said))
    return rows


DECOY_LISTS: tuple[Callable[[random.Random], list[str]], ...] = (
    _schedule, _opening_hours, _songs, _scores, _verses, _bests, _years, _prices, _transcript,
)  # fmt: skip
"""Each returns a heading and rows of which none is a chapter."""
