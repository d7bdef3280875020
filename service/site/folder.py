"""The folder of a site: what is as it was is not written again, and what nothing leads to any more is removed.

A list of what was written lies in it, so that nothing is ever removed that somebody else put there, and no folder is taken for a
site that is none.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path, PurePosixPath

from storage.errors import OptionError
from storage.files import explained, make_folder, open_atomically, write_atomically

MANIFEST = "site.json"
_KIND = "earmark.site/1"


class SiteFolder:
    """A folder while a site is written into it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._before = _listed(root)
        self._now: set[str] = set()
        self.changed = 0
        """Files that were written, or written anew."""

    @property
    def files(self) -> int:
        """How many files the site has so far."""
        return len(self._now)

    def write(self, path: str, content: bytes | str) -> None:
        """Put a file at a place of the folder."""
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        target = self._take(path)
        if not _is(target, data):
            with open_atomically(target, lasting=False) as file:
                file.write(data)
            self.changed += 1

    def copy(self, path: str, source: Path) -> None:
        """Put a copy of a large file at a place of the folder; one of the same size that is there already is taken for it."""
        target = self._take(path)
        size = source.stat().st_size
        if target.is_file() and target.stat().st_size == size:
            return
        with open_atomically(target, lasting=False) as file, source.open("rb") as original:
            shutil.copyfileobj(original, file)
        self.changed += 1

    def finish(self) -> int:
        """Remove what earlier versions of the site had and this one has not; return how many files."""
        gone = self._before - self._now
        for path in gone:
            with explained(self.root / path):
                (self.root / path).unlink(missing_ok=True)
        write_atomically(self.root / MANIFEST, json.dumps({"schema": _KIND, "files": sorted(self._now)}, indent=0) + "\n")
        return len(gone)

    def _take(self, path: str) -> Path:
        self._now.add(path)
        target = self.root / path
        make_folder(target.parent)
        return target


def _listed(root: Path) -> set[str]:
    """Return what the site in a folder has; `OptionError` if the folder holds something else."""
    try:
        there = any(root.iterdir())
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise OptionError(f"{root} cannot be read: {error.strerror}.", hint="Choose another folder.") from error
    if not there:
        return set()
    try:
        manifest = json.loads((root / MANIFEST).read_bytes())
        files = [str(path) for path in manifest["files"]] if manifest["schema"] == _KIND else None
    except (OSError, ValueError, KeyError, TypeError):
        files = None
    if files is None or not all(map(_is_inside, files)):
        raise OptionError(f"{root} holds something that is no site of earmark.", hint="Choose an empty or a new folder.")
    return set(files)


def _is_inside(path: str) -> bool:
    """Whether a path of the list stays in the folder; a damaged list must not lead out of it."""
    parts = PurePosixPath(path).parts
    return 1 <= len(parts) <= 3 and ".." not in parts and not path.startswith("/") and "\\" not in path and "\0" not in path


def _is(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return False
