"""How long `prepare` takes and how much memory it needs, whatever the length: one hour and four hours of an MP3.

    python benchmarks/prepare.py [--source FILE.mp3] [--hours 1 4] [--limit 300]

The recordings are made by repeating the packets of a short MP3 (no encoding), so that they cost seconds. Each is prepared in a
process of its own, whose peak resident memory the operating system tells. Exits with 1 over the limit (MiB).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import av

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))


def repeat(source: Path, target: Path, hours: float) -> None:
    """Write an MP3 of about this length by writing the packets of a short one again and again."""
    with av.open(str(source)) as container:
        packets = [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]
        seconds = container.duration / av.time_base
    with target.open("wb") as file:
        for _ in range(max(round(hours * 3600 / seconds), 1)):
            file.writelines(packets)


def measure(source: str, wav: str) -> dict[str, float]:
    """Prepare a file in this process and return what it cost."""
    from jobs.prepare import prepare

    begun = time.perf_counter()
    used = time.process_time()
    prepared = prepare(Path(source), Path(wav))
    wall = time.perf_counter() - begun
    unit = 1024 if sys.platform == "darwin" else 1
    return {
        "hours": round(prepared.duration / 3600, 3),
        "wall_s": round(wall, 2),
        "cpu_s": round(time.process_time() - used, 2),
        "real_time_factor": round(wall / prepared.duration, 5),
        "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit / 1024, 1),
        "parts": len(prepared.parts),
        "regions": len(prepared.speech),
        "document_kib": round(len(prepared.model_dump_json()) / 1024, 1),
    }


def main() -> int:
    """Print one JSON line a recording."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=REPOSITORY / "tests" / "data" / "audio" / "two_sentences.mp3")
    parser.add_argument("--hours", type=float, nargs="+", default=[1.0, 4.0])
    parser.add_argument("--limit", type=float, default=300.0, help="MiB of resident memory allowed")
    given = parser.parse_args()
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for hours in given.hours:
            recording = Path(folder) / f"{hours:g}h.mp3"
            repeat(given.source, recording, hours)
            # a fresh interpreter, so that its peak is its own
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                cost = pool.apply(measure, (str(recording), str(Path(folder) / "decoded.wav")))
            print(json.dumps(cost), flush=True)
            worst = max(worst, cost["peak_rss_mib"])
    print(f"peak {worst:.1f} MiB, limit {given.limit:g} MiB: {'ok' if worst <= given.limit else 'TOO MUCH'}")
    return int(worst > given.limit)


if __name__ == "__main__":
    sys.exit(main())
