# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.edges import (
    TRUST,
    AccountEdges,
    drop_denials,
    lets_principals_in,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.canonical import minify

from .accounts import (
    DEPLOY,
    HOME,
    PIPELINE,
    USER,
    WORKER,
    allow,
    arn,
    deny,
    make_home,
    make_role,
    make_snapshot,
    make_user,
    policy,
    trust,
)

ROOT: t.Final = f"arn:aws:iam::{HOME}:root"


def edges(*roles: t.Any, users: tuple[t.Any, ...] = (), sources: tuple[str, ...] = (), **more: t.Any) -> AccountEdges:
    snapshot = make_snapshot(HOME, roles=roles, users=users)
    return AccountEdges.from_snapshot(snapshot, sources, **more)


def names(found: AccountEdges) -> list[str]:
    return [node.arn.rpartition("/")[2] for node in found.nodes]


def policies_of(found: AccountEdges, name: str = "pipeline") -> list[t.Any]:
    (node,) = [one for one in found.nodes if one.arn.endswith(f"/{name}")]
    return [json.loads(minify(one)) for one in node.policies]


def test_what_is_written_is_read_as_it_was() -> None:
    found = AccountEdges.from_snapshot(make_home(), [USER])
    assert found.sources == (USER,) and (found.account_id, found.partition) == (HOME, "aws")
    written = json.loads(json.dumps(found.as_document()))
    again = AccountEdges.from_document(written)
    assert again.as_document() == found.as_document() and again.sources == (USER,)
    assert [(one.arn, one.unique_id, one.unread) for one in again.nodes] == [
        (one.arn, one.unique_id, one.unread) for one in found.nodes
    ]
    assert [one.trust for one in again.nodes][0] is None and again.nodes[1].trust is not None
    assert (again.scps, again.rcps, again.organization_id) == (None, None, None)


def test_levels_and_boundaries_are_written_too() -> None:
    parsed = edges(make_role(HOME, "pipeline", trust(ROOT), inline={"a": policy(allow("*"))}), sources=(PIPELINE,))
    ((one,),) = [node.policies for node in parsed.nodes]
    full = dataclasses.replace(
        parsed,
        organization_id="o-1",
        scps=((one,), (one, one)),
        rcps=(),
        nodes=(dataclasses.replace(parsed.nodes[0], boundary=one),),
    )
    again = AccountEdges.from_document(json.loads(json.dumps(full.as_document())))
    assert again.scps is not None and [len(level) for level in again.scps] == [1, 2]
    assert (again.rcps, again.organization_id) == ((), "o-1") and again.nodes[0].boundary is not None
    assert again.as_document() == full.as_document()


@pytest.mark.parametrize("name", AccountEdges(HOME, "aws").as_document())
def test_a_part_that_lacks_something_is_none(name: str) -> None:
    document = AccountEdges(HOME, "aws").as_document()
    assert AccountEdges.from_document(document) == AccountEdges(HOME, "aws")
    document.pop(name)
    with pytest.raises(ValueError, match=r"."):
        AccountEdges.from_document(document)


NODE: t.Final[dict[str, t.Any]] = {
    "arn": PIPELINE,
    "unique_id": "AROA",
    "policies": [],
    "boundary": None,
    "trust": None,
    "unread": [],
}


def test_a_part_with_the_least_of_a_role_is_one() -> None:
    (node,) = AccountEdges.from_document(AccountEdges(HOME, "aws").as_document() | {"nodes": [NODE]}).nodes
    assert (node.arn, node.unique_id, node.policies, node.unread) == (PIPELINE, "AROA", (), ())


@pytest.mark.parametrize(
    "fields",
    [
        {"schema": "hardening.iam/edges/2"},
        {"nodes": [{}]},
        {"nodes": None},
        {"nodes": [NODE | {"arn": 3}]},
        {"nodes": [NODE | {"unique_id": None}]},
        {"nodes": [NODE | {"unread": [3]}]},
        {"nodes": [NODE | {"policies": [["own", "{}"]]}]},
        {"nodes": [NODE | {"policies": [3]}]},
        {"nodes": [NODE | {"trust": "x"}]},
        {"scps": 3},
        {"sources": None},
        # Others than a run may write there, and stop no walk with it.
        {"sources": [3]},
        {"account_id": 3},
        {"partition": None},
    ],
)
def test_a_part_of_another_form_is_none(fields: dict[str, t.Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        AccountEdges.from_document(AccountEdges(HOME, "aws").as_document() | fields)
    with pytest.raises(ValueError, match=r"."):
        AccountEdges.from_document(t.cast(t.Any, None))


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (trust(ROOT), True),
        (trust(USER), True),
        (trust("ec2.amazonaws.com", kind="Service"), False),
        (trust("*", kind="Service"), True),
        (trust("x", kind="Federated"), False),
        (trust("abc", kind="CanonicalUser"), True),
        ({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}, True),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}, True),
        ({**trust(ROOT), "Effect": "Deny"}, False),
        ({**trust(ROOT), "Action": "sts:TagSession"}, False),
        ({**trust(ROOT), "Action": "sts:*"}, True),
    ],
)
def test_a_role_matters_where_its_trust_policy_may_let_principals_in(statement: t.Any, expected: bool) -> None:
    role = make_role(HOME, "pipeline", statement)
    snapshot = make_snapshot(HOME, roles=(role,))
    assert lets_principals_in(Permissions(snapshot), role) is expected
    assert names(AccountEdges.from_snapshot(snapshot, [])) == (["pipeline"] if expected else [])
    # A source, or a role that is named, matters whoever it lets in.
    assert names(AccountEdges.from_snapshot(snapshot, [PIPELINE])) == ["pipeline"]
    assert names(AccountEdges.from_snapshot(snapshot, [], [PIPELINE])) == ["pipeline"]


def test_a_trust_policy_that_cannot_be_read_may_let_anybody_in() -> None:
    role = make_role(HOME, "pipeline", trust(ROOT))
    broken = dataclasses.replace(role, trust=dataclasses.replace(role.trust, document={"Statement": "x"}))
    found = edges(broken)
    assert names(found) == ["pipeline"] and TRUST in found.nodes[0].unread and found.nodes[0].trust is None
    (user,) = edges(users=(make_user(HOME, "ci-deploy"),), sources=(USER,)).nodes
    assert TRUST not in user.unread


def test_a_boundary_that_was_not_read_leaves_open_what_the_role_may() -> None:
    limit = f"arn:aws:iam::{HOME}:policy/limit"
    (node,) = edges(make_role(HOME, "pipeline", trust(ROOT), boundary=limit)).nodes
    assert limit in node.unread and node.boundary is None


def test_users_matter_as_sources_alone() -> None:
    users = make_user(HOME, "ci-deploy"), make_user(HOME, "victim")
    assert names(edges(users=users)) == []
    assert names(edges(users=users, sources=(USER,))) == ["ci-deploy"]
    assert names(edges(users=users, named=(arn(HOME, "victim", "user"),))) == ["victim"]


def test_of_a_policy_the_statements_about_assume_role_are_kept() -> None:
    document = policy(allow("*", action="s3:*"), allow(DEPLOY), deny(Sid="All"))
    found = edges(
        make_role(HOME, "pipeline", trust(ROOT), inline={"a": document, "b": policy(allow("*", action="s3:*"))})
    )
    (kept,) = policies_of(found)
    assert [(one["Effect"], one.get("Sid")) for one in kept["Statement"]] == [("Allow", None), ("Deny", "All")]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("IamHardeningQuarantine", False),
        ("IamHardeningIncident-INC-7", False),
        ("AWSRevokeOlderSessions", False),
        ("IamHardeningQuarantine2", True),
        ("MyAWSRevokeOlderSessions", True),
        ("quarantine-deny-all", True),
        ("own", True),
    ],
)
def test_denials_of_a_containment_hide_nothing_and_others_count(name: str, counts: bool) -> None:
    role = make_role(HOME, "pipeline", trust(ROOT), inline={name: policy(allow(WORKER), deny())})
    found = edges(role)
    (kept,) = policies_of(found)
    assert [one["Effect"] for one in kept["Statement"]] == ["Allow", *(["Deny"] if counts else [])]
    policies, boundary = drop_denials(Permissions(make_snapshot(HOME, roles=(role,))), PIPELINE)
    assert [statement.allow for one in policies for statement in one.statements] == [True, *([False] if counts else [])]
    assert boundary is None
    alone = make_role(HOME, "pipeline", trust(ROOT), inline={name: policy(deny())})
    assert bool(policies_of(edges(alone))) is counts
    assert bool(drop_denials(Permissions(make_snapshot(HOME, roles=(alone,))), PIPELINE)[0]) is counts
