"""The network as CTranslate2 describes a Whisper: which weight goes where in its specification."""

# torch ships types, but this project reads it as untyped: its classes and decorators are Any here.
# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from examples.training.network import Attention, EncoderLayer, TinyWhisper


def specification(network: TinyWhisper) -> Any:
    """Return the `ctranslate2.specs.WhisperSpec` of the network, with its weights and without vocabulary or settings."""
    from ctranslate2.specs import WhisperSpec

    shape, encoder, decoder = network.shape, network.model.encoder, network.model.decoder
    spec = WhisperSpec(shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads)
    for half in ("encoder", "decoder"):
        ours, theirs = getattr(network.model, half), getattr(spec, half)
        theirs.position_encodings.encodings = ours.embed_positions.weight.detach()
        _norm(theirs.layer_norm, ours.layer_norm)
        for layer, described in zip(ours.layers, theirs.layer, strict=True):
            _layer(described, layer)
    for name in ("conv1", "conv2"):
        _linear(getattr(spec.encoder, name), getattr(encoder, name))
    spec.decoder.embeddings.weight = decoder.embed_tokens.weight.detach()
    spec.decoder.projection.weight = decoder.embed_tokens.weight.detach()
    return spec


def _layer(described: Any, layer: EncoderLayer) -> None:
    """Fill in a layer of the encoder, or of the decoder, which also attends to the encoder."""
    own = described.self_attention
    _join(own.linear[0], *_projections(layer.self_attn))
    _linear(own.linear[1], layer.self_attn.out_proj)
    _norm(own.layer_norm, layer.self_attn_layer_norm)
    if hasattr(layer, "encoder_attn"):
        other = described.attention
        query, *key_and_value = _projections(layer.encoder_attn)
        _join(other.linear[0], query)
        _join(other.linear[1], *key_and_value)
        _linear(other.linear[2], layer.encoder_attn.out_proj)
        _norm(other.layer_norm, layer.encoder_attn_layer_norm)
    _linear(described.ffn.linear_0, layer.fc1)
    _linear(described.ffn.linear_1, layer.fc2)
    _norm(described.ffn.layer_norm, layer.final_layer_norm)


def _projections(attention: Attention) -> tuple[nn.Linear, nn.Linear, nn.Linear]:
    return attention.q_proj, attention.k_proj, attention.v_proj


def _join(described: Any, *layers: nn.Linear) -> None:
    """Fill in one product that computes several; Whisper's keys have no bias, which is a bias of zero."""
    described.weight = torch.cat([layer.weight for layer in layers]).detach()
    described.bias = torch.cat([_bias(layer) for layer in layers]).detach()


def _bias(layer: nn.Linear) -> Tensor:
    return torch.zeros(layer.out_features) if layer.bias is None else layer.bias


def _linear(described: Any, layer: nn.Linear | nn.Conv1d) -> None:
    described.weight, described.bias = layer.weight.detach(), layer.bias.detach()


def _norm(described: Any, norm: nn.LayerNorm) -> None:
    described.gamma, described.beta = norm.weight.detach(), norm.bias.detach()
