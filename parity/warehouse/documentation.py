"""The dbt documentation site of a home: one offline page, lineage included.

What belongs here: making the static site and taking out of it what does not belong to
its readers (paths of the machine that built it, dbt's anonymous user and invocation
ids).
"""

from __future__ import annotations

import re
from pathlib import Path

from parity.home import Home
from parity.home.private_files import make_folder, write_private
from parity.home.unlock import Keyring
from parity.specification import PROJECT_ROOT
from parity.warehouse.dbt_runner import run_dbt

_IDS = re.compile(r'"(user_id|invocation_id|send_anonymous_usage_stats)":\s*[^,}]+')


def build_documentation(home: Home, keyring: Keyring) -> Path:
    """Write published/documentation/index.html and return its path."""
    run_dbt(home, keyring, ["docs", "generate", "--static", "--no-compile"])
    page = (home.dbt_target / "static_index.html").read_text(encoding="utf-8")
    folder = home.published / "documentation"
    make_folder(folder)
    target = folder / "index.html"
    write_private(target, _cleaned(page, home).encode())
    return target


def _cleaned(page: str, home: Home) -> str:
    for path in (home.root, PROJECT_ROOT):
        page = page.replace(str(path), ".")
    return _IDS.sub(lambda match: f'"{match.group(1)}": null', page)
