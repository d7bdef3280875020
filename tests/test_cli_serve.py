"""`earmark serve` as a process of its own."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from service.commands.serve import listening
from tests.commands import Terminal


@contextmanager
def _served(terminal: Terminal, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    with terminal.start("serve", "--port", "0", *options) as process:
        try:
            assert process.stderr is not None
            greeting = process.stderr.readline()
            found = re.search(r"http://[^:]+:(\d+)/v1", greeting)
            assert found is not None, greeting
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield f"http://127.0.0.1:{found[1]}", process
        finally:
            process.kill()


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """SIGTERM ends it in order, streams and all."""
    terminal = Terminal(tmp_path, {"EARMARK_ALLOW_PRIVATE_NETWORKS": "0"})
    with _served(terminal) as (url, process), httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        assert client.get("/").headers["location"] == "/v1"
        assert client.get("/v1").json()["jobs"] == "/v1/jobs"
        assert client.post("/v1/jobs", json={"url": f"{url}/episode.mp3"}).status_code == 422
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_for_others_it_asks_for_a_token_that_the_command_made(tmp_path: Path) -> None:
    """The greeting tells how to make one if there is none."""
    terminal = Terminal(tmp_path)
    with _served(terminal, "--host", "0.0.0.0") as (url, _):
        assert httpx.get(f"{url}/v1", trust_env=False).status_code == 401
        token = terminal.earmark("token", "create", "me").out.strip()
        assert httpx.get(f"{url}/v1", headers={"Authorization": f"Bearer {token}"}, trust_env=False).status_code == 200


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    """With what to do."""
    terminal = Terminal(tmp_path)
    with _served(terminal) as (url, _):
        second = terminal.earmark("serve", "--port", url.rpartition(":")[2])
    assert second.status == 1
    assert "cannot listen" in second.err
    assert "Choose another" in second.err


def test_small_answers_are_sent_at_once() -> None:
    """Not when the client has acknowledged what came before, for which it takes 40 ms."""

    async def accepted() -> int:
        found = asyncio.get_running_loop().create_future()

        async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            found.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listening("127.0.0.1", 0) as listener:
            async with await asyncio.start_server(note, sock=listener):
                _, writer = await asyncio.open_connection(*listener.getsockname())
                try:
                    return int(await found)
                finally:
                    writer.close()

    assert asyncio.run(accepted()) != 0


@pytest.mark.parametrize("options", [["--port", "70000"], ["--host", "no.such.host.invalid"]])
def test_a_place_that_is_none_is_refused(tmp_path: Path, options: list[str]) -> None:
    """Before anything is opened."""
    assert Terminal(tmp_path).earmark("serve", *options).status in {1, 2}
