"""What a worker needs to know to do a job: kept in the ledger as JSON, so that messages carry ids alone."""

from __future__ import annotations

from pydantic import ValidationError

from jobs.options import Options
from storage.documents import Document, Note, Publication
from storage.errors import OptionError


class JobRequest(Document):
    """One episode as its publisher printed it, and what a person asked for."""

    publication: Publication
    options: Options = Options()
    chapters: str | None = None
    """Address of a chapter file that a person gave."""
    reference: str | None = None
    """Address of the publisher's clean audio, or of a second download, that a person gave for comparison."""
    notes: tuple[Note, ...] = ()
    """Show notes that a person gave; they come before the published ones."""
    salt: str = ""
    """Goes into every key: a job that is to be done again with nothing reused has a new one."""


def read_request(kept: str) -> JobRequest:
    """Return a request as the ledger keeps it; `OptionError` if it is none that this version knows."""
    try:
        return JobRequest.model_validate_json(kept)
    except ValidationError as error:
        first = error.errors()[0]
        raise OptionError(
            f"The request of this job cannot be read: {'.'.join(map(str, first['loc'])) or 'all of it'}: {first['msg']}.",
            hint="Another version of earmark wrote it; submit the episode anew.",
        ) from error
