"""What all pages share: headers, static files, problems in words, and signing in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.pages.assets import assets
from service.pages.signing_in import own_path
from tests.apiserver import Api, open_api, problem_of
from tests.harmless import harmless, the

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server that asks for no token."""
    with open_api(tmp_path_factory.mktemp("pages")) as running:
        yield running


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server that asks for tokens."""
    with open_api(tmp_path_factory.mktemp("guarded"), require_token=True) as running:
        yield running


def test_a_browser_gets_pages_where_a_program_gets_documents(api: Api) -> None:
    """At the root, too."""
    assert "Shows" in the(harmless(api.get("/", headers=BROWSER)), "h1").text()
    assert api.get("/").headers["location"] == "/v1"


def test_what_is_not_there_is_said_in_words(api: Api) -> None:
    """With the status of the problem; programs get the problem."""
    answer = api.get("/nowhere", headers=BROWSER)
    assert answer.status_code == 404
    assert "nothing at this path" in the(harmless(answer), "main").text()
    problem_of(api.get("/nowhere"), 404)
    problem_of(api.get("/v1/nowhere", headers=BROWSER), 404)
    refused = api.client.post("/", headers=BROWSER)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


def test_static_files_are_kept_for_good_under_the_address_of_their_version(api: Api) -> None:
    """And asked for again under any other."""
    sheet = the(harmless(api.get("/", headers=BROWSER)), "link[rel=stylesheet]").attributes["href"] or ""
    found = api.get(sheet)
    assert found.headers["content-type"].startswith("text/css")
    assert "immutable" in found.headers["cache-control"]
    assert api.get(sheet, headers={"If-None-Match": found.headers["etag"]}).status_code == 304
    assert api.get("/static/older/earmark.css").headers["cache-control"] == "no-cache"
    problem_of(api.get("/static/older/nothing.css"), 404)
    problem_of(api.get("/static/older/..%2Fassets.py"), 404)


def test_no_static_file_asks_another_server_for_anything() -> None:
    """No font, no picture, no script from elsewhere."""
    for name, asset in assets().by_name.items():
        text = asset.content.decode("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text, name
        assert "//" not in text.replace("// ", ""), name
        assert "@import" not in text, name


def test_people_without_a_token_are_led_to_where_they_show_one(guarded: Api) -> None:
    """And from there to where they wanted to go; programs get the problem."""
    led = guarded.get("/shows/the-show?after=x", headers=BROWSER)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=%2Fshows%2Fthe-show%3Fafter%3Dx")
    form = the(harmless(guarded.get(led.headers["location"], headers=BROWSER)), "#sign-in")
    assert the(form, "[name=next]").attributes["value"] == "/shows/the-show?after=x"
    problem_of(guarded.get("/v1/episodes"), 401)
    problem_of(guarded.get("/", headers={"Accept": "application/json"}), 401)


def _signed_in(api: Api, token: str, **headers: str) -> httpx.Response:
    """Sign in with a browser of its own, so that no other keeps the cookie."""
    form = {"token": token, "next": "/search"}
    with httpx.Client(base_url=api.url, trust_env=False) as browser:
        return browser.post("/sign-in", data=form, headers={**BROWSER, "Origin": api.url, **headers})


def test_a_token_is_shown_once_and_kept_where_no_script_sees_it(guarded: Api) -> None:
    """The cookie opens pages and the API, until it is signed out."""
    token = guarded.context.tokens.create("browser")[1]
    answer = _signed_in(guarded, token)
    assert (answer.status_code, answer.headers["location"]) == (303, "/search")
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert "Secure" not in cookie
    with httpx.Client(base_url=guarded.url, headers=BROWSER, cookies={"earmark_token": token}, trust_env=False) as browser:
        page = harmless(browser.get("/"))
        assert the(page, "form[action='/sign-out']")
        assert browser.get("/v1/episodes").status_code == 200
        gone = browser.post("/sign-out", headers={"Origin": guarded.url})
        assert gone.headers["location"] == "/sign-in"
        assert "Max-Age=0" in gone.headers["set-cookie"]


def test_over_tls_the_cookie_is_for_tls_alone(guarded: Api, tmp_path: Path) -> None:
    """Also where a proxy takes TLS off."""
    with open_api(tmp_path, names=("earmark.example",)) as api:
        token = api.context.tokens.create("browser")[1]
        headers = {"Host": "earmark.example", "Origin": "https://earmark.example"}
        cookie = _signed_in(api, token, **headers).headers["set-cookie"]
        assert cookie.startswith("__Host-earmark_token=")
        assert "Secure" in cookie
        kept = {**BROWSER, "Host": "earmark.example", "Cookie": f"__Host-earmark_token={token}"}
        assert api.get("/", headers=kept).status_code == 200


def test_a_wrong_token_is_refused_with_a_word_and_not_kept(guarded: Api) -> None:
    """Nor is one that was revoked."""
    record, token = guarded.context.tokens.create("gone")
    guarded.context.tokens.revoke(record.id)
    for shown in (token, "", "<script>", "x" * 600):
        answer = _signed_in(guarded, shown)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert "wrong" in the(harmless(answer), "[role=alert]").text()
    kept = {**BROWSER, "Cookie": f"earmark_token={token}"}
    assert guarded.get("/", headers=kept).status_code == 303


def test_a_cookie_changes_nothing_for_a_page_of_another_site(guarded: Api) -> None:
    """Nor for a request that does not say where it comes from."""
    token = guarded.context.tokens.create("browser")[1]
    kept = {"Cookie": f"earmark_token={token}"}
    for more in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}, {}):
        problem_of(guarded.client.post("/v1/jobs", json={"url": "https://a.example/"}, headers={**kept, **more}), 403)
    own = {**kept, "Origin": guarded.url}
    problem_of(guarded.client.post("/v1/jobs", json={"nothing": 1}, headers=own), 422)
    shown = {"Authorization": f"Bearer {token}"}
    problem_of(guarded.client.post("/v1/jobs", json={"nothing": 1}, headers=shown), 422)
    assert _signed_in(guarded, token, Origin="https://evil.example").status_code == 403


def test_whoever_comes_from_another_site_is_asked_to_go_on(guarded: Api) -> None:
    """Browsers keep the cookie back then; a link of our own sends it."""
    asked = guarded.get("/sign-in?next=/episodes/ep_1", headers={**BROWSER, "Sec-Fetch-Site": "cross-site"})
    assert the(harmless(asked), "#go-on").attributes["href"] == "/episodes/ep_1"
    token = guarded.context.tokens.create("browser")[1]
    let_through = guarded.get("/sign-in?next=/episodes/ep_1", headers={**BROWSER, "Cookie": f"earmark_token={token}"})
    assert let_through.headers["location"] == "/episodes/ep_1"


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "", "/a\nb", "/\t/evil.example"],
)
def test_signing_in_leads_nowhere_else(wanted: str) -> None:
    """Only to places of this server."""
    assert own_path(wanted) == "/"
    assert own_path("/episodes/ep_1?q=a#t=3") == "/episodes/ep_1?q=a#t=3"


def test_a_form_in_another_shape_is_refused(guarded: Api) -> None:
    """As files, as JSON, or not as text."""
    own = {**BROWSER, "Origin": guarded.url}
    assert guarded.client.post("/sign-in", json={"token": "x"}, headers=own).status_code == 422
    typed = {**own, "Content-Type": "application/x-www-form-urlencoded"}
    assert guarded.client.post("/sign-in", content=b"token=%FF", headers=typed).status_code == 400
    assert guarded.client.post("/sign-in", content=b"a&" * 3000, headers=typed).status_code == 400


def test_requests_for_pages_are_counted_by_what_they_are_for(api: Api) -> None:
    """Not by address, of which there are endless ones; and the page that one is on is marked in the menu."""
    assert api.get("/episodes/ep_nobody", headers=BROWSER).status_code == 404
    counted = api.get("/metrics").text
    assert 'route="/episodes/{episode_id}",status="404"' in counted
    assert "ep_nobody" not in counted
    show = harmless(api.get("/shows/nothing", headers=BROWSER))
    assert [link.text() for link in show.css("[aria-current=page]")] == ["Shows"]
    assert harmless(api.get("/nowhere", headers=BROWSER)).css("[aria-current=page]") == []
