# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proof of a new role counts the boundary that the role gets, and not that of the user."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Caller,
    Group,
    ManagedPolicy,
    PolicyDocument,
    Snapshot,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.proposing import (
    make_subject,
    propose,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.situation import Proposal
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Use

from ..._policy.least_privilege.samples import ACCOUNT, NOW, allow, call, deny, make_record, settings

ARN: t.Final = f"arn:aws:iam::{ACCOUNT}:user/svc"
LIMIT: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/Limit"
QUEUES: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/Queues"
ONLY_S3: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/OnlyS3"
UNREAD: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/Unread"
FROM_OFFICE: t.Final = {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
BOUNDARIES: t.Final = {LIMIT: allow("*", Condition=FROM_OFFICE), ONLY_S3: allow("s3:*"), UNREAD: None}


def document(name: str, statement: t.Optional[dict[str, t.Any]]) -> PolicyDocument:
    return PolicyDocument(name, {"Version": "2012-10-17", "Statement": [statement]} if statement else None)


def make(of_user: t.Optional[str], of_role: str) -> Proposal:
    held = document("own", allow(["sqs:SendMessage", "s3:ListAllMyBuckets"]))
    user = User("svc", ARN, "/", None, (), (), (held,), of_user)
    policies = tuple(
        ManagedPolicy(arn, arn.rpartition("/")[2], "/", document("v1", statement), 0, 1, None, None, False)
        for arn, statement in BOUNDARIES.items()
    )
    caller = Caller(ACCOUNT, ARN, "AIDAEXAMPLE")
    snapshot = Snapshot(caller, "aws", "us-east-1", NOW, (), users=(user,), policies=policies)
    keys = {"aws:SourceIp": "198.51.100.7"}
    use = dataclasses.replace(call("sqs:SendMessage", keys=keys), principal_arn=ARN)
    record = dataclasses.replace(make_record(use), principal_arn=ARN)
    return propose(Permissions(snapshot), settings(), make_subject(user), of_role, {ARN: record})


def propose_for(user: User, *uses: Use, groups: tuple[Group, ...] = ()) -> Proposal:
    """Propose for a user with all its policies, without a boundary."""
    caller = Caller(ACCOUNT, ARN, "AIDAEXAMPLE")
    queues = document("v1", allow("sqs:SendMessage"))
    managed = ManagedPolicy(QUEUES, "Queues", "/", queues, 0, 1, None, None, False)
    snapshot = Snapshot(caller, "aws", "us-east-1", NOW, (), users=(user,), groups=groups, policies=(managed,))
    record = dataclasses.replace(
        make_record(*(dataclasses.replace(one, principal_arn=ARN) for one in uses)), principal_arn=ARN
    )
    return propose(Permissions(snapshot), settings(), make_subject(user), "", {ARN: record})


def list_actions(proposal: Proposal) -> set[str]:
    statements = [one for content in proposal.documents.values() for one in content["Statement"]]
    return {action for one in statements for action in as_list(one["Action"]) if one["Effect"] == "Allow"}


def as_list(value: t.Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def test_policies_of_all_ways_count() -> None:
    """Inline, attached, and those of groups, inline and attached: a user often has none but the last."""
    inline, of_group = document("own", allow("s3:ListAllMyBuckets")), document("team", allow("sns:ListTopics"))
    forbidden = document("limits", deny("sns:Publish"))
    group = Group("team", f"arn:aws:iam::{ACCOUNT}:group/team", "/", None, (), (of_group, forbidden))
    senders = Group("senders", f"arn:aws:iam::{ACCOUNT}:group/senders", "/", None, (QUEUES,), ())
    user = User("svc", ARN, "/", None, ("team", "senders"), (), (inline,), None)
    uses = (call("sqs:SendMessage"), call("s3:ListAllMyBuckets"), call("sns:ListTopics"))
    found = propose_for(user, *uses, groups=(group, senders))
    assert (found.failure, found.breakage, found.unproven) == ("", "", "")
    assert list_actions(found) >= {"sqs:SendMessage", "s3:ListAllMyBuckets", "sns:ListTopics"}
    attached = User("svc", ARN, "/", None, (), (QUEUES,), (), None)
    assert list_actions(propose_for(attached, call("sqs:SendMessage"))) == {"sqs:SendMessage"}


def test_a_call_that_the_policy_of_a_resource_allows_to_the_user_is_open() -> None:
    """A bucket policy that names the user does not name its role."""
    user = User("svc", ARN, "/", None, (), (QUEUES,), (), None)
    found = propose_for(user, call("sqs:SendMessage"), call("s3:GetObject", "arn:aws:s3:::shared/a"))
    assert "s3:GetObject on arn:aws:s3:::shared/a" in found.unproven
    assert "name the role in the policy of the resource" in found.unproven
    assert propose_for(user, call("sqs:SendMessage")).unproven == ""


def test_the_boundary_of_the_user_is_missed_on_a_role_without_it() -> None:
    open_ones = make(LIMIT, "")
    assert (open_ones.failure, open_ones.breakage) == ("", "")
    assert f"declare {LIMIT} as boundary" in open_ones.unproven
    same = make(LIMIT, LIMIT)
    assert (same.failure, same.breakage, same.unproven) == ("", "", "")


def test_a_declared_boundary_that_denies_recorded_calls_breaks_them() -> None:
    assert "sqs:SendMessage" in make(None, ONLY_S3).breakage
    none = make(None, "")
    assert (none.failure, none.breakage, none.unproven) == ("", "", "")


def test_a_boundary_that_can_not_be_read_proves_nothing() -> None:
    for of_user, of_role in ((None, UNREAD), (UNREAD, ""), (UNREAD, UNREAD), (UNREAD, ONLY_S3)):
        assert f"{UNREAD} can't be read" in make(of_user, of_role).unproven
