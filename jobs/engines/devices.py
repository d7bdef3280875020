"""What the speech engines run on: GPU or CPU, in which number format, with which libraries."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from storage.errors import EngineUnavailable, OptionError


def resolve_device(device: str) -> str:
    """Return `cpu` or `cuda`; `auto` is a GPU if CTranslate2 sees one. `EngineUnavailable` if `cuda` was asked for in vain."""
    if device not in ("auto", "cpu", "cuda"):
        raise OptionError(f"There is no device {device!r}.", hint="Choose auto, cpu or cuda.")
    if device == "cpu":
        return device
    if gpu_count() > 0:
        return "cuda"
    if device == "cuda":
        raise EngineUnavailable(
            "There is no GPU here that CTranslate2 can use.", hint="See `earmark doctor`, or run with --device cpu."
        )
    return "cpu"


def gpu_count() -> int:
    """Return how many GPUs CTranslate2 sees."""
    return int(_ctranslate2().get_cuda_device_count())


def resolve_compute_type(compute_type: str, device: str) -> str:
    """Return the number format that fits the device; `auto` is the fastest one it supports without losing accuracy."""
    ctranslate2 = _ctranslate2()
    supported = ctranslate2.get_supported_compute_types(device)
    if compute_type == "auto":
        wanted = ("float16", "int8_float16", "int8", "float32") if device == "cuda" else ("int8", "float32")
        return next((name for name in wanted if name in supported), "default")
    if compute_type not in supported and compute_type != "default":
        raise OptionError(
            f"The compute type {compute_type!r} does not run on this {device}.",
            hint=f"Choose one of {', '.join(sorted(supported))}.",
        )
    return compute_type


def load_cuda_libraries() -> None:
    """Let CTranslate2 find the CUDA 12 libraries that came with torch: whoever loads them first decides for the process."""
    with contextlib.suppress(ImportError):
        import torch  # noqa: F401 - loaded for its libraries


def is_about_cuda(error: Exception) -> bool:
    """Tell whether a library's error is about the GPU rather than the model."""
    text = str(error).lower()
    return any(name in text for name in ("cuda", "cublas", "cudnn", "out of memory"))


def usable_cores() -> int:
    """Return how many cores this process may use (a container or `taskset` may allow fewer than there are)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_bytes() -> int:
    """Return how much memory this machine has; 8 GiB where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 8 << 30


def _ctranslate2() -> Any:
    _choose_instructions()
    try:
        import ctranslate2
    except ImportError as error:
        raise EngineUnavailable(
            "Whisper's library is not installed.", hint="Install it with `pip install 'earmark[speech]'`."
        ) from error
    return ctranslate2


def _choose_instructions() -> None:
    """Let CTranslate2 use AVX-512 on an AMD processor that has it for neural networks, unless a person has chosen.

    Of itself it does so on Intel's alone. AMD's since Zen 4 hear 3 to 7 % faster with it; older ones lack what is looked for.
    """
    with contextlib.suppress(OSError):
        described = Path("/proc/cpuinfo").read_text("utf-8").partition("\n\n")[0].split()
        if {"AuthenticAMD", "avx512_vnni"}.issubset(described):
            os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")
