"""Published chapters whose truth is known, as readers of chapters are given them: drawn from a seed, in any format.

What a chapter can be called was written down without looking at any reader: topics with numbers, colons, dashes, brackets,
quotes and ampersands in them, in several languages. Nothing here is a real show's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

Chapters = tuple[tuple[float, str], ...]
"""Start in seconds and title."""


@dataclass(frozen=True)
class ChapterCase:
    """One text or file, and the chapters that a person would read in it."""

    kind: str
    name: str
    chapters: Chapters
    text: str = ""
    """The show notes; empty if the case is a file."""
    path: Path | None = None
    duration: float | None = None
    """Length of the episode in seconds, if the publisher tells it."""
    field: str = "content:encoded"
    """Where in a feed the show notes stood."""


_TOPICS = (
    "city trees", "the price of milk", "open models", "sleep", "night trains", "the moon landing", "type checkers", "salt",
    "small radios", "the last mile", "gut feelings", "tax havens", "deep sea mining", "sourdough", "old maps", "bird song",
    "the gig economy", "cold water", "lost luggage", "queueing theory", "black holes", "free will", "concrete", "bees",
)  # fmt: skip
_NAMES = ("Ana Ruiz", "Tom Becker", "Priya", "Dr. Lund", "Mei", "O'Neill", "Jean-Luc", "Zoë")
_ENGLISH = (
    "{Topic}", "{Topic}", "{Topic}", "Why {topic} matters", "What is {topic}?", "{name} on {topic}", "{Topic} and {other}",
    "Part {n}: {topic}", "{Topic}, {other} & more", "“{Topic} is overrated”", "The {n} rules of {topic}", "{Topic} vs. {other}",
    "{Topic} (with {name})", "{Topic} – the long story", "24/7 {topic}", "{Topic} in 19{nn}", "{n} questions for {name}",
    "Ad: {topic} by post", "Listener mail #{n}", "From {n} to {nn},000 users", "How {name} got into {topic}", "Q&A",
    "{Topic}: a history", "'{Topic}' explained", "Is {topic} dead?", "Predictions for 20{nn}", "{Topic} @ scale", "Break",
)  # fmt: skip
_OTHERS = (
    ("Begrüßung", "Warum wir schlecht schlafen", "Die Größe des Waldes", "Zwischenfrage: Was kostet das?", "Hausmitteilungen",
     "Zug um Zug", "Über Geld spricht man nicht", "Ausblick und Verabschiedung", "Der 2. Teil der Reise", "Äpfel & Birnen"),
    ("Présentation de l’invité", "L’eau, un bien commun ?", "Où en est la recherche", "À lire cet été", "Le coup de cœur",
     "Trois idées reçues", "Qu’est-ce qui change ?", "Le mot de la fin", "Retour sur l’été", "Une question d’échelle"),
    ("Saludo inicial", "¿Qué es la inflación?", "El año que viene", "Preguntas de los oyentes", "Una historia de montaña",
     "Despedida", "Los niños y la pantalla", "¡Por fin vacaciones!", "El precio del pan", "Música y memoria"),
    ("オープニング", "今週のニュース", "リスナーからのお便り", "春の新番組について", "東京の電車", "おすすめの本", "エンディング",
     "働き方の話", "猫と暮らす", "来週の予告"),
    ("Приветствие", "Новости недели", "Почему мы спим", "История метро", "Вопросы слушателей", "Книга месяца", "Что дальше",
     "Деньги и время", "О погоде", "До встречи"),
)  # fmt: skip


def draw_chapters(draw: random.Random, *, most: int = 18, english: float = 0.75) -> Chapters:
    """Return 3 to `most` chapters of an episode of up to three hours; nine of ten lists begin at 0."""
    count = draw.randint(3, most)
    longest = draw.choice((20, 45, 70, 180)) * 60
    first = 0 if draw.random() < 0.9 else draw.randint(1, 90)
    # a quarter of a minute apart at least, as nearly all chapters of real lists are
    later = sorted(draw.sample(range(1, longest // 15), count - 1))
    starts = [first, *(first + 15 * step + draw.randint(0, 9) for step in later)]
    return tuple(zip(map(float, starts), _titles(draw, count, english), strict=True))


def _titles(draw: random.Random, count: int, english: float) -> list[str]:
    if draw.random() >= english:
        language = draw.choice(_OTHERS)
        return [draw.choice(language) for _ in range(count)]
    titles = [_english(draw) for _ in range(count)]
    if draw.random() < 0.6:
        titles[0] = draw.choice(("Intro", "Introduction", "Welcome", "Cold open"))
    if draw.random() < 0.4:
        titles[-1] = draw.choice(("Outro", "Wrap-up", "Closing thoughts", "Where to find us"))
    return titles


def _english(draw: random.Random) -> str:
    topic, other = draw.sample(_TOPICS, 2)
    return draw.choice(_ENGLISH).format(
        topic=topic,
        Topic=topic[0].upper() + topic[1:],
        other=other,
        name=draw.choice(_NAMES),
        n=draw.randint(2, 12),
        nn=draw.randint(20, 99),
    )
