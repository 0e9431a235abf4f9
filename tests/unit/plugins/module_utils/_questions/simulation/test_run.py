# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t

import botocore.loaders
import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._module import task as task_module
from ansible_collections.hardening.iam.plugins.module_utils._questions.simulation import run as simulation
from ansible_collections.hardening.iam.plugins.modules.policy_simulation_info import RETURN
from unit.emulator.seeded import Seeded, serving
from unit.plugins.module_utils._questions.simulation.simulating import (
    DENY_DELETION,
    EVERYTHING,
    READ,
    Record,
    decisions,
    failure,
    simulate,
    statement,
)

PROD: t.Final = "222233334444"
MANAGEMENT: t.Final = "111122223333"
IN_PROD: t.Final = f"arn:aws:iam::{PROD}"
ORGANIZATION_ROLE: t.Final = f"arn:aws:iam::{MANAGEMENT}:role/iam-hardening/assessor"
DEVELOPER: t.Final = f"{IN_PROD}:role/sso-developer"
ONBOARDING: t.Final = f"{IN_PROD}:role/onboarding"
BOUNDARY: t.Final = f"{IN_PROD}:policy/iam-hardening/boundary/DeveloperBoundary"
GET: t.Final = {"id": "get", "action": "s3:GetObject", "resource": "arn:aws:s3:::data/key"}
DELETE: t.Final = {"id": "delete", "action": "s3:DeleteObject", "resource": "arn:aws:s3:::data/key"}
STOP: t.Final = {"id": "stop", "action": "cloudtrail:StopLogging"}
CREATE: t.Final = {"id": "create", "action": "iam:CreateUser", "resource": f"{IN_PROD}:user/new"}


@pytest.fixture(scope="module")
def acme() -> t.Iterator[Seeded]:
    with serving("acme") as seeded:
        yield seeded


def access(acme: Seeded, account: str = PROD) -> Record:
    """Options that lead into an account."""
    return {
        "endpoint_url": acme.endpoint,
        "access_key": "administrator",
        "secret_key": "emulated",
        "region": "us-east-1",
        "assessor_role_arn": f"arn:aws:iam::{account}:role/iam-hardening/assessor",
        "assume_role_external_id": "acme-hardening",
    }


# Given documents


@pytest.fixture
def no_access(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        raise AssertionError("AWS is not needed here")

    monkeypatch.setattr(task_module, "Access", refuse)


@pytest.mark.usefixtures("no_access")
def test_layers_that_are_given_need_no_aws() -> None:
    result = simulate(
        requests=[GET, DELETE, {**GET, "id": "unbounded", "layers": {"boundary": {}}}],
        layers={"identity": [EVERYTHING], "boundary": DENY_DELETION, "scps": [[EVERYTHING], [EVERYTHING]]},
    )
    assert decisions(result) == [
        ("implicit_deny", "boundary", "layers.boundary", None),
        ("explicit_deny", "boundary", "layers.boundary", "NoDeletion"),
        ("allowed", "identity", "layers.identity[0]", "statement 1"),
    ]
    assert [found["id"] for found in result["results"]] == ["get", "delete", "unbounded"]
    assert set(result) == {"changed", "results"}
    assert not result["changed"]


@pytest.mark.usefixtures("no_access")
@pytest.mark.parametrize("principal_arn", [None, ""])
@pytest.mark.parametrize("resource_policy", [None, statement("Allow", "s3:PutObject", Principal="*")])
def test_no_principal_is_a_principal_of_the_layers(
    principal_arn: t.Optional[str], resource_policy: t.Optional[Record]
) -> None:
    """An empty field of a survey is no principal from elsewhere, whom layers would not let in."""
    asked = {**GET, "resource_policy": resource_policy} if resource_policy else GET
    result = simulate(requests=[asked], layers={"identity": [READ]}, principal_arn=principal_arn)
    assert decisions(result) == [("allowed", "identity", "layers.identity[0]", "Read")]


@pytest.mark.usefixtures("no_access")
@pytest.mark.parametrize(("complete", "decision"), [(True, "implicit_deny"), (False, "unknown")])
def test_a_key_that_is_not_given_is_absent_or_unknown(complete: bool, decision: str) -> None:
    condition = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    result = simulate(
        requests=[{**GET, "principal": DEVELOPER}],
        layers={"identity": [statement("Allow", "s3:*", Condition=condition)]},
        context_complete=complete,
    )
    (found,) = result["results"]
    assert found["decision"] == decision
    assert found["missing_context"] == ([] if complete else ["aws:SourceVpce"])


@pytest.mark.usefixtures("no_access")
def test_the_policy_of_a_resource_in_another_account_must_allow_too() -> None:
    shared = statement("Allow", "s3:GetObject", Principal={"AWS": DEVELOPER})
    request = {**GET, "principal": DEVELOPER, "resource_account": "999988887777"}
    result = simulate(
        requests=[request, {**request, "id": "shared", "resource_policy": shared}], layers={"identity": [READ]}
    )
    assert [found["decision"] for found in result["results"]] == ["implicit_deny", "allowed"]


@pytest.mark.usefixtures("no_access")
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("iam:DeletePolicy", "arn:aws-cn:iam::aws:policy/*"),
        ("iam:AttachRolePolicy", f"{IN_PROD}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_1"),
        ("iam:UpdateAssumeRolePolicy", f"{IN_PROD}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
        ("organizations:UpdatePolicy", "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"),
        ("kms:DeleteAlias", f"arn:aws:kms:eu-west-1:{PROD}:alias/aws/ebs"),
    ],
)
def test_what_aws_accepts_from_nobody_is_denied(action: str, resource: str) -> None:
    (found,) = simulate(requests=[{"action": action, "resource": resource}], layers={"identity": [EVERYTHING]})[
        "results"
    ]
    assert (found["decision"], found["layer"], found["policy"], found["statement"]) == (
        "implicit_deny",
        None,
        None,
        None,
    )
    assert f"nobody can use {action} on {resource}" in found["explanation"]
    assert "The policies alone" in found["explanation"]


@pytest.mark.usefixtures("no_access")
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:GetPolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("iam:CreatePolicyVersion", f"{IN_PROD}:policy/aws-policy"),
        ("iam:AttachRolePolicy", f"{IN_PROD}:role/team/aws-reserved-team"),
        ("iam:UpdateRoleDescription", f"{IN_PROD}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
        ("kms:DeleteAlias", f"arn:aws:kms:eu-west-1:{PROD}:alias/awsome"),
    ],
)
def test_what_aws_accepts_is_left_to_the_policies(action: str, resource: str) -> None:
    result = simulate(requests=[{"action": action, "resource": resource}], layers={"identity": [EVERYTHING]})
    assert result["results"][0]["decision"] == "allowed"


@pytest.mark.usefixtures("no_access")
def test_a_reserved_name_without_the_path_is_unknown() -> None:
    request = {"action": "iam:PutRolePolicy", "resource": f"{IN_PROD}:role/AWSReservedSSO_Admin_1"}
    (found,) = simulate(requests=[request], layers={"identity": [EVERYTHING]})["results"]
    assert found["decision"] == "unknown"
    assert "IAM Identity Center" in found["explanation"]


@pytest.mark.usefixtures("no_access")
@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        pytest.param({}, ("allowed", "identity"), id="none"),
        pytest.param(statement("Allow", "*", Principal="*"), ("allowed", "identity"), id="full access"),
        pytest.param(
            statement("Allow", "s3:ListBucket", Principal="*"), ("implicit_deny", "endpoint"), id="other actions"
        ),
        pytest.param(
            statement("Allow", "*", Principal="*", Resource="arn:aws:s3:::other/*"),
            ("implicit_deny", "endpoint"),
            id="other resources",
        ),
        pytest.param(
            statement("Allow", "*", Principal={"AWS": f"{IN_PROD}:role/other"}),
            ("implicit_deny", "endpoint"),
            id="other principals",
        ),
        pytest.param(
            statement("Allow", "*", Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            ("implicit_deny", "endpoint"),
            id="another organization",
        ),
        pytest.param(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"},
                    {"Sid": "No", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*", "Principal": "*"},
                ],
            },
            ("explicit_deny", "endpoint"),
            id="a denial",
        ),
    ],
)
def test_the_policy_of_a_vpc_endpoint(endpoint: Record, expected: tuple[str, str]) -> None:
    """It limits what comes through it and gives nothing: vpc-endpoints-access.html of the guide of PrivateLink."""
    request = {**GET, "principal": DEVELOPER}
    (found,) = simulate(requests=[request], layers={"identity": [READ], "endpoint": endpoint})["results"]
    assert (found["decision"], found["layer"]) == expected
    (nobody,) = simulate(requests=[request], layers={"identity": [], "endpoint": endpoint})["results"]
    assert nobody["decision"] != "allowed"


@pytest.mark.usefixtures("no_access")
def test_the_policy_of_a_vpc_endpoint_limits_what_a_resource_gives() -> None:
    """A policy of the resource that lets anybody in lets nobody through the endpoint."""
    shared = statement("Allow", "s3:GetObject", Principal="*")
    request = {**GET, "principal": "*", "resource_policy": shared}
    closed = statement("Allow", "s3:ListBucket", Principal="*")
    results = [simulate(requests=[request], layers={"endpoint": policy})["results"][0] for policy in ({}, closed)]
    assert [found["decision"] for found in results] == ["allowed", "implicit_deny"]
    assert "the policy of the VPC endpoint layers.endpoint allows s3:GetObject" in results[1]["explanation"]


@pytest.mark.usefixtures("no_access")
def test_there_is_nothing_to_extend_without_a_principal() -> None:
    assert failure(requests=[GET], extend=["scps"]).startswith("extend: there are no live layers")


# Live layers


def test_the_organization_and_the_boundary_deny_a_live_role(acme: Seeded) -> None:
    result = simulate(
        requests=[STOP, CREATE], principal_arn=ONBOARDING, organization_role_arn=ORGANIZATION_ROLE, **access(acme)
    )
    assert decisions(result) == [
        ("explicit_deny", "scp", "keep-watching", "KeepTrails"),
        ("explicit_deny", "boundary", BOUNDARY, "statement 2"),
    ]
    assert "Workloads" in result["results"][0]["explanation"]
    assert (result["account_id"], result["unread_layers"]) == (PROD, [])
    assert "warnings" not in result


def test_what_only_unread_scps_could_deny_is_unknown(acme: Seeded) -> None:
    result = simulate(requests=[GET, CREATE], principal_arn=DEVELOPER, **access(acme))
    allowed, denied = result["results"]
    assert (allowed["decision"], allowed["layer"], allowed["policy"]) == ("unknown", "scp", None)
    assert "management account and delegated administrators can read" in allowed["explanation"]
    assert denied["decision"] == "explicit_deny"
    assert [found["layer"] for found in result["unread_layers"]] == ["scp", "rcp"]
    assert len(result["warnings"]) == 1


def test_unread_layers_may_be_taken_to_allow(acme: Seeded) -> None:
    result = simulate(requests=[GET], principal_arn=DEVELOPER, assume_unread_allow=True, **access(acme))
    (found,) = result["results"]
    assert (found["decision"], found["layer"]) == ("allowed", "identity")
    assert "Unread layers count as allowing it: SCPs and RCPs" in found["explanation"]
    assert result["unread_layers"]


def test_given_layers_take_the_place_of_unread_ones(acme: Seeded) -> None:
    layers = {"scps": [[EVERYTHING]], "rcps": []}
    result = simulate(requests=[GET], principal_arn=DEVELOPER, layers=layers, **access(acme))
    assert [found["decision"] for found in result["results"]] == ["allowed"]
    assert result["unread_layers"] == []


def test_given_layers_replace_the_live_ones(acme: Seeded) -> None:
    result = simulate(
        requests=[GET, DELETE, {**CREATE, "layers": {"boundary": {}}}],
        principal_arn=DEVELOPER,
        organization_role_arn=ORGANIZATION_ROLE,
        layers={"identity": [statement("Allow", "s3:Delete*", "iam:*")]},
        **access(acme),
    )
    assert [found["decision"] for found in result["results"]] == ["implicit_deny", "allowed", "allowed"]


def test_given_layers_extend_the_live_ones(acme: Seeded) -> None:
    result = simulate(
        requests=[GET, DELETE, STOP],
        principal_arn=DEVELOPER,
        organization_role_arn=ORGANIZATION_ROLE,
        extend=["identity", "scps"],
        layers={"identity": [statement("Allow", "cloudtrail:*")], "scps": [[], [], [DENY_DELETION]]},
        **access(acme),
    )
    assert decisions(result)[1:] == [
        ("explicit_deny", "scp", "layers.scps[2][0]", "NoDeletion"),
        ("explicit_deny", "scp", "keep-watching", "KeepTrails"),
    ]
    assert result["results"][0]["decision"] == "allowed"


def test_levels_that_are_not_there_can_t_be_extended(acme: Seeded) -> None:
    options = {"principal_arn": DEVELOPER, "extend": ["scps"], "requests": [GET], **access(acme)}
    assert "can't be extended, because they were not read" in failure(layers={"scps": [[READ]]}, **options)
    message = failure(layers={"scps": [[EVERYTHING]] * 9}, organization_role_arn=ORGANIZATION_ROLE, **options)
    assert "9 levels of scps are given, but 4" in message


def test_nothing_extends_what_is_not_in_force_either(acme: Seeded) -> None:
    carol = {"principal_arn": f"arn:aws:iam::{MANAGEMENT}:user/ops-carol", **access(acme, MANAGEMENT)}
    result = simulate(requests=[STOP], extend=["scps"], layers={"scps": []}, **carol)
    assert [found["decision"] for found in result["results"]] == ["allowed"]
    message = failure(requests=[STOP], extend=["scps"], layers={"scps": [[EVERYTHING]]}, **carol)
    assert "1 levels of scps are given, but 0" in message


@pytest.mark.parametrize(
    ("principal", "action", "decision"),
    [
        (f"{IN_PROD}:user/dev-alice", "iam:CreateUser", "explicit_deny"),
        (f"arn:aws:sts::{PROD}:assumed-role/sso-developer/alice", "iam:CreateUser", "explicit_deny"),
        (f"{IN_PROD}:root", "s3:GetObject", "allowed"),
        (f"{IN_PROD}:root", "cloudtrail:StopLogging", "explicit_deny"),
    ],
)
def test_principals_of_the_account(acme: Seeded, principal: str, action: str, decision: str) -> None:
    options = {"principal_arn": principal, "organization_role_arn": ORGANIZATION_ROLE, **access(acme)}
    (found,) = simulate(requests=[{"action": action}], **options)["results"]
    assert found["decision"] == decision


def test_a_request_may_name_another_principal_of_the_account(acme: Seeded) -> None:
    result = simulate(
        requests=[STOP, {**STOP, "id": "other", "principal": ONBOARDING}],
        principal_arn=DEVELOPER,
        organization_role_arn=ORGANIZATION_ROLE,
        layers={"scps": []},
        **access(acme),
    )
    assert [found["policy"] for found in result["results"]] != [None, None]
    assert len({found["policy"] for found in result["results"]}) == 2


def test_what_follows_from_the_principal_is_in_the_context(acme: Seeded) -> None:
    keys = {"aws:PrincipalTag/owner": "platform", "aws:PrincipalOrgID": "o-acme123456"}
    conditions = {"StringEquals": keys, "StringLike": {"aws:PrincipalOrgPaths": "o-acme123456/r-*/ou-*/ou-*/"}}
    layers = {"identity": [statement("Allow", "s3:*", Condition=conditions)], "boundary": {}}
    options = {"principal_arn": DEVELOPER, "organization_role_arn": ORGANIZATION_ROLE, **access(acme)}
    given = {**GET, "id": "given", "context": {"aws:principaltag/OWNER": "somebody else"}}
    result = simulate(requests=[GET, given], layers=layers, **options)
    assert [found["decision"] for found in result["results"]] == ["allowed", "implicit_deny"]


def test_rcps_of_another_account_are_not_known(acme: Seeded) -> None:
    shared = statement("Allow", "s3:GetObject", Principal={"AWS": DEVELOPER})
    result = simulate(
        requests=[{**GET, "resource_account": "999988887777", "resource_policy": shared}],
        principal_arn=DEVELOPER,
        organization_role_arn=ORGANIZATION_ROLE,
        **access(acme),
    )
    assert [(found["decision"], found["layer"]) for found in result["results"]] == [("unknown", "rcp")]
    assert "warnings" not in result


def test_policies_of_the_organization_do_not_restrict_its_management_account(acme: Seeded) -> None:
    carol = f"arn:aws:iam::{MANAGEMENT}:user/ops-carol"
    result = simulate(requests=[STOP], principal_arn=carol, **access(acme, MANAGEMENT))
    assert [found["decision"] for found in result["results"]] == ["allowed"]
    assert result["unread_layers"] == []


@pytest.mark.parametrize(
    ("principal", "message"),
    [
        (f"{IN_PROD}:role/nobody", "principal_arn: .*role/nobody does not exist"),
        (f"{IN_PROD}:group/developers", "principal_arn: .*group/developers is a group, which makes no requests"),
        ("arn:aws:iam::999988887777:user/x", "is no principal of account 222233334444"),
        ("deployer", "principal_arn: deployer is no principal of account 222233334444"),
    ],
)
def test_principals_that_are_not_there(acme: Seeded, principal: str, message: str) -> None:
    assert re.search(message, failure(requests=[GET], principal_arn=principal, **access(acme)))


# AWS's simulator


def test_both_engines_side_by_side(acme: Seeded) -> None:
    result = simulate(
        requests=[GET, STOP, CREATE],
        principal_arn=DEVELOPER,
        organization_role_arn=ORGANIZATION_ROLE,
        engine="both",
        **access(acme),
    )
    assert [(found["decision"], found["aws"]["decision"]) for found in result["results"]] == [
        ("allowed", "allowed"),
        ("explicit_deny", "explicit_deny"),
        ("explicit_deny", "explicit_deny"),
    ]
    assert result["disagreements"] == []


def test_disagreement_is_reported(acme: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"decision": "allowed", "layer": "identity"}
    monkeypatch.setattr(simulation.AwsSimulator, "decide", lambda _self, _simulated: told)
    result = simulate(requests=[CREATE], principal_arn=DEVELOPER, engine="both", **access(acme))
    assert result["disagreements"] == [{"id": "create", "local": "explicit_deny", "aws": "allowed"}]
    assert any("create: the local decision is explicit_deny" in text for text in result["warnings"])


def test_aws_knows_the_policies_of_a_principal_without_our_reading_them(acme: Seeded) -> None:
    result = simulate(requests=[GET, STOP], principal_arn=DEVELOPER, engine="aws", **access(acme))
    assert [found["decision"] for found in result["results"]] == ["allowed", "explicit_deny"]
    assert set(result) == {"changed", "results"}


def test_aws_judges_given_documents(acme: Seeded) -> None:
    """SCPs with a botocore that can send them, those of 2026; an older one leaves it open what they say."""
    shapes = botocore.loaders.Loader().load_service_model("iam", "service-2")["shapes"]
    if "OrderedOrganizationPolicyInputList" in shapes["SimulateCustomPolicyRequest"]["members"]:
        expected = [("allowed", "identity"), ("explicit_deny", "scp")]
    else:
        expected = [("unknown", "identity"), ("unknown", "identity")]
    result = simulate(
        requests=[{**GET, "principal": DEVELOPER}, {**DELETE, "principal": DEVELOPER}],
        layers={"identity": [EVERYTHING], "scps": [[EVERYTHING], [EVERYTHING, DENY_DELETION]]},
        engine="aws",
        **access(acme),
    )
    assert [(found["decision"], found["layer"]) for found in result["results"]] == expected


def test_results_are_documented(acme: Seeded) -> None:
    documented = yaml.safe_load(RETURN)
    result = simulate(requests=[GET], principal_arn=DEVELOPER, engine="both", **access(acme))
    assert set(result) - {"changed", "warnings"} == set(documented)
    (found,) = result["results"]
    assert set(found) == set(documented["results"]["contains"])
    assert set(found["aws"]) == set(found) - {"id", "aws"}
    assert set(result["unread_layers"][0]) == set(documented["unread_layers"]["contains"])
