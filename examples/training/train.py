"""Train the tiny Whisper: `python -m examples.training.train clips|fit|export --help` from the root of the repository."""

# torch ships types, but this project reads it as untyped: its classes and decorators are Any here.
# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import os

# numpy and torch read these when they are first imported; waiting threads should sleep on a machine that others use too.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch

from examples.training.checkpoint import load_network, save_checkpoint
from examples.training.clips import ClipStore, make_clips
from examples.training.network import TinyWhisper
from examples.training.objective import Figures, TensorBatch, Weights, loss_of
from examples.training.tokens import Tokens
from examples.training.windows import Batch, Composer, Recipe

FULL_WINDOW = 30
_WARM_UP_STEPS = 50
_SHOWN_EVERY, _SAVED_EVERY = 50, 200


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the curriculum: the share of the budget at which it ends, seconds of a window, windows a step."""

    until: float
    seconds: int
    windows: int

    @classmethod
    def parse(cls, written: str) -> Stage:
        """Read `SHARE:SECONDS:WINDOWS`."""
        until, seconds, windows = written.split(":")
        return cls(float(until), int(seconds), int(windows))


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to train: a number of steps, or minutes of wall time (then the result depends on the machine)."""

    steps: int
    minutes: float

    def share(self, step: int, seconds: float) -> float:
        """Return how much is used up, from 0 to 1."""
        return min(1.0, seconds / (60 * self.minutes) if self.minutes else step / self.steps)


class _Batches(torch.utils.data.IterableDataset[tuple[int, Batch]]):
    """Composes batches in a process of its own, following the curriculum."""

    def __init__(self, clips: Path, stages: list[Stage], budget: Budget, seed: int) -> None:
        super().__init__()
        self._clips, self._stages, self._budget, self._seed = clips, stages, budget, seed

    def __iter__(self) -> Iterator[tuple[int, Batch]]:
        torch.set_num_threads(1)
        rng = np.random.default_rng(self._seed)
        composer = Composer(ClipStore.load(self._clips, "training"), Tokens())
        began = time.monotonic()
        for step in count(1):
            share = self._budget.share(step, time.monotonic() - began)
            stage = next(stage for stage in self._stages if share <= stage.until)
            yield stage.seconds, composer.batch(rng, stage.windows, stage.seconds, Recipe(short=stage.seconds < FULL_WINDOW))


def fit(options: argparse.Namespace) -> None:
    """Train until the budget is used up; the checkpoint is written as it goes."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    network = load_network(options.resume)
    budget = Budget(options.steps, options.minutes)
    batches = _Batches(options.clips, options.stages, budget, options.seed)
    loader = iter(torch.utils.data.DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=4, collate_fn=_same))
    optimizer = _optimizer(network, options.learning_rate)
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    held_out = Composer(ClipStore.load(options.clips, "held_out"), Tokens())
    began, shown = time.monotonic(), _Average()
    for step in count(1):
        share = budget.share(step, time.monotonic() - began)
        for group in optimizer.param_groups:
            group["lr"] = options.learning_rate * min(1, step / _WARM_UP_STEPS) * (0.485 * (1 + math.cos(math.pi * share)) + 0.03)
        seconds, batch = next(loader)
        weights = Weights(words=options.word_weight * (1 - 0.7 * share), attention=options.attention_weight)
        loss, figures = loss_of(network, TensorBatch.of(batch), weights)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        shown.add(figures)
        if step % _SHOWN_EVERY == 0 or share >= 1:
            print(f"step {step}, {time.monotonic() - began:.0f} s, windows of {seconds} s: {shown}", flush=True)
        if step % _SAVED_EVERY == 0 or share >= 1:
            print(f"  held out: {_check(network, held_out, seconds)}", flush=True)
            save_checkpoint(network, options.checkpoint)
        if share >= 1:
            return


def _same(batch: Any) -> Any:
    """Hand a batch over as it is; a lambda could not be sent to the composing process."""
    return batch


def _optimizer(network: TinyWhisper, learning_rate: float) -> torch.optim.Optimizer:
    """Return AdamW that decays matrices but neither biases nor norms."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in trained if parameter.ndim > 1], "weight_decay": 0.02},
        {"params": [parameter for parameter in trained if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.98), eps=1e-8)


class _Average:
    """Figures averaged over about the last twenty steps."""

    def __init__(self) -> None:
        self._values: dict[str, float] = {}

    def add(self, figures: Figures) -> None:
        """Take in the figures of one step."""
        for name, value in asdict(figures).items():
            self._values[name] = 0.95 * self._values.get(name, value) + 0.05 * value

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.3f}" for name, value in self._values.items())


@torch.no_grad()
def _check(network: TinyWhisper, composer: Composer, seconds: int) -> str:
    """Return the mean figures on sentences never trained on, always the same ones."""
    rng = np.random.default_rng(99)
    recipe = Recipe(short=seconds < FULL_WINDOW)
    drawn = [composer.batch(rng, 60 // seconds + 2, seconds, recipe) for _ in range(2)]
    rows = [asdict(loss_of(network, TensorBatch.of(batch), Weights())[1]) for batch in drawn]
    return ", ".join(f"{name} {np.mean([row[name] for row in rows]):.3f}" for name in rows[0])


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    clips = commands.add_parser("clips", help="speak the sentences to train on")
    clips.add_argument("--training", type=int, default=7000, help="clips to train on")
    clips.add_argument("--held-out", type=int, default=300, help="clips to check on")
    fitting = commands.add_parser("fit", help="train")
    fitting.add_argument("--resume", type=Path, help="a checkpoint to start from")
    fitting.add_argument("--steps", type=int, default=3000, help="how many steps; repeatable")
    fitting.add_argument("--minutes", type=float, default=0.0, help="how many minutes, instead of steps")
    fitting.add_argument("--learning-rate", type=float, default=1.8e-3)
    fitting.add_argument("--word-weight", type=float, default=1.0, help="of the frame labels; fades to 0.3 of it")
    fitting.add_argument("--attention-weight", type=float, default=0.4, help="of the supervised cross-attention")
    fitting.add_argument("--threads", type=int, default=2)
    fitting.add_argument("--seed", type=int, default=1)
    fitting.add_argument(
        "--stages",
        type=lambda written: [Stage.parse(part) for part in written.split(",")],
        default="0.45:6:8,0.60:12:5,1:30:3",
        help="SHARE:SECONDS:WINDOWS, comma separated (%(default)s)",
    )
    exporting = commands.add_parser("export", help="write the checkpoint as a folder that faster-whisper loads")
    exporting.add_argument("--to", type=Path, default=Path("examples/tiny-whisper"))
    for command in (clips, fitting):
        command.add_argument("--clips", type=Path, default=Path("build/tiny-whisper/clips"), help="folder of clips")
    for command in (fitting, exporting):
        command.add_argument("--checkpoint", type=Path, default=Path("build/tiny-whisper/checkpoint.pt"))
    return parser.parse_args(arguments)


def main() -> None:
    """Run one of the three steps."""
    options = parse()
    if options.command == "clips":
        make_clips(options.clips, options.training, options.held_out)
    elif options.command == "fit":
        options.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        fit(options)
    else:
        from examples.training.export import export

        export(load_network(options.checkpoint), options.to)


if __name__ == "__main__":
    main()
