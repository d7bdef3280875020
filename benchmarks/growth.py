"""How time and memory grow with the length of an episode, with the archive, and with the number of workers; what breaks first.

    python -m benchmarks.growth [--of length archive workers] [--minutes 10 30 60 120 240 480] [--diarizer scripted|resemblyzer]
        [--episodes 1 10 100 1000 10000] [--words 200] [--site-up-to 1000] [--workers 1 2 4 8 16 32 64]

A table for each (`benchmarks.growth_length`, `growth_archive`, `growth_workers` say what is measured), with the exponent by
which each cost grows beside what it is at the smallest size, fitted by least squares of relative errors: 1 is growing with the
size, 2 with its square. Below each, what breaks first: the cost that is the first to pass a limit, which stands in the table, at
the size at which it was seen to, or at which the fit does. Exits with 1 if something that matters grows by an exponent of more
than 1.2. Processor time is what counts; times by the clock hang on what else the machine does.
"""

from __future__ import annotations

import sys

from benchmarks import growth_archive, growth_length, growth_workers
from benchmarks.table import arguments, show

PARTS = ("length", "archive", "workers")


def main() -> int:
    """Print the tables."""
    parser = arguments(__doc__)
    parser.add_argument("--of", choices=PARTS, nargs="+", default=list(PARTS), help="what is to grow")
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0, 30.0, 60.0, 120.0, 240.0, 480.0])
    parser.add_argument("--diarizer", choices=("scripted", "resemblyzer"), default="scripted")
    parser.add_argument("--episodes", type=int, nargs="+", default=[1, 10, 100, 1000, 10_000])
    parser.add_argument("--words", type=int, default=200, help="of each episode in the archive")
    parser.add_argument("--site-up-to", type=int, default=1000, help="episodes up to which a site is made of the archive")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    given = parser.parse_args()
    made = {
        "length": lambda: growth_length.measure(given.minutes, given.diarizer),
        "archive": lambda: growth_archive.measure(
            given.episodes, words=given.words, site_up_to=given.site_up_to, seed=given.seed
        ),
        "workers": lambda: growth_workers.measure(given.workers),
    }
    return show(*[made[part]() for part in PARTS if part in given.of], as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
