"""The tokens of the tiny Whisper: one for each word form, for each byte, each special mark and each 20 ms of a window."""

from __future__ import annotations

import re
from typing import Any

from examples.training import grammar

SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)
LAST_TIMESTAMP = 1500  # a window is 30 s and a timestamp counts 20 ms
_WRITTEN_WORD = re.compile(r"^(\w+)('s)?([.,?!]*)$")


def _byte_characters() -> dict[int, str]:
    """Return GPT-2's printable stand-in for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    stand_ins = {byte: chr(byte) for byte in printable}
    hidden = [byte for byte in range(256) if byte not in stand_ins]
    return stand_ins | {byte: chr(256 + index) for index, byte in enumerate(hidden)}


class Tokens:
    """Texts to token ids; the order of ids is that of Whisper: texts, special marks, timestamps.

    `unused` texts that nobody says follow the others, for a network that shall have the vocabulary of a larger one.
    """

    def __init__(self, *, unused: int = 0) -> None:
        stand_ins = _byte_characters()

        def encoded(text: str) -> str:
            return "".join(stand_ins[byte] for byte in text.encode())

        forms = grammar.token_forms()
        self.texts = [stand_ins[byte] for byte in range(256)] + [encoded(form) for form in forms if len(form) > 1]
        self.first_unused = len(self.texts)
        self.texts += [f"<|unused {index}|>" for index in range(unused)]
        self.all = [*self.texts, *SPECIAL, *(f"<|{index * 0.02:.2f}|>" for index in range(LAST_TIMESTAMP + 1))]
        ids = {token: index for index, token in enumerate(self.all)}
        self._form_ids = {form: ids[encoded(form)] for form in forms}
        self.end_of_text = ids["<|endoftext|>"]
        self.start_of_transcript = ids["<|startoftranscript|>"]
        self.start_of_previous = ids["<|startofprev|>"]
        self.no_speech = ids["<|nospeech|>"]
        self.no_timestamps = ids["<|notimestamps|>"]
        self.first_timestamp = self.no_timestamps + 1
        self.blank = ids[stand_ins[ord(" ")]]

    def word(self, written: str) -> tuple[list[int], list[int]]:
        """Return the ids of a word as written and those of its punctuation; raises ValueError for a word not known."""
        match = _WRITTEN_WORD.match(written)
        if match is None or " " + match.group(1) not in self._form_ids:
            raise ValueError(f"{written!r} is not among the words that the model knows")
        stem, ending, punctuation = match.groups()
        ids = [self._form_ids[" " + stem]] + ([self._form_ids[ending]] if ending else [])
        return ids, [self._form_ids[mark] for mark in punctuation]

    def sentence(self, text: str) -> list[int]:
        """Return the ids of a sentence."""
        return [token for written in text.split() for part in self.word(written) for token in part]

    def tokenizer(self) -> Any:
        """Build the `tokenizers.Tokenizer` that faster-whisper loads, and check that both agree."""
        from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

        built = Tokenizer(models.BPE(vocab={text: index for index, text in enumerate(self.texts)}, merges=[], ignore_merges=True))
        built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        built.decoder = decoders.ByteLevel()
        built.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
        built.add_tokens([AddedToken(token, normalized=False) for token in self.all[self.first_timestamp :]])
        sentence = "Let's start with the training data. Yes, I agree."
        if built.encode(" " + sentence).ids != self.sentence(sentence):
            raise AssertionError("the tokenizer splits a sentence otherwise than the training does")
        if built.id_to_token(self.first_timestamp + LAST_TIMESTAMP) != self.all[-1]:
            raise AssertionError("the tokenizer numbers the timestamps otherwise than the training does")
        return built
