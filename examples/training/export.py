"""Write trained weights as the CTranslate2 folder that faster-whisper loads."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from examples.training.network import TinyWhisper
from examples.training.objective import CURRENT_LAYER
from examples.training.specification import specification
from examples.training.tokens import Tokens

_MEL = {"feature_size": 80, "sampling_rate": 16000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}
_QUANTIZATION = "int8_float16"


def export(network: TinyWhisper, folder: Path, *, tokens: Tokens | None = None, aligning: Sequence[int] | None = None) -> None:
    """Write `network` into `folder`: model, vocabulary, tokenizer and the settings of the mel extractor.

    `tokens` are those that the rows of its embedding stand for; `aligning` are the heads of the supervised layer that tell when
    a word is said, all of them if it is not given.
    """
    tokens = tokens or Tokens()
    described = specification(network)
    described.register_vocabulary(tokens.all)
    described.config.suppress_ids = [tokens.no_speech, tokens.start_of_transcript, tokens.start_of_previous]
    described.config.suppress_ids_begin = [tokens.blank, tokens.end_of_text]
    heads = range(network.shape.heads) if aligning is None else aligning
    described.config.alignment_heads = [[CURRENT_LAYER, head] for head in heads]
    described.config.lang_ids = []
    described.validate()
    described.optimize(quantization=_QUANTIZATION)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        described.save(unfinished)
        tokens.tokenizer().save(f"{unfinished}/tokenizer.json", pretty=False)
        Path(unfinished, "preprocessor_config.json").write_text(json.dumps(_MEL, indent=1) + "\n", encoding="utf-8")
        for written in Path(unfinished).iterdir():
            written.replace(folder / written.name)
    for path in sorted(folder.iterdir()):
        print(f"{path.name}: {path.stat().st_size} bytes")
