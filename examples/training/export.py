"""Write trained weights as the CTranslate2 folder that faster-whisper loads."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from examples.training.network import TinyWhisper
from examples.training.objective import CURRENT_LAYER
from examples.training.tokens import Tokens

_MEL = {"feature_size": 80, "sampling_rate": 16000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}
_QUANTIZATION = "int8_float16"


def export(network: TinyWhisper, folder: Path) -> None:
    """Write `network` into `folder`: model, vocabulary, tokenizer and the settings of the mel extractor."""
    from ctranslate2.converters.transformers import WhisperLoader

    tokens = Tokens()
    specification = WhisperLoader().get_model_spec(_as_transformers(network, tokens))
    specification.register_vocabulary(tokens.all)
    specification.config.suppress_ids = [tokens.no_speech, tokens.start_of_transcript, tokens.start_of_previous]
    specification.config.suppress_ids_begin = [tokens.blank, tokens.end_of_text]
    specification.config.alignment_heads = [[CURRENT_LAYER, head] for head in range(network.shape.heads)]
    specification.config.lang_ids = []
    specification.validate()
    specification.optimize(quantization=_QUANTIZATION)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        specification.save(unfinished)
        tokens.tokenizer().save(f"{unfinished}/tokenizer.json", pretty=False)
        Path(unfinished, "preprocessor_config.json").write_text(json.dumps(_MEL, indent=1) + "\n", encoding="utf-8")
        for written in Path(unfinished).iterdir():
            written.replace(folder / written.name)
    for path in sorted(folder.iterdir()):
        print(f"{path.name}: {path.stat().st_size} bytes")


def _as_transformers(network: TinyWhisper, tokens: Tokens) -> Any:
    """Return the same network as `transformers` has it, which is what CTranslate2 converts."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    shape = network.shape
    config = WhisperConfig(
        vocab_size=shape.vocabulary,
        num_mel_bins=80,
        d_model=shape.width,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.hidden,
        decoder_ffn_dim=shape.hidden,
        pad_token_id=tokens.end_of_text,
        bos_token_id=tokens.end_of_text,
        eos_token_id=tokens.end_of_text,
        decoder_start_token_id=tokens.start_of_transcript,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config)
    weights = {name: value for name, value in network.state_dict().items() if name.startswith("model.")}
    left = model.load_state_dict(weights, strict=False)
    if set(left.missing_keys) - {"proj_out.weight"} or left.unexpected_keys:
        raise AssertionError(f"the network does not fit a Whisper of transformers: {left}")
    model.tie_weights()
    return model.eval()
