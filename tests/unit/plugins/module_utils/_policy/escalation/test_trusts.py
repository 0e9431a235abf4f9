# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which roles an attacker finds open by their trust policies."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.landscape import Subject
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.questions import CERTAIN, Actor, Doubts
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.trusts import (
    TRUST_POLICY,
    RoleTrusts,
    make_trust_policy,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
    Request,
)

from .landscapes import ACCOUNT, ROOT, arn, deny, group, landscape, policy, role, service, trust, user

APP = arn("role", "app")
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"
LAMBDA = "lambda.amazonaws.com"


def trusts(*roles: Subject) -> RoleTrusts:
    return RoleTrusts(landscape(*roles))


def app(policy_of_trust: t.Optional[Policy], **fields: t.Any) -> Subject:
    return role("app", trust=policy_of_trust, **fields)


def names(subject: Subject, principal: t.Any, **more: t.Any) -> bool:
    """Whether a role whose trust policy has this principal names the subject."""
    return APP in trusts(app(trust(principal, **more))).find_naming_roles(Actor(subject, subject.layers))


@pytest.mark.parametrize(
    ("principal", "of_user", "of_role"),
    [
        pytest.param("*", True, True, id="everybody"),
        pytest.param({"AWS": "*"}, True, True, id="every AWS principal"),
        pytest.param({"Federated": "*"}, False, False, id="every federated one"),
        pytest.param({"AWS": arn("user", "alice")}, True, False, id="the user"),
        pytest.param({"AWS": arn("user", "bob")}, False, False, id="another user"),
        pytest.param({"AWS": arn("role", "alice")}, False, True, id="the role"),
        pytest.param({"AWS": arn("role", "team/alice")}, False, True, id="a role with a path"),
        pytest.param({"AWS": arn("role", "bob")}, False, False, id="another role"),
        pytest.param({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/alice/s"}, False, True, id="a session of the role"),
        pytest.param({"AWS": ROOT}, False, False, id="the account, which leaves it to policies"),
        pytest.param({"Service": LAMBDA}, False, False, id="a service"),
    ],
)
def test_whom_a_trust_policy_names(principal: t.Any, of_user: bool, of_role: bool) -> None:
    assert names(user("alice"), principal) is of_user
    assert names(role("alice"), principal) is of_role


def test_everybody_but_some_are_named() -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": arn("user", "bob")}}
    alice = user("alice")
    subject = trusts(app(policy(statement)))
    assert subject.find_naming_roles(Actor(alice, alice.layers)) == {APP}
    assert not subject.account_wide and not subject.by_service and not subject.by_provider


def test_denials_and_roles_without_a_policy_name_nobody() -> None:
    assert not names(user("alice"), {"AWS": arn("user", "alice")}, Effect="Deny")
    alice = user("alice")
    subject = trusts(alice, group("app"), app(None))
    assert not subject.find_naming_roles(Actor(alice, alice.layers)) and not subject.account_wide


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        pytest.param({"AWS": ROOT}, True, id="root"),
        pytest.param({"AWS": ACCOUNT}, True, id="the id"),
        pytest.param({"AWS": [arn("user", "alice"), ROOT]}, True, id="beside a user"),
        pytest.param({"AWS": arn("user", "alice")}, False, id="a user"),
        pytest.param({"AWS": arn("role", "alice")}, False, id="a role"),
        pytest.param({"Service": LAMBDA}, False, id="a service"),
        pytest.param("*", False, id="everybody, who need no policy of their own"),
    ],
)
def test_whether_the_account_decides(principal: t.Any, expected: bool) -> None:
    assert (APP in trusts(app(trust(principal))).account_wide) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (LAMBDA, LAMBDA),
        ("lambda.eu-west-1.amazonaws.com", LAMBDA),
        ("lambda.us-gov-west-1.amazonaws.com", LAMBDA),
        ("ec2.amazonaws.com.cn", "ec2.amazonaws.com"),
        ("ec2.cn-north-1.amazonaws.com.cn", "ec2.amazonaws.com"),
        ("edgelambda.amazonaws.com", "edgelambda.amazonaws.com"),
        ("ops.apigateway.amazonaws.com", "ops.apigateway.amazonaws.com"),
        ("delivery.logs.amazonaws.com", "delivery.logs.amazonaws.com"),
    ],
)
def test_services_go_by_one_name_in_every_region(name: str, expected: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services"""
    subject = trusts(app(service(name)), role("other", trust=trust({"AWS": ROOT})))
    assert subject.by_service == {expected: {APP}}
    assert subject.admits(app(service(name)), expected) == CERTAIN


def test_roles_by_the_provider_that_lets_people_in() -> None:
    oidc = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"
    subject = trusts(
        app(trust({"Federated": [SAML, oidc], "AWS": f"{SAML}x"}, Action="sts:AssumeRoleWithSAML")),
        role("other", trust=trust({"Federated": SAML}, Action="sts:AssumeRoleWithSAML")),
    )
    assert subject.by_provider == {SAML: {APP, arn("role", "other")}}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param({}, CERTAIN, id="none"),
        pytest.param({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, CERTAIN, id="for this account"),
        pytest.param({"StringEquals": {"aws:SourceAccount": "999988887777"}}, None, id="for another account"),
        pytest.param({"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*"}}, {"aws:SourceArn"}, id="for some resource"),
    ],
)
def test_for_whom_a_service_comes_in(condition: t.Any, expected: t.Optional[Doubts]) -> None:
    subject = app(trust({"Service": LAMBDA}, Condition=condition))
    assert trusts(subject).admits(subject, LAMBDA) == expected
    assert trusts(subject).admits(subject, "ec2.amazonaws.com") is None


def test_of_several_names_of_a_service_the_surest_counts() -> None:
    doubtful = {"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*"}}
    regional = trust({"Service": "lambda.eu-west-1.amazonaws.com"}, Condition=doubtful)
    both = app(Policy((*regional.statements, *service(LAMBDA).statements), regional.version))
    assert trusts(both).admits(both, LAMBDA) == CERTAIN


def test_the_answer_for_one_service_or_role_is_not_that_for_another() -> None:
    first, other = app(service(LAMBDA)), role("other", trust=service("ec2.amazonaws.com"))
    subject = trusts(first, other)
    assert subject.admits(first, LAMBDA) == CERTAIN and subject.admits(other, LAMBDA) is None
    assert subject.admits(other, "ec2.amazonaws.com") == CERTAIN


def test_the_organization_keeps_services_out() -> None:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html"""
    denying = policy({**deny("sts:AssumeRole"), "Principal": "*"})
    subject = app(service(LAMBDA))
    closed = Subject(subject.arn, subject.kind, Layers(rcps=((denying,),)), trust=subject.trust)
    assert trusts(closed).admits(closed, LAMBDA) is None


def test_the_trust_policy_that_an_attacker_writes_lets_it_in() -> None:
    mallory, other = arn("user", "mallory"), arn("user", "other")
    found = make_trust_policy(mallory)
    assert found == dataclasses.replace(trust({"AWS": mallory}), name=TRUST_POLICY)
    for caller, comes_in in ((mallory, True), (other, False)):
        request = Request("sts:AssumeRole", APP, principal=caller, resource_policy=found, resource_account=ACCOUNT)
        assert (Evaluator(Layers()).decide(request).outcome is Outcome.ALLOWED) is comes_in
