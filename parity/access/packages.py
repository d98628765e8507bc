"""Packages: the door of a role, one encrypted file that holds what the role may see.

A package stands in packages/<role>/build-<number>/ of the home, with a signed manifest
of its columns beside it. `current` names the build in force and is switched when the
new one is complete; the former is removed then, because it may hold people who are
gone, and because nothing may hold two epochs of a project's pseudonyms. The file has a
key of its own, `package:<role>`.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from parity.access.catalog import read_catalog
from parity.access.classification import check_classes
from parity.access.errors import AccessError
from parity.access.package_file import (
    META_TABLE,
    Columns,
    check_storage,
    create_package_file,
    fill_package,
    package_columns,
)
from parity.access.policy import (
    GrantedTable,
    Policy,
    Role,
    granted_tables,
    load_policy,
)
from parity.access.rekeying import project_epoch, project_key
from parity.home import Home
from parity.home.encrypted_database import attach_encrypted, connect
from parity.home.private_files import FOLDER_MODE, write_private
from parity.home.standing import check_standing
from parity.home.unlock import Keyring
from parity.publication.errors import PublicationError
from parity.publication.provenance import created_from
from parity.publication.signing import (
    publisher_key,
    publisher_public_keys,
    read_manifest,
    sha256,
    signed_manifest,
)
from parity.rewriting import resume_rewriting
from parity.warehouse.connections import reading

PACKAGE_FILE = "package.duckdb"

_EDITION = "final"  # what the core and equality marts of a package stand on
_POINTER = "current"
_BUILD = re.compile(r"build-([0-9]{4,})")


@dataclass(frozen=True)
class Package:
    """A complete package: its role and its folder."""

    role: str
    folder: Path

    @property
    def file(self) -> Path:
        """The encrypted DuckDB file."""
        return self.folder / PACKAGE_FILE

    @property
    def key_name(self) -> str:
        """Name of its file key in the keyring."""
        return key_name(self.role)


def key_name(role: str) -> str:
    """Name of the file key of a role's packages."""
    return f"package:{role}"


def build_package(
    home: Home, keyring: Keyring, role: str, policy: Policy | None = None
) -> Package:
    """Build the package of a role from the warehouse as it is, and put it in force.

    policy: the committed one unless a test brings its own. Raises AccessError when the
    role has no such door, a column has no class or the grants do not fit the warehouse,
    OptOutError when people went since it was built or its check of opt-outs is stale;
    then the former package stays in force.
    """
    granted = (policy or load_policy()).role(role)
    if "package" not in granted.doors:
        raise AccessError(
            "no_door", f"no package is made for the role {role}", exit_code=2
        )
    with home.lock(f"package {role}"):
        resume_rewriting(home, keyring)
        check_standing(home, keyring)
        folder = _new_build(home.packages / role)
        try:
            _build(home, keyring, granted, folder)
        except BaseException:
            shutil.rmtree(folder)
            raise
        write_private(folder.parent / _POINTER, folder.name.encode("ascii") + b"\n")
        _remove_others(folder)
    return Package(role, folder)


def current_package(home: Home, role: str) -> Package:
    """The package of a role that is in force. Raises AccessError (exit code 2)."""
    load_policy().role(role)
    pointer = home.packages / role / _POINTER
    name = pointer.read_text("ascii").strip() if pointer.is_file() else ""
    if not _BUILD.fullmatch(name):
        raise AccessError(
            "no_package", f"there is no package of the role {role}", exit_code=2
        )
    return Package(role, pointer.with_name(name))


def verify_package(home: Home, keyring: Keyring, role: str) -> None:
    """Check the package in force from the bytes up. Raises AccessError.

    Its manifest is what this home signed; the file is the one it names; it opens with
    its key, is in the storage format of packages and holds exactly the columns listed;
    the list is what the policy grants today, and its pseudonyms are those of today.
    """
    package = current_package(home, role)
    try:
        manifest = read_manifest(package.folder, publisher_public_keys(keyring))
    except PublicationError as error:
        raise AccessError(error.code, error.message) from None
    if manifest["package"] != role or sha256(package.file) != manifest["sha256"]:
        raise AccessError("altered", "the package is not the one that was built")
    if manifest["pseudonym_epoch"] != project_epoch(keyring, role):
        raise AccessError("former_epoch", "the project's pseudonyms are others by now")
    check_storage(package.file)
    held = _columns_in(home, package, keyring.key_to_read(package.key_name))
    if held != manifest["columns"]:
        raise AccessError(
            "other_columns", "the package holds other columns than listed"
        )
    tables = granted_tables(
        load_policy().role(role), read_catalog(home.dbt_target / "manifest.json")
    )
    if held.keys() - {META_TABLE} != _names(tables).keys() or any(
        held[label] != names for label, names in _names(tables).items()
    ):
        raise AccessError("policy_changed", "the policy grants other columns by now")


def _build(home: Home, keyring: Keyring, role: Role, folder: Path) -> None:
    manifest_path = home.dbt_target / "manifest.json"
    key = _file_key(keyring, role.name)
    project = project_key(keyring, role.name)
    with reading(home, warehouse=keyring.key_to_read("warehouse")) as connection:
        check_classes(manifest_path, connection)
        tables = granted_tables(role, read_catalog(manifest_path))
        provenance = created_from(connection, _EDITION)
        meta: dict[str, str | int | bool] = {
            "package": role.name,
            "purpose": role.purpose,
            "pseudonym_epoch": project.epoch,
            "created_from_digest": provenance.digest,
            "is_synthetic": home.kind == "synthetic",
        }
        create_package_file(connection, folder / PACKAGE_FILE, key)
        fill_package(connection, tables, project, meta)
        held = package_columns(connection)
        connection.execute("detach package")
    _check_held(held, tables, list(meta))
    check_storage(folder / PACKAGE_FILE)
    content = {
        **meta,
        "columns": held,
        "file": PACKAGE_FILE,
        "sha256": sha256(folder / PACKAGE_FILE),
    }
    for name, text in signed_manifest(content, publisher_key(keyring)).items():
        write_private(folder / name, text)


def _check_held(
    held: Columns, tables: tuple[GrantedTable, ...], meta: list[str]
) -> None:
    """The file against the grant, whatever the code between them did."""
    if held != _names(tables) | {META_TABLE: meta}:
        raise AccessError(
            "other_columns", "the package holds other columns than granted"
        )


def _names(tables: tuple[GrantedTable, ...]) -> dict[str, list[str]]:
    return {
        table.relation.label: [column.name for column in table.columns]
        for table in tables
    }


def _file_key(keyring: Keyring, role: str) -> bytes:
    name = key_name(role)
    if name in keyring.names():
        return keyring.key(name)
    return keyring.generate(name, "file")


def _columns_in(home: Home, package: Package, key: bytes) -> dict[str, list[str]]:
    connection: duckdb.DuckDBPyConnection = connect(home.spill)
    try:
        attach_encrypted(connection, package.file, "package", key, read_only=True)
        return package_columns(connection)
    finally:
        connection.close()


def _new_build(folder: Path) -> Path:
    """A new, empty folder with the next number."""
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    numbers = [int(match[1]) for path in folder.iterdir() if (match := _build_of(path))]
    build = folder / f"build-{max(numbers, default=0) + 1:04d}"
    build.mkdir(mode=FOLDER_MODE)
    return build


def former_builds(home: Home) -> list[Path]:
    """Builds that are not in force: what a process that was killed left behind."""
    found = []
    for folder in sorted(path for path in home.packages.iterdir() if path.is_dir()):
        pointer = folder / _POINTER
        current = pointer.read_text("ascii").strip() if pointer.is_file() else ""
        builds = [path for path in folder.iterdir() if _build_of(path)]
        found += [path for path in builds if path.name != current]
    return found


def _remove_others(build: Path) -> None:
    for path in build.parent.iterdir():
        if path != build and _build_of(path):
            shutil.rmtree(path)


def _build_of(path: Path) -> re.Match[str] | None:
    return _BUILD.fullmatch(path.name)
