"""Asking for transcripts by a form: the same request as `POST /v1/jobs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError

from service.api.asked import JobBody
from service.api.context import Context, Here
from service.api.jobs import location_of
from service.api.problems import Problem, ProblemError, of_faults
from service.api.submit import look, take_down
from service.pages.answers import page, see
from service.pages.forms import Form, Posted

router = APIRouter(include_in_schema=False)

FIELDS = ("url", "which", "latest", "since", "episodes", "language", "speakers", "hotwords", "chapters", "reference")
BOXES = ("no_generated_chapters", "no_voice_memory", "again")

_CHOSEN = frozenset({"newest_chosen"})
"""Notices of what the form has said already."""

Wanted = Annotated[str, Query(alias="url", max_length=2048)]


@router.get("/submit")
def ask(request: Request, url: Wanted = "") -> Response:
    """Show the form; an address may be filled in already, for instance by a bookmark."""
    return _form(request, {"url": url})


@router.post("/submit")
async def submit(request: Request, here: Here, form: Posted) -> Response:
    """Take the form; lead to the job, or to the list of jobs if there are several."""
    try:
        body = JobBody.model_validate(asked(form))
        return await _submitted(request, here, body)
    except ValidationError as error:
        return _form(request, _filled(form), of_faults(error.errors(include_url=False)))
    except ProblemError as error:
        return _form(request, _filled(form), error.problem)


async def _submitted(request: Request, here: Context, body: JobBody) -> Response:
    chosen = await here.at_source(lambda: look(body, here.fetcher, most=here.settings.api_max_jobs))
    taken = await here.in_ledger(lambda: take_down(body, chosen, here.desk, here.settings, secret=None))
    address = (await here.in_ledger(lambda: location_of(here, taken))).removeprefix("/v1")
    notices = [notice for notice in chosen.notices if notice.code not in _CHOSEN]
    if not notices and not chosen.failures:
        return see(address)
    failures = [(find.source, str(find.error)) for find in chosen.failures]
    return page(request, "submitted.html", address=address, count=len(taken), notices=notices, failures=failures)


def asked(form: Form) -> dict[str, Any]:
    """Return the request that a form stands for; what is left empty is not said."""
    options: dict[str, Any] = {name: form.text(name) for name in ("language", "hotwords") if form.text(name)}
    if form.text("speakers"):
        options["speakers"] = _number(form.text("speakers"))
    options |= {name: False for name in ("generated_chapters", "voice_memory") if form.ticked(f"no_{name}")}
    beside = {name: form.text(name) for name in ("chapters", "reference") if form.text(name)}
    return {"url": form.text("url"), "selection": _selection(form), "options": options, "again": form.ticked("again"), **beside}


def _selection(form: Form) -> dict[str, Any]:
    match form.text("which"):
        case "latest":
            return {"latest": _number(form.text("latest"))}
        case "since":
            return {"since": form.text("since")}
        case "all":
            return {"all": True}
        case "episodes":
            return {"episodes": [line.strip() for line in form.text("episodes").splitlines() if line.strip()]}
    return {}


def _number(text: str) -> int | str:
    """Return a number; what is none stays as it is, for the request to complain of."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text


def _filled(form: Form) -> dict[str, str]:
    return {name: form.text(name) for name in (*FIELDS, *BOXES)}


def _form(request: Request, filled: Mapping[str, str], wrong: Problem | None = None) -> Response:
    given = {name: filled.get(name, "") for name in (*FIELDS, *BOXES)}
    given["which"] = given["which"] or "newest"
    return page(request, "submit.html", status=wrong.status if wrong is not None else 200, filled=given, problem=wrong)
