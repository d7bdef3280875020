"""Hostile and broken XML."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.safe_xml import decode, parse_xml, text_inside
from storage.errors import EarmarkError, NotAFeed, TooLarge


def assert_explained(error: EarmarkError) -> None:
    assert error.message
    assert error.hint


def text_of(data: bytes) -> str:
    return text_inside(parse_xml(data, name="it", error=NotAFeed).root)


def billion_laughs() -> bytes:
    """Return the classic: ten levels of an entity made of ten others."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 11))
    return f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{levels}]><rss>&l10;</rss>'.encode()


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!ENTITY x PUBLIC "p" "http://127.0.0.1:9/x">',
        '<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;',
        '<!entity x system "file:///etc/passwd">',
        f'<!ENTITY x "{"a" * 100_000}">',
        '<!ENTITY a "b"><!ENTITY x "&a;&a;">',
    ],
)
def test_entities_that_expand_or_point_elsewhere_are_refused(declaration: str) -> None:
    """They read private files or fill memory; no real feed has them."""
    with pytest.raises(NotAFeed, match="entities"):
        parse_xml(f"<!DOCTYPE rss [{declaration}]><rss>&x;</rss>".encode(), name="it", error=NotAFeed)


def test_a_billion_laughs_is_refused_at_once() -> None:
    """Nothing is expanded before it is refused."""
    began = time.perf_counter()
    with pytest.raises(NotAFeed):
        parse_xml(billion_laughs(), name="it", error=NotAFeed)
    assert time.perf_counter() - began < 0.5


def test_many_uses_of_a_short_entity_cannot_fill_memory() -> None:
    """The text after expansion is capped too."""
    data = f'<!DOCTYPE rss [<!ENTITY x "{"a" * 200}">]><rss>{"&x;" * 5_000}</rss>'.encode()
    with pytest.raises(TooLarge, match="entities"):
        parse_xml(data, name="it", error=NotAFeed, max_bytes=100_000)


def test_an_external_entity_reads_no_file(tmp_path: Path) -> None:
    """Even where the document type hides behind another."""
    secret = tmp_path / "secret"
    secret.write_text("canary")
    data = f'<!DOCTYPE rss><!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]><rss>&x;</rss>'.encode()
    assert "canary" not in text_of(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<rss>caf&eacute;&nbsp;&hellip;</rss>", "café …"),
        (b'<!DOCTYPE rss PUBLIC "-//Netscape//DTD" "http://x.example/rss.dtd"><rss>&eacute;</rss>', "é"),
        (b'<!DOCTYPE rss [<!ENTITY nbsp "&#160;"><!ENTITY show "The Show">]><rss>&show;&nbsp;!</rss>', "The Show !"),
        (b'<!DOCTYPE rss [<!ENTITY lessthan "&#60;">]><rss>&lessthan;b></rss>', "<b>"),
        (b"<rss>AT&T &unknown; &amp; R&D;</rss>", "AT&T &unknown; & R&D;"),
        (b"<rss><![CDATA[&eacute; & <b>]]></rss>", "&eacute; & <b>"),
        (b"\n\n  <?xml version='1.0'?><rss>x</rss>", "x"),
        (b"Warning: something broke\n<?xml version='1.0'?><rss>x</rss>", "x"),
        (b"<br />\n<b>Warning</b>: x in <b>y.php</b>\n<rss>x</rss>", "x"),
        (b"<rss>early<![CDATA[<?xml version='1.0'?><rss>inner]]></rss>", "early<?xml version='1.0'?><rss>inner"),
        (b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><rss>\xc3\xa9</rss>", "é"),
        (b"<rss>a\x00b\x0bc</rss>", "abc"),
        (b"<rss><item>open", "open"),
        (b"<?xml version='1.0' encoding='iso-2022-jp'?><rss>\x1b$B%F\x1b(B</rss>", "テ"),
        (b"<?xml version='1.0' encoding='shift_jis'?><rss>" + "番組".encode("shift_jis") + b"</rss>", "番組"),
        (b"<?xml version='1.0' encoding='iso-8859-1'?><rss>\x93caf\xe9\x94</rss>", "“café”"),
        ("<?xml version='1.0' encoding='utf-16'?><rss>é</rss>".encode("utf-16"), "é"),
        ("<?xml version='1.0' encoding='utf-16'?><rss>é</rss>".encode("utf-16-le"), "é"),
    ],
)
def test_real_feeds_damage_is_read_through(data: bytes, text: str) -> None:
    """HTML entities, bare ampersands, junk in front, control characters, missing ends, other encodings."""
    assert text_of(data) == text


@pytest.mark.parametrize(
    ("data", "encoding", "wrong"),
    [
        (b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xc3\xa9</a>", "utf-8", True),
        (b"<?xml version='1.0' encoding='utf-8'?><a>caf\xe9</a>", "cp1252", True),
        (b"<?xml version='1.0' encoding='utf-8'?><a>\xc3\xa9</a>", "utf-8", False),
        (b"<?xml version='1.0' encoding='punycode'?><a>x</a>", "utf-8", False),
        (b"<?xml version='1.0' encoding='no-such'?><a>\xc3\xa9</a>", "utf-8", False),
    ],
)
def test_a_wrong_claim_about_the_encoding_is_noticed(data: bytes, encoding: str, wrong: bool) -> None:
    """Valid UTF-8 is UTF-8 whatever it claims."""
    text, used, repaired = decode(data)
    assert (used, repaired) == (encoding, wrong)
    assert "Ã" not in text


def test_too_many_bytes_or_tags_are_refused() -> None:
    """Both are caps on memory."""
    with pytest.raises(TooLarge, match="bytes"):
        parse_xml(b"<a>" + b" " * 100, name="it", error=NotAFeed, max_bytes=50)
    with pytest.raises(TooLarge, match="tags"):
        parse_xml(b"<a>" + b"<b/>" * 100, name="it", error=NotAFeed, max_tags=50)
    with pytest.raises(TooLarge, match="ampersands"):
        parse_xml(b"<a>" + b"&" * 600_000, name="it", error=NotAFeed)
    show_notes = b"<a><![CDATA[" + b"<b/>" * 100 + b"]]></a>"
    assert parse_xml(show_notes, name="it", error=NotAFeed, max_tags=50).root.tag == "a"


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"<rss>{text}</rss>".encode("utf-8", "surrogatepass")))
def test_random_bytes_are_xml_or_a_clear_error(data: bytes) -> None:
    """Nothing else is ever raised."""
    try:
        parse_xml(data, name="it", error=NotAFeed)
    except (NotAFeed, TooLarge) as refused:
        assert_explained(refused)
