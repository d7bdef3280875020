"""All benchmarks, one after the other: `python -m benchmarks [NAME…]`.

`python -m benchmarks.NAME --help` says what each can be asked.

Exits with 1 if one of them did not meet its goals.
"""

from __future__ import annotations

import subprocess
import sys

NAMES = (
    "speed", "seams", "prepare", "word_speakers", "turn_edges", "diarization", "voice_memory", "renaming", "listing", "notes",
    "chapters", "topics", "real_speech", "overhead", "scale", "throughput", "api_memory", "search", "pages", "soak",
)  # fmt: skip


def main(names: list[str]) -> int:
    """Run each in a process of its own, so that none stands in another's way."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    statuses = {
        name: subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode for name in names or NAMES
    }
    for name, status in statuses.items():
        print(f"{name}: {'met' if status == 0 else 'NOT MET' if status == 1 else f'failed with status {status}'}")
    return int(any(statuses.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
