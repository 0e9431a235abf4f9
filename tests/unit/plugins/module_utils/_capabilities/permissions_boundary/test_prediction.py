# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a principal may be given a boundary, by what it would break."""

from __future__ import annotations

import datetime as dt

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.prediction import (
    Judgement,
    Jury,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Breakage, Impact, Verdict
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use
from ansible_collections.hardening.iam.plugins.module_utils._prediction.acceptance import Acceptance

from ..user_permissions.people import arn
from .bounded import ARN, OTHER, breaking, safe

TODAY = dt.date(2026, 11, 25)
DEV = arn("role", "developers/dev-1")


def verdict(outcome: Breakage, action: str, resource: str = "") -> Verdict:
    use = Use(DEV, action, Source.TRAIL, resource=resource or None)
    return Verdict(DEV, outcome, f"nothing allows {action}", use)


def judge(*impacts: Impact, principal: str = "dev-1", expires: dt.date = TODAY, boundary: str = ARN) -> Judgement:
    accepted = (Acceptance(0, principal, "agreed", expires),) if principal else ()
    return Jury({boundary: {impact.principal_arn: impact for impact in impacts}}, accepted, TODAY).judge(DEV, ARN)


def test_what_is_safe_needs_nobodys_acceptance() -> None:
    found = judge(safe(DEV))
    assert (found.arn, found.accepted, found.objection) == (DEV, None, "")


@pytest.mark.parametrize(
    "outcome", [Breakage.WILL_BREAK, Breakage.MAY_BREAK, Breakage.NO_EVIDENCE], ids=lambda item: item.value
)
def test_nothing_else_passes_but_by_name(outcome: Breakage) -> None:
    impact = Impact(DEV, (Verdict(DEV, outcome, "sqs was used"),))
    objection = judge(impact, principal="").objection
    assert objection.startswith(f"{outcome.value.replace('_', ' ')}: sqs was used")
    assert objection.endswith("list role/developers/dev-1 in accept_breakage")
    for name in ("dev-1", "role/dev-1", "role/developers/dev-1", DEV):
        assert judge(impact, principal=name).accepted == "agreed"
    for name in ("dev-2", "user/dev-1", "role/dev-1/x"):
        assert judge(impact, principal=name).objection


def test_an_acceptance_holds_on_its_last_day_and_not_on_the_next() -> None:
    assert judge(breaking(DEV), expires=TODAY).objection == ""
    assert judge(breaking(DEV), expires=TODAY - dt.timedelta(days=1)).objection


def test_the_prediction_is_that_of_this_boundary_and_of_this_principal() -> None:
    """What nobody looked at is not safe."""
    for found in (
        judge(safe(DEV), boundary=OTHER, principal=""),
        judge(safe(arn("role", "x")), principal=""),
        judge(principal=""),
    ):
        assert found.objection.startswith("no evidence: its use was not read")


def test_the_worst_uses_are_named_and_the_rest_is_counted() -> None:
    verdicts = [verdict(Breakage.WILL_BREAK, f"sqs:Action{number}") for number in range(6)]
    impact = Impact(DEV, (*verdicts, verdict(Breakage.MAY_BREAK, "sns:Publish"), verdict(Breakage.SAFE, "s3:Get")))
    objection = judge(impact, principal="").objection
    assert "will break: sqs:Action4 (nothing allows sqs:Action4); and 2 more." in objection
    assert "s3:Get" not in objection
    queue = "arn:aws:sqs:us-east-1:111122223333:jobs"
    objection = judge(Impact(DEV, (verdict(Breakage.MAY_BREAK, "sqs:SendMessage", queue),)), principal="").objection
    assert objection.startswith(f"may break: sqs:SendMessage on {queue} (")
