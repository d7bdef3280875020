"""A larger network that computes what a small one does, at the cost of its own size.

Wider: every unit stands there several times, and what reads it takes a share from each copy; norms see the same mean and variance
(Net2WiderNet: Chen, Goodfellow, Shlens, "Net2Net", 2016, without noise, since nobody trains it further). Deeper: further layers
compute everything and add nothing.
"""

# torch ships types, but this project reads it as untyped: its classes and decorators are Any here.
# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch
from torch import Tensor

from examples.training.network import Shape, TinyWhisper

_UNUSED_LOGIT = -40.0
"""Of tokens that the small network does not know: fifty thousand of them have a probability of 2e-13 beside a logit of 0."""
_OUTPUT = ("model.decoder.embed_tokens.weight", "model.decoder.layer_norm.weight", "model.decoder.layer_norm.bias")
_LAYER = re.compile(r"model\.(?P<half>encoder|decoder)\.layers\.(?P<layer>\d+)\.(?P<name>.+)")


@dataclass(frozen=True, slots=True)
class Units:
    """Which unit of the small network each of the wide one copies, and the share of it that the next layer takes."""

    copied: Tensor
    share: Tensor

    @property
    def signs(self) -> Tensor:
        """1, -1, or 0 for each unit, so that a reader who takes all copies alike but for these hears nothing."""
        same = self.copied[:, None] == torch.arange(int(self.copied.max()) + 1)
        before, count = same.cumsum(0).gather(1, self.copied[:, None])[:, 0] - 1, same.sum(0)[self.copied]
        return torch.where(before < count - count % 2, 1.0 - 2 * (before % 2), 0.0)


def tiles(small: int, wide: int) -> Units:
    """Repeat all units; raises `ValueError` if that does not come out even."""
    if wide % small:
        raise ValueError(f"{wide} units are no multiple of {small}")
    return Units(torch.arange(wide) % small, torch.full((wide,), small / wide))


def head_copies(small: Shape, wide: Shape) -> int:
    """Return how many heads do the work of one; those beyond the last whole repetition compute and are not listened to."""
    return wide.heads // small.heads


def head_units(small: Shape, wide: Shape) -> Units:
    """Repeat the dimensions within each head, and then the heads; raises `ValueError` if that does not come out even."""
    if wide.heads < small.heads:
        raise ValueError(f"{wide.heads} heads cannot do the work of {small.heads}")
    within = tiles(small.width // small.heads, wide.width // wide.heads)
    heads = torch.arange(wide.heads)
    copies = head_copies(small, wide)
    share = (heads < copies * small.heads) / copies
    copied = (heads % small.heads)[:, None] * (small.width // small.heads) + within.copied
    return Units(copied.flatten(), (share[:, None] * within.share).flatten())


class Growth:
    """How each weight of the small network becomes one of the wide network."""

    def __init__(self, small: Shape, wide: Shape) -> None:
        self.small, self.wide = small, wide
        model, hidden, heads = tiles(small.width, wide.width), tiles(small.hidden, wide.hidden), head_units(small, wide)
        # by module: the units that it computes, and those that it reads; none: as they are
        self._units: dict[str, tuple[Units | None, Units | None]] = {
            "conv1": (model, None), "conv2": (model, model), "fc1": (hidden, model), "fc2": (model, hidden),
            "q_proj": (heads, model), "k_proj": (heads, model), "v_proj": (heads, model), "out_proj": (model, heads),
            "frame_head": (None, model), "count_head": (None, model),
        }  # fmt: skip
        self._model = model

    def grown(self, name: str, value: Tensor) -> Tensor:
        """Return the wide network's weight of this name."""
        *_, module, kind = name.split(".")
        if module.startswith("embed_"):
            return value[:, self._model.copied]
        made, read = self._units.get(module, (self._model, None))  # the others are norms
        if made is not None:
            value = value[made.copied]
        if read is not None and kind == "weight":
            value = value[:, read.copied] * read.share.reshape(-1, *[1] * (value.ndim - 2))
        return value * self._factor(name, module)

    def silent(self, name: str, value: Tensor, layer: int) -> Tensor:
        """Return the weight of this name for a further layer, made from the wide network's last one."""
        *_, module, kind = name.split(".")
        if module in ("out_proj", "fc2"):  # these add to the states
            _, read = self._units[module]
            return (value * read.signs).roll(layer, 0) if read and kind == "weight" else torch.zeros_like(value)
        return value.roll(layer, 1) if kind == "weight" and value.ndim > 1 else value

    def _factor(self, name: str, module: str) -> float:
        if module == "q_proj":  # scores are divided by the root of the heads' width, of which there is more
            return math.sqrt(self.small.width / self.small.heads * self.wide.heads / self.wide.width)
        if name.startswith("model.decoder.layer_norm"):  # the output layer is the embedding, which cannot take shares itself
            return self.small.width / self.wide.width
        return 1.0


def deepened(weights: dict[str, Tensor], growth: Growth) -> dict[str, Tensor]:
    """Give each half the layers that it lacks: like its last one, but what is added to the states is zero.

    No matrix is like another or empty, so that each is stored, loaded and multiplied with as any other.
    """
    deep = dict(weights)
    for half, wanted in (("encoder", growth.wide.encoder_layers), ("decoder", growth.wide.decoder_layers)):
        matches = [match for name in weights if (match := _LAYER.match(name)) and match["half"] == half]
        last = max(int(match["layer"]) for match in matches)
        for match in matches:
            for layer in range(last + 1, wanted) if int(match["layer"]) == last else ():
                deep[f"model.{half}.layers.{layer}.{match['name']}"] = growth.silent(match["name"], weights[match[0]], layer)
    return deep


def with_unused(weights: dict[str, Tensor], first: int, count: int, width: int) -> dict[str, Tensor]:
    """Put `count` tokens that cannot win before row `first` of the vocabulary; `width` is that of the small network.

    The last norm lifts one unit and lowers its copy by as much, which no known token sees, since it reads both alike. An unused
    one reads their difference, which is always the same.
    """
    embedding, gain, bias = (weights[name] for name in _OUTPUT)
    unit = int(embedding[:, :width].norm(dim=0).argmin())  # where rounding to 8 bits costs least
    lift = float(gain.abs().mean())
    moved = bias.clone()
    moved[unit] += lift
    moved[unit + width] -= lift
    row = torch.zeros(embedding.shape[1])
    row[unit], row[unit + width] = _UNUSED_LOGIT / (2 * lift), -_UNUSED_LOGIT / (2 * lift)
    rows = torch.cat([embedding[:first], row.expand(count, -1), embedding[first:]])
    return weights | dict(zip(_OUTPUT, (rows, gain, moved), strict=True))


@torch.no_grad()
def widen(network: TinyWhisper, wide: Shape, *, first_unused: int = 0) -> TinyWhisper:
    """Return a network of the shape that says what this one says; further tokens, if it has some, begin at `first_unused`.

    Raises `ValueError` if the shape is no multiple of the network's.
    """
    small = network.shape
    if wide.encoder_layers < small.encoder_layers or wide.decoder_layers < small.decoder_layers:
        raise ValueError(f"it takes {small.encoder_layers} + {small.decoder_layers} layers to do what the small network does")
    growth = Growth(small, wide)
    weights = {name: growth.grown(name, value) for name, value in network.state_dict().items()}
    weights = deepened(weights, growth)
    if unused := wide.vocabulary - small.vocabulary:
        weights = with_unused(weights, first_unused, unused, small.width)
    with torch.device("meta"):  # fresh weights would be drawn and thrown away
        larger = TinyWhisper(wide)
    larger.load_state_dict(weights, assign=True)
    return larger
