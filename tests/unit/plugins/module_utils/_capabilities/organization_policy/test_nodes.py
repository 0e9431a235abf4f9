# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP, SCP
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.nodes import Nodes, allows

from .organizations import BOX, DENY, DEV, FULL, ROOT, WORK, full_access, policy, tree


def nodes(*policies: t.Any, kind: str = SCP, limit: int = 5) -> Nodes:
    return Nodes(tree(*policies), kind, limit)


def test_the_slots_of_a_target_are_full_until_a_detachment_is_made() -> None:
    found = nodes(policy("one", DEV), policy("two", DEV), limit=3)
    # With the policy of AWS there are three.
    assert found.find_full(DEV) == ("one", "two", "FullAWSAccess") and found.find_full(BOX) is None
    found.detach(DEV, "one")
    assert found.find_full(DEV) is not None
    assert nodes(policy("one", DEV), limit=3).find_full(DEV) is None
    found = nodes(limit=2)
    found.attach(BOX, "new", allowing=False)
    assert found.find_full(BOX) == ("FullAWSAccess", "new") and found.find_full("ou-unknown") is None
    # The same policy takes one slot.
    found.attach(BOX, "new", allowing=False)
    assert found.find_full(BOX) == ("FullAWSAccess", "new")


def test_policies_of_another_type_take_no_slot() -> None:
    found = nodes(policy("one", DEV), policy("guard", DEV, kind=RCP), kind=RCP, limit=1)
    assert found.find_targets("guard") == (DEV,) and found.find_targets("one") == ()
    assert found.find_full(DEV) == ("guard",)


def test_the_targets_of_a_policy_are_those_after_the_plan() -> None:
    found = nodes(policy("one", DEV, BOX))
    found.detach(DEV, "one")
    found.attach(WORK, "one", allowing=False)
    assert set(found.find_targets("one")) == {BOX, WORK}
    found.detach(WORK, "missing")
    assert found.find_targets("missing") == ()


def test_the_last_scp_of_a_target_stays() -> None:
    only = nodes(full_access(ROOT, DEV), policy("one", DEV))
    assert "the last SCP there, and" in str(only.explain_need(ROOT, "FullAWSAccess"))
    assert "the last SCP there that allows anything" in str(only.explain_need(DEV, "FullAWSAccess"))
    # A denial may go, and so may what allows something beside another that does.
    assert only.explain_need(DEV, "one") is None
    two = nodes(full_access(DEV), policy("own", DEV, content=FULL))
    assert two.explain_need(DEV, "FullAWSAccess") is None and two.explain_need(DEV, "own") is None
    two.detach(DEV, "own")
    assert two.explain_need(DEV, "FullAWSAccess") is not None
    two.attach(DEV, "own", allowing=True)
    assert two.explain_need(DEV, "FullAWSAccess") is None


def test_of_other_types_the_last_one_may_go() -> None:
    assert nodes(policy("guard", DEV, kind=RCP), kind=RCP).explain_need(DEV, "guard") is None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (FULL, True),
        (DENY, False),
        ({"Statement": FULL["Statement"][0]}, True),  # type: ignore[index]
        ({"Statement": [*DENY["Statement"], *FULL["Statement"]]}, True),  # type: ignore[misc]
        ({"Statement": []}, False),
        ({"Statement": ["x"]}, False),
        ({}, False),
        (None, False),
        ("x", False),
    ],
)
def test_a_document_allows_something_by_one_statement(document: t.Any, expected: bool) -> None:
    assert allows(document) is expected
