# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What judging permissions costs, counted: it grows with the number of different policies, not of principals."""

from __future__ import annotations

import typing as t
from collections import Counter

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account import permissions
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._controls.assess import assess
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Evaluator

from .samples import ADMIN, allow, arn, document, group, policy, role, snapshot, user

# What privilege escalation costs is counted with its search.
CONTROLS = [
    control
    for control in all_controls()
    if control.theme in ("privileges", "policies", "trust") and "escalation" not in control.id
]
POLICIES = 60


def account(users: int, roles: int, policies: int = POLICIES) -> Snapshot:
    """A third of the policies is scoped, a third reaches everything in one service, a third leaves out IAM."""
    statements = (
        lambda number: allow("s3:GetObject", resource=f"arn:aws:s3:::team-{number}/*"),
        lambda number: allow(f"service{number}:*"),
        lambda number: {"Effect": "Allow", "NotAction": ["iam:*", f"service{number}:*"], "Resource": "*"},
    )
    own = [policy(f"P{number}", statements[number % 3](number)) for number in range(policies)]
    return snapshot(
        users=tuple(
            user(
                f"u{number}",
                attached_policies=(own[number % policies].arn,),
                inline_policies=(document(allow("iam:PassRole"), name="own"),),
                groups=("admins",) if number % 2 else (),
            )
            for number in range(users)
        ),
        groups=(group("admins", attached_policies=(ADMIN,)),),
        roles=tuple(
            role(f"r{number}", attached_policies=(own[number % policies].arn,), boundary=arn("policy", "P2"))
            for number in range(roles)
        ),
        policies=tuple(own),
    )


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts documents that are parsed and questions that the evaluator is asked."""
    counted: Counter[str] = Counter()

    def count(name: str, real: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def counting(*args: t.Any, **more: t.Any) -> t.Any:
            counted[name] += 1
            return real(*args, **more)

        return counting

    monkeypatch.setattr(permissions, "parse", count("parsed", permissions.parse))
    monkeypatch.setattr(Evaluator, "outcome", count("asked", Evaluator.outcome))
    monkeypatch.setattr(Evaluator, "decide", count("decided", Evaluator.decide))
    return counted


def test_more_principals_with_the_same_policies_cost_no_more(work: Counter[str]) -> None:
    assess(account(120, 60), controls=CONTROLS)
    once = dict(work)
    work.clear()
    assess(account(1200, 600), controls=CONTROLS)
    assert dict(work) == once


def test_the_work_of_an_account(work: Counter[str]) -> None:
    findings = assess(account(2000, 1000, policies=900), controls=CONTROLS)
    assert len([finding for finding in findings if finding.control == "policy_service_wildcard"]) == 600
    # The managed policies, AWS's own, one inline policy and one trust policy that all have in common.
    assert work["parsed"] == 900 + 3
    # Scoped policies are not asked about at all, and whole services only for what rules want to know.
    assert work["asked"] < 30 * 900
    assert work["decided"] == 0
