# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The consumers that a trust policy names and that a record shows, and whether they have moved."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.assumptions import (
    Assumption,
    CallerSort,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.trusts import (
    find_callers,
    find_in_record,
    find_in_trust,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Consumer
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy

from .planted import ACCOUNT, NEW, OLD, OTHER, target, trust

Record = dict[str, t.Any]

NOW: t.Final = datetime(2026, 11, 25, tzinfo=UTC)
ANNA: t.Final = f"arn:aws:iam::{ACCOUNT}:user/anna"
GITHUB: t.Final = "token.actions.githubusercontent.com"
EKS: t.Final = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"


def find(policy: Policy, *assumptions: Assumption, **fields: t.Any) -> list[Consumer]:
    return list(find_in_trust(target(policy, **fields), policy, assumptions))


def allow(principal: Record, **condition: t.Any) -> Policy:
    more = {"Condition": condition} if condition else {}
    return trust({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more})


def session(role: str, caller: str = ANNA, days: float = 1, sort: CallerSort = CallerSort.PERSON) -> Assumption:
    return Assumption(role, caller, sort, 1, NOW - timedelta(days=days), session_names=("web",))


@pytest.mark.parametrize(
    ("condition", "is_machine"),
    [
        ({}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, True),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}, False),
        ({"StringEquals": {"sts:ExternalId": "x"}}, True),
    ],
    ids=str,
)
def test_an_account_without_mfa_may_be_a_program(condition: Record, is_machine: bool) -> None:
    """With BoolIfExists a long-term key passes: it has no such key."""
    (found,) = find(allow({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, **condition))
    assert (found.kind, found.is_machine) == ("account", is_machine)
    assert NEW in found.move and found.has_moved is None


def test_users_and_roles_of_any_account_are_named_with_their_last_session() -> None:
    role = f"arn:aws:iam::{OTHER}:role/deploy"
    anna, deploy = find(allow({"AWS": [ANNA, role]}), session(OLD, days=3))
    assert (anna.kind, anna.resource, anna.last) == ("program", ANNA, NOW - timedelta(days=3))
    assert anna.has_moved is False
    assert (deploy.kind, deploy.last, deploy.has_moved) == ("role", None, None)


def test_a_caller_has_moved_once_its_last_session_is_one_of_the_new_role() -> None:
    trusted = allow({"AWS": ANNA})
    assert find(trusted, session(OLD, days=3), session(NEW, days=2))[0].has_moved is True
    assert find(trusted, session(OLD, days=1), session(NEW, days=2))[0].has_moved is False
    assert find(trusted, session(NEW, days=2))[0].has_moved is True
    assert find(trusted, session(OLD, days=1), new_arn="")[0].has_moved is None


def test_a_pipeline_is_named_by_its_subject() -> None:
    subject = {f"{GITHUB}:sub": ["repo:acme/shop:*", "repo:acme/api:*"], f"{GITHUB}:aud": "sts.amazonaws.com"}
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
    shop, api = find(allow({"Federated": provider}, StringLike=subject))
    assert (shop.kind, shop.resource, shop.detail) == ("pipeline", provider, "repo:acme/shop:*")
    assert api.detail == "repo:acme/api:*" and api.is_machine
    (unlimited,) = find(allow({"Federated": "accounts.google.com"}))
    assert unlimited.detail == "any subject"


def test_pods_with_an_annotation_are_known_by_the_provider_of_their_cluster() -> None:
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{EKS}"
    (pod,) = find(allow({"Federated": provider}, StringEquals={f"{EKS}:sub": "system:serviceaccount:shop:web"}))
    assert (pod.kind, pod.region, pod.is_machine) == ("pod", "eu-west-1", True)
    assert f"kubectl annotate serviceaccount -n shop web eks.amazonaws.com/role-arn={NEW}" in pod.move
    assert "rollout restart deployment -n shop" in pod.move


@pytest.mark.parametrize("subject", ["system:serviceaccount:shop:*", "*", "system:serviceaccount:a b;rm -rf:x"])
def test_a_command_has_no_pattern_and_no_shell_of_a_subject(subject: str) -> None:
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{EKS}"
    (pod,) = find(allow({"Federated": provider}, StringLike={f"{EKS}:sub": subject}))
    assert "*" not in pod.move and " a b;rm" not in pod.move


def test_users_of_saml_are_people_and_services_are_machines() -> None:
    saml, service = find(
        allow({"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/Acme", "Service": "ec2.amazonaws.com"})
    )
    assert (saml.kind, saml.is_machine) == ("person", False)
    assert f"{NEW},arn:aws:iam::{ACCOUNT}:saml-provider/Acme" in saml.move
    assert (service.kind, service.resource, service.is_machine) == ("service", "ec2.amazonaws.com", True)


def test_everybody_and_all_but_some_are_machines() -> None:
    (everybody,) = find(allow({"AWS": "*"}))
    assert everybody.is_machine and "any account" in everybody.detail
    not_anna = {"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": ANNA}}
    (others,) = find(trust(not_anna))
    assert others.is_machine and others.resource == "*"


def test_a_denial_lets_nobody_in() -> None:
    assert find(trust({"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": ANNA}})) == []


# The record


def test_callers_of_the_record_are_consumers_with_their_sort() -> None:
    found = list(
        find_in_record(
            target(),
            [
                session(OLD, days=3),
                session(NEW, days=1),
                session(OLD, "backup.amazonaws.com", sort=CallerSort.SERVICE),
                session("arn:aws:iam::111122223333:role/other", "nobody"),
            ],
        )
    )
    anna, backup = found
    assert (anna.kind, anna.is_machine, anna.has_moved) == ("person", False, True)
    assert anna.detail == "sessions such as web" and NEW in anna.move
    assert (backup.kind, backup.is_machine, backup.has_moved) == ("service", True, False)


def test_a_service_that_calls_for_a_caller_is_named() -> None:
    by_service = dataclasses.replace(session(OLD), invoked_by="codepipeline.amazonaws.com")
    (found,) = find_in_record(target(), [by_service])
    assert "invoked by codepipeline.amazonaws.com" in found.detail


def test_each_sort_of_caller_has_a_way_to_move() -> None:
    for sort in CallerSort:
        (found,) = find_in_record(target(), [session(OLD, sort=sort)])
        assert found.move and found.is_machine is (sort is not CallerSort.PERSON)


def test_a_program_that_needs_mfa_is_a_person() -> None:
    """The event of a long-term key does not show the MFA that the trust policy asks for."""
    program = session(OLD, sort=CallerSort.PROGRAM)
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    (person,) = find_in_record(target(allow(root, **mfa)), [program])
    assert (person.kind, person.is_machine) == ("person", False)
    for trusts in ((allow(root),), (allow(root, **mfa), allow(root)), ()):
        (found,) = find_in_record(target(*trusts, is_trust_known=bool(trusts)), [program])
        assert found.is_machine
    service = session(OLD, "ec2.amazonaws.com", sort=CallerSort.SERVICE)
    (machine,) = find_in_record(target(allow(root, **mfa)), [service])
    assert machine.is_machine


def test_a_caller_that_the_trust_names_and_the_record_has_is_one_consumer() -> None:
    trusted = allow({"AWS": [ANNA, f"{ANNA}-2"]})
    found = find_callers(target(trusted), [session(OLD)])
    assert [(one.resource, one.kind) for one in found] == [(f"{ANNA}-2", "program"), (ANNA, "person")]
