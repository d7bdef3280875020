"""File names that people can read and file systems can hold."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.names import LONGEST_NAME, file_name, shortened
from tests.transcripts import HOSTILE


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A Talk", "A Talk"),
        ("Größe: 東京 & ไทย", "Größe - 東京 & ไทย"),
        ("cafe\u0301", "café"),
        ("AC/DC at 12:30?", "AC-DC at 12-30"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "x"),
        (" . hidden. ", "hidden"),
        ("-rf", "rf"),
        ("NUL", "NUL_"),
        ("con.txt", "con_.txt"),
        ("COM¹", "COM¹_"),
        ("Console", "Console"),
        ("a\0b\nc\\d", "ab c-d"),
        ('The "best" <one>*', "The 'best' one"),
        ("\u202egnp.exe", "gnp.exe"),
        ("👩‍👧 talk", "👩‍👧 talk"),
        ("", "x"),
        ("???", "x"),
    ],
)
def test_a_title_becomes_a_name(text: str, name: str) -> None:
    """Readable, in NFC, without anything that a file system, a shell or an eye could stumble over."""
    assert file_name(text, instead="x") == name


@given(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=300)))
def test_any_text_becomes_a_safe_name_and_stays_so(text: str) -> None:
    """Within the limit, one path part, not hidden, not reserved, and the same again."""
    name = file_name(text, instead="x")
    assert 0 < len(name.encode()) <= LONGEST_NAME
    assert Path(name).name == name
    assert not set(name) & set('/\\:*?"<>|\0')
    assert name[0] not in ".-~ "
    assert name[-1] not in ". "
    assert name == unicodedata.normalize("NFC", name)
    assert file_name(name, instead="x") == name


@settings(deadline=None)
@given(text=st.text(min_size=1, max_size=60))
def test_any_name_can_be_a_file_here(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """The file system of this machine takes it and gives it back."""
    folder = tmp_path_factory.mktemp("names")
    (folder / file_name(text, instead="x")).write_bytes(b"")
    assert os.listdir(folder) == [file_name(text, instead="x")]  # noqa: PTH208 - the raw names, as the system has them


@pytest.mark.parametrize(
    ("text", "longest", "kept"),
    [
        ("one two three", 20, "one two three"),
        ("one two three", 10, "one two"),
        ("one two three", 7, "one two"),
        ("abcdefghijkl", 5, "abcde"),
        ("東京東京", 7, "東京"),
        ("abe\u0301", 3, "ab"),
        ("ab👩‍👧", 9, "ab"),
        ("👍🏽", 5, ""),
    ],
)
def test_a_long_name_is_cut_at_a_word_and_never_inside_a_character(text: str, longest: int, kept: str) -> None:
    """Marks, skin tones and joined emoji stay with what they belong to, or go with it."""
    assert shortened(text, longest) == kept
