"""What people ask of the service, in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.errors import NotFound, OptionError
from tests.desks import TestDesk, open_test_desk


@pytest.fixture
def work(tmp_path: Path, ledger_url: str) -> Iterator[TestDesk]:
    """Lend a desk and its worker, on each of the databases."""
    with open_test_desk(tmp_path / "data", database_url=ledger_url) as desk:
        yield desk


def test_a_job_is_found_by_the_beginning_of_its_id(work: TestDesk) -> None:
    """On each of the databases; a wildcard of theirs is a character like any other."""
    job, requests = work.submit(), work.desk.stores.requests
    assert requests.named(job.id) == requests.named(job.id[:4])
    for unknown in ("%%%%", "____", f"{job.id}0"):
        with pytest.raises(NotFound):
            requests.named(unknown)
    with pytest.raises(OptionError, match="too short"):
        requests.named(job.id[:3])
