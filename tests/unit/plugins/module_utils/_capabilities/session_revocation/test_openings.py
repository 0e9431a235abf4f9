# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.cut import Cut
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.edges import AccountEdges
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.openings import (
    describe_open,
    find_open,
    find_sourced,
    list_unsourced,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.reach import Walk
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.targets import (
    Target,
    list_sources,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust import Opener

from .accounts import DEPLOY, FOREIGN, HOME, NOW, PROD, USER, VENDOR, make_home, make_production

GITHUB: t.Final = Opener("Federated", f"arn:aws:iam::{PROD}:oidc-provider/token.actions.githubusercontent.com")
SAML: t.Final = Opener("Federated", f"arn:aws:iam::{PROD}:saml-provider/acme")
PARTNER: t.Final = Opener("AWS", f"arn:aws:iam::{FOREIGN}:root")
LAMBDA: t.Final = Opener("Service", "lambda.amazonaws.com")
OPENERS: t.Final = (GITHUB, SAML, PARTNER, LAMBDA)


def declare(**fields: t.Any) -> Incident:
    return Incident.from_option(
        {"id": "INC-7", "declared_by": "Ana", "reason": "key found in a repository", **fields}, now=NOW
    )


NAMED: t.Final = Cut("", named=("evil",))


def find(incident: Incident, *, cut: Cut = NAMED, is_sourced: bool = False) -> tuple[Opener, ...]:
    cuts = tuple(seed.trust for seed in incident.roles if seed.trust)
    return find_open(incident, Target(DEPLOY, cut, is_named=True), OPENERS, cuts, is_sourced=is_sourced)


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("oidc", (GITHUB,)),
        ("saml", (SAML,)),
        ("other", (GITHUB, SAML, PARTNER)),
        *((sort, ()) for sort in ("instance", "task", "function")),
    ],
)
def test_a_source_that_opens_sessions_after_the_cut_is_found(sort: str, found: tuple[Opener, ...]) -> None:
    incident = declare(sessions=[{"role": DEPLOY, "name": "evil", "sort": sort}])
    assert find(incident) == found
    assert find(incident, cut=Cut("", all=True)) == ()
    # Another credential of the incident explains a session of a role, but not one of an identity provider.
    assert find(incident, is_sourced=True) == (() if sort == "other" else found)


def test_a_source_that_is_taken_out_is_closed() -> None:
    session = {"role": DEPLOY, "name": "evil"}
    for sort, opener in (("oidc", GITHUB), ("saml", SAML), ("other", PARTNER)):
        cut = {"arn": DEPLOY, "cut": "trust", "principal": opener.value}
        left = (GITHUB, SAML) if sort == "other" else ()
        assert find(declare(sessions=[{**session, "sort": sort}], roles=[cut])) == left
    # Another principal than the source.
    assert find(declare(sessions=[{**session, "sort": "oidc"}], roles=[cut])) == (GITHUB,)


def test_a_cut_closes_no_other_source_of_the_role() -> None:
    other = Opener("Federated", f"arn:aws:iam::{PROD}:oidc-provider/gitlab.example")
    cut = {"arn": DEPLOY, "cut": "trust", "principal": GITHUB.value}
    incident = declare(sessions=[{"role": DEPLOY, "name": "evil", "sort": "oidc"}], roles=[cut])
    cuts = tuple(seed.trust for seed in incident.roles if seed.trust)
    target = Target(DEPLOY, NAMED, is_named=True)
    assert find_open(incident, target, (*OPENERS, other), cuts, is_sourced=False) == (other,)
    # A principal that the policy does not let in closes nothing.
    slip = {**cut, "principal": "999988887778"}
    incident = declare(sessions=[{"role": DEPLOY, "name": "evil"}], roles=[slip])
    assert find(incident) == (GITHUB, SAML, PARTNER)
    assert find(incident, is_sourced=True) == ()


def test_a_role_that_loses_its_older_sessions_can_be_entered_again() -> None:
    assert find(declare(roles=[DEPLOY]), cut=Cut("", older=True)) == (GITHUB, SAML, PARTNER)
    assert find(declare(roles=[{"arn": DEPLOY, "cut": "all_sessions"}]), cut=Cut("", all=True)) == ()
    # Nobody named a session of it.
    assert find(declare(users=[USER])) == ()


def test_the_session_of_an_instance_without_its_name_is_like_any_other() -> None:
    session = {"role": DEPLOY, "source_identity": "alice", "sort": "instance"}
    assert find(declare(sessions=[session])) == (GITHUB, SAML, PARTNER)


def test_a_role_has_another_source_if_a_credential_of_the_incident_may_assume_it() -> None:
    incident = declare(users=[USER], sessions=[{"role": DEPLOY, "name": "evil"}, {"role": VENDOR, "name": "evil"}])
    sources = list_sources(incident, ())
    accounts = {
        one.account_id: AccountEdges.from_snapshot(one, [source.arn for source in sources])
        for one in (make_home(), make_production())
    }
    walk = Walk(accounts, frozenset({HOME, PROD}), waits=False)
    assert list_unsourced(incident, [DEPLOY, VENDOR]) == (DEPLOY, VENDOR)
    assert find_sourced(walk, sources, [DEPLOY, VENDOR]) == {DEPLOY}
    # The role itself is no source of itself.
    alone = [source for source in sources if source.arn == DEPLOY]
    assert find_sourced(walk, alone, [DEPLOY]) == frozenset()


def test_the_reason_names_some_of_them() -> None:
    text = describe_open([Opener("AWS", "*"), *(Opener("AWS", f"{number:012d}") for number in range(5))])
    assert "everybody, 000000000000" in text and "and 2 more" in text
