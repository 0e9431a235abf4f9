# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose sessions of a role go on, for each way to cut it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.cut import Sid
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.rows import list_users
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse

from .accounts import HOME, PIPELINE, make_role, policy, trust

PROFILE: t.Final = f"arn:aws:iam::{HOME}:instance-profile/build"
OIDC: t.Final = f"arn:aws:iam::{HOME}:oidc-provider/token.actions.githubusercontent.com"
SAML: t.Final = f"arn:aws:iam::{HOME}:saml-provider/idp"
EC2, ECS = "ec2.amazonaws.com", "ecs-tasks.amazonaws.com"
EVERYBODY: t.Final = {PROFILE, PIPELINE, EC2, ECS, OIDC, SAML}


def find(*sids: Sid) -> dict[str, bool]:
    """Whether the sessions of each go on."""
    document = policy(
        trust(PIPELINE),
        trust(EC2, ECS, kind="Service"),
        trust(OIDC, kind="Federated", Action="sts:AssumeRoleWithWebIdentity"),
        trust(SAML, kind="Federated", Action="sts:AssumeRoleWithSAML"),
        trust("arn:aws:iam::999988887777:root", Effect="Deny"),
    )
    role = make_role(HOME, "build", instance_profiles=(PROFILE,))
    return {row["principal"]: row["goes_on"] for row in list_users(role, parse(document), sids)}


@pytest.mark.parametrize(
    ("sids", "ended"),
    [
        ((), set()),
        # The named alone.
        ((Sid.NAMED,), set()),
        ((Sid.SOURCES,), set()),
        ((Sid.IDENTITIES,), set()),
        ((Sid.SIGNIN,), set()),
        # Instances, functions and identity providers open sessions that go on.
        ((Sid.NOBODY_KNOWN,), {PIPELINE, ECS}),
        ((Sid.NOBODY_KNOWN, Sid.NAMED), {PIPELINE, ECS}),
        ((Sid.PROVIDERS,), {OIDC}),
        ((Sid.SAML,), {SAML}),
        ((Sid.NOBODY_KNOWN, Sid.PROVIDERS, Sid.SAML), {PIPELINE, ECS, OIDC, SAML}),
        ((Sid.OLDER,), EVERYBODY),
        ((Sid.ALL,), EVERYBODY),
        ((Sid.ALL, Sid.NAMED), EVERYBODY),
    ],
)
def test_who_uses_the_role_and_whose_sessions_end(sids: tuple[Sid, ...], ended: set[str]) -> None:
    found = find(*sids)
    assert set(found) == EVERYBODY and {one for one, goes_on in found.items() if not goes_on} == ended


def test_a_role_whose_trust_policy_is_not_known_has_its_instances_alone() -> None:
    role = make_role(HOME, "build", instance_profiles=(PROFILE,))
    assert [row["kind"] for row in list_users(role, None, [Sid.ALL])] == ["instance_profile"]
    empty = parse(policy(trust(PIPELINE, Action="sts:TagSession")))
    assert list(list_users(make_role(HOME, "build"), empty, [Sid.ALL])) == []
