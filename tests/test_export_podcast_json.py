"""Podcasting 2.0 transcript JSON."""

from __future__ import annotations

import json

from hypothesis import given

from storage.documents import Transcript
from storage.export.podcast_json import podcast_json
from tests.transcripts import segment, squeezed, transcript, transcripts, unhurried


@unhurried
@given(transcripts())
def test_every_transcript_reads_back_with_its_words_in_order_and_their_times(drawn: Transcript) -> None:
    """Each word once, in order; each entry begins and ends with its words, to a millisecond."""
    expected = [(squeezed(w.text), w.start, w.end) for part in drawn.segments for w in part.words if squeezed(w.text)]
    read = json.loads(podcast_json(drawn))
    assert set(read) == {"version", "segments"}
    for entry in read["segments"]:
        assert set(entry) - {"speaker"} == {"startTime", "endTime", "body"}
        said, first = "", expected[0]
        while len(said) < len(squeezed(entry["body"])):
            word = expected.pop(0)
            said += word[0]
        assert said == squeezed(entry["body"])
        assert abs(entry["startTime"] - first[1]) <= 0.001
        assert abs(entry["endTime"] - word[2]) <= 0.001
    assert expected == []


def test_the_document_of_a_small_transcript() -> None:
    """Version, names where known, and no speaker where nobody is known."""
    told = transcript([segment("Good morning."), segment("Hm.", 2, speaker=None)])
    assert json.loads(podcast_json(told)) == {
        "version": "1.0.0",
        "segments": [
            {"speaker": "Ann Other", "startTime": 0.0, "endTime": 0.65, "body": "Good morning."},
            {"startTime": 2.0, "endTime": 2.3, "body": "Hm."},
        ],
    }
