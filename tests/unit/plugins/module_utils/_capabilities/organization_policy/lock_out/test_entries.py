# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who can no longer assume the roles of an account, by their trust policies and by when the roles were last used."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP, MemberAccount
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.change import (
    ChangedPolicy,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.entries import (
    EntryLoss,
    TrustedRole,
    find_entering_services,
    find_entry_losses,
    refuse_entries,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import Controls, Place
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind, Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Breakage

ACCOUNT, SIBLING, PARTNER = "111122223333", "222233334444", "999988887777"
PLACE: t.Final = Place(ACCOUNT, organization_id="o-example", organization_path="o-example/r-root/ou-dev/")
USED: t.Final = datetime(2026, 11, 1, tzinfo=UTC)
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/app"
GITHUB: t.Final = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
OKTA: t.Final = f"arn:aws:iam::{ACCOUNT}:saml-provider/okta"
SUBJECT: t.Final = "token.actions.githubusercontent.com:sub"
OUTSIDERS: t.Final = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-example"}}
EXEMPT: t.Final = {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}


def trust(principal: t.Any, *actions: str, **conditions: t.Any) -> Policy:
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions) or "sts:*"}
    if conditions:
        statement["Condition"] = conditions
    return parse({"Version": "2012-10-17", "Statement": [statement]}, name="trust policy")


def rcp(*actions: str, **conditions: t.Any) -> Controls:
    statement = {"Sid": "Perimeter", "Effect": "Deny", "Principal": "*", "Action": list(actions), "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": conditions}]}
    return Controls(rcps=((parse(document, name="guardrail"),),))


def find_loss(
    after: Controls, policy: t.Optional[Policy], *, used: t.Optional[datetime] = USED, arn: str = ROLE
) -> t.Optional[EntryLoss]:
    role = TrustedRole(arn, policy, used)
    found = find_entry_losses([role], PLACE, Controls(), after, members={ACCOUNT, SIBLING})
    return found[0] if found else None


def outcome(found: t.Optional[EntryLoss]) -> t.Optional[Breakage]:
    return None if found is None else found.verdict.outcome


@pytest.mark.parametrize(
    ("principal", "accepted_as"),
    [
        ({"Service": "ec2.amazonaws.com"}, "ec2.amazonaws.com"),
        ({"Service": "ecs-tasks.amazonaws.com"}, "ecs-tasks.amazonaws.com"),
        ({"Federated": GITHUB}, GITHUB),
        ({"Federated": OKTA}, OKTA),
        ({"AWS": f"arn:aws:iam::{PARTNER}:root"}, f"arn:aws:iam::{PARTNER}:root"),
        ({"AWS": PARTNER}, PARTNER),
        ({"AWS": f"arn:aws:iam::{PARTNER}:role/scanner"}, f"arn:aws:iam::{PARTNER}:role/scanner"),
    ],
)
def test_a_role_in_use_that_nobody_can_assume_any_longer_will_break(principal: t.Any, accepted_as: str) -> None:
    found = find_loss(rcp("sts:*", **OUTSIDERS), trust(principal))
    assert found is not None
    assert (outcome(found), found.callers, found.policies) == (Breakage.WILL_BREAK, (accepted_as,), ("guardrail",))
    assert "Perimeter of guardrail denies it" in found.verdict.reason
    assert (found.verdict.layer, found.verdict.policy, found.verdict.statement) == ("rcp", "guardrail", "Perimeter")
    assert "last used on 2026-11-01" in found.verdict.reason
    # RoleLastUsed knows of no use: that is no evidence, which is never that it is not needed.
    assert outcome(find_loss(rcp("sts:*", **OUTSIDERS), trust(principal), used=None)) is Breakage.NO_EVIDENCE


@pytest.mark.parametrize(
    "principal",
    [
        {"Service": "ec2.amazonaws.com"},
        {"Service": "pods.eks.amazonaws.com"},
        {"AWS": f"arn:aws:iam::{SIBLING}:root"},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        {"Federated": GITHUB},
        {"Federated": OKTA},
    ],
)
def test_the_perimeter_that_exempts_services_breaks_none_of_the_organization_s_own(principal: t.Any) -> None:
    assert find_loss(rcp("sts:AssumeRole", "sts:SetContext", **OUTSIDERS, **EXEMPT), trust(principal)) is None


def test_as_long_as_somebody_can_assume_it_the_loss_is_not_certain() -> None:
    both = trust({"Service": "ec2.amazonaws.com", "AWS": SIBLING})
    found = find_loss(rcp("sts:*", **OUTSIDERS), both)
    assert outcome(found) is Breakage.MAY_BREAK
    assert found is not None
    assert found.callers == ("ec2.amazonaws.com",)
    assert "others can still assume it" in found.verdict.reason


def test_a_role_that_its_own_account_can_assume_may_have_been_used_by_that() -> None:
    both = trust({"Service": "ec2.amazonaws.com", "AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    assert outcome(find_loss(rcp("sts:*", **OUTSIDERS), both)) is Breakage.MAY_BREAK


def test_one_of_several_claims_that_is_shut_out_is_not_certain() -> None:
    after = rcp("sts:AssumeRoleWithWebIdentity", StringNotLike={SUBJECT: ["repo:acme/*"]})
    subjects = {SUBJECT: ["repo:acme/app", "repo:other/app"]}
    policy = trust({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", StringEquals=subjects)
    assert outcome(find_loss(after, policy)) is Breakage.MAY_BREAK


def test_what_depends_on_the_source_of_a_service_is_not_certain() -> None:
    conditions = {
        "Bool": {"aws:PrincipalIsAWSService": "true"},
        "StringNotEqualsIfExists": {"aws:SourceOrgID": "o-example"},
    }
    found = find_loss(rcp("sts:AssumeRole", **conditions), trust({"Service": "glue.amazonaws.com"}))
    assert outcome(found) is Breakage.MAY_BREAK
    assert found is not None
    assert "aws:SourceOrgID" in found.verdict.reason
    guarded = {**conditions, "Null": {"aws:SourceAccount": "false"}}
    assert find_loss(rcp("sts:AssumeRole", **guarded), trust({"Service": "glue.amazonaws.com"})) is None


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("repo:acme/app:ref:refs/heads/main", None),
        ("repo:acme/*", None),
        ("repo:other/app:*", Breakage.WILL_BREAK),
        # Some of its tokens are let in and others are not, and which it has is not known.
        ("repo:*", Breakage.MAY_BREAK),
    ],
)
def test_claims_that_a_trust_asks_for_are_held_against_those_that_an_rcp_asks_for(
    subject: str, expected: t.Optional[Breakage]
) -> None:
    # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html
    after = rcp(
        "sts:AssumeRoleWithWebIdentity",
        StringNotLikeIfExists={SUBJECT: ["repo:acme/*"]},
        Null={SUBJECT: "false"},
    )
    policy = trust({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", StringLike={SUBJECT: subject})
    assert outcome(find_loss(after, policy)) is expected


@pytest.mark.parametrize(
    "conditions",
    [
        {"StringNotLike": {SUBJECT: "repo:acme/*"}},
        {"StringLike": {"aws:PrincipalTag/subject": "repo:acme/app"}},
    ],
)
def test_a_trust_that_asks_for_no_value_of_a_claim_leaves_it_open(conditions: t.Any) -> None:
    after = rcp("sts:AssumeRoleWithWebIdentity", StringNotLikeIfExists={SUBJECT: ["repo:acme/*"]})
    policy = trust({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", **conditions)
    assert outcome(find_loss(after, policy)) is Breakage.MAY_BREAK


def test_a_session_that_needs_tags_is_lost_with_them() -> None:
    pods = {"Service": "pods.eks.amazonaws.com"}
    after = rcp("sts:TagSession", Bool={"aws:PrincipalIsAWSService": "true"})
    assert outcome(find_loss(after, trust(pods, "sts:AssumeRole", "sts:TagSession"))) is Breakage.WILL_BREAK
    assert find_loss(after, trust(pods, "sts:AssumeRole")) is None
    quarantine = rcp("sts:TagSession", **{"ForAnyValue:StringEquals": {"aws:TagKeys": "iam-hardening:quarantine"}})
    assert find_loss(quarantine, trust(pods, "sts:AssumeRole", "sts:TagSession")) is None


def test_an_open_trust_means_the_accounts_that_its_conditions_name() -> None:
    after = rcp("sts:AssumeRole", **OUTSIDERS)
    partner = trust("*", "sts:AssumeRole", StringEquals={"aws:PrincipalAccount": PARTNER})
    assert outcome(find_loss(after, partner)) is Breakage.WILL_BREAK
    members = trust({"AWS": "*"}, "sts:AssumeRole", StringEquals={"aws:PrincipalOrgID": "o-example"})
    assert find_loss(after, members) is None
    # Who comes in by an open trust is not recorded.
    found = find_loss(after, trust({"AWS": "*"}, "sts:AssumeRole"))
    assert outcome(found) is Breakage.NO_EVIDENCE
    assert found is not None
    assert found.callers == ()


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("StringEquals", "aws:PrincipalAccount", PARTNER),
        ("StringLike", "aws:PrincipalAccount", PARTNER),
        ("StringEqualsIgnoreCase", "aws:PrincipalAccount", PARTNER),
        ("ArnEquals", "aws:PrincipalArn", f"arn:aws:iam::{PARTNER}:role/scanner"),
        ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{PARTNER}:role/scanner"),
    ],
)
def test_conditions_that_name_who_may_come_in(operator: str, key: str, value: str) -> None:
    named = trust("*", "sts:AssumeRole", **{operator: {key: value}})
    found = find_loss(rcp("sts:AssumeRole", **OUTSIDERS), named)
    assert found is not None
    assert (outcome(found), found.callers) == (Breakage.WILL_BREAK, (PARTNER,))


def test_a_role_elsewhere_that_is_named_is_not_taken_for_its_account() -> None:
    scanner = f"arn:aws:iam::{PARTNER}:role/scanner"
    after = rcp("sts:AssumeRole", ArnLike={"aws:PrincipalArn": scanner})
    assert outcome(find_loss(after, trust({"AWS": scanner}))) is Breakage.WILL_BREAK
    assert find_loss(after, trust({"AWS": f"{scanner}-2"})) is None


def test_a_trust_in_all_but_some_actions_opens_sessions() -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "NotAction": "s3:*"}
    policy = parse({"Version": "2012-10-17", "Statement": statement}, name="trust policy")
    assert outcome(find_loss(rcp("sts:AssumeRole", **OUTSIDERS), policy)) is Breakage.WILL_BREAK


def test_who_comes_from_the_account_itself_is_judged_by_what_was_used() -> None:
    own = rcp("sts:AssumeRole", StringEquals={"aws:PrincipalAccount": ACCOUNT})
    assert find_loss(own, trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})) is None


MEMBER: t.Final = MemberAccount(ACCOUNT, "dev", "", "ACTIVE", "ou-dev")


def refuse(*found: t.Optional[EntryLoss], name: str = "guardrail") -> list[str]:
    policy = ChangedPolicy(name, RCP, ("ou-dev",))
    return [refusal.reason for refusal in refuse_entries(policy, MEMBER, [item for item in found if item is not None])]


def test_a_policy_that_keeps_somebody_out_is_refused_with_the_roles_and_who_assumes_them() -> None:
    ec2, partner = trust({"Service": "ec2.amazonaws.com"}), trust({"AWS": PARTNER})
    after = rcp("sts:*", **OUTSIDERS)
    (reason,) = refuse(find_loss(after, ec2), find_loss(after, partner, arn=f"{ROLE}-2"))
    assert reason.startswith(f"in dev ({ACCOUNT}): role/app: will break: ")
    assert "; role/app-2: will break: " in reason
    assert f"or the principals that assume them: ec2.amazonaws.com, {PARTNER}" in reason
    assert "accept_without_evidence" not in reason
    # Another policy has no part in it.
    assert refuse(find_loss(after, ec2), name="other") == []
    assert refuse() == []
    (reason,) = refuse(find_loss(after, ec2, used=None))
    assert "or the account in accept_without_evidence" in reason


def test_of_many_reasons_some_are_told() -> None:
    after = rcp("sts:*", **OUTSIDERS)
    found = [
        find_loss(
            after, trust({"AWS": str(555544440000 + number)}), arn=f"{ROLE}-{number}", used=USED + timedelta(number)
        )
        for number in range(7)
    ]
    assert "; and 2 more. Either change the policy to allow it" in refuse(*found)[0]


def test_a_trust_that_cannot_be_read_may_mean_anybody() -> None:
    assert outcome(find_loss(rcp("sts:AssumeRole", **OUTSIDERS), None)) is Breakage.NO_EVIDENCE
    assert find_loss(rcp("sqs:*", **OUTSIDERS), None) is None


def test_service_linked_roles_and_denying_statements_do_not_count() -> None:
    linked = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    config = trust({"Service": "config.amazonaws.com"})
    assert find_loss(rcp("sts:*", **OUTSIDERS), config, arn=linked) is None
    denied = parse(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        },
        kind=Kind.TRUST,
    )
    assert find_loss(rcp("sts:*", **OUTSIDERS), denied) is None


def test_the_services_that_come_in_are_those_of_trust_policies() -> None:
    roles = [
        TrustedRole(ROLE, trust({"Service": ["ec2.amazonaws.com", "ssm.amazonaws.com"], "AWS": PARTNER})),
        TrustedRole(f"{ROLE}-2", None),
    ]
    assert find_entering_services(roles) == {"ec2.amazonaws.com", "ssm.amazonaws.com"}
