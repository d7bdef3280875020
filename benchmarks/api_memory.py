"""Memory of the API over thousands of requests: whether it stays flat.

    python -m benchmarks.api_memory [--requests 4000] [--clients 8]

`earmark serve` as a process of its own, asked by several clients at once for everything that people ask: episodes submitted (each
another), jobs listed and looked at, cancelled and tried again, streams of events begun and left, episodes, figures, wrong ones.
Its resident memory is read every tenth of the way; what counts is by how much it grows over the second half, when
everything is loaded that ever will be. Exits with 1 if that is more than 4 MiB per 1,000 requests, or if an answer is not
what it should be.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil

from benchmarks.children import REPOSITORY
from benchmarks.table import Goal, Report, Row, arguments, show
from tests.webserver import WebServer
from tests.yard import free_port, open_yard, wait_for

GROWTH = 4.0

AUDIO = REPOSITORY / "tests" / "data" / "audio" / "two_sentences.mp3"


def ask(client: httpx.Client, source: str, number: int) -> str:
    """Ask for one of the things that people ask for; return what it was, with `wrong` where the answer is."""
    kinds = ("submit", "jobs", "job", "cancel", "retry", "events", "episodes", "metrics", "missing", "nonsense")
    kind = kinds[number % len(kinds)]
    match kind:
        case "submit":
            answer = client.post("/v1/jobs", json={"url": f"{source}?number={number}"})
            good = answer.status_code == 202
        case "jobs" | "episodes":
            good = client.get(f"/v1/{kind}", params={"limit": 50}).status_code == 200
        case "metrics":
            good = client.get("/metrics").status_code == 200
        case "missing":
            good = client.get("/v1/jobs/0123456789abcdef").status_code == 404
        case "nonsense":
            good = client.post("/v1/jobs", content=b"{").status_code == 422
        case _:
            good = _about_a_job(client, kind)
    return kind if good else f"{kind}, wrong"


def _about_a_job(client: httpx.Client, kind: str) -> bool:
    found = client.get("/v1/jobs", params={"limit": 1}).json()["items"]
    if not found:
        return True
    path = f"/v1/jobs/{found[0]['id']}"
    if kind == "job":
        return client.get(path).status_code == 200
    if kind == "cancel":
        return client.delete(path).status_code == 200
    if kind == "retry":
        return client.post(f"{path}/retry").status_code == 200
    with client.stream("GET", f"{path}/events") as stream:
        next(stream.iter_lines(), None)
        return stream.status_code == 200


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, open_yard(Path(name)) as yard, WebServer() as outside:
        outside.routes["/episode.mp3"] = AUDIO.read_bytes()
        port = free_port()
        command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port)]
        with (Path(name) / "serve.log").open("wb") as log:
            server = subprocess.Popen(command, env=yard.environment(), cwd=REPOSITORY, stdout=log, stderr=log)
        try:
            rows, counts = _sampled(port, outside.url("/episode.mp3"), psutil.Process(server.pid), given.requests, given.clients)
        finally:
            server.terminate()
            server.wait()
    half = rows[len(rows) // 2 :]
    grown = (float(half[-1]["resident MiB"] or 0) - float(half[0]["resident MiB"] or 0)) / (given.requests / 2 / 1000)
    wrong = sum(count for kind, count in counts.items() if "wrong" in kind)
    goals = [Goal("growth over the second half", grown, GROWTH, " MiB per 1,000 requests"), Goal("wrong answers", wrong, 0)]
    settings = {"requests": given.requests, "clients": given.clients, "kinds": dict(sorted(counts.items()))}
    return show(Report("Memory of the API", rows, goals, [], settings), as_json=given.json)


def _sampled(port: int, source: str, server: psutil.Process, requests: int, clients: int) -> tuple[list[Row], Counter[str]]:
    """Ask, and read the server's memory every tenth of the way."""
    local = threading.local()
    counts: Counter[str] = Counter()
    rows: list[Row] = []

    def one(number: int) -> str:
        if not hasattr(local, "client"):
            local.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False)
        return ask(local.client, source, number)

    wait_for(lambda: _is_up(port), seconds=60, what="the API")
    with ThreadPoolExecutor(clients) as pool:
        step = max(requests // 10, 1)
        for begin in range(0, requests, step):
            counts.update(pool.map(one, range(begin, begin + step)))
            resident = server.memory_info().rss / (1 << 20)
            rows.append({"requests": begin + step, "resident MiB": resident, "threads": server.num_threads()})
    return rows, counts


def _is_up(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    sys.exit(main())
