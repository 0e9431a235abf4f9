# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Regions that were not read: one finding for each, since every control that asks about them is without an answer."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence

from .._account.model import Snapshot, UnreadKind
from .._converge.finding import Evidence, Finding, Remediation, Status
from .control import Control, Scope, Verdict, listing, merge_compliance, plural
from .problem import Problem

# No control of the catalogue: its findings stand for all controls that ask about a region that was not read.
REGION_CONTROL: t.Final = "region_assessed"
GLOBAL: t.Final = "global"
#: The words of findings that no control of the catalogue makes.
OTHER_PROBLEMS: t.Final = {REGION_CONTROL: Problem("Region could not be assessed", "regions could not be assessed")}
LEFT_OUT: t.Final = "the region is enabled, but not listed in aws_regions"


def region_findings(controls: Sequence[Control], account: Scope) -> Iterator[Finding]:
    """One finding a region that was not read, standing for every regional control that was chosen."""
    control = region_control(controls, account.snapshot)
    if control is None:
        return
    reasons = unread_regions(account.snapshot)
    unlisted = account.snapshot.enabled_regions_unread
    if unlisted:
        reasons[GLOBAL] = f"the enabled regions of the account are not known: {unlisted}"
    asked = [item.id for item in controls if item.regional and not was_not_requested(item, account.snapshot)]
    for region, reason in reasons.items():
        yield Finding(
            control=control.id,
            status=Status.NOT_ASSESSED,
            severity=control.severity,
            account_id=account.snapshot.account_id,
            region=region,
            resource=account.facts.account_arn,
            title=control.title,
            detail=f"{reason}; this replaces the findings of {plural(len(asked), 'regional controls')}",
            evidence=Evidence(
                observed={"controls": asked},
                expected=control.expected,
                source=control.source,
                observed_at=account.snapshot.observed_at,
            ),
            remediation=control.remediation,
            compliance=control.compliance,
        )


def unread_regions(snapshot: Snapshot) -> dict[str, str]:
    """The enabled regions that were not read, with the reason, in alphabetical order."""
    reasons = {**dict.fromkeys(snapshot.regions_left_out, LEFT_OUT), **snapshot.denied_regions}
    return {region: reasons[region] for region in sorted(reasons)}


def explain_unproven(control: Control, account: Scope) -> t.Optional[str]:
    """Explain why a pass of an account-wide control proves nothing: it covers all regions, and some were not read."""
    if not control.every_region:
        return None
    regions = set(unread_regions(account.snapshot))
    for dataset in control.needs:
        regions.update(account.unread_regions(dataset))
    if regions:
        return f"some regions were not read: {listing(regions, limit=20)}"
    if account.snapshot.enabled_regions_unread:
        return "the other enabled regions of the account are not known"
    return None


def was_not_requested(control: Control, snapshot: Snapshot) -> bool:
    """Whether a deep or detective control lacks evidence that nobody asked for, so that it is left out."""
    if not control.is_deep and not control.is_detective:
        return False
    unread = (snapshot.missing(dataset) for dataset in control.needs)
    return any(item is not None and item.kind is UnreadKind.NOT_REQUESTED for item in unread)


def region_control(controls: Sequence[Control], snapshot: Snapshot) -> t.Optional[Control]:
    """The findings on regions as a control; None if no chosen control asks about regions."""
    asked = [control for control in controls if control.regional and not was_not_requested(control, snapshot)]
    if not asked:
        return None
    return Control(
        id=REGION_CONTROL,
        title="Every enabled region was assessed",
        problem=OTHER_PROBLEMS[REGION_CONTROL],
        severity=min((control.severity for control in asked), key=lambda severity: severity.rank),
        theme="regions",
        needs=tuple(dict.fromkeys(dataset for control in asked for dataset in control.needs)),
        check=lambda scope: Verdict(len(scope.snapshot.regions), "regions"),
        expected="the region answers",
        rationale="An attacker may use any enabled region. A control that asks about every region proves nothing about"
        " a region that was not read.",
        remediation=Remediation(
            "Assess every enabled region (aws_regions: enabled), and admit the assessor role in the policy that denies"
            " the region. Disable regions that nobody uses."
        ),
        compliance=merge_compliance(*(control.compliance for control in asked)),
    )
