# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes that change boundaries, each with the one that takes it back."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.changes import (
    LOCKOUT_KINDS,
    BoundaryWriter,
    LivePolicy,
    Version,
    describe_policy,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Impact, Undo

from ..user_permissions.people import NOW, account, allow, arn, document
from .bounded import ARN, NAME, OTHER, OWNED, PATH, SOUND, dev, live, person

WIDER: t.Final = document(allow("*"))


def writer(**fields: t.Any) -> BoundaryWriter:
    given = {
        "text": "{}",
        "document": SOUND,
        "description": "",
        "remedies": {ARN: ("f1",), arn("user", "ann"): ("f2",)},
    }
    return BoundaryWriter(snapshot=account(), arn=ARN, name=NAME, path=PATH, **{**given, **fields})


def test_a_policy_is_made_with_the_tag_that_makes_it_ours() -> None:
    change = writer(description="what for", tags={"version": "1"}).create()
    assert change.operation == "CreatePolicy"
    assert change.parameters == {
        "PolicyName": NAME,
        "Path": PATH,
        "PolicyDocument": "{}",
        "Description": "what for",
        "Tags": [{"Key": "version", "Value": "1"}, {"Key": "iam-hardening:managed", "Value": "true"}],
    }
    assert (change.before, change.after, change.remedies) == (None, {"document": SOUND}, ("f1",))
    assert change.undo == Undo("DeletePolicy", {"PolicyArn": ARN})
    assert "Description" not in writer().create().parameters


def test_a_new_version_is_undone_by_the_one_that_counts_now() -> None:
    change = writer().update(live(WIDER, SOUND, default=1))
    assert change.parameters == {"PolicyArn": ARN, "PolicyDocument": "{}", "SetAsDefault": True}
    assert (change.before, change.after) == ({"document": WIDER}, {"document": SOUND})
    assert change.undo == Undo("SetDefaultPolicyVersion", {"PolicyArn": ARN, "VersionId": "v1"})
    assert (change.impact, change.kind in LOCKOUT_KINDS) == (Impact.NARROWING, True)


def test_a_version_is_gone_for_good() -> None:
    change = writer().delete_version(Version("v3", False, NOW, WIDER))
    assert change.parameters == {"PolicyArn": ARN, "VersionId": "v3"}
    assert (change.before, change.after) == (
        {"version": "v3", "document": WIDER},
        {"version": "v3", "document": None},
    )
    assert (change.undo, change.remedies) == (None, ())


def test_a_deleted_policy_is_made_anew_as_it_was() -> None:
    gone, text = live(SOUND, tags={**OWNED, "team": "web"}), json.dumps(SOUND)
    change = writer(description="declared now").delete(gone, text)
    assert change.impact is Impact.DESTRUCTIVE
    assert change.undo is not None
    assert change.undo.operation == "CreatePolicy"
    assert change.undo.parameters["Description"] == "what it is for"
    assert change.undo.parameters["PolicyDocument"] == text
    assert {"Key": "team", "Value": "web"} in change.undo.parameters["Tags"]


@pytest.mark.parametrize(("kind", "principal"), [("User", person("ann")), ("Role", dev("ann"))])
@pytest.mark.parametrize("other", [None, OTHER])
def test_a_boundary_is_put_on_users_and_roles_and_taken_off(
    kind: str, principal: t.Any, other: t.Optional[str]
) -> None:
    carrying = person("ann", boundary=other) if kind == "User" else dev("ann", other)
    put = writer().attach(carrying, 30)
    named = {f"{kind}Name": "ann"}
    assert put.operation == f"Put{kind}PermissionsBoundary"
    assert put.parameters == {**named, "PermissionsBoundary": ARN}
    assert (put.before, put.after, put.population) == ({"boundary": other}, {"boundary": ARN}, 30)
    assert put.kind == ("boundary_replace" if other else "boundary_attach")
    assert put.kind in LOCKOUT_KINDS
    assert put.impact is Impact.NARROWING
    if other:
        assert put.undo == Undo(f"Put{kind}PermissionsBoundary", {**named, "PermissionsBoundary": other})
    else:
        assert put.undo == Undo(f"Delete{kind}PermissionsBoundary", named)
    off = writer().detach(carrying, 30)
    assert (off.operation, off.parameters) == (f"Delete{kind}PermissionsBoundary", named)
    assert (off.after, off.impact) == ({"boundary": None}, Impact.ADDITIVE)


def test_findings_on_the_principal_are_what_its_change_remedies() -> None:
    assert writer().attach(person("ann"), 1).remedies == ("f2",)
    assert writer().attach(person("bob"), 1).remedies == ()


@pytest.mark.parametrize(
    ("tags", "owned"), [(OWNED, True), ({}, False), ({"iam-hardening:managed": "false"}, False), ({"a": "true"}, False)]
)
def test_whose_policy_it_is(tags: dict[str, str], owned: bool) -> None:
    assert live(SOUND, tags=tags).is_owned is owned


def test_the_oldest_version_comes_first_and_never_the_one_that_counts() -> None:
    """By date, and by number where versions are of one moment: v10 is newer than v9."""
    versions = [Version(f"v{number}", number == 2, NOW, None) for number in (10, 9, 2)]
    early = Version("v11", False, NOW.replace(year=2020), None)
    policy = LivePolicy(ARN, "", OWNED, (*versions, early, Version("v1", False, None, None)))
    assert [version.id for version in policy.others] == ["v1", "v11", "v9", "v10"]
    assert policy.default is not None and policy.default.id == "v2"


def test_a_policy_without_a_version_that_counts_says_nothing() -> None:
    policy = LivePolicy(ARN, "", {}, ())
    assert (policy.default, policy.document) == (None, None)
    assert writer().update(policy).undo is None
    assert describe_policy(None) is None
