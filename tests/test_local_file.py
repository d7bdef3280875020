"""Files that are already here."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from jobs.local_file import open_local
from storage.errors import Forbidden, NotAudio, NotFound

AUDIO = (b"\xff\xfb\x90\x00" + bytes(413)) * 100


def test_a_local_file_is_named_by_its_bytes(tmp_path: Path) -> None:
    """Size, hash and type come from the content, not from the name."""
    path = tmp_path / "episode.txt"
    path.write_bytes(AUDIO)
    local = open_local(path)
    assert (local.path, local.bytes, local.sha256) == (path, len(AUDIO), hashlib.sha256(AUDIO).hexdigest())
    assert local.media_type.demuxer == "mp3"


def test_missing_files_and_folders_are_not_found(tmp_path: Path) -> None:
    """The error names the path, whatever is wrong with it."""
    for path in (tmp_path / "none.mp3", tmp_path, tmp_path / ("x" * 300), tmp_path / "a\0b"):
        with pytest.raises(NotFound) as missing:
            open_local(path)
        assert str(path) in missing.value.message
        assert missing.value.hint


@pytest.mark.parametrize(("body", "named"), [(b"#EXTM3U\n/etc/passwd\n", "playlist"), (b"", "empty"), (b"<html>", "web page")])
def test_a_local_file_that_is_not_audio_is_refused(tmp_path: Path, body: bytes, named: str) -> None:
    """The same checks hold as for a download."""
    path = tmp_path / "episode.mp3"
    path.write_bytes(body)
    with pytest.raises(NotAudio, match=named):
        open_local(path)


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    """Nothing is read from what is not a plain file."""
    path = tmp_path / "pipe.mp3"
    os.mkfifo(path)
    with pytest.raises(NotAudio, match="pipe"):
        open_local(path)


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    """Permissions are named as the reason."""
    path = tmp_path / "secret.mp3"
    path.write_bytes(AUDIO)
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # the superuser may read every file
    try:
        with pytest.raises(Forbidden, match="may not be read"):
            open_local(path)
    finally:
        os.seteuid(user)
