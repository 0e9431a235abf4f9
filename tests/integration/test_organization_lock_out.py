# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard of an organization's policies over members that are read through a role, or through the trail alone."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import typing as t
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
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
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.declared import (
    Declared,
    check_principals,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.own_way import (
    find_own_places,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.run import (
    LOCK_OUT_ARGUMENTS,
    LOCK_OUT_OPERATIONS,
    Judgement,
    LockOut,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import DeniedPair
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.evidence_options import EvidenceOptions
from emulator.client import EmulatorProcess

from .conftest import Record
from .locking_out import APPS, BARE, MANAGEMENT, PARTNER, organization

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
    "arn:*:iam::*:role/iam-hardening/automation*",
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

    def judge(self, statement: Record, *units: str, kind: str = SCP, **options: t.Any) -> Judgement:
        """What the guard says of a policy that is attached to units."""
        given = {name: argument.get("default") for name, argument in LOCK_OUT_ARGUMENTS.items()}
        given |= {"break_glass": [], "event_history": False, "assume_role_external_id": "acme-hardening", **options}
        task = Task(options=given, operations=TREE.union(LOCK_OUT_OPERATIONS), check_mode=True)
        evidence = EvidenceOptions.of(task)
        check_principals(evidence.acceptances)
        declared = Declared.from_options(given, today=task.now.date())
        before = collect.organization_tree(task.access, policy_types=[SCP, RCP], delegations=True)
        document = {"Version": "2012-10-17", "Statement": [statement]}
        targets = tuple(unit.id for unit in before.units if unit.path in units)
        policy = OrganizationPolicy(
            "", "", "guardrail", kind, "", False, json.dumps(document), PolicyDocument("guardrail", document), targets
        )
        journal = task.journal if "journal" in given else None
        guard = LockOut(
            task.connection, declared, evidence, find_own_places(journal=journal, trails=evidence.trail_logs)
        )
        found = guard.judge(before, before.with_policies([*before.policies, policy]))
        self.warnings = task.warnings
        return found


def reasons(judgement: Judgement) -> dict[str, str]:
    return {refusal.rule: refusal.reason for found in judgement.refusals.values() for refusal in found}


def accept(kind: str, *names: str) -> list[Record]:
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
        accept_breakage=accept("principal", arn("role/pipeline")),
    )
    assert judgement.refusals == {}
    assert DeniedPair(APPS, arn("role/pipeline"), "iam:CreateRole") in judgement.predicted
    assert judgement.impacts[0]["account_id"] == APPS
    [read] = judgement.report["evidence"]["read"]
    assert read["sources"] == ["last_accessed"]
    assert read["break_glass"] == [arn("role/iam-hardening/break-glass")]
    assert judgement.report["break_glass"]["management_account"] == [
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
    assert [item["account"] for item in judgement.report["evidence"]["read"]] == [APPS]
    passing = bench.judge(
        deny("braket:*"),
        "/Apps",
        "/Bare",
        member_role_arn=ROLE,
        accept_without_evidence=accept("account", "bare-member"),
    )
    assert passing.refusals == {}
    assert bench.warnings == []


def test_no_more_members_are_read_than_allowed_and_the_accepted_ones_last(bench: Bench) -> None:
    options: Record = {"member_role_arn": ROLE, "max_member_reads": 1}
    judgement = bench.judge(
        deny("braket:*"), "/Apps", "/Bare", **options, accept_without_evidence=accept("account", "/Apps")
    )
    unread = {item["account"]: item["reason"] for item in judgement.report["evidence"]["unread"]}
    assert unread[APPS] == "max_member_reads allows 1, and other accounts were read first"
    assert "AssumeRole" in unread[BARE]
    assert "1 of 2 accounts were not read: max_member_reads" in bench.warnings


def test_without_anything_to_read_by_nothing_is_known(bench: Bench) -> None:
    judgement = bench.judge(deny("braket:*"), "/Apps")
    assert "it can't be read without member_role_arn or trail_logs" in reasons(judgement)["unread_accounts"]


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
    assert "the trail covers only 20 days" in reasons(judgement)["unread_accounts"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"automation_roles": ["automation"]}, "automation_roles: 'automation' is not a role"),
        ({"way_back": "somebody"}, "way_back: 'somebody' is neither management_account nor the ARN"),
        ({"member_role_arn": "arn:aws:iam::666677778888:role/x"}, "<account_id>"),
        ({"max_member_reads": -1}, "max_member_reads: -1"),
        ({"accept_breakage": accept("principal", "role/x")}, "is no ARN: a name"),
        ({"accept_without_evidence": accept("account", "*")}, "accept_without_evidence[0].account: '*' is a pattern"),
    ],
)
def test_bad_options_are_refused_before_anything_is_read(bench: Bench, options: Record, message: str) -> None:
    with pytest.raises((InputError, TaskError)) as caught:
        bench.judge(deny("iam:CreateUser"), "/Apps", **options)
    assert message in str(caught.value)


# Resource control policies


PERIMETER: t.Final[Record] = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-test123456"}}
SERVICES_EXEMPT: t.Final[Record] = {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}


def rcp(*actions: str, **condition: t.Any) -> Record:
    """A statement of an RCP."""
    return {
        "Sid": "Perimeter",
        "Effect": "Deny",
        "Principal": "*",
        "Action": list(actions),
        "Resource": "*",
        "Condition": condition,
    }


def test_an_rcp_that_keeps_services_from_roles_in_use_is_refused_by_role(bench: Bench) -> None:
    judgement = bench.judge(rcp("sts:*", **PERIMETER), "/Apps", kind=RCP, member_role_arn=ROLE)
    reason = reasons(judgement)["prediction"]
    assert (
        "role/web: will break: ec2.amazonaws.com can no longer assume it (Perimeter of guardrail denies it)" in reason
    )
    assert "role/spare: no evidence: lambda.amazonaws.com" in reason
    assert "role/ci: will break" in reason
    assert "role/partner: will break" in reason
    names = {loss["who"] for row in judgement.report["matrix"] for loss in row["losses"]}
    assert "AWS service ec2.amazonaws.com" in names


def test_its_twin_that_exempts_services_keeps_out_the_partner_alone(bench: Bench) -> None:
    statement = rcp("sts:AssumeRole", **PERIMETER, **SERVICES_EXEMPT)
    refused = bench.judge(statement, "/Apps", kind=RCP, member_role_arn=ROLE)
    assert set(reasons(refused)) == {"prediction"}
    assert "role/partner: will break" in reasons(refused)["prediction"]
    for name in ("role/web", "role/spare", "role/ci"):
        assert name not in reasons(refused)["prediction"]
    trusted = {"aws:PrincipalAccount": [PARTNER]}
    statement["Condition"]["StringNotEqualsIfExists"] = {**PERIMETER["StringNotEqualsIfExists"], **trusted}
    assert bench.judge(statement, "/Apps", kind=RCP, member_role_arn=ROLE).refusals == {}


def test_who_can_no_longer_assume_a_role_is_accepted_by_name_and_unused_roles_by_account(bench: Bench) -> None:
    statement = rcp("sts:AssumeRole", **PERIMETER)
    options: Record = {"kind": RCP, "member_role_arn": ROLE}
    names = ("ec2.amazonaws.com", arn("role/partner"))
    left = bench.judge(statement, "/Apps", **options, accept_breakage=accept("principal", *names))
    assert "role/spare" in reasons(left)["prediction"]
    assert "role/web" not in reasons(left)["prediction"]
    passing = bench.judge(
        statement,
        "/Apps",
        **options,
        accept_breakage=accept("principal", *names),
        accept_without_evidence=accept("account", "/Apps"),
    )
    assert passing.refusals == {}
    assert bench.warnings == []
    # An account does not stand for a role that is in use.
    account = bench.judge(statement, "/Apps", **options, accept_without_evidence=accept("account", "/Apps"))
    assert "role/web" in reasons(account)["prediction"]


@pytest.mark.parametrize("service", ["kms", "sqs", "secretsmanager"])
def test_an_rcp_that_stops_services_is_refused_until_each_is_accepted(bench: Bench, service: str) -> None:
    statement = rcp(f"{service}:*", Bool={"aws:PrincipalIsAWSService": "true"})
    options: Record = {"kind": RCP, "member_role_arn": ROLE}
    judgement = bench.judge(statement, "/Apps", **options)
    assert set(reasons(judgement)) == {"service_loss"}
    lost = [loss for row in judgement.report["matrix"] for loss in row["losses"]]
    assert all(loss["kind"] == "AWS service" and loss["certain"] for loss in lost)
    names = sorted({loss["principal"] for loss in lost})
    assert "amazonaws.com" in names
    # Accepted by account, it is not: what is known to stop is accepted by name only.
    options["accept_without_evidence"] = accept("account", "/Apps")
    assert reasons(bench.judge(statement, "/Apps", **options, accept_breakage=accept("principal", *names[1:])))
    assert bench.judge(statement, "/Apps", **options, accept_breakage=accept("principal", *names)).refusals == {}
    harmless = rcp(f"{service}:*", **PERIMETER, **SERVICES_EXEMPT)
    assert bench.judge(harmless, "/Apps", kind=RCP, member_role_arn=ROLE).refusals == {}


def test_an_account_that_is_not_read_does_not_hide_which_services_stop(bench: Bench) -> None:
    statement = rcp("sts:AssumeRole", **PERIMETER)
    judgement = bench.judge(statement, "/Bare", kind=RCP, accept_without_evidence=accept("account", "bare-member"))
    assert set(reasons(judgement)) == {"service_loss"}
    assert "ec2.amazonaws.com" in reasons(judgement)["service_loss"]


# The last use of keys


def test_what_a_key_was_used_for_today_is_evidence(bench: Bench) -> None:
    reason = reasons(bench.judge(deny("sts:*"), "/Apps", member_role_arn=ROLE))["prediction"]
    [told] = [part for part in reason.split("; ") if "user/caller" in part]
    assert "sts was used" in told
    assert "no use was recorded" not in told
    assert "user/caller" not in reasons(bench.judge(deny("s3:*"), "/Apps", member_role_arn=ROLE))["prediction"]


def test_a_role_that_was_used_today_is_not_said_to_be_without_use(bench: Bench) -> None:
    reason = reasons(bench.judge(deny("sqs:SendMessage"), "/Apps", member_role_arn=ROLE))["prediction"]
    assert re.search(
        r"role/quiet: no evidence: the role was last used on \d{4}-\d{2}-\d{2}; the use is not recorded", reason
    )
    assert "no use was recorded" not in reason.partition("role/quiet")[2].partition("; user/")[0]
    assert "role/quiet" not in reasons(bench.judge(deny("s3:*"), "/Apps", member_role_arn=ROLE))["prediction"]


# The run's own way


def test_a_policy_that_cuts_the_run_off_from_its_journal_is_refused(bench: Bench) -> None:
    statement = {**deny("s3:PutObject", ArnNotLike={"aws:PrincipalArn": "arn:aws:iam::*:role/writer"})}
    statement["Resource"] = "arn:aws:s3:::acme-journal/*"
    options: Record = {"member_role_arn": ROLE, "unused_resources": ["arn:aws:s3:::acme-journal/*"]}
    refused = bench.judge(statement, "/Apps", **options, journal="s3://acme-journal/iam")
    assert "role/iam-hardening/automation to the journal in s3://acme-journal/iam" in reasons(refused)["own_way"]
    # Another bucket, or a role that is exempt, and nothing is cut off.
    assert bench.judge(statement, "/Apps", **options, journal="s3://acme-other/iam").refusals == {}
    role = f"arn:aws:iam::{APPS}:role/writer"
    assert bench.judge(statement, "/Apps", **options, journal="s3://acme-journal", journal_role_arn=role).refusals == {}


def test_an_rcp_that_keeps_cloudtrail_from_the_bucket_of_a_trail_is_refused(bench: Bench) -> None:
    options: Record = {"kind": RCP, "member_role_arn": ROLE}
    refused = bench.judge(rcp("s3:PutObject", Bool={"aws:PrincipalIsAWSService": "true"}), "/Apps", **options)
    own_way = reasons(refused)["own_way"]
    assert "AWS service cloudtrail.amazonaws.com to the trail in s3://apps-trail-files" in own_way
    other = rcp("s3:PutObject", Bool={"aws:PrincipalIsAWSService": "true"})
    other["Resource"] = "arn:aws:s3:::other-files/*"
    assert "own_way" not in reasons(bench.judge(other, "/Apps", **options))
    assert bench.judge(rcp("s3:PutObject", **PERIMETER, **SERVICES_EXEMPT), "/Apps", **options).refusals == {}


@pytest.mark.parametrize(
    ("kept", "lack"),
    [
        ((), "organizations:DetachPolicy"),
        (("SecurityAudit",), "organizations:DetachPolicy"),
        (("SecurityAudit", "AdministratorAccess"), ""),
    ],
    ids=["nothing", "reads", "works"],
)
def test_break_glass_counts_only_if_it_could_take_the_policy_off(bench: Bench, kept: Sequence[str], lack: str) -> None:
    with _policies_of_break_glass(kept):
        # Of the member nothing is read, so that only the management account counts.
        found = reasons(bench.judge(deny("braket:*"), "/Apps", accept_without_evidence=accept("account", "apps")))
    assert lack in found.get("no_break_glass", "") if lack else "no_break_glass" not in found


@contextlib.contextmanager
def _policies_of_break_glass(names: Sequence[str]) -> Iterator[None]:
    """The break-glass role of the management account with these policies of AWS alone, for as long as this lasts."""
    client = boto3.client("iam")
    role = {"RoleName": "break-glass"}
    prefix = "arn:aws:iam::aws:policy/"
    before = [item["PolicyArn"] for item in client.list_attached_role_policies(**role)["AttachedPolicies"]]
    for arn_ in before:
        client.detach_role_policy(**role, PolicyArn=arn_)
    for name in names:
        client.attach_role_policy(**role, PolicyArn=f"{prefix}{name}")
    try:
        yield
    finally:
        for name in names:
            client.detach_role_policy(**role, PolicyArn=f"{prefix}{name}")
        for arn_ in before:
            client.attach_role_policy(**role, PolicyArn=arn_)
