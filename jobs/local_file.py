"""A file that is already on this machine, held to the same checks as one that was fetched."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path

from jobs.media_type import SNIFF_BYTES, MediaType, require_audio
from storage.errors import Forbidden, NotAudio, NotFound


@dataclass(frozen=True)
class LocalFile:
    """An audio or video file on disk."""

    path: Path
    bytes: int
    media_type: MediaType
    """By its first bytes."""
    sha256: str


def open_local(path: Path) -> LocalFile:
    """Check and hash a local file; raises NotFound (missing, or a folder), Forbidden (no permission) and NotAudio."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise NotFound(f"{path} is a folder, not a file.", hint="Name the audio file in it.")
        if not stat.S_ISREG(mode):
            raise NotAudio(f"{path} is a device or a pipe, not a file.", hint="Copy its audio into a file first.")
        with path.open("rb") as file:
            media_type = require_audio(file.read(SNIFF_BYTES), str(path))
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return LocalFile(path=path, bytes=file.tell(), media_type=media_type, sha256=digest)
    except PermissionError as error:
        raise Forbidden(f"{path} may not be read.", hint="Check its permissions.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NotFound(f"{path} cannot be opened: {reason}.", hint="Check its name.") from error
