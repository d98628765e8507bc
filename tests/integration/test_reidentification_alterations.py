"""No byte of a request or an approval may differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reidentification_scene import Scene, shared_scene

from parity.vault.reidentification.approval import read_approval, write_approval
from parity.vault.reidentification.request import read_request, write_request
from pseudonymisation.errors import CodedError


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return shared_scene(tmp_path_factory)


Documents = list[dict[str, Any]]


Leaf = tuple[Any, ...]


@pytest.fixture(scope="module")
def documents(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Documents, Path]:
    """A request and two approvals that would open, as JSON."""
    folder = tmp_path_factory.mktemp("documents")
    request = scene.asked()
    write_request(folder / "0", request)
    for number, approval in enumerate(scene.approved(request, 0, 1), start=1):
        write_approval(folder / str(number), approval)
    return [json.loads((folder / str(n)).read_bytes()) for n in range(3)], folder


def leaves(value: Any, path: Leaf = ()) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for name in value:
            yield from leaves(value[name], (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from leaves(each, (*path, number))
    else:
        yield path


def altered(documents: Documents, *paths: Leaf) -> Documents:
    changed = deepcopy(documents)
    for path in paths:
        holder: Any = changed
        for step in path[:-1]:
            holder = holder[step]
        value = holder[path[-1]]
        if isinstance(value, int):
            holder[path[-1]] = value + 1
        else:
            middle = len(value) // 2
            other = "0" if value[middle : middle + 1] != "0" else "1"
            holder[path[-1]] = value[:middle] + other + value[middle + 1 :]
    return changed


def tried(scene: Scene, documents: Documents, folder: Path) -> str:
    """The code with which these documents are refused, or `opened`."""
    for number, document in enumerate(documents):
        (folder / str(number)).write_text(json.dumps(document))
    try:
        request = read_request(folder / "0")
        approvals = [read_approval(folder / "1"), read_approval(folder / "2")]
        scene.opened(request, approvals)
    except CodedError as error:
        return error.code
    return "opened"


REFUSED = {
    "request_altered",
    "approval_altered",
    "other_request",
    "not_a_custodian",
    "one_custodian",
}


def test_every_field_of_request_and_approvals_counts(
    scene: Scene, documents: tuple[Documents, Path]
) -> None:
    named = len(scene.entries("reidentified"))
    for path in leaves(documents[0]):
        code = tried(scene, altered(documents[0], path), documents[1])
        assert code in REFUSED, path
    assert len(scene.entries("reidentified")) == named


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_alteration_is_refused(
    scene: Scene, documents: tuple[Documents, Path], data: st.DataObject
) -> None:
    every = list(leaves(documents[0]))
    paths = data.draw(st.lists(st.sampled_from(every), min_size=1, unique=True))
    assert tried(scene, altered(documents[0], *paths), documents[1]) in REFUSED


def test_the_unaltered_documents_open(
    scene: Scene, documents: tuple[Documents, Path]
) -> None:
    """The control of the two tests above."""
    assert tried(scene, documents[0], documents[1]) == "opened"
