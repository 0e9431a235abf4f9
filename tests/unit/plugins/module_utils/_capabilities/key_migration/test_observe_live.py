# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The obstacles to a trust policy, last uses, the targets of changes, and what speaks against an undo."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Caller, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    InvalidCredentials,
    NotFound,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration import observe
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.detection import Detection
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.inferring import complete
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.observe import (
    UNDO_OPERATIONS,
    Evidence,
    add_trust,
    read_evidence,
    read_last_uses,
    refuse_undos,
    reread,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.identity_changes import IdentityWriter
from ansible_collections.hardening.iam.plugins.module_utils._converge.user_keys import Key, KeyRetirer, User
from ansible_collections.hardening.iam.plugins.module_utils._module.key_mentions import Mentions

from ..recorded import RecordedAccess, of
from .test_detection import BOTO, call
from .test_inferring import ON_NODE, situation
from .test_observe import PROVIDER, SERVICE_ACCOUNT, FakeAws
from .test_steps import ACCOUNT, KEY, ROLE, TRUST, USER, at

DENIED: t.Final = AccessDenied("not allowed", code="AccessDenied")
GONE: t.Final = NotFound("none", code="NoSuchEntity")
NOTHING: t.Final = Detection()
BOUNDARY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/limits"


def find(
    aws: t.Any, platform: t.Optional[Target], detection: Detection = NOTHING, **more: t.Any
) -> Mapping[str, t.Any]:
    boundary, providers = more.pop("boundary", ""), more.pop("providers", ())
    caller = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/x", "AIDAEXAMPLE")
    snapshot = Snapshot(caller, "aws", "us-east-1", at(0), (), oidc_provider_arns=providers)
    found = complete(situation(detection, platform, **more))
    return add_trust(aws, snapshot, dataclasses.replace(found, boundary=boundary))


def test_a_workload_of_no_known_platform_is_an_obstacle() -> None:
    rule, reason = find(FakeAws(), None)["obstacle"]
    assert rule == "platform_unclear"
    assert reason.startswith("the platform of name is not clear: ") and reason.endswith(". Set platform")


def test_a_platform_without_a_cluster_needs_no_call() -> None:
    aws = FakeAws()
    (statement,) = find(aws, Target.LAMBDA)["trust"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"} and aws.asked == []
    (statement,) = find(aws, Target.ECS)["trust"]["Statement"]
    assert f"arn:aws:ecs:eu-central-1:{ACCOUNT}:*" in str(statement)


def test_a_provider_that_the_account_lacks_is_an_obstacle() -> None:
    github = {"repository": "acme/app", "branch": "main"}
    rule, reason = find(FakeAws(), Target.GITHUB, **github)["obstacle"]
    name = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    assert (rule, reason) == (
        "no_provider",
        f"the account has no identity provider {name}; make it with the audience sts.amazonaws.com",
    )
    assert "trust" in find(FakeAws(), Target.GITHUB, providers=(name,), **github)
    pods = {"cluster": "apps", **SERVICE_ACCOUNT}
    assert find(FakeAws(), Target.EKS_IRSA, **pods)["obstacle"][0] == "no_provider"
    assert "trust" in find(FakeAws(), Target.EKS_IRSA, providers=(PROVIDER,), **pods)
    # Pod Identity needs none.
    assert "trust" in find(FakeAws(), Target.EKS_POD_IDENTITY, **pods)
    for identity in ({}, {"oidc": {}}, None):
        rule, reason = find(FakeAws(identity=identity), Target.EKS_IRSA, **pods)["obstacle"]
        assert (rule, reason) == ("no_provider", "the cluster apps has no OpenID Connect issuer")


def test_a_cluster_that_is_gone_or_cannot_be_read_is_an_obstacle() -> None:
    class Without(FakeAws):
        def __init__(self, error: AwsError) -> None:
            super().__init__()
            self.error = error

        def call(self, _service: str, operation: str, parameters: t.Any, *, region: str) -> t.Any:
            assert (operation, parameters, region) == ("DescribeCluster", {"name": "apps"}, "eu-central-1")
            raise self.error

    pods = {"cluster": "apps", **SERVICE_ACCOUNT}
    assert find(Without(GONE), Target.EKS_IRSA, **pods)["obstacle"] == (
        "no_cluster",
        "there is no cluster apps in eu-central-1; correct cluster or region",
    )
    rule, reason = find(Without(DENIED), Target.EKS_POD_IDENTITY, **pods)["obstacle"]
    assert rule == "unread" and reason.startswith("the cluster apps can't be read: ") and "not allowed" in reason


def test_credentials_that_are_no_longer_good_end_the_run() -> None:
    aws = FakeAws(InvalidCredentials("expired", code="ExpiredToken"))
    with pytest.raises(InvalidCredentials):
        find(aws, None, ON_NODE, **SERVICE_ACCOUNT)


def test_a_cluster_that_is_not_known_has_to_be_declared() -> None:
    rule, reason = find(FakeAws(), Target.EKS_IRSA, **SERVICE_ACCOUNT)["obstacle"]
    assert (rule, reason) == ("incomplete", "name runs on eks_irsa; declare cluster")


def test_a_boundary_of_the_account_has_to_be_there() -> None:
    assert find(FakeAws(), Target.LAMBDA, boundary=BOUNDARY)["obstacle"] == (
        "no_boundary",
        f"there is no policy {BOUNDARY}; make it, or correct boundary",
    )
    assert "trust" in find(FakeAws(), Target.LAMBDA, boundary="arn:aws:iam::aws:policy/PowerUserAccess")


def test_no_evidence_is_read_without_addresses_and_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[t.Any] = []

    def read_mentions(_access: t.Any, keys: t.Any, *, regions: t.Any) -> Mentions:
        asked.append((keys, regions))
        return Mentions((), ("stacks were not searched",))

    monkeypatch.setattr(observe, "read_mentions", read_mentions)
    access: t.Any = RecordedAccess({"ec2:DescribeInstances": DENIED}, account_id=ACCOUNT, regions=("eu-west-1",))
    assert read_evidence(access, None, [], []) == Evidence() and not asked
    found = read_evidence(access, None, [], [KEY])
    assert found == Evidence({}, Mentions((), ("stacks were not searched",)))
    found = read_evidence(access, None, [call(BOTO, "10.0.0.5")], [])
    assert asked == [([KEY], ("eu-west-1",)), ([], ("eu-west-1",))]
    stacks, instances = found.mentions.unread
    assert stacks == "stacks were not searched" and "not allowed" in instances


# Roles and keys


def answers(**more: t.Any) -> dict[str, t.Any]:
    live = {
        "Arn": ROLE,
        "RoleName": "job",
        "RoleId": "AROA",
        "Path": "/workload/",
        "CreateDate": at(0),
        "AssumeRolePolicyDocument": TRUST,
        "Tags": [{"Key": "iam-hardening:moved-from", "Value": "AIDA"}],
        "RoleLastUsed": {"LastUsedDate": at(9)},
    }
    users = [{"UserName": "other", "UserId": "AIDB"}, {"UserName": "svc", "UserId": "AIDA"}]
    given = {
        "GetRole": of({"Role": live}, RoleName="job"),
        "ListAccessKeys": of(
            {"AccessKeyMetadata": [{"AccessKeyId": KEY, "Status": "Active", "CreateDate": at(-100)}]}, UserName="svc"
        ),
        "GetAccessKeyLastUsed": of({}, AccessKeyId=KEY),
        "GetAccountAuthorizationDetails": of({"UserDetailList": users}, Filter=["User"]),
        **more,
    }
    return {f"iam:{name}": answer for name, answer in given.items()}


def aws(**more: t.Any) -> t.Any:
    return RecordedAccess(answers(**more), account_id=ACCOUNT, declared=UNDO_OPERATIONS.reads)


def test_the_last_use_of_roles() -> None:
    assert read_last_uses(aws(), [ROLE]) == {ROLE: at(9)}
    assert read_last_uses(aws(GetRole=GONE), [ROLE]) == {ROLE: None}
    assert read_last_uses(aws(GetRole=DENIED), [ROLE]) == {ROLE: DENIED}


OFF: t.Final = KeyRetirer(ACCOUNT, "key_migration").deactivate(
    User("svc", USER, "AIDA", (Key(KEY, "Active", at(-100)),)), Key(KEY, "Active", at(-100))
)
DELETED: t.Final = KeyRetirer(ACCOUNT, "key_migration").delete(
    User("svc", USER, "AIDA", (Key(KEY, "Inactive", at(-100)),)), Key(KEY, "Inactive", at(-100))
)
MADE: t.Final = IdentityWriter(ACCOUNT, "key_migration").put_inline(ROLE, "job", None, TRUST)


def test_the_state_of_a_key_and_of_a_policy() -> None:
    assert reread(aws(), at(0))(OFF) == OFF.before
    assert reread(aws(ListAccessKeys={"AccessKeyMetadata": []}), at(0))(OFF) is None
    assert reread(aws(ListAccessKeys=GONE), at(0))(DELETED) is None
    other = {"AccessKeyId": "AKIAOTHEROTHEROTHER1", "Status": "Active", "CreateDate": at(-100)}
    mixed = {"ListAccessKeys": {"AccessKeyMetadata": [other]}, "GetAccessKeyLastUsed": {}}
    assert reread(aws(**mixed), at(0))(DELETED) is None
    policy = of({"PolicyDocument": TRUST}, RoleName="job", PolicyName="job")
    assert reread(aws(GetRolePolicy=policy), at(0))(MADE) == MADE.after
    with pytest.raises(AwsError):
        reread(aws(ListAccessKeys=DENIED), at(0))(OFF)


def refuse(operation: str = "DeleteRole", day: float = 90, **more: t.Any) -> t.Optional[tuple[str, str]]:
    undo = dataclasses.replace(MADE, operation=operation, undoes="key-1")
    found = refuse_undos(aws(**more), [undo], at(day))
    if not found:
        return None
    ((undoes, refusal),) = found.items()
    assert (undoes, refusal.target, refusal.operation) == ("key-1", ROLE, operation)
    return refusal.rule, refusal.reason


def test_a_role_that_is_in_use_is_not_taken_back() -> None:
    for operation in ("DeleteRole", "DeleteRolePolicy"):
        rule, reason = refuse(operation, 9) or ("", "")
        assert rule == "in_use" and reason.startswith(f"{ROLE} is in use; give its workload the key back first")
        assert refuse(operation) is None
    assert refuse("UpdateAccessKey", 9) is None
    floor = observe.VERIFY_FLOOR
    assert refuse(day=9 + floor) is None
    assert (refuse(day=9 + floor - 0.001) or ("",))[0] == "in_use"


def test_a_role_stays_where_its_user_has_no_active_key() -> None:
    inactive = {"AccessKeyId": KEY, "Status": "Inactive", "CreateDate": at(-100)}
    for more in (
        {"ListAccessKeys": {"AccessKeyMetadata": [inactive]}},
        {"ListAccessKeys": {"AccessKeyMetadata": []}},
        {"GetAccountAuthorizationDetails": {"UserDetailList": [{"UserName": "svc", "UserId": "AIDNEW"}]}},
        {"GetAccountAuthorizationDetails": {"UserDetailList": [{"UserName": "svc", "UserId": ""}]}},
    ):
        rule, reason = refuse(**more) or ("", "")
        assert rule == "no_key" and reason.startswith(f"no active key of the user of {ROLE} is known")
    untagged = {"Arn": ROLE, "RoleName": "job", "RoleId": "AROA", "AssumeRolePolicyDocument": TRUST}
    nobody = {"UserDetailList": [{"UserName": "svc", "UserId": ""}]}
    assert (refuse(GetRole={"Role": untagged}, GetAccountAuthorizationDetails=nobody) or ("",))[0] == "no_key"


def test_what_cannot_be_read_is_not_taken_back_and_what_is_gone_is_nobodys() -> None:
    for operation in ("GetRole", "GetAccountAuthorizationDetails", "ListAccessKeys"):
        rule, reason = refuse(**{operation: DENIED}) or ("", "")
        assert rule == "unread" and reason.startswith("the role or the keys of its user can't be read: ")
    assert refuse(GetRole=GONE) is None
