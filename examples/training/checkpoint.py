"""The tiny Whisper's weights on disk: the network they belong to, reading, and writing."""

# torch ships types, but this project reads it as untyped: its classes and decorators are Any here.
# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from pathlib import Path

import torch

from examples.training import grammar
from examples.training.network import Shape, TinyWhisper, copy_positions
from examples.training.tokens import Tokens


def shape_of(tokens: Tokens) -> Shape:
    """Return the network's sizes for the language."""
    return Shape(vocabulary=len(tokens.all), first_timestamp=tokens.first_timestamp, words=len(grammar.WORDS))


def load_network(checkpoint: Path | None) -> TinyWhisper:
    """Return the network of a checkpoint, or a fresh one."""
    network = TinyWhisper(shape_of(Tokens()))
    if checkpoint is None:
        for layer in (-1, 0):
            copy_positions(network, layer)
    else:
        network.load_state_dict({name: value.float() for name, value in torch.load(checkpoint, weights_only=True).items()})
    return network


def save_checkpoint(network: TinyWhisper, path: Path) -> None:
    """Write the weights in half precision, whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    torch.save({name: value.half() for name, value in network.state_dict().items()}, unfinished)
    unfinished.replace(path)
