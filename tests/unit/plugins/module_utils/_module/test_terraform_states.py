# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role that Terraform owns, and its state in every form in which it says nothing."""

from __future__ import annotations

import gzip
import json
import os
import pathlib
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.judgement import find_objection
from unit.emulator.seeded import Seeded, account, serving

from .test_ownership import ACCOUNT, ReachOfOne, change, make_owners

OTHER: t.Final = "999988887777"
SECRET: t.Final = "hunter2"


def state(arn: str, **fields: t.Any) -> dict[str, t.Any]:
    attributes = {"arn": arn, "password": SECRET}
    role = {"mode": "managed", "type": "aws_iam_role", "name": "app", "instances": [{"attributes": attributes}]}
    return {"version": 4, "terraform_version": "1.9.5", "resources": [role], "outputs": {}, **fields}


HEALTHY: t.Final = json.dumps(state(f"arn:aws:iam::{ACCOUNT}:role/app"))
# By name: the content of the file, and the reason.
BROKEN: t.Final[t.Mapping[str, tuple[t.Union[str, bytes, None], str]]] = {
    "missing": (None, "No such file or directory"),
    "gzip": (gzip.compress(HEALTHY.encode()), "it is gzip-compressed; decompress it or name the raw file"),
    "empty": ("", "it is empty"),
    "html": ("<!DOCTYPE html><html><body>Sign in</body></html>", "it is a page of HTML"),
    "deep": (HEALTHY.replace(f'"{SECRET}"', "[" * 200 + "]" * 200), "it is nested too deeply"),
    "deeper": (HEALTHY.replace(f'"{SECRET}"', "[" * 100_000 + "]" * 100_000), "it is nested too deeply"),
    "version": (HEALTHY.replace('"version": 4', '"version": 3'), "it is no state of version 4"),
    "repeated": (HEALTHY.replace('"outputs": {}', '"resources": []'), "an object has a name twice"),
    "cut": (HEALTHY[: len(HEALTHY) // 2], "it is no JSON"),
    "utf16": (HEALTHY.encode("utf-16"), "it is not UTF-8"),
    "encrypted": (json.dumps({"encrypted_data": "x", "meta": {}}), "it is encrypted"),
    "other": (json.dumps(state(f"arn:aws:iam::{OTHER}:role/app")), f"it has nothing of account {ACCOUNT}"),
    "nothing": (json.dumps(state("", resources=[])), f"it has nothing of account {ACCOUNT}"),
}


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Seeded]:
    with serving(account()) as seeded:
        yield seeded


@pytest.fixture(autouse=True)
def one_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Access, "reach", lambda _access: ReachOfOne())


@pytest.fixture
def broken(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> tuple[str, str]:
    """The path of a state that says nothing, and the reason."""
    content, reason = BROKEN[request.param]
    path = tmp_path / f"{request.param}.tfstate"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path), reason


@pytest.fixture
def healthy(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "healthy.tfstate"
    path.write_text(HEALTHY, encoding="utf-8")
    return str(path)


def user(name: str) -> Change:
    return change(name, "DetachUserPolicy", target=f"arn:aws:iam::{ACCOUNT}:user/{name}", parameters={"UserName": name})


def refuse(aws: Seeded, *changes: Change, **options: t.Any) -> tuple[dict[str, str], tuple[str, ...]]:
    """The reasons of refusals by the names of roles and users, and the lines on what is held back."""
    owners = make_owners(aws, **{"owner_default": "allow", **options})
    known = owners.read(changes, frozenset(), {})
    assert known is not None
    found = {one.target.rpartition("/")[2]: find_objection(one, known) for one in changes}
    return {name: objection.reason for name, objection in found.items() if objection}, owners.warnings


@pytest.mark.parametrize("broken", BROKEN, indirect=True)
def test_what_an_unread_state_may_own_is_held_back_whatever_the_default_is(
    aws: Seeded, broken: tuple[str, str]
) -> None:
    path, reason = broken
    for default in ("allow", "refuse"):
        for impact in Impact:
            asked = [change("app", impact=impact), change("other", impact=impact), user("dave")]
            reasons, warnings = refuse(aws, *asked, owner_default=default, terraform_state_paths=[path])
            assert set(reasons) == {"app", "other", "dave"}
            assert all(f"{path} can't be used: {reason}" in text for text in reasons.values())
            (line,) = warnings
            assert line.startswith("3 objects are held back by hardening_terraform_state_paths[0]: ")
            assert line.endswith("; correct the file, or the entry in hardening_terraform_state_paths")
            assert SECRET not in line


def test_a_healthy_state_refuses_its_own_alone(aws: Seeded, healthy: str) -> None:
    asked = [change("app"), change("other"), user("dave")]
    reasons, warnings = refuse(aws, *asked, terraform_state_paths=[healthy])
    assert set(reasons) == {"app"}
    assert "change it in Terraform, address aws_iam_role.app" in reasons["app"]
    assert warnings == ()


@pytest.mark.parametrize("broken", BROKEN, indirect=True)
def test_one_bad_file_holds_back_the_accounts_of_its_entry(aws: Seeded, broken: tuple[str, str], healthy: str) -> None:
    path, _reason = broken
    for accounts, is_held in (([ACCOUNT], True), (["12345678901*"], True), ([OTHER], False)):
        states = [{"path": path, "accounts": accounts}, healthy]
        reasons, warnings = refuse(aws, change("app"), change("other"), terraform_state_paths=states)
        # What a healthy source owns for certain is refused in its name.
        assert "change it in Terraform" in reasons["app"]
        assert set(reasons) == ({"app", "other"} if is_held else {"app"})
        assert [line.partition(" held")[0] for line in warnings] == (["1 object is"] if is_held else [])


def test_what_a_declared_owner_allows_is_not_held_back(aws: Seeded, tmp_path: pathlib.Path) -> None:
    owners = [{"arn": "arn:aws:iam::*:role/mine-*", "owner": "us", "write": "allow"}]
    states = [str(tmp_path / "gone.tfstate")]
    reasons, warnings = refuse(aws, change("mine-1"), change("app"), owners=owners, terraform_state_paths=states)
    assert set(reasons) == {"app"}
    assert warnings[0].startswith("1 object is held back")


def test_what_the_plan_creates_is_not_held_back(aws: Seeded, tmp_path: pathlib.Path) -> None:
    states = [str(tmp_path / "gone.tfstate")]
    new = [change("new", "CreateRole", impact=Impact.ADDITIVE), change("new", "PutRolePolicy")]
    reasons, _warnings = refuse(aws, *new, change("app"), terraform_state_paths=states)
    assert set(reasons) == {"app"}


def test_no_pipe_is_opened(aws: Seeded, tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reasons, _warnings = refuse(aws, change("app"), terraform_state_paths=[str(tmp_path / "pipe")])
    assert "it is no regular file" in reasons["app"]
