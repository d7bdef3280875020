"""What speakers are called: by what is said and printed, with its source and how sure it is, and no name without evidence."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.names.decide import GIVEN
from jobs.names.forms import FORMS, forms_of
from jobs.names.give import Remembered, give_names
from jobs.names.printed import read_printed
from jobs.names.shapes import name_pattern, names_in, split_names, trimmed
from storage.documents import Coverage, Episode, NameCandidate, Note
from tests.spoken_names import CASES, Case, case


def names(of: Case, known: dict[str, Remembered] | None = None) -> dict[str, str | None]:
    """Return what the speakers of a case are called."""
    return {speaker.label: speaker.name for speaker in give_names(of.transcript(), of.shown, known or {}).speakers}


@pytest.mark.parametrize("told", CASES, ids=lambda told: f"{told.language} {told.what}")
def test_each_small_episode_has_the_names_that_it_gives_and_no_others(told: Case) -> None:
    """Most of all, no wrong ones."""
    found = names(told)
    assert {label: found[label] for label in told.names} == told.names


def test_enough_small_episodes_are_labelled_and_many_are_decoys() -> None:
    """In each language that has forms."""
    assert len(CASES) >= 60
    assert sum(all(name is None for name in told.names.values()) for told in CASES) >= 25
    assert {told.language for told in CASES} >= set(FORMS)


def test_a_name_says_where_it_comes_from_and_how_sure_it_is() -> None:
    """Said and printed is surer than said."""
    said = case("said", "en", ["A: Hello, I'm Anna Schmidt."], {})
    both = case("both", "en", ["A: Hello, I'm Anna Schmidt."], {}, persons=[("Anna Schmidt", "host")])
    (one,), (two,) = give_names(said.transcript(), (), {}).speakers, give_names(both.transcript(), (), {}).speakers
    assert one.name_source == two.name_source == "self_introduction"
    assert GIVEN <= (one.name_confidence or 0) < (two.name_confidence or 0) < 1


def test_contradicting_names_are_kept_as_candidates() -> None:
    """So that a person can choose."""
    told = case("two", "en", ["A: I'm Anna Schmidt. Hello. I'm Maria Weber. Hello."], {})
    (speaker,) = give_names(told.transcript(), (), {}).speakers
    assert (speaker.name, speaker.name_source, speaker.name_confidence) == (None, None, None)
    assert {candidate.name for candidate in speaker.candidates} == {"Anna Schmidt", "Maria Weber"}


def test_what_an_inserted_ad_says_names_nobody() -> None:
    """Its voice may be given to anybody."""
    told = case("ad", "en", ["A: Hello and welcome.", "A: I'm Ryan Field and this is my phone company."], {}).transcript()
    ad = Coverage(start=told.segments[1].start, end=told.segments[1].end + 1, kind="speech", inserted=True)
    assert [speaker.name for speaker in give_names(told, (), {}).speakers] == ["Ryan Field"]
    with_ad = told.model_copy(update={"coverage": (ad,)})
    assert [speaker.name for speaker in give_names(with_ad, (), {}).speakers] == [None]


# -------------------------------------------------------------- with the show's memory


def remembered(name: str, source: str = "voice", confidence: float = 0.9, *, is_host: bool = False) -> Remembered:
    return Remembered(NameCandidate(name=name, source=source, confidence=confidence), is_host)  # type: ignore[arg-type]


def test_a_remembered_voice_has_its_name() -> None:
    """Nobody need say it again."""
    told = case("silent", "en", ["A: The first point is cost.", "B: I disagree."], {})
    assert names(told, {"A": remembered("Lena Ott")}) == {"A": "Lena Ott", "B": None}


def test_a_voice_and_an_introduction_that_agree_give_the_fuller_name() -> None:
    """`I'm Lena` is Lena Ott."""
    told = case("first name", "en", ["A: Hi, I'm Lena.", "B: Hello."], {})
    assert names(told, {"A": remembered("Lena Ott")})["A"] == "Lena Ott"


def test_a_voice_and_an_introduction_that_disagree_give_no_name() -> None:
    """One of them is wrong."""
    told = case("another", "en", ["A: Hi, I'm Maria Weber."], {})
    assert names(told, {"A": remembered("Lena Ott")})["A"] is None


def test_a_person_s_word_goes_before_everything() -> None:
    """Before what is said, what is printed, and what others have as much right to."""
    told = case("people", "en", ["A: Hi, I'm Maria Weber.", "B: And I'm Lena Ott."], {}, persons=[("Maria Weber", "host")])
    assert names(told, {"A": remembered("Lena Ott", "people", 1.0)}) == {"A": "Lena Ott", "B": None}


def test_the_one_printed_host_is_the_voice_that_comes_back() -> None:
    """Though nobody says a word about it; the evidence of the episode alone would not do."""
    told = case("host", "en", ["A: Bridges are old.", "B: They are."], {}, persons=[("Lena Ott", "host"), ("Sam Field", "guest")])
    assert names(told) == {"A": None, "B": None}
    assert names(told, {"A": Remembered(None, is_host=True)}) == {"A": "Lena Ott", "B": "Sam Field"}


def test_what_the_memory_knows_is_no_evidence_of_the_episode_itself() -> None:
    """Else a mistake would confirm itself from episode to episode."""
    told = case("echo", "en", ["A: Bridges are old."], {})
    assert give_names(told.transcript(), (), {"A": remembered("Lena Ott")}).heard.get("A") is None


# -------------------------------------------------------------- printed


def test_the_part_that_each_person_has_is_read() -> None:
    """From the feed first, then the title, then the notes; each person once."""
    notes = (Note(field="description", html="<p>Anna Lee sits down with Bo Fox &amp; Cy Dean. Produced by Ed Iter.</p>"),)
    printed = read_printed(Episode(id="e", title="Radios, with Bo Fox"), notes, "en")
    assert [(person.name, person.part, person.source) for person in printed.people] == [
        ("Bo Fox", "guest", "title"), ("Anna Lee", "host", "show_notes"), ("Cy Dean", "guest", "show_notes"),
    ]  # fmt: skip
    assert "Ed Iter" in printed.mentioned
    assert printed.full_name("Bo") == "Bo Fox"
    assert printed.full_name("Zoe") is None


# -------------------------------------------------------------- properties

_LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_PIECES = st.sampled_from(
    [
        "I'm",
        "Anna",
        "Schmidt",
        "said",
        "my name is",
        "welcome to the show,",
        "van",
        "’s",
        "'s",
        ".",
        ",",
        '"',
        "Ich bin",
        "&",
        "and",
    ]
)


@given(st.lists(st.one_of(_PIECES, _LETTERS), max_size=25).map(" ".join), st.sampled_from([*FORMS, "xx"]))
def test_no_text_breaks_the_reader_and_every_name_stands_in_it(text: str, language: str) -> None:
    """Word for word; and whoever is named has a source and is sure enough."""
    if not text.split():
        return
    told = Case("drawn", language, (f"A: {text}",), {}, title=text[:80], notes=text)
    (speaker,) = give_names(told.transcript(), told.shown, {}).speakers
    assert (speaker.name is None) == (speaker.name_source is None) == (speaker.name_confidence is None)
    if speaker.name is not None:
        assert (speaker.name_confidence or 0) >= GIVEN
        assert all(word in text for word in speaker.name.split())


@given(st.sampled_from(sorted(FORMS)), st.sampled_from(["Anna Schmidt", "Pablo de la Vega", "Zoë O'Neil-Brandt"]), st.data())
def test_a_reported_introduction_is_nobody_s(language: str, name: str, data: st.DataObject) -> None:
    """With whatever word that reports, in each language."""
    forms = forms_of(language)
    assert forms is not None
    plain = {"en": "I'm", "de": "ich heiße", "fr": "je m'appelle", "es": "me llamo", "pt": "me chamo", "it": "mi chiamo"}[
        language
    ]
    word = data.draw(st.sampled_from(forms.reports))
    direct, reported = f"A: {plain} {name}.", f"A: xx {word} {plain} {name}."
    assert names(Case("d", language, (direct,), {}))["A"] == name
    assert names(Case("r", language, (reported,), {}))["A"] is None


@pytest.mark.parametrize("language", sorted(FORMS))
def test_every_form_is_a_pattern_that_finds_a_name_in_time(language: str) -> None:
    """Also in a text that was made to be slow."""
    forms = FORMS[language]
    every = [
        *forms.weak,
        *forms.strong,
        *forms.named_only,
        *forms.introduces,
        *forms.greets,
        *forms.hosts,
        *forms.guests,
        *forms.meets,
    ]
    slow = "Anna Schmidt, " * 2000 + "my guest " * 2000 + "I'm A " * 2000
    for form in every:
        pattern = name_pattern(form, forms.joins)
        assert isinstance(pattern, re.Pattern)
        sum(1 for _ in pattern.finditer(slow))


def test_what_looks_like_a_name_and_what_does_not() -> None:
    """Words with capitals, particles between, titles off."""
    assert trimmed("Dr. Helen Cho") == "Helen Cho"
    assert trimmed("Anna Schmidt And Welcome") == "Anna Schmidt"
    assert trimmed("German") is trimmed("Acme Labs") is trimmed("NPR") is trimmed("I'm") is None
    assert split_names("Anna Lee, Bo Fox and Cy Dean", "and|&") == ("Anna Lee", "Bo Fox", "Cy Dean")
    assert names_in(["On Ludwig van Dyke, and on Rome."]) == ("Ludwig van Dyke",)
