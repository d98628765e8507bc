"""Does anything outside the rooms of identifiers hold one? `parity check identifiers`.

The scan collects identifiers from the submissions and looks for them everywhere else
in a home: in every column of every database, in every file, archive and log, in file
names, plain and in every encoding that a mistake would produce. It looks for the home's
own keys as well. What it cannot open is a finding. Its controls
(tests/intruder/test_identifier_scan_controls.py) plant identifiers in each container
and encoding and must find every one.

Beside a home it looks through folders and git repositories that it is told of, through
the memory of a process, and, as `watching`, through what is there only while something
runs.

What it does not see: rows that DuckDB has dropped but not overwritten in an encrypted
file, anything behind a key, and values too short to be told from other data; the report
says how many values of each field it looked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from parity.home import Home
from parity.home.private_files import readable_by_ourselves, remove_left_over
from parity.home.unlock import Keyring
from parity.intake.seal import OPENED
from parity.vault.scan.collecting import needles_of_folders, needles_of_sealed
from parity.vault.scan.containers import Containers
from parity.vault.scan.detector import Detector, Spot
from parity.vault.scan.needles import Needles, Secret
from parity.vault.scan.processes import descendants, look_at_memory, look_at_process
from parity.vault.scan.report import UNKNOWN, UNREADABLE, ScanReport
from parity.vault.scan.repository import (
    files_of_work_tree,
    is_repository,
    look_at_repository,
)
from parity.vault.scan.watching import Watcher

LIMIT_PER_FIELD = 200

# Z0 and Z1: where identifiers and keys belong.
_IDENTIFIER_ROOMS = ("landing", "vault")
_PACKAGE_KEYS = "package:"
_ZONE_KEYS = ("landed", "warehouse")


def collect_needles(
    raw_folders: Iterable[Path],
    limit_per_field: int = LIMIT_PER_FIELD,
    workdir: Path | None = None,
) -> Needles:
    """Identifiers of submissions, or of folders that hold submissions.

    limit_per_field: how many different values of a field are looked for; all canaries
    beside them. workdir: where the readers of Access files stand; they write nothing.
    """
    return needles_of_folders(raw_folders, limit_per_field, workdir)


def secrets_of(keyring: Keyring) -> tuple[Secret, ...]:
    """Every key of a home that still can be unwrapped, to be looked for."""
    found = []
    for record in keyring.records():
        if record.state in ("active", "pre_active"):
            key = keyring.prepared(record.name, record.version)
        elif record.version in keyring.versions_to_read(record.name):
            key = keyring.key_to_read(record.name, record.version)
        else:
            continue
        found.append(Secret(f"key: {record.purpose}", key))
    return tuple(found)


def scan_home(home: Home, keys: Mapping[str, bytes], needles: Needles) -> ScanReport:
    """Look for needles in everything of a home but landing/ and vault/.

    keys: the file keys of its databases by name; a database without its key is a
    finding.
    """
    detector = Detector(needles)
    _look_at_home(detector, home, keys)
    return detector.report(expected=_expected(home, needles))


def scan_folders(folders: Iterable[Path], spill: Path, needles: Needles) -> ScanReport:
    """Look for needles in folders and git repositories outside of any home.

    spill: a folder of ours for what has to be a file to be opened.
    """
    detector = Detector(needles)
    for folder in folders:
        _look_at_folder(detector, Containers(detector, {}, spill), folder)
    return detector.report()


def scan_processes(pids: Iterable[int], needles: Needles) -> ScanReport:
    """Look for needles in the environment and arguments of running processes."""
    detector = Detector(needles)
    for pid in pids:
        look_at_process(detector, pid)
    return detector.report()


def scan_memory(pids: Iterable[int], spill: Path, needles: Needles) -> ScanReport:
    """Look for needles in all that running processes show, their memory included."""
    detector = Detector(needles)
    containers = Containers(detector, {}, spill)
    for pid in pids:
        look_at_process(detector, pid)
        look_at_memory(containers, detector, pid)
    return detector.report()


@dataclass
class Watch:
    """What was seen while something ran; report is there when it has ended."""

    watcher: Watcher = field(repr=False)
    detector: Detector = field(repr=False)

    @property
    def report(self) -> ScanReport:
        """Everything found so far.

        What could not be opened was half written: it is no finding here, and is one in
        the scan of what is left.
        """
        found = self.detector.report()
        shown = [f for f in found.findings if f.kind not in (UNREADABLE, UNKNOWN)]
        return replace(found, findings=tuple(shown))


@contextmanager
def watching(folders: Sequence[Path], spill: Path, needles: Needles) -> Iterator[Watch]:
    """Look at folders, and processes that are named, while the context lasts.

    Begin it before what is to be watched. folders: such as a home's spill folder and
    the system's temporary one. spill: a folder outside of them, for what has to be a
    file to be opened.
    """
    detector = Detector(needles)
    containers = Containers(detector, {}, spill)
    with Watcher(detector, containers, folders) as watcher:
        yield Watch(watcher, detector)


def run_check_identifiers(
    home: Home,
    keyring: Keyring,
    raw: Path | None = None,
    limit_per_field: int = LIMIT_PER_FIELD,
    also: Sequence[Path] = (),
    processes: Sequence[int] = (),
) -> ScanReport:
    """What `parity check identifiers` does: collect, scan the home and our processes.

    raw: a folder of submissions; without it, the sealed copies in the home are opened.
    also: folders and repositories beside the home. processes: to be looked through with
    their memory and their descendants.
    """
    landing = home.landing_inbox.parent
    remove_left_over(landing, OPENED)
    if raw is None:
        needles = needles_of_sealed(home, keyring, limit_per_field)
    else:
        needles = collect_needles([raw], limit_per_field, home.spill)
    names = [n for n in keyring.names() if n in _ZONE_KEYS or _is_package(n)]
    keys = {name: keyring.key_to_read(name) for name in names}
    detector = Detector(replace(needles, secrets=secrets_of(keyring)))
    containers = Containers(detector, keys, home.spill)
    _look_at_home(detector, home, keys)
    for folder in also:
        _look_at_folder(detector, containers, folder)
    with readable_by_ourselves():
        for pid in (os.getpid(), *descendants(os.getpid())):
            look_at_process(detector, pid)
    for pid in [p for top in processes for p in (top, *descendants(top))]:
        look_at_process(detector, pid)
        look_at_memory(containers, detector, pid)
    return detector.report(expected=_expected(home, needles))


def _look_at_home(detector: Detector, home: Home, keys: Mapping[str, bytes]) -> None:
    containers = Containers(detector, keys, home.spill)
    # listed first: the scan itself uses the spill folder
    for path in list(_entries(home.root)):
        spot = Spot(_place(path, home.root, detector), "")
        if path.is_symlink():
            _look_at_link(path, spot, home, detector)
        elif path.is_dir() and is_repository(path):
            look_at_repository(detector, containers, path, spot)
        elif not path.is_dir():
            containers.file(path, spot)


def _look_at_folder(detector: Detector, containers: Containers, folder: Path) -> None:
    """Like a home, without rooms; unknown bytes are searched and are no finding.

    Of a git work tree what git has or would take, and all its objects.
    """
    in_git = folder / ".git"
    if is_repository(in_git):
        paths = [in_git, *files_of_work_tree(folder)]
    else:
        paths = list(_entries(folder, ()))
    for path in paths:
        spot = Spot(_place(path, folder.parent, detector), "")
        if path.is_symlink():
            detector.shown((str(path.readlink()),), spot)
        elif path.is_dir() and is_repository(path):
            look_at_repository(detector, containers, path, spot)
        elif path.is_file():
            containers.file(path, spot, unknown_is_finding=False)


def _is_package(name: str) -> bool:
    return name.startswith(_PACKAGE_KEYS)


def _entries(
    root: Path, left_out: tuple[str, ...] = _IDENTIFIER_ROOMS
) -> Iterator[Path]:
    """Every file, link and folder; nothing inside rooms left out and git's own."""
    for folder, names, files in os.walk(root):
        here = Path(folder)
        if here == root:
            names[:] = [n for n in names if n not in left_out]
        yield from (here / name for name in sorted(names + files))
        names[:] = sorted(n for n in names if not is_repository(here / n))


def _place(path: Path, root: Path, detector: Detector) -> str:
    """The path in the home, searched; a name that holds an identifier is not shown."""
    shown: list[str] = []
    for part in path.relative_to(root).parts:
        spot = Spot("/".join(shown) or ".", "(name)")
        shown.append(detector.shown((part,), spot))
    return "/".join(shown)


def _look_at_link(path: Path, spot: Spot, home: Home, detector: Detector) -> None:
    """A link's target is searched where it is, so it has to be in the home."""
    target = path.resolve()
    detector.shown((str(path.readlink()),), spot)
    rooms = {home.root / room for room in _IDENTIFIER_ROOMS}
    if not target.is_relative_to(home.root) or rooms & {target, *target.parents}:
        detector.unreadable(spot, "a link that leads out of what is scanned")


def _expected(home: Home, needles: Needles) -> frozenset[tuple[str, str]]:
    """The list of all postcodes holds those of people too: it is reference data."""
    place = (home.reference / "postcodes.csv").relative_to(home.root).as_posix()
    kinds = {n.kind for n in needles.needles if n.shape == "postcode"}
    return frozenset((place, kind) for kind in kinds)
