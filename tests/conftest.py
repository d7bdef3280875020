"""Fixtures that several test files share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser

from storage.database import sqlite_url
from tests.browser import open_browser
from tests.pipelines import write_pipeline
from tests.postgres import Postgres, postgres_server, why_not
from tests.s3_server import S3Server, s3_server
from tests.webserver import Canary, WebServer

# read when the hub's library is imported: no test may depend on what this machine has fetched, or fetch anything
os.environ.update(HF_HUB_OFFLINE="1", HF_HOME=tempfile.mkdtemp(prefix="earmark-no-models-"), PYANNOTE_METRICS_ENABLED="0")
os.environ.pop("HF_TOKEN", None)
os.environ.pop("COLUMNS", None)  # a worker of pytest-xdist has one, and a console takes its width when it is made

# CI repeats the same examples, so that what lands does not depend on luck; everybody else draws new ones each time.
# No deadline: a busy machine is not a fault of the code.
settings.register_profile("new examples", deadline=None)
settings.register_profile("same examples", deadline=None, derandomize=True)
settings.load_profile("same examples" if os.environ.get("CI") else "new examples")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of shared test material beside the checkout; skip where it is missing."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder ../shared with test material is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def made_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a pyannote pipeline folder of small models that know two made-up voices."""
    pytest.importorskip("pyannote.metrics")
    return write_pipeline(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Run a server that speaks S3 on the loopback."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server; skip where there is none."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Debian's Chromium; skip where it is not. As long as it runs, its driver's event loop runs in this thread."""
    with open_browser() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Lend the URL of an empty database of each kind."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "ledger.db")
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.new_database() as url:
        yield url


@pytest.fixture
def webserver() -> Iterator[WebServer]:
    """Run a scriptable HTTP server on the loopback."""
    with WebServer() as server:
        yield server


@pytest.fixture
def canary() -> Iterator[Canary]:
    """Listen on a port that must see no connection."""
    with Canary() as listener:
        yield listener
