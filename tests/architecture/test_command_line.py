"""The names on the command line are a contract: documentation and checks use them."""

from __future__ import annotations

import pytest
import typer

from parity.cli.main import app

# Those of the architecture's section 8 that are built. A name that is here and not on
# the command line is broken; one that is there and not here is not yet promised.
BUILT = {
    "init",
    "unlock",
    "synthesise",
    "reference load",
    "submit",
    "submissions",
    "build",
    "run",
    "query",
    "publish",
    "retain",
    "erase",
    "opt-out request",
    "opt-out load",
    "opt-out restore",
    "package build",
    "package list",
    "package verify",
    "access explain",
    "keys list",
    "keys generate",
    "keys retire",
    "keys rotate",
    "keys verify",
    "ledger show",
    "ledger checkpoint",
    "ledger verify",
    "reidentify custodian",
    "reidentify appoint",
    "reidentify request",
    "reidentify approve",
    "reidentify open",
    "reidentify read",
    "reidentify replace",
    "reidentify instate",
    "reidentify verify",
    "check identifiers",
    "check classes",
    "check digest",
    "docs build",
    "docs serve",
}

# What the architecture names of each command's options, and every command's own.
OPTIONS = {
    "init": {"--synthetic", "--key-provider"},
    "keys generate": {"--purpose"},
    "keys retire": {"--version", "--compromised"},
    "keys rotate": {"--resume", "--custodian", "--custodian-passphrase-file"},
    "ledger checkpoint": {"--out", "--overwrite"},
    "retain": {"--apply", "--clock-is-right"},
    "reidentify custodian": {"--out"},
    "reidentify request": {
        "--pseudonym-file",
        "--package",
        "--purpose",
        "--legal-basis",
        "--recipient",
        "--hours",
        "--out",
    },
    "reidentify approve": {"--custodian", "--other", "--out"},
    "reidentify open": {"--out"},
    "reidentify replace": {"--out"},
    "ledger verify": {"--checkpoint"},
    "synthesise": {
        "--out",
        "--data-set",
        "--providers",
        "--from",
        "--to",
        "--referrals-per-month",
        "--refresh",
        "--seed",
        "--defects",
        "--truth",
    },
    "submit": {"--received-at"},
    "submissions": {"--month", "--provider"},
    "build": {"--select"},
    "query": {"--as", "--package", "--format"},
    "publish": {"--month", "--profile", "--out"},
}


def commands(group: object, before: str = "") -> dict[str, set[str]]:
    """Every command with the options that it takes."""
    found: dict[str, set[str]] = {}
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            found |= commands(command, f"{before}{name} ")
        else:
            found[before + name] = {o for p in command.params for o in p.opts}
    return found


FOUND = commands(typer.main.get_command(app))


def test_every_name_that_is_built_exists_and_no_other() -> None:
    assert set(FOUND) == BUILT


def test_every_option_of_the_contract_exists() -> None:
    missing = {name: OPTIONS[name] - FOUND[name] for name in OPTIONS}
    assert not {name: options for name, options in missing.items() if options}


def test_every_command_prints_json_on_request() -> None:
    assert {name for name, options in FOUND.items() if "--json" not in options} == set()


def test_every_command_that_needs_a_home_names_it() -> None:
    without = {name for name, options in FOUND.items() if "--home" not in options}
    away = {f"reidentify {name}" for name in ("custodian", "approve", "read")}
    assert without == {"synthesise"} | away  # files for any home; people without one


@pytest.mark.attack(7)
def test_no_argument_takes_a_pseudonym() -> None:
    """It would stand in the process list, and in the shell's history."""
    assert not FOUND["reidentify request"] & {"--pseudonym", "pseudonym"}


@pytest.mark.attack(7)
def test_no_option_takes_a_secret() -> None:
    secret = {"--passphrase", "--password", "--key", "--token"}
    assert not {name for name, options in FOUND.items() if options & secret}
