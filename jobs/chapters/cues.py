"""What people say when a topic begins: phrases that open any topic, and those that go with the commonest titles.

Half of all published lists have chapters called "Intro", "Sponsor" or "Outro", and nobody says these words there. What is said
is "welcome to", "brought to you by", "thanks for listening". Each role pairs words of titles with such phrases. A language
that is missing here loses this evidence and nothing else.

All entries are bare: lower case, without punctuation (`plain`).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass


@functools.lru_cache(maxsize=1 << 16)
def plain(text: str) -> str:
    """Return a word without case, punctuation and compatibility forms, for comparison."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(f" {' '.join(phrase.split())} " for phrase in text.split("|"))


@dataclass(frozen=True)
class Role:
    """A kind of chapter that is announced in its own words."""

    name: str
    title: re.Pattern[str]
    """Found in titles of this role."""
    said: tuple[str, ...]
    """Phrases said at its beginning, each with a space on both sides."""


ROLES = (
    Role(
        "opening",
        re.compile(
            r"\b(intro|introduction|opening|welcome|hello|greetings?|einleitung|begrüßung|einstieg|bienvenue|bienvenida)\b"
        ),
        _phrases(
            "welcome to|welcome back|hello|hi everyone|hey everyone|hi there|good morning|good evening|"
            "my name is|i am your host|im your host|today we talk|today were talking|on todays episode|"
            "in this episode|joining me|with me today|our guest today|my guest today|willkommen|hallo|"
            "herzlich willkommen|guten tag|mein name ist|bonjour|bienvenue|hola|bienvenidos|benvenuti|bem vindos"
        ),
    ),
    Role(
        "closing",
        re.compile(
            r"\b(outro|closing|conclusions?|goodbye|farewell|wrap(ping)?[ -]?up|credits|final (words|thoughts)|thanks|"
            r"verabschiedung|schluss|ausblick|fazit|abschied|au revoir|despedida|cierre|conclusión|conclusioni|saluti)\b"
        ),
        _phrases(
            "thank you for listening|thanks for listening|thank you so much for|thanks so much for|"
            "thank you for tuning|thanks for tuning|thank you for joining|thanks for joining|"
            "thank you for having|thats all|thats it|that is all|to sum up|to wrap up|to conclude|in conclusion|"
            "to summarize|finally|goodbye|good bye|bye|take care|see you|until next|next week|next time|"
            "before we go|last question|where can people|where can listeners|it was great to have you|"
            "great to have you|zum schluss|zum abschluss|vielen dank|danke fürs|auf wiederhören|tschüss|"
            "bis zum nächsten|bis nächste|merci|à bientôt|au revoir|gracias por|adiós|hasta la próxima|grazie|"
            "alla prossima|obrigado"
        ),
    ),
    Role(
        "sponsor",
        re.compile(
            r"\b(sponsors?|sponsored|ads?|advert\w*|promo|commercials?|break|werbung|anzeige|publicité|publicidad|patrocinador\w*|pubblicità)\b"
        ),
        _phrases(
            "sponsor|sponsors|sponsored by|brought to you by|supported by|support for|a word from|quick break|"
            "short break|promo code|this episode is|todays episode is|werbung|unser sponsor|präsentiert von|"
            "unterstützt von|sponsorisé par|patrocinado por|offerto da"
        ),
    ),
    Role(
        "questions",
        re.compile(r"\b(q ?& ?a|questions?|mailbag|listener|feedback|fragen|hörerfragen|preguntas|domande)\b"),
        _phrases(
            "question|questions|asks|writes|wrote|wants to know|listener|frage|fragen|fragt|schreibt|pregunta|preguntas|domanda"
        ),
    ),
)

OPENERS = _phrases(
    "lets talk|lets start|lets begin|lets move|lets get|lets go|lets turn|lets switch|lets dive|"
    "lets jump|moving on|move on|the next|next up|now|so|okay|ok|alright|all right|first|first of all|"
    "finally|another|one more|that brings us|this brings us|speaking of|i want to ask|i wanted to ask|"
    "tell me|tell us|how did you|to sum up|welcome|back to|turning to|kommen wir|fangen wir|als nächstes|"
    "jetzt|nun|gut|zunächst|reden wir|sprechen wir|alors|maintenant|passons|ahora|bueno|vamos|hablemos|"
    "allora|adesso|passiamo|parliamo|agora"
)
"""Phrases that begin a topic of any title; also said in the middle of one, so they weigh little."""


def says(phrases: Sequence[str], words: Sequence[str]) -> bool:
    """Tell whether one of the phrases is among some plain words."""
    text = f" {' '.join(words)} "
    return any(phrase in text for phrase in phrases)


def roles_of(title: str) -> tuple[Role, ...]:
    """Return the roles that a title names."""
    folded = unicodedata.normalize("NFKC", title).casefold()
    return tuple(role for role in ROLES if role.title.search(folded))
