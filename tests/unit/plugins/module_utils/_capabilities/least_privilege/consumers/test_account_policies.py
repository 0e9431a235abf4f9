# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies of the account's snapshot that name a role."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Caller,
    ControlPolicy,
    Group,
    ManagedPolicy,
    Organization,
    PolicyDocument,
    PolicyLevel,
    Role,
    Snapshot,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers import (
    account_policies,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.targets import (
    Targets,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import (
    Namer,
    UnreadNamers,
)

from .planted import ACCOUNT, NEW, OLD, OLD_ID, OTHER, document, statement, target

Record = dict[str, t.Any]

NOW: t.Final = datetime(2026, 11, 25, tzinfo=UTC)
ASSUME_OLD: t.Final = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": OLD}


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def make_role(name: str, *statements: Record, **fields: t.Any) -> Role:
    trust = PolicyDocument("trust policy", document(*statements) if statements else None)
    empty: Record = {"attached_policies": (), "inline_policies": (), "boundary": None, "last_used": None}
    given = {"path": "/", "created": NOW, "last_used_region": None, **empty, **fields}
    return Role(name=name, arn=arn("role", name), trust=trust, **given)


def trusting(*roles: str) -> Record:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": list(roles)}}


def managed(name: str, *statements: Record, boundaries: int = 0, of_aws: bool = False) -> ManagedPolicy:
    content = PolicyDocument("v1", document(*statements))
    return ManagedPolicy(arn("policy", name), name, "/", content, 1, boundaries, NOW, NOW, is_aws_managed=of_aws)


def snapshot(**fields: t.Any) -> Snapshot:
    caller = Caller(ACCOUNT, arn("user", "administrator"), "AIDA")
    return Snapshot(caller=caller, partition="aws", home_region="us-east-1", observed_at=NOW, regions=(), **fields)


def find(**fields: t.Any) -> tuple[list[Namer], list[UnreadNamers]]:
    found, unread = account_policies.find_in_account(Permissions(snapshot(**fields)), Targets([target()]))
    return [one.item for one in found if isinstance(one.item, Namer)], unread


def test_trusts_of_other_roles_name_the_role() -> None:
    roles = (
        make_role("vault", trusting(OLD)),
        make_role("both", trusting(OLD, NEW)),
        make_role("none", trusting(ACCOUNT)),
    )
    (vault, both), unread = find(roles=roles)
    assert (vault.kind, vault.resource, vault.where, vault.names_new) == ("trust", roles[0].arn, "principal", False)
    assert f"add {NEW} where the old role is named" in vault.adapt
    assert "aws iam update-assume-role-policy --role-name vault" in vault.adapt
    assert both.names_new is True and unread == []


def test_a_trust_names_the_role_by_its_id() -> None:
    by_id = {**trusting("*"), "Condition": {"StringLike": {"aws:userid": f"{OLD_ID}:*"}}}
    ((found,), _unread) = find(roles=(make_role("vault", by_id),))
    assert found.where == "condition"


def test_identity_policies_of_users_groups_and_roles_allow_to_assume_the_role() -> None:
    inline = (PolicyDocument("may-assume", document(ASSUME_OLD)),)
    user = User("anna", arn("user", "anna"), "/", NOW, (), (), inline, None)
    group = Group("people", arn("group", "people"), "/", NOW, (), inline)
    role = make_role("deploy", trusting(ACCOUNT), inline_policies=inline)
    found, _unread = find(users=(user,), groups=(group,), roles=(role,))
    assert {(one.kind, one.resource, one.where) for one in found} == {
        ("identity_policy", one.arn, "resource") for one in (user, group, role)
    }
    assert any("aws iam put-group-policy --group-name people --policy-name may-assume" in one.adapt for one in found)


def test_managed_policies_and_boundaries_are_named_and_those_of_aws_are_not() -> None:
    policies = (
        managed("Assume", ASSUME_OLD),
        managed("Limit", ASSUME_OLD, boundaries=2),
        managed("OfAws", ASSUME_OLD, of_aws=True),
    )
    found, _unread = find(policies=policies)
    assert {(one.kind, one.resource) for one in found} == {
        ("identity_policy", arn("policy", "Assume")),
        ("boundary", arn("policy", "Limit")),
    }
    assert all("create-policy-version --set-as-default" in one.adapt for one in found)


def test_policies_of_the_organization_except_the_role() -> None:
    excepted = statement(Effect="Deny", Condition={"ArnNotLike": {"aws:PrincipalArn": OLD}})
    control = ControlPolicy("p-1", "guard", "SERVICE_CONTROL_POLICY", PolicyDocument("guard", document(excepted)))
    found, _unread = find(
        organization=Organization("o-1", OTHER, "ALL"),
        organization_policies=(PolicyLevel("r-1", "root", (control,), ()),),
    )
    (guard,) = found
    assert (guard.kind, guard.resource, guard.account_id) == ("control_policy", "guard (p-1)", OTHER)
    assert (guard.where, guard.names_new) == ("condition", False)
    assert "aws organizations update-policy --policy-id p-1" in guard.adapt


def test_a_document_that_does_not_parse_is_not_taken_for_one_that_names_nobody() -> None:
    broken = dataclasses.replace(make_role("vault"), trust=PolicyDocument("trust policy", None, "not a JSON document"))
    strange = make_role("odd", {"Effect": "Perhaps", "Principal": {"AWS": OLD}})
    found, unread = find(roles=(broken, strange))
    assert found == []
    assert [one.reason for one in unread] == [
        f"the trust policy of {arn('role', name)} does not parse" for name in ("vault", "odd")
    ]
