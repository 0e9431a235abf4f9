# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The waiver that a report prints covers its own finding and nothing else."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._controls.waivers import apply, parse
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Evidence, Finding, Severity, Status
from ansible_collections.hardening.iam.plugins.module_utils._report.waiving import to_waive

from . import samples

TODAY: t.Final = samples.NOW.date()
KNOWN: t.Final = {name: control.severity for name, control in samples.CONTROLS.items()}
KEY: t.Final = samples.finding(
    "access_key_age", samples.arn("user", "svc-backup"), resource_detail=samples.OLD_KEYS["svc-backup"]
)
POLICY: t.Final = samples.finding(
    "policy_sensitive_wildcard",
    samples.arn("policy", "Odd[*]?Name"),
    evidence=Evidence({"allows": ["iam:*"]}),
    severity=Severity.CRITICAL,
)
REGIONAL: t.Final = samples.finding("external_access_analyzer", samples.arn("x", samples.HOSTILE), region="eu-west-1")


def statuses(of: Finding, *findings: Finding) -> list[Status]:
    """The statuses of findings under the waiver that the report prints for one of them."""
    printed = to_waive(of.as_dict())
    assert printed is not None
    (entry,) = yaml.safe_load(printed)
    expires = TODAY + dt.timedelta(days=30)
    signed = {**entry, "reason": "why", "owner": "team", "ticket": "SEC-1", "approved_by": "ciso", "expires": expires}
    judged, _records, _warnings = apply(findings, parse([signed], known_controls=KNOWN, today=TODAY), TODAY)
    return [item.status for item in judged]


@pytest.mark.parametrize("item", [KEY, POLICY, REGIONAL], ids=["key", "policy", "region"])
def test_the_printed_waiver_covers_its_finding(item: Finding) -> None:
    assert statuses(item, item) == [Status.WAIVED]


@pytest.mark.parametrize(
    ("item", "other"),
    [
        (KEY, {"resource_detail": samples.OLD_KEYS["dev-alice"]}),
        (KEY, {"resource": samples.arn("user", "svc-backup-2")}),
        (KEY, {"account_id": "333344445555"}),
        (KEY, {"severity": Severity.CRITICAL}),
        (POLICY, {"resource": samples.arn("policy", "Odd[x]?Name")}),
        (POLICY, {"evidence": Evidence({"allows": ["iam:*", "sts:*"]})}),
        (REGIONAL, {"region": "us-east-1"}),
    ],
)
def test_the_printed_waiver_covers_nothing_else(item: Finding, other: dict[str, t.Any]) -> None:
    assert statuses(item, dataclasses.replace(item, **other)) == [Status.FAIL]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.FAIL])
def test_only_what_fails_can_be_waived(status: Status) -> None:
    assert to_waive(dataclasses.replace(KEY, status=status).as_dict()) is None


def test_the_waiver_is_not_complete_without_a_person() -> None:
    with pytest.raises(ValueError, match="reason, owner, ticket, approved_by, expires missing or empty"):
        parse(yaml.safe_load(to_waive(KEY.as_dict()) or ""), known_controls=KNOWN, today=TODAY)
