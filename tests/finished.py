"""The API over a ledger in which the example is done: with its audio, its chapters, and what its scripted engines heard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.apiserver import Api, open_api
from tests.desks import open_test_desk
from tests.workshop import example_as_published


@contextmanager
def open_finished(folder: Path, **more: Any) -> Iterator[Api]:
    """Do the example, then run the API over what came of it."""
    with open_test_desk(folder / "data") as desk:
        desk.submit()
        desk.work()
    with open_api(folder, **more) as api:
        assert api.stores.episodes.get(example_id()).transcript is not None
        yield api


def example_id() -> str:
    """Return the id of the example."""
    return example_as_published().episode.id
