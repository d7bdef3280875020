"""What `make run` runs: the example through a real file server on this machine, or any SOURCE that is given.

    python -m examples.first_run [SOURCE] [OPTION…]

Without a SOURCE, the folder `examples/` is served on the loopback interface, and `earmark run` fetches its feed as it would
fetch any other, transcribes it with the tiny Whisper that ships with it, and writes `transcripts/`.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODEL = HERE / "tiny-whisper"

PORT = 8417
"""Asked for first: the episode's identity holds its feed's address, so a second run finds the work of the first."""

EXPLANATION = """
This was the example: its speech model is tiny and knows only the example's few hundred words. For real episodes:

    make run SOURCE=https://…/feed.xml          the newest episode of a feed, or any audio address or file
    .venv/bin/earmark models pull small         fetch a real Whisper model first (done by itself if the hub can be reached)
    .venv/bin/earmark run --help                everything else
"""


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Keep quiet."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on the loopback interface; lend its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", PORT), handler)
    except OSError:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def main() -> int:
    """Run the command line on the example, or on the source that comes first; return its exit status."""
    asked = sys.argv[1:]
    earmark = [sys.executable, "-m", "service.cli", "run"]
    if asked and not asked[0].startswith("-"):
        return subprocess.run([*earmark, *asked], check=False).returncode  # noqa: S603 - the person's own arguments
    environment = {**os.environ, "EARMARK_ALLOW_PRIVATE_NETWORKS": "1"}
    environment.setdefault("EARMARK_DATA_DIR", ".earmark")
    with served(HERE) as address:
        command = [*earmark, f"{address}/feed.xml", "--engine", "whisper", "--model", str(MODEL), *asked]
        status = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own command
    if status == 0:
        print(EXPLANATION)
    return status


if __name__ == "__main__":
    sys.exit(main())
