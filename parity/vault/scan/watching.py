"""Looks at processes and folders again and again while something runs.

What is gone when a run ends can only be seen during it: spill files, drafts, what lies
in the system's temporary folder, arguments and environments of short-lived children.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from parity.vault.scan.containers import HEAD, Containers, kind_of
from parity.vault.scan.detector import Detector, Spot
from parity.vault.scan.processes import descendants, process_surfaces

_SECONDS = 0.005
# Of a larger file the beginning: it is looked at again whenever it has changed.
_LARGEST = 1 << 28

_State = tuple[int, int]


class Watcher:
    """A thread that looks at a process, its descendants, and everything in folders.

    Use as a context. processes, files: how many different ones were seen; a watcher
    that saw nothing proves nothing.
    """

    def __init__(
        self,
        detector: Detector,
        containers: Containers,
        pid: int,
        folders: Sequence[Path] = (),
    ) -> None:
        self.processes: set[int] = set()
        self.files: set[Path] = set()
        self._detector = detector
        self._containers = containers
        self._pid = pid
        self._folders = folders
        self._seen: set[tuple[str, bytes]] = set()
        self._states: dict[Path, _State] = {}
        self._stop = threading.Event()
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._failed is not None:
            raise self._failed
        self._look()

    def _watch(self) -> None:
        try:
            while not self._stop.wait(_SECONDS):
                self._look()
        except Exception as failed:  # noqa: BLE001  raised again where it is waited for
            self._failed = failed

    def _look(self) -> None:
        for pid in (self._pid, *descendants(self._pid)):
            self._process(pid)
        for folder in self._folders:
            for path in sorted(folder.rglob("*")):
                self._file(path, folder)

    def _process(self, pid: int) -> None:
        """Each different environment and argument list once."""
        for name, content in process_surfaces(pid):
            if (name, content) not in self._seen:
                self._seen.add((name, content))
                spot = Spot(f"process {pid}", name)
                self._detector.look_at_cells(content.split(b"\0"), spot)
        if pid not in self.processes:
            self.processes.add(pid)
            self._detector.count_process()

    def _file(self, path: Path, folder: Path) -> None:
        """A file that is new or has changed; one that is gone again was too quick."""
        try:
            found = path.lstat()
            state = (found.st_size, found.st_mtime_ns)
            if self._states.get(path) == state or not path.is_file():
                return
            self._states[path] = state
            with path.open("rb") as opened:
                content = opened.read(_LARGEST)
        except OSError:
            return
        spot = Spot(folder.name, "(while running)")
        shown = self._detector.shown(path.relative_to(folder).parts, spot)
        # a database that is being written does not open beside its writer
        is_database = kind_of(content[:HEAD]) == "duckdb"
        look = self._containers.raw if is_database else self._containers.loose
        look(content, spot.inside(shown))
        if path not in self.files:
            self.files.add(path)
            self._detector.count_file()
