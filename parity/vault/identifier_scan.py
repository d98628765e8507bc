"""Does anything outside the rooms of identifiers hold one? `parity check identifiers`.

The scan collects identifiers from the submissions and looks for them everywhere else
in a home: in every column of every database, in every file, archive and log, in file
names, plain and in every encoding that a mistake would produce. What it cannot open is
a finding. Its controls (tests/intruder/test_identifier_scan_controls.py) plant
identifiers in each container and encoding and must find every one.

What it does not see: rows that DuckDB has dropped but not overwritten in an encrypted
file, anything behind a key, and values too short to be told from other data; the report
says how many values of each field it looked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from parity.home import Home
from parity.home.unlock import Keyring
from parity.vault.scan.collecting import needles_of_folders, needles_of_sealed
from parity.vault.scan.containers import Containers
from parity.vault.scan.detector import Detector, Spot
from parity.vault.scan.needles import Needles
from parity.vault.scan.processes import descendants, look_at_process
from parity.vault.scan.report import ScanReport

LIMIT_PER_FIELD = 200

# Z0 and Z1: where identifiers and keys belong.
_IDENTIFIER_ROOMS = ("landing", "vault")
_PACKAGE_KEYS = "package:"
_ZONE_KEYS = ("landed", "warehouse")


def collect_needles(
    raw_folders: Iterable[Path], limit_per_field: int = LIMIT_PER_FIELD
) -> Needles:
    """Identifiers of submissions, or of folders that hold submissions.

    limit_per_field: how many different values of a field are looked for; all canaries
    beside them.
    """
    return needles_of_folders(raw_folders, limit_per_field)


def scan_home(home: Home, keys: Mapping[str, bytes], needles: Needles) -> ScanReport:
    """Look for needles in everything of a home but landing/ and vault/.

    keys: the file keys of its databases by name; a database without its key is a
    finding.
    """
    detector = Detector(needles)
    _look_at_home(detector, home, keys)
    return detector.report(expected=_expected(home, needles))


def scan_processes(pids: Iterable[int], needles: Needles) -> ScanReport:
    """Look for needles in the environment and arguments of running processes."""
    detector = Detector(needles)
    for pid in pids:
        look_at_process(detector, pid)
    return detector.report()


def run_check_identifiers(
    home: Home,
    keyring: Keyring,
    raw: Path | None = None,
    limit_per_field: int = LIMIT_PER_FIELD,
) -> ScanReport:
    """What `parity check identifiers` does: collect, scan the home and our processes.

    raw: a folder of submissions; without it, the sealed copies in the home are opened.
    """
    if raw is None:
        needles = needles_of_sealed(home, keyring, limit_per_field)
    else:
        needles = collect_needles([raw], limit_per_field)
    names = [n for n in keyring.names() if n in _ZONE_KEYS or _is_package(n)]
    detector = Detector(needles)
    _look_at_home(detector, home, {name: keyring.key_to_read(name) for name in names})
    for pid in (os.getpid(), *descendants(os.getpid())):
        look_at_process(detector, pid)
    return detector.report(expected=_expected(home, needles))


def _look_at_home(detector: Detector, home: Home, keys: Mapping[str, bytes]) -> None:
    containers = Containers(detector, keys, home.spill)
    # listed first: the scan itself uses the spill folder
    for path in list(_entries(home.root)):
        spot = Spot(_place(path, home, detector), "")
        if path.is_symlink():
            _look_at_link(path, spot, home, detector)
        elif not path.is_dir():
            containers.file(path, spot)


def _is_package(name: str) -> bool:
    return name.startswith(_PACKAGE_KEYS)


def _entries(root: Path) -> Iterator[Path]:
    """Every file, link and folder in a home, rooms of identifiers left out."""
    for folder, names, files in os.walk(root):
        here = Path(folder)
        if here == root:
            names[:] = [n for n in names if n not in _IDENTIFIER_ROOMS]
        names.sort()
        yield from (here / name for name in sorted(names + files))


def _place(path: Path, home: Home, detector: Detector) -> str:
    """The path in the home, searched; a name that holds an identifier is not shown."""
    shown: list[str] = []
    for part in path.relative_to(home.root).parts:
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
