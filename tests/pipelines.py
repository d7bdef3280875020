"""A pyannote.audio pipeline folder made here: small models of pyannote's own classes that know two made-up voices.

The segmentation model is trained for some seconds; of the embedding model only the last layer is solved for (ridge regression).
The folder is laid out like the pipelines on the hub.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from jobs.engines.protocols import SAMPLE_RATE, Samples

CHUNK = 4.0
"""Seconds that the segmentation model looks at."""
_DIMENSION = 16
_VOWEL = 0.12
_EXAMPLES, _STEPS = 48, 150
_CONFIG = """\
dependencies:
  pyannote.audio: 4.0.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    segmentation_step: 0.5
    segmentation_batch_size: 8
    embedding: $model/embedding
    embedding_batch_size: 8
    embedding_exclude_overlap: true
    plda: $model/plda
params:
  clustering: {threshold: 0.6, Fa: 0.5, Fb: 0.8}
  segmentation: {min_duration_off: 0.3}
"""


def voice(who: str, seconds: float, seed: int = 0) -> Samples:
    """Return a voice that goes from vowel to vowel: `low` or `high`.

    Its sound must change all the time: the models level every band over a chunk, as they do with speech.
    """
    random = np.random.default_rng(seed)
    pitch, vowels = {"low": (105.0, (300.0, 650.0, 1000.0)), "high": (220.0, (1500.0, 2200.0, 3000.0))}[who]
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    chosen = np.array(vowels)[random.integers(0, len(vowels), round(seconds / _VOWEL) + 1)]
    vowel = chosen[(time / _VOWEL).astype(np.intp)]
    sound = np.zeros(len(time))
    for harmonic in range(1, 40):
        sound += np.sin(2 * np.pi * harmonic * pitch * time) * np.exp(-(((harmonic * pitch - vowel) / 150.0) ** 2))
    levelled: Samples = (0.05 * sound / np.sqrt(np.mean(sound**2))).astype(np.float32)
    return levelled


def talk(*turns: tuple[str, float, float], seconds: float, seed: int = 0) -> Samples:
    """Return a conversation of such voices, (who, start, end), over faint noise."""
    samples = (np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE)) * 1e-4).astype(np.float32)
    for number, (who, start, end) in enumerate(turns):
        piece = voice(who, end - start, seed + number)
        first = round(start * SAMPLE_RATE)
        samples[first : first + len(piece)] += piece
    return samples


def write_pipeline(folder: Path) -> Path:
    """Write the folder and return it."""
    import torch

    torch.manual_seed(1)
    for name in ("segmentation", "embedding", "plda"):
        (folder / name).mkdir(parents=True)
    (folder / "config.yaml").write_text(_CONFIG)
    threads = torch.get_num_threads()
    torch.set_num_threads(
        1
    )  # steps of training are so small that threads would wait for each other, on a busy machine for minutes
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pyannote's imports
            _save(_segmentation(), folder / "segmentation")
            _save(_embedding(), folder / "embedding")
    finally:
        torch.set_num_threads(threads)
    np.savez(
        folder / "plda" / "xvec_transform.npz", mean1=np.zeros(_DIMENSION), mean2=np.zeros(_DIMENSION), lda=np.eye(_DIMENSION)
    )
    np.savez(
        folder / "plda" / "plda.npz", mu=np.zeros(_DIMENSION), tr=5 * np.eye(_DIMENSION), psi=np.linspace(20.0, 5.0, _DIMENSION)
    )
    return folder


def _segmentation() -> Any:
    """Return a PyanNet that knows who of the two speaks: its first speaker is the low voice, its second the high one."""
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.segmentation import PyanNet

    model = PyanNet(lstm={"hidden_size": 24, "num_layers": 1}, linear={"hidden_size": 24, "num_layers": 1})
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=CHUNK,
        classes=["a", "b", "c"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    model.build()
    random = np.random.default_rng(5)
    chunks, classes = zip(*[_labelled(random, seed) for seed in range(_EXAMPLES)], strict=True)
    with torch.no_grad():
        heard = model.sincnet(torch.from_numpy(np.stack(chunks))[:, None])
    place = ((np.arange(heard.shape[2]) + 0.5) / heard.shape[2] * len(classes[0])).astype(np.intp)
    wanted = torch.from_numpy(np.stack(classes)[:, place])
    sincnet, model.sincnet = model.sincnet, torch.nn.Identity()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(_STEPS):
        optimiser.zero_grad()
        loss = torch.nn.functional.nll_loss(model(heard).flatten(0, 1), wanted.flatten())
        loss.backward()
        optimiser.step()
    model.sincnet = sincnet
    return model


def _labelled(random: np.random.Generator, seed: int) -> tuple[Samples, np.ndarray[Any, np.dtype[np.intp]]]:
    """Return a chunk of the two voices coming and going, and the powerset class of every sample (0, low 1, high 2, both 4)."""
    turns = []
    for who in ("low", "high"):
        if random.random() < 0.65:
            start = float(random.uniform(0, CHUNK - 1))
            turns.append((who, start, float(random.uniform(start + 0.5, CHUNK))))
    chunk = talk(*turns, seconds=CHUNK, seed=100 * seed)
    heard = np.zeros((2, len(chunk)), dtype=bool)
    for who, start, end in turns:
        heard[int(who == "high"), round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] = True
    return chunk, np.array([0, 1, 2, 4])[heard[0] + 2 * heard[1]]


def _embedding() -> Any:
    """Return an x-vector network that sends the two voices in different directions."""
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import XVectorSincNet

    model = XVectorSincNet(dimension=_DIMENSION)
    model.specifications = Specifications(problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=CHUNK)
    model.eval()
    features: list[Any] = []
    model.embedding.register_forward_hook(lambda _module, given, _output: features.append(given[0]))
    wanted = []
    random = np.random.default_rng(6)
    for seed in range(16):
        who = seed % 2
        with torch.no_grad():
            model(torch.from_numpy(voice(("low", "high")[who], float(random.uniform(0.8, CHUNK)), seed))[None, None])
        direction = np.full(_DIMENSION, 0.1)
        direction[4 * who : 4 * who + 4] = 1.0
        wanted.append(direction + random.normal(0, 0.05, _DIMENSION))
    _solve(model.embedding, torch.cat(features).numpy(), np.array(wanted))
    model.embedding._forward_hooks.clear()
    return model


def _solve(layer: Any, given: Any, wanted: Any) -> None:
    """Set a linear layer to what sends the inputs nearest to the outputs that are wanted."""
    import torch

    inputs = np.concatenate([given, np.ones((len(given), 1))], axis=1).astype(np.float64)
    penalty = 1e-4 * float(np.mean(np.sum(inputs**2, axis=1)))
    if len(inputs) < inputs.shape[1]:
        weights = inputs.T @ np.linalg.solve(inputs @ inputs.T + penalty * np.eye(len(inputs)), wanted)
    else:
        weights = np.linalg.solve(inputs.T @ inputs + penalty * np.eye(inputs.shape[1]), inputs.T @ wanted)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights[:-1].T))
        layer.bias.copy_(torch.from_numpy(weights[-1]))


def _save(model: Any, folder: Path) -> None:
    """Write a checkpoint as Lightning does."""
    import lightning
    import torch

    checkpoint = {
        "pytorch-lightning_version": lightning.__version__,
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
    }
    model.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, folder / "pytorch_model.bin")
