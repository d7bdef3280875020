"""The closed language that the tiny Whisper knows: 269 words, and templates of the sentences that a show is made of.

A template holds choices in braces, `{a|b}`, which may nest. A choice that is a name in capitals stands for one of that slot's
fillings; `{N}` is a number from one to ninety-nine.
"""

from __future__ import annotations

import random
import re
import zlib
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent

# fmt: off
ONES = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
# fmt: on
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

_TOPICS = (
    "introduction|pretraining|midtraining|post training|evaluation|conclusions|open models|training data|reinforcement learning|"
    "language models|synthetic data|scaling laws|safety|benchmarks|inference|data quality|hardware|speech recognition"
)
_ADJECTIVES = "small|large|better|faster|cheaper|important|hard|easy|simple|new|open|good|strong|useful|interesting"

# Slots whose words make up the vocabulary, with the words of templates/show.txt.
_VOCABULARY_SLOTS = {
    "TOPIC": _TOPICS,
    "NAME": "Anna|Ben|Clara|David|Emma|Frank|Grace|Henry",
    "BRAND": "Acme Cloud|Blue River|Northwind",
    "PRODUCT": "coffee|a notebook|cloud storage|a podcast player|headphones",
    "ADJECTIVE": _ADJECTIVES,
    "THING": "model|paper|dataset|team|result|question|idea|problem|reward|benchmark|system|story",
    "THINGS": "models|papers|tokens|users|researchers|results|questions|ideas|problems|examples|weights|episodes",
    "UNIT": "percent|hours|days|weeks|months|years|minutes|dollars",
    "PLACE": "Paris|London|Berlin|Chicago",
    "VERB": "train|test|build|release|share|measure|improve|explain|understand",
    "DAY": "Monday|Tuesday|Friday|Sunday",
}
# Slots that only mix words already known, for templates/interview.txt.
_MIXING_SLOTS = {
    "SOMEONE": (
        "I|we|you|people|researchers|users|the team|a small team|our guest|every model|the model|a model|the system|most people|"
        "everyone|{NAME}"
    ),
    "SOMETHING": (
        "it|the model|a large model|the training data|synthetic data|the results|a good answer|every question|the reward|"
        "open models|language models|the weights|a simple test|the test|the dataset|the hardware|the system|the benchmark|"
        "the first dataset|the problem|the paper"
    ),
    "QUALITY": f"{_ADJECTIVES}|free|great|honest|right|long|very hard|very useful|really good|more important|very strong",
    "DO": (
        "train|test|build|release|share|measure|improve|explain|understand|use|read|show|answer|start|see|have|need|want|get|"
        "try|agree with|talk about|ask about|learned from"
    ),
    "NOUN": (
        "model|paper|dataset|team|result|question|idea|problem|reward|benchmark|system|story|answer|test|guest|show|podcast|"
        "notebook|episode|chapter|part|week"
    ),
    "PLURAL": (
        "models|papers|tokens|users|researchers|results|questions|ideas|problems|examples|weights|episodes|benchmarks|people|"
        "listeners|scaling laws|open models|language models|headphones|months|weeks|days"
    ),
}
_SLOTS = _VOCABULARY_SLOTS | _MIXING_SLOTS
# How often a sentence comes from each section of templates/show.txt.
_SECTION_WEIGHTS = {"greeting": 2, "chapter": 2, "question": 3, "answer": 6, "ad": 2, "ending": 2}


def number(rng: random.Random) -> str:
    """Spell a number from one to ninety-nine."""
    value = rng.randint(1, 99)
    if value < 20:
        return ONES[value - 1]
    tens = TENS[value // 10 - 2]
    return tens if value % 10 == 0 else f"{tens} {ONES[value % 10 - 1]}"


@cache
def templates(name: str) -> dict[str, tuple[str, ...]]:
    """Read one file of templates: `# section` headings, then a template a line."""
    sections: dict[str, list[str]] = {}
    for line in (HERE / "templates" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            section = sections.setdefault(line.removeprefix("# "), [])
        elif line.strip():
            section.append(line)
    return {title: tuple(lines) for title, lines in sections.items()}


@cache
def alternatives(body: str) -> tuple[str, ...]:
    """Split the inside of braces at its own bars, not at those of braces within."""
    parts, depth, begin = [], 0, 0
    for position, character in enumerate(body):
        depth += (character == "{") - (character == "}")
        if character == "|" and depth == 0:
            parts.append(body[begin:position])
            begin = position + 1
    return (*parts, body[begin:])


def expand(template: str, rng: random.Random) -> str:
    """Draw one text from a template."""
    drawn, position = "", 0
    while (opening := template.find("{", position)) >= 0:
        closing = _closing(template, opening)
        drawn += template[position:opening] + _draw(template[opening + 1 : closing], rng)
        position = closing + 1
    return drawn + template[position:]


def _closing(template: str, opening: int) -> int:
    """Return the position of the brace that closes the one at `opening`."""
    depth = 0
    for position in range(opening, len(template)):
        depth += (template[position] == "{") - (template[position] == "}")
        if depth == 0:
            return position
    raise ValueError(f"an opening brace is never closed in {template!r}")


def _draw(body: str, rng: random.Random) -> str:
    """Choose among the alternatives of one pair of braces."""
    choice = rng.choice(alternatives(body))
    if choice == "N":
        return number(rng)
    if choice in _SLOTS:
        choice = rng.choice(alternatives(_SLOTS[choice]))
    return expand(choice, rng)


def show_sentence(rng: random.Random) -> str:
    """Draw a sentence of a show: greetings, chapters, questions, answers, ads, endings."""
    section = rng.choices(list(_SECTION_WEIGHTS), list(_SECTION_WEIGHTS.values()))[0]
    return _tidy(expand(rng.choice(templates("show")[section]), rng))


def interview_sentence(rng: random.Random) -> str:
    """Draw a sentence with the shape of one in the example's dialogue, but other words."""
    return _tidy(expand(rng.choice(templates("interview")["interview"]), rng))


def salad(rng: random.Random) -> str:
    """Draw words in no order, so that the model must listen and cannot guess."""
    words = [rng.choice(WORDS) for _ in range(rng.randint(2, 12))]
    for index in range(1, len(words) - 1):
        if rng.random() < 0.08:
            words[index] += ","
    return _tidy(" ".join(words) + rng.choice(["."] * 6 + ["?", "!"]))


def _tidy(text: str) -> str:
    """Leave single blanks and begin with a capital."""
    text = " ".join(text.split())
    return text[0].upper() + text[1:]


def word_key(word: str) -> str:
    """Return a word as it is compared: lower case, without punctuation."""
    return word.strip(".,?!").lower()


def is_held_out(text: str) -> bool:
    """Tell whether a sentence belongs to the tenth (by checksum) that is kept from training; short ones never do."""
    return zlib.crc32(text.encode()) % 10 == 0 and len(text.split()) >= 6


@cache
def example_sentences() -> frozenset[tuple[str, ...]]:
    """Return the words of each sentence that the example says, to keep them out of training; one or two words are too few."""
    rows = (HERE.parent / "dialogue.txt").read_text(encoding="utf-8").splitlines()
    spoken = (tuple(word_key(word) for word in row.split(": ", 1)[1].split()) for row in rows if ": " in row)
    return frozenset(words for words in spoken if len(words) >= 3)


def is_in_example(text: str) -> bool:
    """Tell whether the example says this very sentence."""
    return tuple(word_key(word) for word in text.split()) in example_sentences()


def _vocabulary() -> tuple[str, ...]:
    """Gather every word of the show's templates and slots as it is written inside a sentence."""
    fillings = [filling for slot in _VOCABULARY_SLOTS.values() for filling in alternatives(slot)]
    proper = {
        word
        for slot in ("NAME", "BRAND", "PLACE", "DAY")
        for name in alternatives(_VOCABULARY_SLOTS[slot])
        for word in name.split()
    } | {"I"}
    texts = [re.sub(r"\{\w+\}", " ", line) for section in templates("show").values() for line in section] + fillings
    words = {word.strip(".,?!") for text in texts for word in text.split()} - {""}
    return tuple(sorted({word if word in proper else word.lower() for word in words | set(ONES) | set(TENS)}))


WORDS = _vocabulary()
WORD_INDEX = {word.lower(): index for index, word in enumerate(WORDS)}


def token_forms() -> list[str]:
    """Return the texts that become tokens: each word after a blank, small and capital, the ending 's, and punctuation."""
    forms = set()
    for word in WORDS:
        for written in (word, word[0].upper() + word[1:]):
            stem, apostrophe, ending = written.partition("'")
            forms.add(" " + stem)
            if ending:
                forms.add(apostrophe + ending)
    return [*sorted(forms), ",", ".", "?", "!"]
