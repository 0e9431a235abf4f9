# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controls know of an organization: what is attached where, who is bound, and how things are called."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP, SCP
from ansible_collections.hardening.iam.plugins.module_utils._controls.control import Scope
from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import Facts
from ansible_collections.hardening.iam.plugins.module_utils._controls.organization_facts import Organization, first
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.narrowing import ANYTHING

from .organization_samples import (
    DEV,
    PLAY,
    PROD,
    PRODUCTION,
    ROOT_ID,
    SANDBOX,
    WORKLOADS,
    account,
    acme,
    arn,
    deny,
    full_access,
    policy,
    tree,
    unreadable,
)
from .samples import ACCOUNT, NOW, snapshot


def organization(of: Snapshot) -> Organization:
    return Organization(Scope(Facts(of), Settings(), NOW))


def test_policies_by_where_they_are_attached() -> None:
    guard = policy("guard", deny("iam:*"), on=(WORKLOADS, PLAY))
    found = organization(acme(full_access(), guard, policy("spare", deny("s3:*"))))
    assert [item.source.name for item in found.on[WORKLOADS]] == ["FullAWSAccess", "guard"]
    assert [len(level) for level in found.above(PROD)] == [1, 2, 1, 1]
    assert [item.source.name for item in found.policies] == ["FullAWSAccess", "guard"]
    full, own = found.on[PLAY]
    assert (full.allows, own.allows) == (True, False)


def test_who_is_bound() -> None:
    closed = (*tree().accounts, account("555566667777", "acme-old", PRODUCTION, "SUSPENDED"))
    found = organization(acme(accounts=closed))
    assert [item.id for item in found.bound_accounts] == [PROD, DEV, PLAY]
    assert found.list_bound_under(WORKLOADS) == [f"acme-prod ({PROD})", f"acme-dev ({DEV})"]
    assert ACCOUNT not in found.nodes and "555566667777" in found.nodes


def test_names_and_arns() -> None:
    found = organization(acme())
    assert found.arn == f"arn:aws:organizations::{ACCOUNT}:organization/o-acme"
    assert [found.arn_of(target) for target in (ROOT_ID, WORKLOADS, PROD)] == [
        arn("root", ROOT_ID),
        arn("ou", WORKLOADS),
        arn("account", PROD),
    ]
    assert [found.label(target) for target in (ROOT_ID, WORKLOADS, PROD)] == ["/", "/Workloads", "acme-prod"]


def test_what_can_not_be_parsed_is_named() -> None:
    found = organization(acme(full_access(), unreadable([WORKLOADS])))
    assert found.unreadable([PROD]) == ""
    assert found.unreadable([PROD, WORKLOADS]) == "policies that can't be parsed: broken"
    (item,) = (item for item in found.policies if item.policy is None)
    assert not item.allows


def test_a_snapshot_of_an_account_has_no_organization() -> None:
    with pytest.raises(ValueError, match="no organization"):
        organization(snapshot())


def test_evidence_names_the_first_of_many() -> None:
    assert first(str(number) for number in range(100)) == sorted(map(str, range(100)))[:20]


def test_the_policies_of_each_level_are_those_of_one_type() -> None:
    guard = policy("guard", deny("iam:*"), on=(WORKLOADS,))
    data = policy("data", deny("s3:*", Principal="*"), on=(ROOT_ID, PROD), kind=RCP)
    found = organization(acme(full_access(), guard, data))
    scps, rcps = found.levels(PROD, SCP), found.levels(PROD, RCP)
    assert [[item.name for item in level] for level in scps or ()] == [
        ["FullAWSAccess"],
        ["FullAWSAccess", "guard"],
        ["FullAWSAccess"],
        ["FullAWSAccess"],
    ]
    assert [[item.name for item in level] for level in rcps or ()] == [["data"], [], [], ["data"]]
    assert [item.source.name for item in found.scps_on(ROOT_ID)] == ["FullAWSAccess"]
    assert found.scps_on("ou-gone") == ()


def test_a_type_that_is_not_enabled_has_no_levels() -> None:
    found = organization(acme(full_access(), policy_types={SCP: "ENABLED", RCP: "PENDING_ENABLE"}))
    assert found.levels(PROD, SCP) is not None
    assert found.levels(PROD, RCP) is None


def test_a_policy_that_does_not_parse_may_allow_anything() -> None:
    found = organization(acme(full_access(), unreadable([PROD])))
    levels = found.levels(PROD, SCP) or ()
    assert [len(level) for level in levels] == [1, 1, 1, 2]
    assert ANYTHING in levels[-1]


def test_the_nodes_are_all_that_a_policy_can_bind() -> None:
    found = organization(acme())
    assert found.nodes == (ROOT_ID, SANDBOX, WORKLOADS, PRODUCTION, PROD, DEV, PLAY)
    assert found.list_bound_under(ROOT_ID) == [f"acme-prod ({PROD})", f"acme-dev ({DEV})", f"acme-play ({PLAY})"]
    assert found.list_bound_under(ACCOUNT) == []
