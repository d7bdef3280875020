"""A small Whisper in plain torch, with the state names of `transformers`, so that its weights export as they are.

It has its own forward pass because training wants what the library's does not give: short windows at any place of the position
table, attention weights to supervise, and two heads that are dropped at export.
"""

# torch ships types, but this project reads it as untyped: its classes and decorators are Any here.
# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

ENCODER_POSITIONS, DECODER_POSITIONS, MELS = 1500, 448, 80
# How many encoder states away each head of each encoder layer looks at first; None: wherever.
_FIRST_LOOKS = ((-9, -3, 3, 9), (-20, -7, 7, 20), (-14, None, None, 14))
_LOCALITY_GAIN = 2.6


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the network; the vocabulary's timestamps begin at `first_timestamp`, the language has `words` words."""

    vocabulary: int
    first_timestamp: int
    words: int
    width: int = 128
    heads: int = 4
    hidden: int = 512
    encoder_layers: int = 3
    decoder_layers: int = 2


@dataclass(frozen=True, slots=True)
class Heard:
    """What one forward pass gives: encoder states, token logits, cross-attention weights by layer, word and counter heads."""

    states: Tensor
    logits: Tensor
    attention: dict[int, Tensor]
    words: Tensor
    counters: Tensor


def sinusoids(length: int, channels: int) -> Tensor:
    """Return Whisper's position table (length, channels)."""
    step = math.log(10000) / (channels // 2 - 1)
    angles = torch.arange(length)[:, None] * torch.exp(-step * torch.arange(channels // 2))[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


class Attention(nn.Module):
    """Multi-head attention with the names and biases of Whisper."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.v_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)

    def _split(self, x: Tensor) -> Tensor:
        """Turn (batch, n, width) into (batch, heads, n, width / heads)."""
        batch, length, width = x.shape
        return x.view(batch, length, self.heads, width // self.heads).transpose(1, 2)

    def forward(
        self, x: Tensor, source: Tensor | None = None, causal: bool = False, keep: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Attend from `x` to `source` (itself by default); with `keep`, also return the weights (batch, heads, n, m)."""
        source = x if source is None else source
        query, key, value = self._split(self.q_proj(x)), self._split(self.k_proj(source)), self._split(self.v_proj(source))
        weights: Tensor | None = None
        if keep:
            weights = (query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])).float().softmax(-1)
            mixed = weights.to(value.dtype) @ value
        else:
            mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=causal)
        return self.out_proj(mixed.transpose(1, 2).reshape(x.shape)), weights

    @torch.no_grad()
    def look_away(self, distances: Collection[int | None], width: int) -> None:
        """Start each head as 'look that many states away', by rotating the sinusoidal positions.

        Whisper's encoder has no other prior for locality, and learning one costs most of a short training.
        """
        pairs, half = width // self.heads // 2, width // 2
        step = math.log(10000) / (half - 1)
        for projection in (self.q_proj, self.k_proj):
            projection.weight *= 0.3
        for head, distance in enumerate(distances):
            if distance is None:
                continue
            for pair in range(pairs):
                channel = round(2 + pair * (0.62 * half - 2) / (pairs - 1))
                row = head * 2 * pairs + 2 * pair
                angle = math.exp(-step * channel) * distance
                cosine, sine = _LOCALITY_GAIN * math.cos(angle), _LOCALITY_GAIN * math.sin(angle)
                self.k_proj.weight[row, channel] += _LOCALITY_GAIN
                self.k_proj.weight[row + 1, half + channel] += _LOCALITY_GAIN
                self.q_proj.weight[row, channel] += cosine
                self.q_proj.weight[row, half + channel] += sine
                self.q_proj.weight[row + 1, half + channel] += cosine
                self.q_proj.weight[row + 1, channel] -= sine


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward part, each after its norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn, self.self_attn_layer_norm = Attention(shape.width, shape.heads), nn.LayerNorm(shape.width)
        self.fc1, self.fc2 = nn.Linear(shape.width, shape.hidden), nn.Linear(shape.hidden, shape.width)
        self.final_layer_norm = nn.LayerNorm(shape.width)

    def forward(self, x: Tensor) -> Tensor:
        """Return states of the same shape (batch, n, width)."""
        x = x + self.self_attn(self.self_attn_layer_norm(x))[0]
        return x + self.fc2(functional.gelu(self.fc1(self.final_layer_norm(x))))


class DecoderLayer(EncoderLayer):
    """An encoder layer whose self-attention looks back only, with cross-attention between its parts."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.encoder_attn, self.encoder_attn_layer_norm = Attention(shape.width, shape.heads), nn.LayerNorm(shape.width)

    def decode(self, x: Tensor, states: Tensor, keep: bool) -> tuple[Tensor, Tensor | None]:
        """Return the next states and, with `keep`, the cross-attention weights."""
        x = x + self.self_attn(self.self_attn_layer_norm(x), causal=True)[0]
        attended, weights = self.encoder_attn(self.encoder_attn_layer_norm(x), states, keep=keep)
        x = x + attended
        return x + self.fc2(functional.gelu(self.fc1(self.final_layer_norm(x)))), weights


class Encoder(nn.Module):
    """Two convolutions, fixed positions, layers of self-attention."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(MELS, shape.width, 3, padding=1)
        self.conv2 = nn.Conv1d(shape.width, shape.width, 3, stride=2, padding=1)
        self.embed_positions = nn.Embedding(ENCODER_POSITIONS, shape.width)
        self.layers = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.encoder_layers))
        self.layer_norm = nn.LayerNorm(shape.width)
        with torch.no_grad():  # torch's own scale would leave the audio at 4 % of the position signal
            self.conv1.weight *= 4
            self.conv2.weight *= 6
            self.embed_positions.weight.copy_(sinusoids(ENCODER_POSITIONS, shape.width))
        self.embed_positions.weight.requires_grad_(False)
        for layer, distances in zip(self.layers, _FIRST_LOOKS, strict=False):
            layer.self_attn.look_away(distances, shape.width)

    def forward(self, mel: Tensor, offsets: Tensor) -> Tensor:
        """Turn mel (batch, 80, 2n) into states (batch, n, width), the first at position `offsets` (batch,)."""
        x = functional.gelu(self.conv2(functional.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.embed_positions.weight[offsets[:, None] + torch.arange(x.shape[1])[None]]
        for layer in self.layers:
            x = layer(x)
        normed: Tensor = self.layer_norm(x)
        return normed


class Decoder(nn.Module):
    """Token and position embeddings, layers that attend to the encoder; its output layer is the token embedding."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.embed_positions = nn.Embedding(DECODER_POSITIONS, shape.width)
        self.layers = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.decoder_layers))
        self.layer_norm = nn.LayerNorm(shape.width)
        nn.init.normal_(self.embed_tokens.weight, std=0.05)
        nn.init.normal_(self.embed_positions.weight, std=0.02)
        times = shape.vocabulary - shape.first_timestamp
        with torch.no_grad():  # times begin as positions, so that what reads a position can name a time
            jitter = 0.005 * torch.randn(times, shape.width)
            self.embed_tokens.weight[shape.first_timestamp :] = 0.07 * sinusoids(times, shape.width) + jitter

    def forward(self, tokens: Tensor, states: Tensor, offsets: Tensor, keep: Collection[int]) -> tuple[Tensor, dict[int, Tensor]]:
        """Return states (batch, n, width) of the tokens and the cross-attention of the layers in `keep`."""
        x = self.embed_tokens(tokens) + self.embed_positions(offsets[:, None] + torch.arange(tokens.shape[1])[None])
        attention = {}
        for index, layer in enumerate(self.layers):
            x, weights = layer.decode(x, states, index in keep)
            if weights is not None:
                attention[index] = weights
        return self.layer_norm(x), attention


class _Core(nn.Module):
    """Holds both halves under the names that `transformers` gives them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(shape), Decoder(shape)


class TinyWhisper(nn.Module):
    """The network with its two training heads: which word a state hears, and how many sentences and words came before."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.model = _Core(shape)
        self.frame_head = nn.Linear(shape.width, shape.words + 1)
        self.count_head = nn.Linear(shape.width, 2)

    def forward(
        self, mel: Tensor, tokens: Tensor, encoder_offsets: Tensor, decoder_offsets: Tensor, keep: Collection[int] = ()
    ) -> Heard:
        """Hear a batch; `keep` names the decoder layers whose cross-attention is wanted."""
        states = self.model.encoder(mel, encoder_offsets)
        decoded, attention = self.model.decoder(tokens, states, decoder_offsets, keep)
        logits = decoded @ self.model.decoder.embed_tokens.weight.T
        return Heard(states, logits, attention, self.frame_head(states), self.count_head(states))


@torch.no_grad()
def copy_positions(network: TinyWhisper, layer: int) -> None:
    """Let heads 2 and 3 of a decoder layer carry the position they look at to where the timestamp embeddings pick it up.

    Their queries and keys are those of heads 0 and 1, which are supervised; their values read the sinusoids out of the encoder
    and write them unchanged. For a fresh network only. Without it, timestamps are the last thing that a short training learns.
    """
    width = network.shape.width
    half, head_width = width // 2, width // network.shape.heads
    attention = network.model.decoder.layers[layer].encoder_attn
    channels = [round(3 + index * (0.73 * half - 3) / (head_width - 1)) for index in range(head_width)]
    for head in (2, 3):
        rows, model_rows = (
            slice(head * head_width, (head + 1) * head_width),
            slice((head - 2) * head_width, (head - 1) * head_width),
        )
        attention.q_proj.weight[rows] = attention.q_proj.weight[model_rows]
        attention.q_proj.bias[rows] = attention.q_proj.bias[model_rows]
        attention.k_proj.weight[rows] = attention.k_proj.weight[model_rows]
        own = channels[head - 2 :: 2]
        read = torch.tensor(own + [half + channel for channel in own])
        attention.v_proj.weight[rows] = torch.eye(width)[read]
        attention.v_proj.bias[rows] = 0
        attention.out_proj.weight[:, rows] = 0
        attention.out_proj.weight[read, torch.arange(rows.start, rows.stop)] = 1
