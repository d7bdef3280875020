"""What the training minimises, and the figures that show how it goes."""

# torch ships types, but this project reads it as untyped: its classes and decorators are Any here.
# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from examples.training.network import Heard, TinyWhisper
from examples.training.windows import Batch

# Decoder layer 1 must look at the token that it is about to say, layer 0 at the one before; without the latter the model loops.
CURRENT_LAYER, PREVIOUS_LAYER = 1, 0
# A timestamp that is off by one or two steps of 20 ms is nearly right.
_NEAR_TIMES = ((-2, 0.07), (-1, 0.20), (0, 0.46), (1, 0.20), (2, 0.07))


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each auxiliary part counts beside the tokens."""

    words: float = 0.5
    attention: float = 0.5
    counters: float = 0.5


@dataclass(frozen=True, slots=True)
class Figures:
    """The parts of one loss, the share of text tokens that are right and of timestamps right within 100 ms."""

    tokens: float
    words: float
    current: float
    previous: float
    counters: float
    text_accuracy: float
    time_accuracy: float


@dataclass(frozen=True, slots=True)
class TensorBatch:
    """A `Batch` as tensors."""

    mel: Tensor
    inputs: Tensor
    targets: Tensor
    spans: Tensor
    words: Tensor
    counters: Tensor
    encoder_offsets: Tensor
    decoder_offsets: Tensor

    @classmethod
    def of(cls, batch: Batch) -> TensorBatch:
        """Share the arrays of a batch."""
        names = cls.__dataclass_fields__
        return cls(**{name: torch.from_numpy(getattr(batch, name)) for name in names})


def loss_of(network: TinyWhisper, batch: TensorBatch, weights: Weights) -> tuple[Tensor, Figures]:
    """Return the loss of a batch and its figures."""
    heard = network(batch.mel, batch.inputs, batch.encoder_offsets, batch.decoder_offsets, keep=(PREVIOUS_LAYER, CURRENT_LAYER))
    first_timestamp = network.shape.first_timestamp
    tokens = _token_loss(heard.logits, batch.targets, first_timestamp)
    words = functional.cross_entropy(heard.words.flatten(0, 1), batch.words.flatten())
    current = _looking_loss(heard.attention[CURRENT_LAYER], batch.spans)
    before = torch.cat([torch.full_like(batch.spans[:, :1], -1), batch.spans[:, :-1]], 1)
    previous = _looking_loss(heard.attention[PREVIOUS_LAYER], before)
    counters = _counter_loss(heard.counters, batch.counters)
    loss = tokens + weights.words * words + weights.attention * (current + previous) + weights.counters * counters
    text_accuracy, time_accuracy = _accuracies(heard, batch.targets, first_timestamp)
    parts = [float(part.detach()) for part in (tokens, words, current, previous, counters)]
    return loss, Figures(*parts, text_accuracy=text_accuracy, time_accuracy=time_accuracy)


def _token_loss(logits: Tensor, targets: Tensor, first_timestamp: int) -> Tensor:
    """Cross-entropy over the wanted tokens, softened over neighbouring times."""
    log_probabilities = logits.log_softmax(-1)
    wanted = targets >= 0
    token = targets.clamp(min=0)
    last = logits.shape[-1] - 1

    def of(target: Tensor) -> Tensor:
        return log_probabilities.gather(-1, target[..., None])[..., 0]

    softened = torch.stack([share * of((token + shift).clamp(first_timestamp, last)) for shift, share in _NEAR_TIMES]).sum(0)
    likelihood = torch.where(token >= first_timestamp, softened, of(token))
    return -(likelihood * wanted).sum() / wanted.sum()


def _looking_loss(attention: Tensor, spans: Tensor) -> Tensor:
    """Punish each head (batch, heads, n, states) for the attention that misses the span (batch, n, 2) of its token."""
    state = torch.arange(attention.shape[-1])
    inside = (state >= spans[..., :1]) & (state < spans[..., 1:])
    placed = spans[..., 0] >= 0
    mass = (attention * inside[:, None]).sum(-1)
    missed = -(mass + 1e-6).log() * placed[:, None]
    return missed.sum() / placed.sum().clamp(min=1) / attention.shape[1]


def _counter_loss(guessed: Tensor, counters: Tensor) -> Tensor:
    """Squared error of the counters (batch, 2, states) where something is heard."""
    known = counters >= 0
    squared = (guessed.transpose(1, 2) - counters) ** 2
    return (squared * known).sum() / known.sum().clamp(min=1)


@torch.no_grad()
def _accuracies(heard: Heard, targets: Tensor, first_timestamp: int) -> tuple[float, float]:
    """Return the share of text tokens that are right, and of timestamps right within 100 ms."""
    guessed = heard.logits.argmax(-1)
    times = targets >= first_timestamp
    texts = (targets >= 0) & ~times
    text = ((guessed == targets) & texts).sum() / texts.sum().clamp(min=1)
    time = (((guessed - targets).abs() <= 5) & times).sum() / times.sum().clamp(min=1)
    return float(text), float(time)
