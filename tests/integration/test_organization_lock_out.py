# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard of an organization's policies over members that are read through a role, or through the trail alone."""

from __future__ import annotations

import gzip
import json
import typing as t
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._account import collect
from ansible_collections.hardening.iam.plugins.module_utils._account import organization_tree_reads as tree_reads
from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    RCP,
    SCP,
    OrganizationPolicy,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._organization_lock_out import (
    LOCK_OUT_ARGUMENTS,
    LOCK_OUT_OPERATIONS,
    Judgement,
    LockOut,
    check_lock_out_options,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.principal_matrix import DeniedPair
from ansible_collections.hardening.iam.plugins.module_utils._task import Task, TaskError
from emulator.client import EmulatorProcess

from .conftest import CHECKOUT, Record

MANAGEMENT, APPS, BARE = "555566667777", "666677778888", "777788889999"
ROLE: t.Final = "arn:aws:iam::<account_id>:role/iam-hardening/assessor"
EXPIRES: t.Final = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
TREE: t.Final = Operations(
    reads=frozenset(
        (
            *tree_reads.TREE_OPERATIONS,
            *tree_reads.POLICIES_OPERATIONS,
            *tree_reads.DELEGATION_OPERATIONS,
            *tree_reads.TAGS_OPERATIONS,
            "sts:GetCallerIdentity",
        )
    )
)
EXEMPT: t.Final = [
    "arn:*:iam::*:role/iam-hardening/automation",
    "arn:*:iam::*:role/iam-hardening/break-glass",
    "arn:*:iam::*:role/OrganizationAccountAccessRole",
    "arn:*:iam::*:role/aws-reserved/*",
]


def deny(action: t.Any, **condition: t.Any) -> Record:
    """A statement that leaves those alone who run accounts."""
    condition.setdefault("ArnNotLike", {"aws:PrincipalArn": EXEMPT})
    return {"Sid": "Denies", "Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition}


MFA: t.Final[Record] = {
    "Sid": "Mfa",
    "Effect": "Deny",
    "NotAction": ["iam:ChangePassword"],
    "Resource": "*",
    "Condition": {
        "ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:user/*"},
        "BoolIfExists": {"aws:MultiFactorAuthPresent": "false", "aws:ViaAWSService": "false"},
    },
}


def organization() -> Record:
    """A management account with break-glass, a member with people at work, and one without any role to read it by."""
    seed: Record = yaml.safe_load((CHECKOUT / "tests/emulator/seeds/bare.yml").read_text(encoding="utf-8"))
    own = seed["accounts"][MANAGEMENT]["roles"]
    reader = {
        **own["assessor"],
        "policies": ["aws:AdministratorAccess"],
    }
    breaker = {**own["automation"], "policies": ["aws:AdministratorAccess"], "last_used_days": None}
    seed["organization"] = {"id": "o-test123456", "organizational_units": ["Apps", "Bare"]}
    seed["accounts"][MANAGEMENT]["roles"] = {**own, "break-glass": breaker}
    member = {"name": "apps", "ou": "Apps", "root": {"password": False}}
    member["roles"] = {
        "assessor": reader,
        "automation": own["automation"],
        "break-glass": breaker,
        "pipeline": {
            "trust": own["automation"]["trust"],
            "policies": ["aws:AdministratorAccess"],
            "last_accessed": {"lambda": {"days": 2}, "iam": {"days": 2, "actions": {"CreateRole": 2}}},
        },
        "reader": {
            "trust": own["automation"]["trust"],
            "policies": ["aws:ReadOnlyAccess"],
            "last_accessed": {"s3": {"days": 1}},
        },
    }
    member["users"] = {
        "keyed": {
            "policies": ["aws:AdministratorAccess"],
            "access_keys": [{"age_days": 75, "last_used_days": 2, "service": "s3"}],
            "last_accessed": {"s3": {"days": 2}},
        },
        "console": {
            "policies": ["aws:AdministratorAccess"],
            "password": {"last_used_days": 1},
            "mfa": ["virtual"],
            "last_accessed": {"s3": {"days": 1}},
        },
    }
    seed["accounts"][APPS] = member
    seed["accounts"][BARE] = {"name": "bare-member", "ou": "Bare", "root": {"password": False}}
    return seed


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    place = tmp_path_factory.mktemp("organization") / "seed.yml"
    place.write_text(yaml.safe_dump(organization(), sort_keys=False), encoding="utf-8")
    with EmulatorProcess(seed=place) as process:
        yield process.env()


@pytest.fixture
def bench(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return Bench()


class Bench:
    """The organization, and a judgement of one policy more."""

    warnings: Sequence[str] = ()

    def judge(self, statement: Record, *units: str, **options: t.Any) -> Judgement:
        """What the guard says of a policy that is attached to units."""
        given = {name: argument.get("default") for name, argument in LOCK_OUT_ARGUMENTS.items()}
        given |= {"break_glass": [], "event_history": False, "assume_role_external_id": "acme-hardening", **options}
        task = Task(options=given, operations=TREE.union(LOCK_OUT_OPERATIONS), check_mode=True)
        check_lock_out_options(task)
        before = collect.organization_tree(task.access, policy_types=[SCP, RCP], delegations=True)
        document = {"Version": "2012-10-17", "Statement": [statement]}
        targets = tuple(unit.id for unit in before.units if unit.path in units)
        policy = OrganizationPolicy(
            "", "", "guardrail", SCP, "", False, json.dumps(document), PolicyDocument("guardrail", document), targets
        )
        found = LockOut(task, task.access).judge(before, before.with_policies([*before.policies, policy]))
        self.warnings = task.warnings
        return found


def reasons(judgement: Judgement) -> dict[str, str]:
    return {refusal.rule: refusal.reason for found in judgement.refusals.values() for refusal in found}


def accepted(kind: str, *names: str) -> list[Record]:
    return [{kind: name, "reason": "agreed", "expires": EXPIRES} for name in names]


def arn(name: str) -> str:
    return f"arn:aws:iam::{APPS}:{name}"


def test_what_is_used_is_refused_by_name_and_its_twin_that_nobody_uses_passes(bench: Bench) -> None:
    used = bench.judge(deny("lambda:*"), "/Apps", member_role_arn=ROLE)
    assert "role/pipeline: " in reasons(used)["prediction"]
    assert "lambda was used" in reasons(used)["prediction"]
    unused = bench.judge(deny("braket:*"), "/Apps", member_role_arn=ROLE)
    assert "role/reader" not in reasons(unused).get("prediction", "")
    assert unused.refusals == {}


def test_what_is_accepted_is_expected(bench: Bench) -> None:
    judgement = bench.judge(
        deny("iam:CreateRole"),
        "/Apps",
        member_role_arn=ROLE,
        accept_breakage=accepted("principal", arn("role/pipeline")),
    )
    assert judgement.refusals == {}
    assert DeniedPair(APPS, arn("role/pipeline"), "iam:CreateRole") in judgement.predicted
    assert judgement.impacts[0]["account_id"] == APPS
    [read] = judgement.told["evidence"]["read"]
    assert read["sources"] == ["last_accessed"]
    assert read["break_glass"] == [arn("role/iam-hardening/break-glass")]
    assert judgement.told["break_glass"]["management_account"] == [
        f"arn:aws:iam::{MANAGEMENT}:role/iam-hardening/break-glass"
    ]


def test_mfa_lists_who_would_be_cut_off_and_leaves_alone_who_always_has_it(bench: Bench) -> None:
    reason = reasons(bench.judge(MFA, "/Apps", member_role_arn=ROLE))["prediction"]
    assert f"\n- {arn('user/keyed')}  # last used " in reason
    assert "1 active access key, no MFA" in reason
    assert "user/console" not in reason
    assert "path" not in reason


def test_an_account_that_cannot_be_read_costs_the_others_nothing(bench: Bench) -> None:
    judgement = bench.judge(deny("braket:*"), "/Apps", "/Bare", member_role_arn=ROLE)
    assert set(reasons(judgement)) == {"unread_accounts"}
    assert f"bare-member ({BARE}): " in reasons(judgement)["unread_accounts"]
    assert "apps" not in reasons(judgement)["unread_accounts"]
    assert [item["account"] for item in judgement.told["evidence"]["read"]] == [APPS]
    passing = bench.judge(
        deny("braket:*"),
        "/Apps",
        "/Bare",
        member_role_arn=ROLE,
        accept_without_evidence=accepted("account", "bare-member"),
    )
    assert passing.refusals == {}
    assert bench.warnings == []


def test_no_more_members_are_read_than_allowed_and_the_accepted_ones_last(bench: Bench) -> None:
    options: Record = {"member_role_arn": ROLE, "max_member_reads": 1}
    judgement = bench.judge(
        deny("braket:*"), "/Apps", "/Bare", **options, accept_without_evidence=accepted("account", "/Apps")
    )
    told = {item["account"]: item["reason"] for item in judgement.told["evidence"]["unread"]}
    assert told[APPS] == "max_member_reads allows 1, and others come first"
    assert "AssumeRole" in told[BARE]
    assert "1 of 2 accounts were not read: max_member_reads" in bench.warnings


def test_without_anything_to_read_by_nothing_is_known(bench: Bench) -> None:
    judgement = bench.judge(deny("braket:*"), "/Apps")
    assert "neither member_role_arn nor trail_logs says how to read it" in reasons(judgement)["unread_accounts"]


def write_trail(directory: Path, *, days: int) -> None:
    """What the pipeline did in a quarter, or in fewer days."""
    identity = {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{APPS}:assumed-role/pipeline/1",
        "accountId": APPS,
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": arn("role/pipeline"), "accountId": APPS}},
    }
    now = datetime.now(UTC)
    for age in (days, 1):
        when = now - timedelta(days=age)
        record = {
            "userIdentity": identity,
            "eventSource": "iam.amazonaws.com",
            "eventName": "ListRoles",
            "eventTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "awsRegion": "us-east-1",
            "sourceIPAddress": "192.0.2.1",
            "eventType": "AwsApiCall",
        }
        folder = directory / f"AWSLogs/o-test123456/{APPS}/CloudTrail/us-east-1/{when:%Y/%m/%d}"
        folder.mkdir(parents=True)
        name = f"{APPS}_CloudTrail_us-east-1_{age}.json.gz"
        (folder / name).write_bytes(gzip.compress(json.dumps({"Records": [record]}).encode()))


def test_the_trail_of_the_organization_alone_will_do(bench: Bench, tmp_path: Path) -> None:
    write_trail(tmp_path, days=89)
    used = bench.judge(deny("iam:ListRoles"), "/Apps", trail_logs=str(tmp_path))
    assert "role/pipeline: will break" in reasons(used)["prediction"]
    assert bench.judge(deny("iam:CreateUser"), "/Apps", trail_logs=str(tmp_path)).refusals == {}


def test_a_trail_of_some_days_will_not(bench: Bench, tmp_path: Path) -> None:
    write_trail(tmp_path, days=20)
    judgement = bench.judge(deny("iam:CreateUser"), "/Apps", trail_logs=str(tmp_path))
    assert "days only" in reasons(judgement)["unread_accounts"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"automation_roles": ["automation"]}, "automation_roles: 'automation' is not a role"),
        ({"way_back": "somebody"}, "way_back: 'somebody' is neither management_account nor the ARN"),
        ({"member_role_arn": "arn:aws:iam::666677778888:role/x"}, "<account_id>"),
        ({"max_member_reads": -1}, "max_member_reads: -1"),
        ({"accept_breakage": accepted("principal", "role/x")}, "is no ARN: a bare name"),
        ({"accept_without_evidence": accepted("account", "*")}, "accept_without_evidence[0].account: '*' is a pattern"),
    ],
)
def test_bad_options_are_refused_before_anything_is_read(bench: Bench, options: Record, message: str) -> None:
    with pytest.raises(TaskError) as caught:
        bench.judge(deny("iam:CreateUser"), "/Apps", **options)
    assert message in str(caught.value)
