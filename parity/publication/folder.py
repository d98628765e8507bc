"""Writing a folder whole: beside its place first, then switched in by rename."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from parity.home.private_files import FOLDER_MODE, sync_folder, write_private


def write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Make `target` a folder of exactly these files, all or nothing.

    What stood there before is replaced; when it holds the same bytes it stays. When the
    switch fails the former folder is put back.
    """
    if _holds(target, files):
        return
    target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    draft, former = _beside(target, "draft"), _beside(target, "former")
    draft.mkdir(mode=FOLDER_MODE)
    try:
        for name, content in files.items():
            write_private(draft / name, content)
        _switch(draft, target, former)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    shutil.rmtree(former, ignore_errors=True)


def _switch(draft: Path, target: Path, former: Path) -> None:
    if target.exists():
        target.rename(former)
    try:
        draft.rename(target)
    except OSError:
        if former.exists():
            former.rename(target)
        raise
    sync_folder(target.parent)


def _beside(target: Path, kind: str) -> Path:
    """A free place next to the target; what a killed run left there goes."""
    path = target.with_name(f".{target.name}.{kind}")
    shutil.rmtree(path, ignore_errors=True)
    return path


def _holds(target: Path, files: Mapping[str, bytes]) -> bool:
    if not target.is_dir() or {path.name for path in target.iterdir()} != files.keys():
        return False
    return all((target / name).read_bytes() == files[name] for name in files)
