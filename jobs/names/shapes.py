"""What a name looks like: words with a capital, particles between them, and none that say what somebody is or where they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

_CAPITALS = "".join(c for c in map(chr, range(0x41, 0x590)) if c.isupper())
_LETTER = r"[^\W\d_]"
_WORD = rf"(?:[{_CAPITALS}]\.(?:[{_CAPITALS}]\.)*|[{_CAPITALS}]{_LETTER}*(?:['’-](?!s\b){_LETTER}+)*\b)"
_PARTICLE = r"(?:van|von|vom|zu|zur|de|del|della|der|den|di|da|dos|das|du|la|le|lo|ten|ter|bin|ibn|al|el|af|av|dalla)"
_TITLE = (
    r"(?:(?:[Dd]r|[Pp]rof|[Mm]rs?|[Mm]s)\.?|[Pp]rofess?or[ae]?|[Dd]oktor|[Hh]err|[Ff]rau|"
    r"[Dd]ottor(?:essa)?|[Mm]onsieur|[Mm]adame|[Ss]eñora?)"
)
NAME = rf"(?:{_TITLE}\s)*{_WORD}(?:[ \t](?:{_PARTICLE}[ \t]){{0,2}}{_WORD}){{0,3}}(?!['’]s\b)(?!-\w)"
"""A name of one to four words, perhaps with a title in front."""

_TITLED = re.compile(rf"(?:{_TITLE}\s)+")

_OPENERS = """
I And But So The A An This That These Those It He She They We You My Our Your His Her Their Today Tonight Tomorrow
Yesterday Now Then There Here What Who When Where Why How Welcome Thanks Thank Hello Hi Hey Good Great Yes Yeah No Not
Oh Well Okay Ok Ich Und Aber Wir Sie Er Es Heute Hallo Herzlich Willkommen Danke Guten Ja Nein Also Wie Was Wer Wo
Mein Meine Unser Je Mais Nous Vous Elle Ils Aujourd'hui Bonjour Salut Bienvenue Merci Oui Non Mon Notre Cette Pero
Nosotros Hoy Hola Bienvenidos Bienvenido Bienvenida Gracias Sí Nuestro Nuestra Mas Nós Hoje Olá Bem Obrigado Obrigada
Sim Não Meu Minha Nosso Noi Oggi Ciao Benvenuti Benvenuto Benvenuta Grazie Sì In At From With For By Of To If Just
Very Also Back Everyone Everybody Folks Guys Alle Leute Zusammen Tous Toutes Todos Todas Tutti Amigos Amis Friends
Listeners Ladies
"""

_KINDS = """
American British English Scottish Irish Welsh German French Italian Spanish Portuguese Dutch Swiss Austrian Belgian
Polish Russian Ukrainian Chinese Japanese Korean Indian Canadian Mexican Brazilian Australian African European Asian
Swedish Danish Norwegian Finnish Greek Turkish Jewish Muslim Christian Catholic Protestant Buddhist Hindu Black White
Latino Latina Hispanic Israeli Iranian Iraqi Egyptian Nigerian Republican Democrat Deutscher Deutsche Amerikaner
Amerikanerin Schweizer Schweizerin Österreicher Österreicherin Arzt Ärztin Journalist Journalistin Lehrer Lehrerin
Vater Mutter Professor Professorin Ingenieur Ingenieurin Student Studentin Autor Autorin Gründer Gründerin Fan Teil
Mensch Frau Mann Informatiker Physiker Physikerin Entwickler Entwicklerin Français Française Américain Américaine
Italien Italienne Mom Dad Mum Mama Papa God CEO CTO CFO PhD VP AI Doctor President Senator Captain Chief Director Team
Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August September
October November December Christmas Podcast Show Episode Radio News Part Season Chapter Gen Boomer Millennial Gemini
Aries Virgo Ingénieur Ingénieure Médecin Avocat Avocate Professeur Père Mère Parisien Parisienne Español Española
Mexicano Mexicana Argentino Argentina Ingeniero Ingeniera Médico Médica Abogado Abogada Profesor Profesora Padre Madre
Português Portuguesa Brasileiro Brasileira Engenheiro Engenheira Professora Advogado Advogada Pai Mãe Italiano
Italiana Milanese Romano Romana Ingegnere Medico Professore Professoressa Avvocato Bundeskanzler Bundeskanzlerin
Präsident Präsidentin Kanzler Kanzlerin Vegan Vegetarian
"""

_GROUPS = """
show podcast episode radio news team university institute company inc gmbh ltd llc media network studio studios times
post daily magazine review festival conference foundation school college hospital church band street city club party
group labs lab capital ventures bank
"""

_ARTICLES = "on as il la le lo el les los las der die das ein eine un une una uno um uma os o e et y al"
"""Openers that are parts of names as well, or names elsewhere."""

_NO_NAMES = frozenset(_OPENERS.casefold().split())
"""Words that begin something else, wherever they stand."""

_NO_FIRST_NAMES = frozenset(_KINDS.casefold().split())
"""Words that say what somebody is; as a surname they will do."""

_NO_PERSONS = frozenset(_GROUPS.split())
"""Words that make what they belong to a thing."""


_DESCRIBED = (
    r"(?:(?:the|my|our|your|an?|old|good|dear|fellow|friend|colleague|author|writer|novelist|poet|professor|historian|journalist|reporter|economist|chef|actor|"
    r"actress|comedian|musician|singer|physicist|chemist|biologist|mathematician|philosopher|psychologist|researcher|scientist|engineer|laureate|winner|"
    r"director|producer|founder|co-founder|lawyer|doctor|senator|former|der|die|meine?m?|Autorin?|Professorin?|Journalistin?|Forscherin?|Physikerin?|"
    r"le|la|l['’]|écrivaine?|auteure?|journaliste|professeure?|el|escritora?|periodista|profesora?|o|a|escritora?|jornalista|professora?|"
    r"il|lo|scrittore|scrittrice|giornalista|professore|professoressa|[Nn]obel|[Pp]rize|[Pp]ulitzer|laureate)\s?\b){0,4}"
)
"""What may stand between a form and a name: what somebody does."""


@cache
def name_pattern(form: str, joins: str) -> re.Pattern[str]:
    """Return a form as a pattern: in any case but for names, which stand in the groups `N` and `L`."""
    several = rf"{NAME}(?:(?:,? (?:{joins}) |, ){NAME}){{0,5}}"
    parts = re.split(r"(\{[NL]\})", form)
    texts = [
        rf"(?P<N>{NAME})" if part == "{N}" else rf"{_DESCRIBED}(?P<L>{several})" if part == "{L}" else _any_case(part)
        for part in parts
    ]
    return re.compile(r"(?<![\w'’-])" + "".join(texts))


def _any_case(text: str) -> str:
    return f"(?i:{text})" if text else ""


@cache
def word_pattern(forms: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern for any of some forms without names."""
    return re.compile(rf"(?<![\w'’-])(?:{'|'.join(forms)})(?![\w])", re.IGNORECASE)


def trimmed(name: str) -> str | None:
    """Return a name without titles in front and without words at its end that begin something else; none if nothing is left."""
    words = _TITLED.sub("", name, count=1).split()
    for place, word in enumerate(words):
        if word.casefold().strip(".") in _NO_NAMES or word[:2] in {"I'", "I’"}:
            words = words[:place]
            break
    if words and words[0].casefold().strip(".") in _NO_FIRST_NAMES:
        return None
    while words and re.fullmatch(_PARTICLE, words[-1]):
        words.pop()
    if not words or any(word.casefold() in _NO_PERSONS for word in words) or not any(len(word.strip(".")) > 1 for word in words):
        return None
    if all(word.isupper() and len(word) > 1 for word in words):
        return None  # an abbreviation, or shouting
    return " ".join(words)


def is_doubtful(name: str) -> bool:
    """Tell whether a name may say what somebody is, though a person may have it: `Boston Irish`, `Karen White`."""
    return any(word.casefold() in _NO_FIRST_NAMES for word in name.split())


def split_names(text: str, joins: str) -> tuple[str, ...]:
    """Return the names of a list as printed: `A, B and C`."""
    parts = re.split(rf"\s*,\s*(?:(?:{joins})\s+)?|\s+(?:{joins})\s+", text)
    return tuple(dict.fromkeys(name for part in parts if (name := trimmed(part)) is not None))


def names_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Return whatever looks like a name of two words or more: people who speak, and people who are spoken of."""
    found = (trimmed(_without_opener(match[0])) for text in texts for match in re.finditer(NAME, text))
    return tuple(dict.fromkeys(name for name in found if name is not None and " " in name))


def _without_opener(name: str) -> str:
    first, _, rest = name.partition(" ")
    return rest if first.casefold() in _NO_NAMES or first.casefold() in _ARTICLES.split() else name
