# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom trust policies let in.

Principals: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
Condition keys: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.trusts import Trust
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES, truth

from ..samples import policies

OWN = "111122223333"
ROLE = f"arn:aws:iam::{OWN}:role/app"
ROOT = f"arn:aws:iam::{OWN}:root"
OTHER = "999988887777"
FOREIGN = f"arn:aws:iam::{OTHER}:root"
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-own"}}
EXTERNAL_ID = {"StringEquals": {"sts:ExternalId": "agreed"}}
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def statement(principal: t.Any, condition: t.Any = None, effect: str = "Allow", **more: t.Any) -> dict[str, t.Any]:
    found = {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole", **more}
    return {**found, "Condition": condition} if condition else found


def policy(*statements: dict[str, t.Any]) -> Policy:
    return parse({"Version": "2012-10-17", "Statement": list(statements)})


def trust(*statements: dict[str, t.Any], **more: t.Any) -> Trust:
    return Trust(policy(*statements), ROLE, **{"organization": "o-own", **more})


# AWS's own, which is attached everywhere: orgs_manage_policies_rcps.html
FULL_ACCESS = policy({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})


def rcp(condition: t.Any) -> tuple[Policy, ...]:
    return FULL_ACCESS, policy({**statement("*", condition, "Deny"), "Resource": "*"})


# AWS's own example of an RCP against foreign identities, from the data perimeter policies.
PERIMETER = {
    "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-own"},
    "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param(None, True, id="no condition"),
        pytest.param(ORGANIZATION, False, id="organization"),
        pytest.param(
            {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-own/*"}}, False, id="path in organization"
        ),
        pytest.param({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, True, id="any organization"),
        pytest.param(
            {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-own"}}, True, id="accounts without organization"
        ),
        pytest.param({"StringNotEquals": {"aws:PrincipalOrgID": "o-own"}}, True, id="everyone else"),
        pytest.param({"StringEquals": {"aws:PrincipalAccount": [OWN, OTHER]}}, False, id="accounts"),
        pytest.param({"StringNotEquals": {"aws:PrincipalAccount": OTHER}}, True, id="all accounts but one"),
        pytest.param(EXTERNAL_ID, True, id="external id, which is no secret"),
        pytest.param({"StringLike": {"sts:ExternalId": "*"}}, True, id="any external id"),
        pytest.param({"StringEqualsIfExists": {"sts:ExternalId": "agreed"}}, True, id="external id, if it is given"),
        pytest.param({"StringLike": {"aws:PrincipalArn": "*"}}, True, id="any principal"),
        pytest.param(
            {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}, True, id="a name that anybody may use"
        ),
        pytest.param({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*-ci"}}, True, id="a pattern of names"),
        pytest.param({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/*"}}, False, id="own roles"),
        pytest.param({"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/*"}}, True, id="all but own roles"),
        pytest.param({"StringEquals": {"aws:PrincipalTag/team": "x"}}, True, id="tags are everybody's own choice"),
        pytest.param({"StringLike": {"sts:RoleSessionName": "ci-*"}}, True, id="so is the name of the session"),
        pytest.param({"Bool": {"aws:SecureTransport": "true"}}, True, id="TLS"),
        # STS answers over HTTPS only: https://docs.aws.amazon.com/general/latest/gr/sts.html
        pytest.param({"Bool": {"aws:SecureTransport": "false"}}, False, id="no TLS, so nobody"),
        pytest.param(MFA, True, id="MFA of whatever account"),
        pytest.param({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, True, id="no MFA"),
        pytest.param({"Null": {"aws:MultiFactorAuthAge": "true"}}, True, id="long-term keys"),
        pytest.param({**ORGANIZATION, **MFA}, False, id="organization and MFA"),
    ],
)
@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*", ROOT]}])
def test_open_to_anybody(principal: t.Any, condition: t.Any, expected: bool) -> None:
    assert trust(statement(principal, condition)).lets_anybody_in is expected


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param(
            [{"Effect": "Allow", "NotPrincipal": {"AWS": FOREIGN}, "Action": "sts:AssumeRole"}], True, id="not"
        ),
        pytest.param([statement({"AWS": ROOT})], False, id="own account"),
        pytest.param([statement({"AWS": FOREIGN})], False, id="one foreign account"),
        pytest.param([statement("*", Action="sts:TagSession")], False, id="tagging alone lets nobody in"),
        pytest.param([statement("*", Action="sts:*")], True, id="all of STS"),
        pytest.param([statement("*"), statement("*", None, "Deny")], False, id="denied to all"),
        pytest.param(
            [statement("*"), statement("*", {"StringNotEquals": {"aws:PrincipalOrgID": "o-own"}}, "Deny")],
            False,
            id="denied outside of the organization",
        ),
        pytest.param(
            [statement("*"), statement({"AWS": FOREIGN}, None, "Deny")], True, id="denied to one account only"
        ),
        pytest.param(
            [statement("*"), {**statement("*", None, "Deny"), "Action": "sts:TagSession"}], True, id="another denial"
        ),
        pytest.param(
            [statement("*"), statement("*", {"StringEquals": {"aws:PrincipalTag/x": "y"}}, "Deny")],
            True,
            id="a denial that can be avoided",
        ),
        pytest.param(
            [statement("*"), {"Effect": "Deny", "Action": "sts:AssumeRole"}], True, id="a denial that names nobody"
        ),
    ],
)
def test_open_by_several_statements(statements: list[dict[str, t.Any]], expected: bool) -> None:
    assert trust(*statements).lets_anybody_in is expected


@pytest.mark.parametrize(
    ("condition", "organization", "expected"),
    [
        pytest.param(PERIMETER, "o-own", False, id="perimeter"),
        pytest.param(
            {"StringNotEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}, "o-own", False, id="variable"
        ),
        pytest.param({"StringNotEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}, None, True, id="not known"),
        pytest.param({"Bool": {"aws:SecureTransport": "false"}}, None, True, id="TLS only"),
    ],
)
def test_resource_control_policies_close(condition: t.Any, organization: t.Optional[str], expected: bool) -> None:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html"""
    rcps = rcp(condition)
    assert trust(statement("*"), rcps=rcps, organization=organization).lets_anybody_in is expected
    foreign = trust(statement({"AWS": FOREIGN}), rcps=rcps, organization=organization)
    assert foreign.lets_in_unbound(OTHER) is truth(expected)


@pytest.mark.parametrize(
    ("principal", "condition", "expected"),
    [
        pytest.param(FOREIGN, None, True, id="account"),
        pytest.param(OTHER, None, True, id="bare account id"),
        pytest.param(f"arn:aws:iam::{OTHER}:role/x", None, True, id="role"),
        pytest.param(FOREIGN, EXTERNAL_ID, False, id="external id"),
        pytest.param(
            FOREIGN, {"StringEquals": {"sts:ExternalId": ["a", "b"]}}, False, id="one of several external ids"
        ),
        pytest.param(FOREIGN, {"StringEqualsIfExists": {"sts:ExternalId": "a"}}, True, id="external id, if given"),
        pytest.param(FOREIGN, {"Null": {"sts:ExternalId": "false"}}, True, id="any external id"),
        pytest.param(FOREIGN, ORGANIZATION, False, id="organization"),
        pytest.param(FOREIGN, {"StringEquals": {"aws:PrincipalAccount": OTHER}}, True, id="says the account again"),
        pytest.param(
            FOREIGN, {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/x"}}, True, id="narrowed to a role"
        ),
        pytest.param(FOREIGN, MFA, True, id="MFA"),
    ],
)
def test_foreign_accounts(principal: str, condition: t.Any, expected: bool) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html"""
    subject = trust(statement({"AWS": [ROOT, principal]}, condition))
    assert subject.foreign_accounts([]) == (OTHER,)
    assert subject.lets_in_unbound(OTHER) is truth(expected)


def test_a_foreign_session_is_known_by_its_role() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn"""
    session = f"arn:aws:sts::{OTHER}:assumed-role/app/run"
    condition = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/app"}}
    assert trust(statement({"AWS": session}, condition)).lets_in_unbound(OTHER) is YES


@pytest.mark.parametrize(
    ("condition", "foreign", "unbound"),
    [
        pytest.param({"StringEquals": {"aws:PrincipalAccount": [OWN, OTHER]}}, True, True, id="account"),
        pytest.param({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/*"}}, True, True, id="roles"),
        pytest.param({"StringEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/x"}}, True, True, id="a role"),
        pytest.param(
            {"StringEquals": {"aws:PrincipalAccount": OTHER, **EXTERNAL_ID["StringEquals"]}}, True, False, id="external"
        ),
        pytest.param({"StringEquals": {"aws:PrincipalAccount": OWN}}, False, False, id="own account"),
        pytest.param({"StringNotEquals": {"aws:PrincipalAccount": OTHER}}, False, False, id="any account but one"),
        pytest.param(ORGANIZATION, False, False, id="organization"),
    ],
)
def test_foreign_accounts_among_everybody(condition: t.Any, foreign: bool, unbound: bool) -> None:
    """A condition on who calls names accounts as well as Principal does: reference_policies_elements_principal.html"""
    subject = trust(statement({"AWS": "*"}, condition))
    assert subject.foreign_accounts([]) == ((OTHER,) if foreign else ())
    assert subject.lets_in_unbound(OTHER) is truth(unbound)


def test_which_accounts_are_foreign() -> None:
    subject = trust(
        statement({"AWS": [ROOT, FOREIGN, "444455556666", "AIDAQ3EGRJIJEXAMPLE00"], "Service": "ec2.amazonaws.com"})
    )
    assert subject.foreign_accounts([]) == ("444455556666", OTHER)
    assert subject.foreign_accounts([OTHER]) == ("444455556666",)
    assert subject.lets_in_unbound("123456789012") is NO


@pytest.mark.parametrize(
    ("service", "condition", "expected"),
    [
        pytest.param("sns.amazonaws.com", None, True, id="no condition"),
        pytest.param("ec2.amazonaws.com", None, False, id="ec2 runs what was given the role by PassRole"),
        pytest.param("lambda.amazonaws.com", None, False, id="so does lambda"),
        pytest.param("ec2.amazonaws.com.cn", None, False, id="in China too"),
        pytest.param("sns.amazonaws.com", {"StringEquals": {"aws:SourceAccount": OWN}}, False, id="source account"),
        pytest.param(
            "sns.amazonaws.com", {"StringEquals": {"aws:SourceOrgID": "o-own"}}, False, id="source organization"
        ),
        pytest.param(
            "sns.amazonaws.com",
            {"ForAnyValue:StringLike": {"aws:SourceOrgPaths": "o-own/*"}},
            False,
            id="a path of the organization",
        ),
        pytest.param(
            "sns.amazonaws.com",
            {"ForAnyValue:StringLike": {"aws:SourceOrgPaths": "o-foreign/*"}},
            True,
            id="a path of another one",
        ),
        pytest.param(
            "sns.amazonaws.com", {"StringEqualsIfExists": {"aws:SourceAccount": OWN}}, True, id="if it says so"
        ),
        pytest.param(
            "sns.amazonaws.com", {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{OWN}:*"}}, False, id="own topics"
        ),
        pytest.param(
            "sns.amazonaws.com", {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:x"}}, True, id="anybody's topics"
        ),
        pytest.param("s3.amazonaws.com", {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::acme"}}, False, id="a bucket"),
        pytest.param("s3.amazonaws.com", {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, True, id="any bucket"),
        pytest.param("sns.amazonaws.com", {"Bool": {"aws:SecureTransport": "true"}}, True, id="TLS"),
        pytest.param("sns.amazonaws.com", {"Bool": {"aws:SecureTransport": "false"}}, False, id="no TLS, so nobody"),
        pytest.param(
            "sns.amazonaws.com",
            {"StringEquals": {"aws:PrincipalServiceName": "sqs.amazonaws.com"}},
            False,
            id="another service, so nobody",
        ),
    ],
)
def test_confused_deputies(service: str, condition: t.Any, expected: bool) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"""
    assert trust(statement({"Service": service}, condition)).unbound_services() == (
        ((service, YES),) if expected else ()
    )


def test_a_resource_control_policy_binds_services() -> None:
    condition = {
        "StringNotEqualsIfExists": {"aws:SourceOrgID": "o-own"},
        "Null": {"aws:SourceAccount": "false"},
        "Bool": {"aws:PrincipalIsAWSService": "true"},
    }
    subject = statement({"Service": "sns.amazonaws.com"})
    assert trust(subject, rcps=rcp(condition)).unbound_services() == ()
    assert trust(subject, rcps=rcp(PERIMETER)).unbound_services() == (("sns.amazonaws.com", YES),)


def test_principals_that_are_gone() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"""
    ids = ["AIDAQ3EGRJIJEXAMPLE00", "AROAQ3EGRJIJEXAMPLE00"]
    assert trust(statement({"AWS": [*ids, ROOT, f"arn:aws:iam::{OWN}:user/AIDA"]})).find_deleted_principals() == tuple(
        ids
    )


@pytest.mark.parametrize(
    ("principal", "condition", "expected"),
    [
        (ROOT, None, True),
        (OWN, None, True),
        (f"arn:aws:iam::{OWN}:user/alice", None, True),
        (f"arn:aws:iam::{OWN}:role/pipeline", None, False),
        (FOREIGN, None, False),
        (ROOT, MFA, False),
        (ROOT, {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True),
        (ROOT, {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}, False),
        (ROOT, {"Null": {"aws:MultiFactorAuthAge": "false"}}, False),
        (ROOT, {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, True),
    ],
)
def test_people_without_mfa(principal: str, condition: t.Any, expected: bool) -> None:
    found = trust(statement({"AWS": principal}, condition)).people_without_mfa()
    assert found == ((principal,) if expected else ())


def test_mfa_may_be_asked_for_by_a_denial() -> None:
    denial = statement({"AWS": ROOT}, {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, "Deny")
    assert trust(statement({"AWS": ROOT}), denial).people_without_mfa() == ()


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", True),
        ({"AWS": ROOT}, True),
        ({"Federated": f"arn:aws:iam::{OWN}:saml-provider/idp"}, True),
        ({"Service": "ec2.amazonaws.com"}, False),
    ],
)
def test_whether_people_come_in(principal: t.Any, expected: bool) -> None:
    assert trust(statement(principal)).lets_people_in() is expected


def test_a_statement_that_names_nobody_lets_nobody_in() -> None:
    subject = trust({"Effect": "Allow", "Action": "sts:AssumeRole"})
    assert subject.principals == () and not subject.lets_people_in() and not subject.lets_anybody_in


def test_full_access_of_control_policies_lets_nobody_in() -> None:
    subject = trust(statement({"Service": "ec2.amazonaws.com"}), rcps=(FULL_ACCESS,))
    assert not subject.lets_anybody_in and not subject.lets_people_in() and not subject.unbound_services()


@given(policies(principals=True), policies(principals=True))
def test_control_policies_only_close(given_policy: Policy, limit: Policy) -> None:
    """Whatever the documents: no answer is an error, and a denial lets nobody in who was kept out."""
    denying = Policy(tuple(dataclasses.replace(item, allow=False) for item in limit.statements), limit.version)
    free, closed = Trust(given_policy, ROLE), Trust(given_policy, ROLE, rcps=(denying,))
    assert free.lets_anybody_in or not closed.lets_anybody_in
    assert free.lets_in_unbound(OTHER) is YES or closed.lets_in_unbound(OTHER) is NO
    assert set(closed.unbound_services()) <= set(free.unbound_services())
    assert set(closed.people_without_mfa()) <= set(free.people_without_mfa())
    assert set(closed.open_subjects()) <= set(free.open_subjects())
    assert dict(closed.foreign_organizations()).keys() <= dict(free.foreign_organizations()).keys()
    assert closed.find_deleted_principals() == free.find_deleted_principals()


FOREIGN_ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-foreign"}}


@pytest.mark.parametrize(
    ("statements", "organizations"),
    [
        pytest.param([statement("*", ORGANIZATION)], [], id="own"),
        pytest.param([statement("*", {"StringEquals": {"aws:PrincipalOrgID": "O-OWN"}})], [], id="own in capitals"),
        pytest.param([statement("*", FOREIGN_ORGANIZATION)], ["o-foreign"], id="foreign"),
        pytest.param([statement("*", {"Null": {"aws:PrincipalOrgID": "false"}})], [], id="any, which none is named by"),
        pytest.param([statement("*", {**FOREIGN_ORGANIZATION, **MFA})], ["o-foreign"], id="with MFA"),
        pytest.param(
            [statement("*", {"StringEquals": {"aws:PrincipalOrgID": "o-foreign", "sts:ExternalId": "agreed"}})],
            ["o-foreign"],
            id="with an external id",
        ),
        pytest.param(
            [statement("*", {"StringEquals": {"aws:PrincipalOrgID": ["o-own", "o-a", "o-b"]}})],
            ["o-a", "o-b"],
            id="two",
        ),
        pytest.param(
            [statement("*", {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-own/*", "o-a/r-1/*"]}})],
            ["o-a"],
            id="paths",
        ),
        pytest.param(
            [statement("*"), statement("*", {"StringNotEquals": {"aws:PrincipalOrgID": "o-foreign"}}, "Deny")],
            ["o-foreign"],
            id="all others denied",
        ),
        pytest.param([statement("*", {"StringLike": {"aws:PrincipalOrgID": "o-a?"}})], ["o-ax"], id="a pattern"),
        pytest.param([statement("*", FOREIGN_ORGANIZATION), statement("*", None, "Deny")], [], id="denied"),
        pytest.param([statement({"AWS": FOREIGN}, FOREIGN_ORGANIZATION)], [], id="one account of it"),
        pytest.param(
            [
                statement("*", FOREIGN_ORGANIZATION),
                statement("*", {"StringEquals": {"aws:PrincipalOrgID": "o-foreign"}}, "Deny"),
            ],
            [],
            id="and denied",
        ),
    ],
)
def test_foreign_organizations(statements: list[dict[str, t.Any]], organizations: list[str]) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid"""
    assert trust(*statements).foreign_organizations() == tuple((name, YES) for name in organizations)


def test_whether_an_organization_is_foreign_depends_on_the_own_id() -> None:
    everybody, named = statement("*", ORGANIZATION), statement({"AWS": FOREIGN}, ORGANIZATION)
    unknown = {"organization": None, "organization_known": False}
    assert trust(everybody, **unknown).foreign_organizations() == (("o-own", UNKNOWN),)
    assert trust(named, **unknown).lets_in_unbound(OTHER) is UNKNOWN
    assert trust(everybody, organization=None).foreign_organizations() == (("o-own", YES),)
    assert trust(named, organization=None).lets_in_unbound(OTHER) is YES
    # What is open to others as well does not depend on it.
    assert trust(statement({"AWS": FOREIGN}), **unknown).lets_in_unbound(OTHER) is YES
    assert trust(statement("*"), **unknown).lets_anybody_in
    assert not trust(everybody, **unknown).lets_anybody_in
    # Outsiders are in another organization than the role, whichever that is.
    for operator, anybody in (("StringEquals", False), ("StringNotEquals", True)):
        same = statement("*", {operator: {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}})
        assert trust(same, **unknown).lets_anybody_in is anybody
        assert trust(same).lets_anybody_in is anybody
        assert trust(same, organization=None).lets_anybody_in is anybody
    denied = statement("*", {"StringNotEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}, "Deny")
    assert trust(statement("*"), denied, **unknown).lets_anybody_in


@pytest.mark.parametrize(
    ("condition", "expected", "unbound"),
    [
        pytest.param(None, YES, YES, id="no condition"),
        pytest.param(EXTERNAL_ID, YES, NO, id="external id"),
        pytest.param(ORGANIZATION, NO, NO, id="own organization"),
        pytest.param(FOREIGN_ORGANIZATION, YES, YES, id="foreign organization"),
        pytest.param(
            {"StringEquals": {"sts:ExternalId": "agreed", "aws:PrincipalOrgID": "o-foreign"}}, YES, NO, id="both"
        ),
    ],
)
def test_who_comes_in_from_outside(condition: t.Any, expected: t.Any, unbound: t.Any) -> None:
    subject = trust(statement({"AWS": FOREIGN}, condition))
    assert (subject.lets_in(OTHER), subject.lets_in_unbound(OTHER)) == (expected, unbound)


def test_only_the_principals_that_are_named_come_in() -> None:
    condition = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/other"}}
    assert trust(statement({"AWS": f"arn:aws:iam::{OTHER}:role/x"}, condition)).lets_in_unbound(OTHER) is NO
    assert trust(statement({"AWS": FOREIGN}, condition)).lets_in_unbound(OTHER) is YES
    both = {"AWS": [FOREIGN, f"arn:aws:iam::{OTHER}:role/x"]}
    assert trust(statement(both, condition)).lets_in_unbound(OTHER) is YES


@pytest.mark.parametrize("pattern", ["9999*", "*7777", "99998888????"])
def test_patterns_of_account_ids_are_open(pattern: str) -> None:
    assert trust(statement("*", {"StringLike": {"aws:PrincipalAccount": pattern}})).lets_anybody_in


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param({"StringEquals": {"aws:SourceAccount": OTHER}}, YES, id="foreign account"),
        pytest.param({"StringEquals": {"aws:SourceAccount": [OWN, OTHER]}}, YES, id="one of two"),
        pytest.param({"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{OTHER}:*"}}, YES, id="foreign topics"),
        pytest.param({"StringEquals": {"aws:SourceOrgID": "o-foreign"}}, YES, id="foreign organization"),
        pytest.param({"StringEquals": {"aws:RequestTag/x": "y"}}, YES, id="a tag that the service may pass"),
        pytest.param(
            {"StringEqualsIfExists": {"aws:SourceAccount": OWN}, "StringEquals": {"aws:RequestTag/x": "y"}},
            YES,
            id="a tag, and no source",
        ),
        pytest.param({"StringEquals": {"aws:SourceAccount": "444455556666"}}, NO, id="an account of ours"),
        pytest.param(
            {"StringEquals": {"aws:SourceAccount": OTHER, "aws:SourceOrgID": "o-own"}}, NO, id="in the own organization"
        ),
    ],
)
def test_foreign_sources(condition: t.Any, expected: t.Any) -> None:
    found = dict(trust(statement({"Service": "sns.amazonaws.com"}, condition)).unbound_services(["444455556666"]))
    assert found.get("sns.amazonaws.com", NO) is expected


def test_whether_a_source_is_foreign_depends_on_the_own_id() -> None:
    subject = statement({"Service": "sns.amazonaws.com"}, {"StringEquals": {"aws:SourceOrgID": "o-own"}})
    unknown = trust(subject, organization=None, organization_known=False)
    assert unknown.unbound_services() == (("sns.amazonaws.com", UNKNOWN),)


@pytest.mark.parametrize(
    ("principal", "condition", "expected"),
    [
        ("*", {"StringEquals": {"aws:PrincipalAccount": OWN}}, [ROOT]),
        ({"AWS": "*"}, ORGANIZATION, [ROOT]),
        ("*", {"StringEquals": {"aws:PrincipalAccount": OTHER}}, []),
        ("*", FOREIGN_ORGANIZATION, []),
        ("*", {"StringEquals": {"aws:PrincipalAccount": OWN}, **MFA}, []),
        ("*", {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:user/ops-*"}}, [f"arn:aws:iam::{OWN}:user/ops-x"]),
        ("*", {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/*"}}, []),
        ({"AWS": ROOT}, {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/*"}}, []),
        ({"AWS": ROOT}, {"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, []),
        ({"AWS": f"arn:aws:sts::{OWN}:assumed-role/x/s"}, None, []),
    ],
)
def test_people_among_everybody_without_mfa(principal: t.Any, condition: t.Any, expected: list[str]) -> None:
    assert list(trust(statement(principal, condition)).people_without_mfa()) == expected


def test_people_of_an_account_without_organization_are_in_none() -> None:
    for condition in (ORGANIZATION, {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-own/*"}}):
        assert trust(statement("*", condition), organization=None).people_without_mfa() == ()
        assert trust(statement("*", condition)).people_without_mfa() == (ROOT,)
        assert trust(statement("*", condition), organization=None, organization_known=False).people_without_mfa() == (
            ROOT,
        )


def test_a_denial_of_another_way_in_closes_nothing() -> None:
    denial = {**statement("*", None, "Deny"), "Action": "sts:AssumeRoleWithSAML"}
    assert trust(statement("*"), denial).lets_anybody_in
    assert trust(statement({"AWS": FOREIGN}), denial).lets_in_unbound(OTHER) is YES
    assert not trust(statement("*"), {**denial, "Action": "sts:Assume*"}).lets_anybody_in


def test_people_come_in_through_saml() -> None:
    saml = {"Federated": f"arn:aws:iam::{OWN}:saml-provider/idp"}
    assert trust(statement(saml, Action="sts:AssumeRoleWithSAML")).lets_people_in()


def test_each_kind_of_principal_is_judged_as_what_it_is() -> None:
    provider = trust(statement({"Federated": f"arn:aws:iam::{OTHER}:oidc-provider/gitlab.com"}, Action="sts:*"))
    assert provider.unbound_services() == () and provider.foreign_accounts([]) == ()
    service = trust(statement({"Service": "sns.amazonaws.com"}, Action="sts:*"))
    assert service.open_subjects() == () and service.people_without_mfa() == ()


def test_whom_a_policy_names() -> None:
    found = trust(statement({"AWS": [ROOT, FOREIGN], "Service": "sns.amazonaws.com"}), statement("*", None, "Deny"))
    assert list(found.principals or ()) == [
        ("AWS", ROOT),
        ("AWS", FOREIGN),
        ("Service", "sns.amazonaws.com"),
    ]
    excepting = {"Effect": "Allow", "NotPrincipal": {"AWS": FOREIGN}, "Action": "sts:AssumeRole"}
    assert trust(excepting).principals is None and trust(excepting).lets_people_in()
    assert trust(statement("*", Action="sts:TagSession")).principals == ()
