"""A real server on the loopback that speaks S3 (moto's), in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx

from storage.object_store import S3Access

_STARTED = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")
_PATIENCE = 60.0
_SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"}


@dataclass(frozen=True)
class S3Server:
    """The server; what it holds can be looked at and damaged behind the back of the code under test."""

    address: str

    @property
    def access(self) -> S3Access:
        """Return credentials; the server takes any until it is told to be `strict`."""
        return S3Access(endpoint=self.address, region="us-east-1", access_key_id="key", secret_access_key="secret")

    def new_bucket(self) -> str:
        """Make an empty bucket; return its name."""
        name = f"bucket-{secrets.token_hex(8)}"
        self._ask("PUT", f"/{name}")
        return name

    def keys(self, bucket: str) -> list[str]:
        """Return the keys of all objects."""
        listed = ET.fromstring(self._ask("GET", f"/{bucket}?list-type=2").text)
        return [key.text or "" for key in listed.iterfind("{*}Contents/{*}Key")]

    def damage(self, bucket: str, key: str, data: bytes) -> None:
        """Put other bytes at a key."""
        self._ask("PUT", f"/{bucket}/{key}", data)

    @contextlib.contextmanager
    def strict(self) -> Iterator[None]:
        """Make the server look at credentials and know none, for the time of a block."""
        headers = {"Content-Type": "text/plain"}
        self._ask("POST", "/moto-api/reset-auth", b"0", headers)
        yield
        self._ask("POST", "/moto-api/reset-auth", b"inf", headers)

    def _ask(self, method: str, path: str, data: bytes = b"", headers: dict[str, str] | None = None) -> httpx.Response:
        with httpx.Client(trust_env=False, timeout=_PATIENCE) as client:
            return client.request(method, self.address + path, content=data, headers=_SIGNED | (headers or {})).raise_for_status()


@contextlib.contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run the server on a port that the system chooses, and stop it afterwards; its log goes to `folder`."""
    log = folder / "s3.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=folder)
    try:
        yield S3Server(_address(process, log))
    finally:
        process.terminate()
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        started = _STARTED.search(log.read_text(errors="replace"))
        if started is not None:
            return started[1]
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"moto's server did not start:\n{log.read_text(errors='replace')}")
