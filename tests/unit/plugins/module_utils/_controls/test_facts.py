# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What controls derive from a snapshot in common."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import ControlPolicy, PolicyLevel
from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import Facts, Grant
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.power import Power

from .samples import (
    ADMIN,
    EVERYTHING,
    allow,
    arn,
    days_ago,
    document,
    group,
    make_broken_document,
    people,
    policy,
    report,
    role,
    row,
    snapshot,
    trust,
    user,
)

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
OFFICE = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}


def test_ways_to_administration_are_told_apart() -> None:
    facts = Facts(
        snapshot(
            users=(
                user(
                    "a", attached_policies=(ADMIN,), inline_policies=(document(EVERYTHING, name="own"),), groups=("g",)
                ),
            ),
            groups=(group("g", inline_policies=(document({**EVERYTHING, "Condition": MFA}, name="mfa"),)),),
        )
    )
    grants = facts.admin_users[arn("user", "a")]
    assert [(grant.policy, grant.way, grant.needs_mfa) for grant in grants] == [
        ("AdministratorAccess", "attached", False),
        ("own", "inline", False),
        ("mfa", "group g", True),
    ]


def test_policies_that_take_each_other_are_told_together() -> None:
    """What NotAction leaves out of one policy, another gives: neither makes an administrator by itself."""
    facts = Facts(
        snapshot(
            users=(user("a", attached_policies=(arn("policy", "All"), arn("policy", "Reader")), groups=("g",)),),
            groups=(group("g", inline_policies=(document(allow("iam:*"), name="iam"),)),),
            policies=(
                policy("All", {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
                policy("Reader", allow("iam:Get*")),
            ),
        )
    )
    assert facts.admin_users[arn("user", "a")] == (
        Grant("All", "attached", needs_mfa=False, alone=False),
        Grant("iam", "group g", needs_mfa=False, alone=False),
    )
    assert not facts.admin_policies.keys() - {ADMIN}
    assert facts.grants_of(facts.groups["g"]) == ()


def test_what_others_make_without_a_condition_goes_before_one_with() -> None:
    parts = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    inline = [document({**EVERYTHING, "Condition": MFA}, name="mfa"), document(parts, allow("iam:*"), name="both")]
    facts = Facts(snapshot(users=(user("a", inline_policies=tuple(inline)),)))
    assert [(grant.policy, grant.needs_mfa) for grant in facts.admin_users[arn("user", "a")]] == [
        ("mfa", True),
        ("both", False),
    ]
    split = (inline[0], document(parts, name="all"), document(allow("iam:*"), name="iam"))
    (grants,) = Facts(snapshot(users=(user("a", inline_policies=split),))).admin_users.values()
    assert all(not grant.needs_mfa and not grant.alone for grant in grants)


def test_conditions_of_all_layers_restrict() -> None:
    no_mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": no_mfa}
    facts = Facts(
        snapshot(
            users=(
                user("guarded", attached_policies=(ADMIN,), inline_policies=(document(deny, name="mfa"),)),
                user("bounded", attached_policies=(ADMIN,), boundary=arn("policy", "Office")),
            ),
            policies=(policy("Office", allow("*", Condition=OFFICE), attachment_count=0, boundary_usage_count=1),),
        )
    )
    assert facts.admin_users == {
        arn("user", "guarded"): (Grant("AdministratorAccess", "attached", needs_mfa=True),),
        arn("user", "bounded"): (Grant("AdministratorAccess", "attached", needs_mfa=False, keys=("aws:sourceip",)),),
    }


def test_conditions_on_who_it_is_are_asked_of_each() -> None:
    only = {"ArnNotEquals": {"aws:PrincipalArn": arn("role", "admin")}}
    guarded = policy("Guarded", EVERYTHING, {**EVERYTHING, "Effect": "Deny", "Condition": only})
    roles = tuple(role(name, attached_policies=(guarded.arn,)) for name in ("admin", "other"))
    facts = Facts(snapshot(roles=roles, policies=(guarded,)))
    assert facts.admin_roles == {arn("role", "admin"): (Grant("Guarded", "attached", needs_mfa=False),)}
    assert facts.admin_policies[guarded.arn] == Power(keys=("aws:principalarn",))


def test_a_boundary_that_is_not_known_takes_nothing_away() -> None:
    facts = Facts(snapshot(roles=(role(attached_policies=(ADMIN,), boundary=arn("policy", "Gone")),)))
    assert set(facts.admin_roles) == {arn("role", "app")}


def test_administrator_access_is_known_by_its_name_where_its_document_is_not() -> None:
    assert Facts(snapshot(policies=())).admin_policies == {ADMIN: Power()}
    assert set(Facts(snapshot(partition="aws-cn")).admin_policies) == {"arn:aws-cn:iam::aws:policy/AdministratorAccess"}


def test_texts_are_the_account_s_own_documents() -> None:
    facts = Facts(
        snapshot(
            users=(user("a", inline_policies=(document(name="i"),)),),
            policies=(
                policy("Own"),
                policy("Boundary", attachment_count=0, boundary_usage_count=1),
                policy("OfAws", is_aws_managed=True),
                policy("Odd", default_version=make_broken_document("Odd")),
            ),
        )
    )
    assert [(text.label, text.is_inline) for text in facts.texts] == [("Own", False), ("Odd", False), ("a/i", True)]
    assert facts.unreadable == ("Odd",)


def test_users_of_the_report_and_of_now() -> None:
    account = snapshot(users=(user("kept"), user("new")), credential_report=report(row("kept"), row("gone")))
    assert [item.user for item in Facts(account).credential_rows] == ["kept"]
    assert [item.name for item in Facts(account).unreported_users] == ["new"]
    assert Facts(people(row("kept"))).unreported_users == ()


@pytest.mark.parametrize(
    ("of_row", "of_user", "same"),
    [(300, 300, True), (300, 2, False), (2, 300, False), (None, 2, True), (300, None, True)],
)
def test_a_row_is_of_the_user_who_was_made_when_it_says(
    of_row: t.Optional[float], of_user: t.Optional[float], same: bool
) -> None:
    """AWS hands out a report up to four hours old, and a name may be used again in that time."""
    made, reported = (None if days is None else days_ago(days) for days in (of_user, of_row))
    facts = Facts(snapshot(users=(user("a", created=made),), credential_report=report(row("a", created=reported))))
    assert (len(facts.credential_rows), len(facts.unreported_users)) == ((1, 0) if same else (0, 1))


def test_sources_may_differ_by_parts_of_a_second() -> None:
    made = days_ago(3) + timedelta(milliseconds=900)
    facts = Facts(snapshot(users=(user("a", created=made),), credential_report=report(row("a", created=days_ago(3)))))
    assert facts.unreported_users == ()
    assert Facts(snapshot(credential_report=None)).credential_rows == ()


def test_roles_with_the_same_trust_policy_share_its_questions() -> None:
    """An account of a thousand roles has a few dozen different trust policies."""
    roles = (role("a"), role("b"), role("c", trust=trust("*")))
    facts = Facts(snapshot(roles=roles))
    assert facts.trust(roles[0]) is facts.trust(roles[1])
    assert facts.trust(roles[0]) is not facts.trust(roles[2])


def test_a_policy_of_the_organization_that_names_roles_tells_them_apart() -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    roles = (role("a", trust=trust("*")), role("b", trust=trust("*")))

    def facts(resource: str) -> Facts:
        policy = ControlPolicy("p-1", "limit", "RESOURCE_CONTROL_POLICY", document({**statement, "Resource": resource}))
        return Facts(snapshot(roles=roles, organization_policies=(PolicyLevel("r-1", "r-1", (), (policy,)),)))

    named = facts(roles[0].arn)
    assert [(item := named.trust(each)) is not None and item.lets_anybody_in for each in roles] == [False, True]
    everywhere = facts("*")
    assert everywhere.trust(roles[0]) is everywhere.trust(roles[1])


def test_a_policy_is_attached_where_somebody_has_it() -> None:
    texts = Facts(snapshot(policies=(policy("One", attachment_count=1), policy("None", attachment_count=0)))).texts
    assert [(text.label, text.attached) for text in texts] == [("One", True), ("None", False)]


def test_policies_that_make_an_administrator_together_under_a_condition() -> None:
    parts = (
        document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*", "Condition": MFA}, name="most"),
        document(allow("iam:*", Condition=MFA), name="iam"),
    )
    facts = Facts(snapshot(roles=(role("app", inline_policies=parts),)))
    grants = facts.admin_roles[arn("role", "app")]
    assert [(grant.policy, grant.needs_mfa, grant.alone) for grant in grants] == [
        ("most", True, False),
        ("iam", True, False),
    ]


def test_roles_of_aws_are_no_administrators_of_ours() -> None:
    path = "/aws-reserved/sso.amazonaws.com/"
    reserved = role("Sso", path=path, arn=arn("role", f"{path[1:]}Sso"), attached_policies=(ADMIN,))
    facts = Facts(snapshot(roles=(reserved, role("app", attached_policies=(ADMIN,)))))
    assert set(facts.admin_roles) == {arn("role", "app")}
