"""What a person may ask for, and when two jobs are one."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.options import Options, key_of


@pytest.mark.parametrize("changed", [{"threads": 2}, {"workers": 3}, {"batch_size": 8}], ids=str)
def test_what_changes_no_result_makes_no_other_job(changed: dict[str, Any]) -> None:
    """Whoever asks for the same episode on another machine finds what is done."""
    assert Options(**changed).key("salt") == Options().key("salt")
    assert Options(beam_size=1, **changed).key() != Options().key()


def test_the_key_of_a_job_without_a_batch_size_is_that_of_every_version() -> None:
    """It was made with the batch size once: what is done under it is still found."""
    assert Options().key() == key_of("options", Options().model_dump_json(exclude={"threads", "workers"}))
    assert '"batch_size":0' in Options().model_dump_json()
