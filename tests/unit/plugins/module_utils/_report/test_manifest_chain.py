# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chain of manifests, and what a removed, changed or added one does to it."""

from __future__ import annotations

import hashlib
import json
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, Store, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._report.document import encode
from ansible_collections.hardening.iam.plugins.module_utils._report.manifest import build
from ansible_collections.hardening.iam.plugins.module_utils._report.manifest_chain import (
    COPY,
    Chain,
    append,
    check_files,
    fleet_key,
    manifest_key,
    read_files,
    verify,
)

from .._converge.fakes import FakeStore
from . import samples

ACCOUNT: t.Final = "111122223333"


def make_manifest(run_id: str, files: t.Sequence[tuple[str, bytes]] = ()) -> dict[str, t.Any]:
    return build(files, run_id=run_id, created=samples.NOW)


def report(store: Store, run_id: str) -> dict[str, t.Any]:
    """Report on a run: its manifest, and the copy."""
    chained = append(store, make_manifest(run_id))
    store.put(COPY, encode(chained))
    return chained


@pytest.fixture
def store() -> FakeStore:
    """A place with the manifests of four runs."""
    made = FakeStore()
    for number in range(1, 5):
        report(made, f"run-{number}")
    return made


def edit(store: FakeStore, number: int, **fields: t.Any) -> None:
    """Change a manifest as somebody does who may write there, without a change to those after it."""
    document = json.loads(store.objects[manifest_key(number)])
    store.objects[manifest_key(number)] = encode({**document, **fields})


def test_each_manifest_names_the_hash_of_the_one_before() -> None:
    store = FakeStore()
    first, second = report(store, "a"), report(store, "b")
    assert (first["number"], first["previous"]) == (1, None)
    digest = hashlib.sha256(store.objects["manifests/00000001.json"]).hexdigest()
    assert (second["number"], second["previous"]) == (2, {"number": 1, "run_id": "a", "sha256": digest})
    assert store.objects[COPY] == store.objects["manifests/00000002.json"]


def test_an_intact_chain(store: FakeStore) -> None:
    chain = verify(store)
    assert (chain.problems, chain.notes) == ((), ())
    assert [(link.number, link.run_id) for link in chain.links] == [(number, f"run-{number}") for number in range(1, 5)]
    found = chain.find("run-3")
    assert found is not None
    assert found.number == 3
    assert chain.find("run-9") is None


def test_the_newest_manifest_of_a_run_counts() -> None:
    store = FakeStore()
    for run_id in ("a", "b", "a"):
        report(store, run_id)
    found = verify(store).find("a")
    assert found is not None
    assert found.number == 3


def test_nothing_is_there() -> None:
    assert verify(FakeStore()) == Chain((), (), ())


def test_a_changed_manifest(store: FakeStore) -> None:
    edit(store, 2, created="2020-01-01T00:00:00Z")
    (problem,) = verify(store).problems
    assert problem.startswith(
        "Manifest 2 (run run-2) was changed after manifest 3 (run run-3) was written: its hash is "
    )


def test_a_changed_newest_manifest(store: FakeStore) -> None:
    edit(store, 4, run_id="another")
    assert verify(store).problems == ("manifest.json is a copy of no manifest that is kept: it was changed.",)


@pytest.mark.parametrize(
    ("removed", "said"),
    [
        ([1], "Manifest 1 is missing before manifest 2 (run run-2): removed, or never written."),
        ([2], "Manifest 2 is missing before manifest 3 (run run-3): removed, or never written."),
        ([2, 3], "Manifests 2 to 3 are missing before manifest 4 (run run-4): removed, or never written."),
        ([4], "Manifest 4 was removed: manifest.json is a copy of it, and 3 is the last one kept."),
    ],
)
def test_removed_manifests(store: FakeStore, removed: list[int], said: str) -> None:
    for number in removed:
        del store.objects[manifest_key(number)]
    assert verify(store).problems == (said,)


def test_all_removed(store: FakeStore) -> None:
    for number in range(1, 5):
        del store.objects[manifest_key(number)]
    assert verify(store).problems == ("manifest.json exists, and no manifest is kept in manifests/.",)
    # The next run goes on from the copy. Its number shows that there were others.
    report(store, "after")
    (problem,) = verify(store).problems
    assert problem == "Manifest 0 is no manifest of this chain: it has the number 4."


def test_a_chain_that_begins_anew(store: FakeStore) -> None:
    edit(store, 3, previous=None)
    said = verify(store).problems
    assert said[0] == "Manifest 3 (run run-3) names none before it, so the chain begins anew there."
    assert said[1].startswith("Manifest 3 (run run-3) was changed after manifest 4")


def test_two_branches(store: FakeStore) -> None:
    second = json.loads(store.objects[manifest_key(2)])
    edit(store, 4, previous=second["previous"])
    store.objects[COPY] = store.objects[manifest_key(4)]
    assert verify(store).problems == (
        "Manifest 4 (run run-4) follows manifest 1, not 3.",
        "Manifests 2 (run run-2) and 4 (run run-4) all follow manifest 1: the chain has 2 branches there.",
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"schema": "hardening.iam/report/1"}',
        b'{"schema": "hardening.iam/manifest/1", "number": 2, "run_id": 7, "created": ""}',
        b'{"schema": "hardening.iam/manifest/1", "number": 2, "run_id": "a", "created": "", "previous": [1]}',
        b'{"schema": "hardening.iam/manifest/1", "number": 2, "run_id": "a", "created": "", "previous": {"number": 1}}',
        b'{"schema": "hardening.iam/manifest/1", "number": "2", "run_id": "a", "created": ""}',
    ],
)
def test_a_malformed_manifest_breaks_its_own_link_alone(store: FakeStore, content: bytes) -> None:
    store.objects[manifest_key(2)] = content
    said = verify(store).problems
    assert len(said) == 2
    assert said[0].startswith("Manifest 2 is no manifest of this chain: ")
    assert said[1].startswith("Manifest 2 (unknown run) was changed after manifest 3 (run run-3) was written")


def test_a_run_follows_a_malformed_manifest(store: FakeStore) -> None:
    store.objects[manifest_key(5)] = b"forged"
    chained = report(store, "after")
    digest = hashlib.sha256(b"forged").hexdigest()
    assert (chained["number"], chained["previous"]) == (6, {"number": 5, "run_id": None, "sha256": digest})
    (problem,) = verify(store).problems
    assert problem.startswith("Manifest 5 is no manifest of this chain: ")


def test_other_files_are_no_manifests(store: FakeStore) -> None:
    for name in ("manifests/5.json", "manifests/00000009.json.bak", "manifests/x/00000009.json"):
        store.objects[name] = b"x"
    assert verify(store).problems == ()
    assert report(store, "after")["number"] == 5


def test_the_last_number(store: FakeStore) -> None:
    store.objects["manifests/99999998.json"] = b"{}"
    assert append(store, make_manifest("after"))["number"] == 99_999_999


def test_the_last_number_is_taken(store: FakeStore) -> None:
    store.objects["manifests/99999999.json"] = b"{}"
    with pytest.raises(StoreError, match=r"manifests/99999999\.json takes the last number"):
        append(store, make_manifest("after"))


def test_the_manifest_of_an_older_version_is_kept() -> None:
    store = FakeStore()
    store.put(COPY, encode(make_manifest("older")))
    assert report(store, "new")["previous"]["run_id"] == "older"
    chain = verify(store)
    assert chain.problems == ()
    assert chain.notes == (
        "Manifest 0 is of an older version, which kept no chain. Nothing is known about runs before it.",
    )


def test_two_runs_that_end_at_once_follow_each_other(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: append(store, make_manifest(f"run-{number}")), range(8)))
    assert sorted(document["number"] for document in made) == list(range(1, 9))
    assert {link.run_id for link in verify(store).links} == {f"run-{number}" for number in range(8)}
    assert verify(store).problems == ()


def test_the_copy_may_be_of_the_other_of_two_runs(store: FakeStore) -> None:
    store.objects[COPY] = store.objects[manifest_key(3)]
    chain = verify(store)
    assert chain.problems == ()
    assert chain.notes == (
        "manifest.json is a copy of manifest 3, and manifest 4 (run run-4) is newer: "
        "two runs ended at once, or one was cut off.",
    )


def test_a_place_that_can_not_be_written_is_no_other_run(store: FakeStore) -> None:
    store.full = True
    with pytest.raises(StoreError, match="no space left"):
        append(store, make_manifest("after"))


def test_a_place_where_the_number_is_always_taken() -> None:
    class Taken(FakeStore):
        def list(self, prefix: str = "") -> list[str]:
            return []

    store = Taken()
    store.objects[manifest_key(1)] = b"{}"
    with pytest.raises(StoreError, match="other runs took the next number 50 times"):
        append(store, make_manifest("after"))


# The files of a run


FILES: t.Final = {
    f"{ACCOUNT}/runs/a/report.json": b"report",
    f"{ACCOUNT}/parts/a/17/access_keys.json": b"part",
    f"{ACCOUNT}/plans/x.json": b"plan",
    "runs/x.json": b"lines",
    fleet_key(b"fleet"): b"fleet",
    f"{ACCOUNT}/report.html": b"page",
    "fleet.json": b"fleet",
}


def test_files_against_their_manifest() -> None:
    store = FakeStore()
    store.objects.update(FILES)
    append(store, make_manifest("a", list(FILES.items())))
    store.objects[f"{ACCOUNT}/report.html"] = b"of a later run"
    (link,) = verify(store).links
    found = check_files(store, read_files(store, link))
    assert (found.intact, found.changed, found.missing, found.copies) == (5, (), (), 2)
    store.objects["runs/x.json"] = b"other lines"
    del store.objects[f"{ACCOUNT}/plans/x.json"]
    found = check_files(store, read_files(store, link))
    assert (found.intact, found.changed, found.missing) == (3, ("runs/x.json",), (f"{ACCOUNT}/plans/x.json",))


@pytest.mark.parametrize("files", [None, [], {"runs/x": 7}, {"runs/x": {"sha256": 7}}, {"runs/x": {}}])
def test_malformed_entries_are_left_out(files: t.Any) -> None:
    store = FakeStore()
    append(store, {**make_manifest("a"), "files": files})
    assert read_files(store, verify(store).links[0]) == {}


def test_no_file_outside_of_the_place_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    store = DirectoryStore(str(tmp_path / "reports"))
    digest = hashlib.sha256(b"x").hexdigest()
    found = check_files(store, {"runs/../../secret": digest, "/etc/hostname": digest, f"{ACCOUNT}/runs/../../../s": ""})
    assert (found.intact, found.changed, found.missing, found.copies) == (0, (), (), 3)
