"""A Whisper with the shape and the cost of a real one, which says word for word what the example's tiny model says.

    python -m benchmarks.widened OUT --like tiny|base|small

It is the tiny model widened and deepened (`benchmarks/widening.py`), with as many tokens as an English Whisper, of which it never
says those that it does not know. It is for measuring what hearing costs where the weights of a real Whisper cannot be had: it
knows no more than the 269 words of the example, each of them one token, and hears nothing better than the tiny model does.

Computed in float32, the words are the same to the last. In int8, intermediate values are rounded, and about one word in a hundred
may come out otherwise, as when the tiny model itself is computed in int8 instead of float32.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.recordings import EXAMPLE

VOCABULARY = 51864
"""Tokens of Whispers for English alone; one more, and faster-whisper takes a model for one of many languages."""


@dataclass(frozen=True)
class Size:
    """The sizes of a Whisper; heads are 64 wide in real ones, and the feed-forward part is four times as wide as the states."""

    width: int
    encoder_layers: int
    decoder_layers: int
    heads: int


SIZES = {"tiny": Size(384, 4, 4, 6), "base": Size(512, 6, 6, 8), "small": Size(768, 12, 12, 12)}
"""Of the Whispers of these names: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, table 1."""


def widened(size: Size, folder: Path, *, vocabulary: int = VOCABULARY) -> int:
    """Write the example's model in this size into `folder`, as faster-whisper loads it; return its number of parameters.

    Raises `ValueError` for a size that is no multiple of the small model's.
    """
    from benchmarks.widening import head_copies, widen
    from examples.training.checkpoint import load_network, shape_of
    from examples.training.export import export
    from examples.training.tokens import Tokens

    small = load_network(EXAMPLE / "training" / "checkpoint.pt")
    tokens = Tokens(unused=vocabulary - small.shape.vocabulary)
    shape = replace(
        shape_of(tokens), width=size.width, heads=size.heads, hidden=4 * size.width,
        encoder_layers=size.encoder_layers, decoder_layers=size.decoder_layers,
    )  # fmt: skip
    network = widen(small, shape, first_unused=tokens.first_unused)
    export(network, folder, tokens=tokens, aligning=range(head_copies(small.shape, shape) * small.shape.heads))
    return sum(weight.numel() for weight in network.model.parameters())


def main() -> int:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="OUT")
    parser.add_argument("--like", choices=SIZES, required=True, help="the Whisper whose shape and cost it shall have")
    given = parser.parse_args()
    print(f"{widened(SIZES[given.like], given.folder) / 1e6:.1f} million parameters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
