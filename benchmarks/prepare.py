"""How long `prepare` takes and how much memory it needs, whatever the length: one hour and four hours of an MP3.

    python -m benchmarks.prepare [--source FILE.mp3] [--hours 1 4]

The recordings are made by repeating the packets of a short MP3 (no encoding), so that they cost seconds. Each is prepared in a
process of its own, whose peak resident memory the operating system tells. Exits with 1 over the goal.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.children import REPOSITORY, run_python
from benchmarks.recordings import repeat_mp3
from benchmarks.table import Goal, Report, Row, arguments, show

GOAL_MIB = 300.0

_CHILD = """
import sys
from pathlib import Path
from jobs.prepare import prepare
prepared = prepare(Path(sys.argv[1]), Path(sys.argv[2]))
print(prepared.model_dump_json(include={"duration"}))
print(len(prepared.parts), len(prepared.speech), len(prepared.model_dump_json()), sep="\\n")
"""


def measure(source: Path, wav: Path) -> Row:
    """Prepare a file in a process of its own and return what it cost."""
    cost = run_python(["-c", _CHILD, str(source), str(wav)])
    duration, parts, regions, size = cost.output.split("\n")[:4]
    seconds = float(json.loads(duration)["duration"])
    return {
        "hours": seconds / 3600,
        "wall s": cost.wall,
        "cpu s": cost.cpu,
        "× real time": seconds / cost.wall,
        "peak MiB": cost.peak,
        "parts": int(parts),
        "speech regions": int(regions),
        "document KiB": int(size) / 1024,
    }


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--source", type=Path, default=REPOSITORY / "tests" / "data" / "audio" / "two_sentences.mp3")
    parser.add_argument("--hours", type=float, nargs="+", default=[1.0, 4.0])
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for hours in given.hours:
            recording = repeat_mp3(given.source, folder / f"{hours:g}h.mp3", hours * 3600)
            rows.append(measure(recording, folder / "decoded.wav"))
            recording.unlink()
    worst = max(float(row["peak MiB"] or 0) for row in rows)
    goal = Goal(f"peak memory up to {max(given.hours):g} h", worst, GOAL_MIB, " MiB")
    return show(Report("prepare: time and memory", rows, [goal], (), {"source": given.source.name}), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
