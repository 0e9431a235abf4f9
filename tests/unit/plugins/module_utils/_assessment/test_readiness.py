# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of what can be done in an account: ready, short of permissions, or without an object here."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Caller,
    Dataset,
    Organization,
    Snapshot,
    Unread,
    UnreadKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._assessment.preflight import make_table
from ansible_collections.hardening.iam.plugins.module_utils._assessment.readiness import (
    Capability,
    Readiness,
    Simulation,
    State,
    assess_readiness,
    render_table,
)

WRITE = "iam:UpdateAccountPasswordPolicy"
WRITES = {
    "password_policy": [WRITE],
    "access_keys": ["iam:UpdateAccessKey"],
    "rollback": [WRITE, "iam:UpdateAccessKey"],
}
ACTIONS = {
    Dataset.PASSWORD_POLICY: ["iam:GetAccountPasswordPolicy"],
    Dataset.CREDENTIAL_REPORT: ["iam:GenerateCredentialReport", "iam:GetCredentialReport"],
    Dataset.SECURITY_HUB: ["securityhub:DescribeHub", "securityhub:GetEnabledStandards"],
}


def snapshot(**fields: t.Any) -> Snapshot:
    values: dict[str, t.Any] = {
        "caller": Caller("111122223333", "arn:aws:sts::111122223333:assumed-role/assessor/s", "AROA:s"),
        "partition": "aws",
        "home_region": "us-east-1",
        "observed_at": datetime(2026, 11, 25, tzinfo=UTC),
        "regions": ("us-east-1", "eu-west-1"),
    }
    return Snapshot(**{**values, **fields})


def rows(
    account: Snapshot,
    *,
    probed: t.Sequence[Unread] = (),
    denied_writes: t.Optional[t.Collection[str]] = (),
    refused_by: str = "",
    failed: t.Optional[t.Mapping[str, tuple[t.Collection[str], str]]] = None,
    table: t.Optional[t.Sequence[Capability]] = None,
    lacking: t.Optional[t.Mapping[str, str]] = None,
) -> dict[str, Readiness]:
    chosen = table or make_table(WRITES)
    denied = {}
    if denied_writes is not None:
        denied = {capability.name: dict.fromkeys(denied_writes, refused_by) for capability in chosen}
    found = assess_readiness(
        account,
        probed=probed,
        table=chosen,
        actions=ACTIONS,
        writes=Simulation(denied, failed or {}, lacking or {}),
    )
    return {row.capability: row for row in found}


def test_an_account_with_nothing_in_it_says_each_absence_once() -> None:
    found = rows(snapshot())
    assert {name: row.reason for name, row in found.items() if row.state is State.NOT_APPLICABLE} == {
        "organization": "the account is in no organization",
        "CloudTrail evidence": "no trail",
        "config_rules": "no recorder",
    }
    assert found["password_policy"] == Readiness("password_policy", State.READY)
    assert "central root access" not in found


@pytest.mark.parametrize(
    ("role", "create"),
    [("access_analyzer", "access-analyzer:CreateAnalyzer"), ("security_hub", "securityhub:EnableSecurityHub")],
)
def test_what_watches_can_be_made_where_there_is_none(role: str, create: str) -> None:
    assert rows(snapshot())[role] == Readiness(role, State.READY)
    found = rows(snapshot(), table=make_table({role: [create]}), denied_writes=[create])[role]
    assert (found.state, found.missing_actions) == (State.MISSING, (create,))


def test_the_action_that_was_refused_is_named() -> None:
    gap = Unread(Dataset.CREDENTIAL_REPORT, UnreadKind.DENIED, "not authorized", "iam:GenerateCredentialReport")
    row = rows(snapshot(), probed=[gap])["identity assessment"]
    assert (row.state, row.missing_actions) == (State.MISSING, ("iam:GenerateCredentialReport",))


def test_all_actions_of_a_dataset_are_named_where_aws_did_not_say_which() -> None:
    gap = Unread(Dataset.SECURITY_HUB, UnreadKind.DENIED, "not authorized", region="eu-west-1")
    row = rows(snapshot(unread=(gap,)))["security_hub"]
    assert row.missing_actions == ("securityhub:DescribeHub", "securityhub:GetEnabledStandards")
    assert row.reason == "eu-west-1: not authorized"


@pytest.mark.parametrize("kind", [UnreadKind.THROTTLED, UnreadKind.UNREACHABLE, UnreadKind.UNPARSABLE])
def test_a_read_that_failed_is_not_known_and_nothing_is_to_be_allowed(kind: UnreadKind) -> None:
    gap = Unread(Dataset.PASSWORD_POLICY, kind, "HTTP status 500", "iam:GetAccountPasswordPolicy")
    row = rows(snapshot(unread=(gap,)))["password_policy"]
    action = "iam:GetAccountPasswordPolicy"
    assert row == Readiness("password_policy", State.UNKNOWN, "HTTP status 500", unknown_actions=(action,))


DENIED: t.Final = (
    "iam:GetAccountPasswordPolicy: AccessDenied: User: arn:aws:iam::111122223333:user/auditor is not authorized to "
    "perform: iam:GetAccountPasswordPolicy on resource: * "
)
BY_OTHERS: t.Final = {
    "with an explicit deny in a service control policy": "an explicit deny in the service control policy",
    "with an explicit deny in an identity-based policy": "an explicit deny in the identity-based policy",
    "with an explicit deny in a resource control policy": "an explicit deny in the resource control policy",
    "because no permissions boundary allows the iam:GetAccountPasswordPolicy action": "the permissions boundary",
    "because no service control policy allows the iam:GetAccountPasswordPolicy action": "the service control policy",
    "because no session policy allows the iam:GetAccountPasswordPolicy action": "the session policy",
}


@pytest.mark.parametrize("message", BY_OTHERS)
def test_a_read_that_another_policy_refuses_is_not_missing(message: str) -> None:
    gap = Unread(Dataset.PASSWORD_POLICY, UnreadKind.DENIED, DENIED + message, "iam:GetAccountPasswordPolicy")
    row = rows(snapshot(unread=(gap,)))["password_policy"]
    assert (row.state, row.missing_actions, row.unknown_actions) == (State.REFUSED, (), ())
    assert row.refused_actions == ("iam:GetAccountPasswordPolicy",)
    assert row.reason.endswith(f"; refused by {BY_OTHERS[message]}")


@pytest.mark.parametrize(
    "message", ["", "because no identity-based policy allows the iam:GetAccountPasswordPolicy action"]
)
def test_a_read_that_no_policy_allows_is_missing(message: str) -> None:
    gap = Unread(Dataset.PASSWORD_POLICY, UnreadKind.DENIED, DENIED + message, "iam:GetAccountPasswordPolicy")
    row = rows(snapshot(unread=(gap,)))["password_policy"]
    assert (row.state, row.missing_actions) == (State.MISSING, ("iam:GetAccountPasswordPolicy",))


def test_a_write_that_another_policy_refuses_is_not_missing() -> None:
    row = rows(snapshot(), denied_writes=[WRITE], refused_by="a service control policy")["password_policy"]
    reason = "refused by a service control policy"
    assert row == Readiness("password_policy", State.REFUSED, reason, refused_actions=(WRITE,))


def test_a_simulation_that_failed_leaves_the_writes_unknown() -> None:
    failed = {"password_policy": ([WRITE], "writes not verified: HTTP status 500")}
    row = rows(snapshot(), failed=failed)["password_policy"]
    reason = "writes not verified: HTTP status 500"
    assert row == Readiness("password_policy", State.UNKNOWN, reason, unknown_actions=(WRITE,))


def test_the_worst_that_is_known_is_the_state_and_all_is_listed() -> None:
    gap = Unread(Dataset.PASSWORD_POLICY, UnreadKind.UNREACHABLE, "no answer", "iam:GetAccountPasswordPolicy")
    row = rows(snapshot(unread=(gap,)), denied_writes=[WRITE])["password_policy"]
    assert (row.state, row.missing_actions) == (State.MISSING, (WRITE,))
    assert row.unknown_actions == ("iam:GetAccountPasswordPolicy",)
    assert f"no answer; {WRITE}; not known: iam:GetAccountPasswordPolicy" in render_table("1", [row])


def test_what_the_partition_lacks_is_not_applicable() -> None:
    reason = "account has no endpoint in us-gov-west-1"
    gaps = tuple(
        Unread(dataset, UnreadKind.UNSUPPORTED, reason)
        for dataset in (Dataset.CONTACT_INFORMATION, Dataset.ALTERNATE_CONTACTS)
    )
    row = rows(snapshot(unread=gaps))["account contacts"]
    assert (row.state, row.reason) == (State.NOT_APPLICABLE, reason)


def test_a_part_that_aws_does_not_offer_leaves_the_rest_ready() -> None:
    gap = Unread(Dataset.SERVICE_SPECIFIC_CREDENTIALS, UnreadKind.UNSUPPORTED, "not in this partition")
    found = rows(snapshot(unread=(gap,)))
    without = "without service specific credentials (not in this partition)"
    assert (found["identity assessment"].state, found["identity assessment"].reason) == (State.READY, without)
    assert (found["access_keys"].state, found["access_keys"].reason) == (State.READY, without)
    unverified = rows(snapshot(unread=(gap,)), denied_writes=None)["access_keys"]
    assert unverified.reason == f"{without}; writes not verified"


def test_a_part_that_aws_does_not_offer_hides_no_missing_permission() -> None:
    gaps = (
        Unread(Dataset.SERVICE_SPECIFIC_CREDENTIALS, UnreadKind.UNSUPPORTED, "not in this partition"),
        Unread(Dataset.CREDENTIAL_REPORT, UnreadKind.DENIED, "no permission"),
    )
    row = rows(snapshot(unread=gaps))["identity assessment"]
    assert (row.state, row.reason) == (State.MISSING, "no permission")


@pytest.mark.parametrize(
    ("regions", "state"),
    [(("eu-west-1",), State.READY), (("us-east-1", "eu-west-1"), State.NOT_APPLICABLE)],
    ids=["in one region", "in every region"],
)
def test_a_service_that_a_region_lacks(regions: tuple[str, ...], state: State) -> None:
    gaps = tuple(
        Unread(Dataset.SECURITY_HUB, UnreadKind.UNSUPPORTED, "no endpoint", region=region) for region in regions
    )
    row = rows(snapshot(unread=gaps))["security_hub"]
    assert row.state is state
    assert "eu-west-1: no endpoint" in row.reason


def test_a_denied_region_is_one_line_and_costs_no_capability_its_verdict() -> None:
    gaps = tuple(
        Unread(dataset, UnreadKind.REGION_DENIED, "explicit deny in a service control policy", region="eu-west-1")
        for dataset in (Dataset.ANALYZERS, Dataset.CONFIG_RECORDERS, Dataset.SECURITY_HUB, Dataset.TRAILS)
    )
    found = rows(snapshot(unread=gaps))
    assert next(iter(found)) == "region eu-west-1"
    assert [name for name, row in found.items() if "service control" in row.reason] == ["region eu-west-1"]
    assert found["config_rules"].reason == "no recorder"


@pytest.mark.parametrize(
    ("denied", "expected"),
    [
        ([WRITE], Readiness("password_policy", State.MISSING, "", (WRITE,))),
        ([], Readiness("password_policy", State.READY)),
        (None, Readiness("password_policy", State.READY, "writes not verified")),
    ],
)
def test_writes_are_judged_by_simulation(denied: t.Optional[list[str]], expected: Readiness) -> None:
    assert rows(snapshot(), denied_writes=denied)["password_policy"] == expected


def test_a_class_without_a_role_is_missing_it() -> None:
    found = rows(snapshot(), lacking={"password_policy": "aws_assume_role_arns has no role of the class credentials"})
    reason = "aws_assume_role_arns has no role of the class credentials"
    assert found["password_policy"] == Readiness("password_policy", State.MISSING, reason)
    assert found["access_keys"].state is State.READY


def test_every_role_that_writes_has_its_row() -> None:
    found = rows(snapshot(), denied_writes=["iam:UpdateAccessKey"])
    assert found["access_keys"] == Readiness("access_keys", State.MISSING, "", ("iam:UpdateAccessKey",))
    assert found["rollback"].missing_actions == ("iam:UpdateAccessKey",)
    assert found["password_policy"].state is State.READY


def test_what_a_role_reads_is_missing_from_its_row_too() -> None:
    gap = Unread(Dataset.CREDENTIAL_REPORT, UnreadKind.DENIED, "not authorized", "iam:GenerateCredentialReport")
    assert rows(snapshot(), probed=[gap])["access_keys"].missing_actions == ("iam:GenerateCredentialReport",)


def test_the_organization_is_ready_where_there_is_one() -> None:
    organization = Organization("o-1", "111122223333", "ALL")
    found = rows(snapshot(organization=organization))
    assert (found["organization"].state, found["central root access"].state) == (State.READY, State.READY)


def test_the_table_lines_up_and_names_actions() -> None:
    table = [Readiness("a", State.READY), Readiness("longer", State.MISSING, "denied", ("iam:GetUser",))]
    assert render_table("111122223333", table).splitlines() == [
        "Preflight of account 111122223333",
        "a       READY",
        "longer  MISSING         denied; iam:GetUser",
    ]
