"""Children of a worker that do as a test says: real processes that speak the worker's language and do no work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

PUPPET = """
import json, os, pathlib, select, socket, sys, time

end = socket.socket(fileno=int(sys.argv[3]))
reader = end.makefile("rb")
folder = pathlib.Path(__file__).parent

def send(message):
    end.sendall(json.dumps(message).encode() + b"\\n")

def how():
    return (folder / "how").read_text().split()

reader.readline()
first = how()[0]
if first == "absent":
    sys.exit(3)
if first == "rubbish":
    end.sendall(b"Segmentation fault\\n")
    time.sleep(600)
if first == "wrong":
    send({"hello": 1})
    time.sleep(600)
if first == "late":
    time.sleep(2)
send({"ready": os.getpid()})
while line := reader.readline():
    token = json.loads(line).get("work", {}).get("token")
    if token is None:
        continue
    way = how()[-1]
    if way == "commits":
        send({"committed": token})
        way = "dies"
    if way == "dies":
        os.kill(os.getpid(), 9)
    if way == "hangs_up":
        reader.close()
        end.close()
        time.sleep(600)
    if way == "rubbish":
        end.sendall(b"Segmentation fault\\n")
        time.sleep(600)
    if way == "works":
        for second in range(6000):
            send({"moved": second / 10, "total": 600.0})
            if select.select([end], [], [], 0.1)[0]:
                assert json.loads(reader.readline())["stop"] == token
                send({"ended": "stopped"})
                break
            if how()[-1] == "deaf":
                time.sleep(600)
            if how()[-1] != "works":
                send({"ended": "done", "hints": []})
                break
    else:
        send({"moved": 1.5, "total": 3.0})
        send({"ended": "done", "hints": []})
"""


class Puppets:
    """Decides what the children of this process do."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._how = folder / "how"
        (folder / "puppet.py").write_text(PUPPET, "utf-8")
        program = folder / "python"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder / "puppet.py"}" "$@"\n', "utf-8")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        self.do("ready", "ends")

    def do(self, first: str, way: str = "ends") -> None:
        """Let children come up (`ready`, `late`, `absent`, `rubbish`, `wrong`) and do steps (`ends`, `works`, `dies` …) so."""
        written = self._how.with_suffix(".new")
        written.write_text(f"{first} {way}", "utf-8")
        written.replace(self._how)
