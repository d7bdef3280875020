"""Ids of episodes, and addresses in the form in which they are compared."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.identity import encode_url, episode_id, file_id, normalise_url, same_guid_id

FEED = "https://show.example/feed.xml"
AUDIO = "https://cdn.example/a/1.mp3"


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/a/1.mp3",
        "https://CDN.example:443/a/1.mp3",
        "http://cdn.example:80/a/1.mp3#t=10",
        "https://user:secret@cdn.example/a/1.mp3",
        "https://cdn.example/a/1.mp3?utm_source=x&utm_medium=rss",
        "https://cdn.example/%61/1.mp3",
        "https://dts.podtrac.com/redirect.mp3/cdn.example/a/1.mp3",
        "https://www.podtrac.com/pts/redirect.mp3/https://cdn.example/a/1.mp3",
        "https://pdst.fm/e/chrt.fm/track/ABC/cdn.example/a/1.mp3",
        "https://op3.dev/e,pg=123/https://CDN.example/a/1.mp3",
        "https://mgln.ai/e/77/prfx.byspotify.com/e/cdn.example/a/1.mp3",
    ],
)
def test_addresses_of_one_file_have_one_form(url: str) -> None:
    """Scheme, port, login, tracking and measuring prefixes say nothing about which file it is."""
    assert normalise_url(url) == normalise_url(AUDIO) == "cdn.example/a/1.mp3"


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example:8443/a/1.mp3",
        "https://cdn.example/A/1.mp3",
        "https://cdn.example/a/1.mp3?episode=2",
        "https://cdn.example/a%2F1.mp3",
        "https://unknown.example/e/cdn.example/a/1.mp3",
        "https://pdst.fm/e/a/1.mp3",
    ],
)
def test_what_may_select_another_file_stays(url: str) -> None:
    """Ports, letter case of paths, unknown parameters and unknown prefixes can mean another episode."""
    assert normalise_url(url) != normalise_url(AUDIO)


def test_raw_spaces_and_foreign_letters_are_percent_encoded_once() -> None:
    """Live feeds contain both; what is encoded already stays as it is."""
    encoded = "https://x.example/one%20two/caf%C3%A9.mp3?q=a%20b"
    assert encode_url("https://x.example/one two/café.mp3?q=a b") == encoded
    assert encode_url(encoded) == encoded
    assert encode_url("https://x.example/100%.mp3") == "https://x.example/100%25.mp3"
    assert encode_url("audio/ep 1.mp3") == "audio/ep%201.mp3"
    assert encode_url(" https://x.example/\n a.mp3\t") == "https://x.example/%20a.mp3"


def test_an_id_is_short_and_fit_for_a_file_name() -> None:
    """`ep_` and 16 letters or digits."""
    for made in (episode_id(FEED, "g", AUDIO), episode_id(None, None, "../../etc/passwd"), file_id("ab" * 32)):
        assert re.fullmatch(r"ep_[a-z2-7]{16}", made)


def test_ids_are_the_same_from_release_to_release() -> None:
    """An id is stored; changing how it is made would make every episode new."""
    assert episode_id(FEED, "1", AUDIO) == "ep_ynibgrrmb5lmx6qn"
    assert episode_id(None, None, AUDIO) == "ep_sv7q7fsplylndui3"
    assert file_id("ab" * 32) == "ep_5ewpyhcyzlodddon"


def test_feed_and_guid_decide_before_the_audio_address() -> None:
    """A moved file is the same episode; the same guid in another feed is not."""
    assert episode_id(FEED, "1", AUDIO) == episode_id("http://show.example/feed.xml", " 1 ", "https://new.example/1.mp3")
    assert episode_id(FEED, "1", AUDIO) != episode_id("https://other.example/feed.xml", "1", AUDIO)
    assert episode_id(FEED, None, AUDIO) == episode_id(None, "", AUDIO.replace("https", "http"))


def test_a_guid_without_a_feed_address_needs_the_audio_too() -> None:
    """Two local feeds both number from 1."""
    assert episode_id(None, "1", AUDIO) != episode_id(None, "1", "other.mp3")
    assert same_guid_id(FEED, "1", AUDIO) not in {episode_id(FEED, "1", AUDIO), same_guid_id(FEED, "1", AUDIO + "2")}


@given(st.text(max_size=80))
def test_any_text_can_be_an_address(text: str) -> None:
    """Encoding is ASCII and settled after one pass; normalising and ids never raise."""
    encoded = encode_url("https://x.example/" + text)
    assert encoded.isascii() or "\\ud" in ascii(text)
    assert encode_url(encoded) == encoded
    assert episode_id(text, text, text).startswith("ep_")
    assert normalise_url(text) == normalise_url(text.strip())
