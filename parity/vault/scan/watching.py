"""Looks at processes and folders again and again while something runs.

What is gone when a run ends can only be seen during it: spill files, drafts, what lies
in the system's temporary folder, arguments and environments of short-lived children.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from parity.vault.scan.containers import HEAD, Containers, kind_of
from parity.vault.scan.detector import Detector, Spot
from parity.vault.scan.processes import descendants, process_surfaces

_SECONDS = 0.005
# Of a larger file the beginning: it is looked at again whenever it has changed.
_LARGEST = 1 << 28
# A large file that changes all the time is looked at less often than a small one.
_BYTES_IN_A_SECOND = 1 << 21

_State = tuple[int, int]


class Watcher:
    """A thread that looks at everything in folders, at processes and their descendants.

    Use as a context, begun before what is watched: `follow` names a process.
    processes, files: how many different ones were seen; a watcher that saw nothing
    proves nothing.
    """

    def __init__(
        self,
        detector: Detector,
        containers: Containers,
        folders: Sequence[Path] = (),
    ) -> None:
        self.processes: set[int] = set()
        self.files: set[Path] = set()
        self._detector = detector
        self._containers = containers
        self._pids: list[int] = []
        self._folders = folders
        self._shown: dict[tuple[str, bytes], int] = {}
        self._states: dict[Path, _State] = {}
        self._next: dict[Path, float] = {}
        self._stop = threading.Event()
        self._failed: Exception | None = None
        # Apart, because a large file takes longer than many a process lives.
        self._threads = [
            threading.Thread(target=self._again_and_again, args=[look], daemon=True)
            for look in (self._look_at_processes, self._look_at_folders)
        ]

    def __enter__(self) -> Watcher:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._failed is not None:
            raise self._failed
        self._next.clear()
        self._look_at_folders()
        self._search_processes()

    def follow(self, pid: int) -> None:
        """Look at this process too, and at all that it starts."""
        self._pids.append(pid)

    def _again_and_again(self, look: Callable[[], None]) -> None:
        try:
            while not self._stop.wait(_SECONDS):
                look()
        except Exception as failed:  # noqa: BLE001  raised again where it is waited for
            self._failed = failed

    def _look_at_processes(self) -> None:
        """Keep each different environment and argument list; searched at the end."""
        for top in list(self._pids):
            for pid in (top, *descendants(top)):
                for shown in process_surfaces(pid):
                    self._shown.setdefault(shown, pid)
                    self.processes.add(pid)

    def _search_processes(self) -> None:
        for (name, content), pid in self._shown.items():
            spot = Spot(f"process {pid}", name)
            self._detector.look_at_cells(content.split(b"\0"), spot)
        for _ in self.processes:
            self._detector.count_process()

    def _look_at_folders(self) -> None:
        for folder in self._folders:
            for here, _, names in os.walk(folder):
                for name in names:
                    self._file(Path(here) / name, folder)

    def _file(self, path: Path, folder: Path) -> None:
        """A file that is new or has changed; one that is gone again was too quick."""
        try:
            found = path.lstat()
            state = (found.st_size, found.st_mtime_ns)
            now = time.monotonic()
            is_due = now >= self._next.get(path, now)
            if not is_due or self._states.get(path) == state or not path.is_file():
                return
            self._states[path] = state
            self._next[path] = now + found.st_size / _BYTES_IN_A_SECOND
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
