# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes, owners and sources to judge."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.stacks import Stack, StackIndex, StackResource
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.owner import (
    Confidence,
    IamObject,
    Owner,
    Place,
    object_of,
)

ACCOUNT: t.Final = "111122223333"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/apps/App"
USER: t.Final = f"arn:aws:iam::{ACCOUNT}:user/dave"
GROUP: t.Final = f"arn:aws:iam::{ACCOUNT}:group/team"
POLICY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/Deploy"
BOUNDARY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
DOCUMENT: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}

# The request of each operation on the four objects.
REQUESTS: t.Final[t.Mapping[str, tuple[str, t.Mapping[str, t.Any]]]] = {
    **{
        name: (arn, {key: "x", **parameters})
        for kind, key, arn in (("Role", "RoleName", ROLE), ("User", "UserName", USER), ("Group", "GroupName", GROUP))
        for name, parameters in (
            (f"Attach{kind}Policy", {"PolicyArn": POLICY}),
            (f"Detach{kind}Policy", {"PolicyArn": POLICY}),
            (f"Put{kind}Policy", {"PolicyName": "inline", "PolicyDocument": json.dumps(DOCUMENT)}),
            (f"Delete{kind}Policy", {"PolicyName": "inline"}),
        )
    },
    **{
        f"{verb}{kind}PermissionsBoundary": (arn, {"PermissionsBoundary": BOUNDARY} if verb == "Put" else {})
        for kind, arn in (("Role", ROLE), ("User", USER))
        for verb in ("Put", "Delete")
    },
    "UpdateAssumeRolePolicy": (ROLE, {"PolicyDocument": json.dumps(DOCUMENT)}),
    "DeleteRole": (ROLE, {}),
    "AddUserToGroup": (USER, {"GroupName": "team"}),
    "RemoveUserFromGroup": (USER, {"GroupName": "team"}),
    "DeleteGroup": (GROUP, {}),
    "CreatePolicyVersion": (POLICY, {"PolicyDocument": json.dumps(DOCUMENT), "SetAsDefault": True}),
    "SetDefaultPolicyVersion": (POLICY, {"VersionId": "v1"}),
    "DeletePolicyVersion": (POLICY, {"VersionId": "v1"}),
    "DeletePolicy": (POLICY, {}),
}


def change(operation: str = "PutRolePermissionsBoundary", **fields: t.Any) -> Change:
    """A narrowing change of one of the objects above."""
    target, parameters = REQUESTS.get(operation, (USER, {}))
    given: dict[str, t.Any] = {
        "account_id": ACCOUNT,
        "region": "global",
        "service": "iam",
        "operation": operation,
        "target": target,
        "parameters": parameters,
        "before": {"boundary": None},
        "after": {"boundary": BOUNDARY},
        "kind": "some",
        "impact": Impact.NARROWING,
    }
    return Change(**{**given, **fields})


def item(arn: str = ROLE) -> IamObject:
    found = object_of(arn)
    assert found is not None
    return found


def owner(confidence: Confidence = Confidence.CERTAIN, **fields: t.Any) -> Owner:
    place = Place("stack app (eu-west-1, logical id AppRole)", "cloudformation", "AppRole")
    return Owner(**{"name": "stack app", "tool": "CloudFormation", "confidence": confidence, "place": place, **fields})


def stack(name: str = "app", account: str = ACCOUNT, **fields: t.Any) -> Stack:
    given = {"id": f"arn:aws:cloudformation:eu-west-1:{account}:stack/{name}/1", "name": name, "region": "eu-west-1"}
    return Stack(**{**given, "account_id": account, "root_name": name, **fields})


def index(*resources: StackResource, unread: t.Sequence[str] = ()) -> StackIndex:
    return StackIndex.of(resources, unread)
