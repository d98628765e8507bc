"""Fixtures of the tests of opt-outs: one home that asks, made once a session.

What belongs here: the scene that the files test_opt_out_*.py share. Helpers without a
fixture are in `opted_out`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from opted_out import Asked, Sent, asking_home, synthetic_sent

from parity.vault.opt_out.gate import hold_gate
from parity.vault.opt_out.load import load_answer


@pytest.fixture(scope="session")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """Three months of one provider, with two planted people."""
    return synthetic_sent(tmp_path_factory.mktemp("sent") / "raw")


@pytest.fixture(scope="session")
def made(sent: Sent, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """Two months landed and a request out: to look at, not to change."""
    return asking_home(tmp_path_factory.mktemp("made"), sent)


@pytest.fixture
def asked(made: Asked, tmp_path: Path) -> Asked:
    """A copy of it, to change."""
    return made.copied(tmp_path / "home")


@pytest.fixture
def opted_out(asked: Asked, sent: Sent, tmp_path: Path) -> Asked:
    """One of the planted people was not returned; the gate has been held."""
    data = asked.answered(tmp_path / "in", {sent.one.number})
    load_answer(asked.home, asked.keyring, data)
    assert hold_gate(asked.home, asked.keyring).gone == 1
    return asked
