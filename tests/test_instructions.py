"""Which instructions of the processor CTranslate2 uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ctranslate2", reason="the speech library is not installed")

_ASK = """
from jobs.engines.devices import resolve_compute_type
resolve_compute_type("auto", "cpu")
import ctranslate2, sys
ctranslate2.models.Whisper(sys.argv[1], compute_type="int8")
"""
_MODEL = Path(__file__).parent.parent / "examples" / "tiny-whisper"


def used(**settings: str) -> str:
    """Return what CTranslate2 says that it selected, in a process with these settings."""
    known = {name: value for name, value in os.environ.items() if name != "CT2_FORCE_CPU_ISA"}
    asked = [sys.executable, "-c", _ASK, str(_MODEL)]
    ended = subprocess.run(asked, env={**known, "CT2_VERBOSE": "1", **settings}, check=True, capture_output=True, text=True)
    return next(line for line in ended.stderr.splitlines() if "Selected ISA" in line).rpartition(" ")[2]


def has(*names: str) -> bool:
    """Tell whether the processor is described by these names."""
    try:
        return set(names) <= set(Path("/proc/cpuinfo").read_text("utf-8").split())
    except OSError:
        return False


@pytest.mark.skipif(not has("AuthenticAMD", "avx512_vnni"), reason="no AMD processor with AVX-512 for neural networks")
def test_an_amd_processor_that_has_avx512_uses_it() -> None:
    """Of itself CTranslate2 uses it on Intel's alone."""
    assert used() == "AVX512"


@pytest.mark.skipif(not has("avx2"), reason="a processor without AVX2")
def test_what_a_person_has_chosen_stays() -> None:
    """CTranslate2's own variable decides."""
    assert used(CT2_FORCE_CPU_ISA="AVX2") == "AVX2"
