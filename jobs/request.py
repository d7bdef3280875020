"""What a worker needs to know to do a job: kept in the ledger as JSON, so that messages carry ids alone."""

from __future__ import annotations

from jobs.options import Options
from storage.documents import Document, Note, Publication


class JobRequest(Document):
    """One episode as its publisher printed it, and what a person asked for."""

    publication: Publication
    options: Options = Options()
    chapters: str | None = None
    """Address of a chapter file that a person gave."""
    notes: tuple[Note, ...] = ()
    """Show notes that a person gave; they come before the published ones."""
    salt: str = ""
    """Goes into every key: a job that is to be done again with nothing reused has a new one."""
