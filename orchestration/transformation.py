"""dbt's models as assets, their tests as checks.

dbt is one unpartitioned step: a build serves every month, since 150 small models cost
mostly start-up. It runs as a child process that can ask for the warehouse files' keys.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    dbt_assets,
)
from dagster_dbt.errors import DagsterDbtError
from packaging.version import Version

from orchestration.failures import value_free
from orchestration.intake import LANDED
from orchestration.resources import HomeResource
from parity.specification import PROJECT_ROOT
from parity.warehouse.build import after_dbt, before_dbt
from parity.warehouse.dbt_runner import (
    DbtError,
    dbt_program,
    kept_from_dbt,
    key_socket,
)


def manifest_path(kept: Path = PROJECT_ROOT / "target" / "orchestration") -> Path:
    """dbt's manifest for drawing the graph, parsed without a home or a key."""
    manifest = kept / "manifest.json"
    if not manifest.exists() or _newest_source() > manifest.stat().st_mtime:
        kept.mkdir(parents=True, exist_ok=True)
        # Two processes may come here at once, and none may read half a manifest.
        with TemporaryDirectory(dir=kept) as folder:
            _parse(Path(folder))
            (Path(folder) / manifest.name).replace(manifest)
    return manifest


def _newest_source() -> float:
    files = [PROJECT_ROOT / "dbt_project.yml"]
    for name in ("models", "macros", "seeds"):
        files += [path for path in (PROJECT_ROOT / name).rglob("*") if path.is_file()]
    return max(path.stat().st_mtime for path in files)


def _parse(folder: Path) -> None:
    settings = {
        "DBT_TARGET_PATH": str(folder),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_PROFILES_DIR": str(PROJECT_ROOT),
        "DO_NOT_TRACK": "1",
    }
    subprocess.run(  # noqa: S603  our own program, fixed arguments
        [dbt_program(), "--quiet", "parse", "--target", "check"],
        env={**os.environ, **settings},
        cwd=PROJECT_ROOT,
        check=True,
    )


class Translator(DagsterDbtTranslator):
    """Groups assets by their folder and ties every source to the landed store."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """The landed store for a source; dbt's own key for everything else."""
        if dbt_resource_props["resource_type"] == "source":
            return LANDED
        return super().get_asset_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer: staging, intermediate, the mart, or reference for seeds."""
        if dbt_resource_props["resource_type"] == "seed":
            return "reference"
        path = dbt_resource_props["fqn"]
        return str(path[2] if path[1] == "marts" else path[1])


@dbt_assets(
    manifest=manifest_path(),
    name="warehouse",
    dagster_dbt_translator=Translator(
        DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True)
    ),
)
def warehouse(
    context: dg.AssetExecutionContext, home_resource: HomeResource
) -> Iterator[Any]:
    """Hold the opt-outs' gate, build seeds, models and tests, hold that of classes."""
    with value_free("build"):
        home, keyring = home_resource.home(), home_resource.keyring()
    with home.lock("build"):
        with value_free("before the build"):
            passed = before_dbt(home, keyring)
        with (
            value_free("build"),
            key_socket(home, keyring) as settings,
            _set(settings),
        ):
            dbt = _Dbt(project_dir=str(PROJECT_ROOT), dbt_executable=dbt_program())
            try:
                yield from dbt.cli(
                    ["build", "--quiet"], context=context, target_path=home.dbt_target
                ).stream()
            except DagsterDbtError:
                # Its own words quote dbt's, and those may quote a row.
                raise DbtError(home, "build") from None
        with value_free("classes"):
            after_dbt(home, keyring, passed)


class _Dbt(DbtCliResource):
    """dbt whose version is read where it is installed.

    dagster-dbt asks `dbt --version`, and that asks the package index for the latest.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))


@contextmanager
def _set(settings: Mapping[str, str]) -> Iterator[None]:
    """Paths for the child process; dagster-dbt hands on this process's environment."""
    before = dict(os.environ)
    for name in kept_from_dbt():
        os.environ.pop(name, None)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
