"""Signing messages as in Standard Webhooks, and telling the genuine ones from the rest."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.webhook import TOLERANCE, Webhook, new_secret, new_webhook, read_webhook, sign, signed_headers, verify
from storage.errors import BadSignature, OptionError

NOW = 1_614_265_330
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_the_example_of_the_specification_has_the_signature_that_it_says() -> None:
    """As the reference libraries have it in their tests."""
    assert sign(SECRET, ID, NOW, BODY) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    verify(SECRET, signed_headers(SECRET, ID, NOW, BODY), BODY, now=NOW)


@given(body=st.binary(max_size=200), message=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40))
def test_what_was_signed_is_genuine(body: bytes, message: str) -> None:
    """With any secret of ours, any body, and headers in any case."""
    secret = new_secret()
    headers = {name.upper(): value for name, value in signed_headers(secret, message, NOW, body).items()}
    verify(secret, headers, body, now=NOW + 10)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg_other"),
        ("webhook-timestamp", str(NOW + 1)),
        ("webhook-timestamp", "soon"),
        ("webhook-timestamp", "٣"),
        ("webhook-signature", "v1,AAAA"),
        ("webhook-signature", "v1,ü"),
        ("webhook-signature", "v2," + sign(SECRET, ID, NOW, BODY)[3:]),
        ("webhook-signature", ""),
        ("webhook-id", ""),
    ],
)
def test_a_changed_header_is_noticed(name: str, value: str) -> None:
    """Id, time and signature belong together."""
    with pytest.raises(BadSignature):
        verify(SECRET, {**signed_headers(SECRET, ID, NOW, BODY), name: value}, BODY, now=NOW)


def test_a_changed_body_and_another_secret_are_noticed() -> None:
    """One bit is enough."""
    headers = signed_headers(SECRET, ID, NOW, BODY)
    with pytest.raises(BadSignature):
        verify(SECRET, headers, BODY + b" ", now=NOW)
    with pytest.raises(BadSignature):
        verify(new_secret(), headers, BODY, now=NOW)


def test_a_message_without_the_headers_is_none() -> None:
    """What is missing is named."""
    with pytest.raises(BadSignature, match="webhook-id, webhook-timestamp, webhook-signature"):
        verify(SECRET, {}, BODY, now=NOW)


@pytest.mark.parametrize(
    ("off", "genuine"), [(TOLERANCE, True), (-TOLERANCE, True), (TOLERANCE + 1, False), (-TOLERANCE - 1, False)]
)
def test_a_message_of_long_ago_is_refused(off: float, genuine: bool) -> None:
    """Five minutes either way: it may have been recorded and sent again."""
    headers = signed_headers(SECRET, ID, NOW, BODY)
    if genuine:
        verify(SECRET, headers, BODY, now=NOW + off)
    else:
        with pytest.raises(BadSignature, match="old"):
            verify(SECRET, headers, BODY, now=NOW + off)


def test_one_of_several_signatures_is_enough() -> None:
    """While one secret is being changed for another, a sender signs with both."""
    headers = signed_headers(SECRET, ID, NOW, BODY)
    both = {**headers, "webhook-signature": f"v1a,xyz {sign(new_secret(), ID, NOW, BODY)} {headers['webhook-signature']}"}
    verify(SECRET, both, BODY, now=NOW)


def test_a_secret_that_is_none_is_refused() -> None:
    """Wrong beginning, not base64, or not 24 to 64 bytes."""
    for secret in ("", "abc", "whsec_", "whsec_!!!!", "whsec_" + base64.b64encode(bytes(23)).decode(), SECRET[6:]):
        with pytest.raises(OptionError, match="secret"):
            sign(secret, ID, NOW, BODY)
    with pytest.raises(OptionError, match="secret"):
        sign("whsec_" + base64.b64encode(bytes(65)).decode(), ID, NOW, BODY)


def test_new_secrets_are_32_random_bytes() -> None:
    """And no two alike."""
    assert len(base64.b64decode(new_secret().removeprefix("whsec_"))) == 32
    assert new_secret() != new_secret()


def test_a_webhook_is_an_address_and_a_secret() -> None:
    """The secret is made if none is given; what the ledger keeps is read back."""
    made = new_webhook(" https://example.com/hook ")
    assert made.url == "https://example.com/hook"
    assert read_webhook(made.model_dump_json()) == made
    assert new_webhook("http://example.com", SECRET) == Webhook(url="http://example.com", secret=SECRET)


@pytest.mark.parametrize("url", ["", "example.com", "ftp://example.com/", "https://", "http://[::1", "javascript:alert(1)"])
def test_what_is_no_web_address_is_no_webhook(url: str) -> None:
    """It is said before anything is kept."""
    with pytest.raises(OptionError, match="webhook"):
        new_webhook(url)


@pytest.mark.parametrize("text", ["", "[]", '{"url": "https://example.com"}', '{"url": "https://example.com", "secret": "x"}'])
def test_a_webhook_that_is_kept_wrongly_is_an_error(text: str) -> None:
    """In our words."""
    with pytest.raises(OptionError):
        read_webhook(text)
