# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The engine: controls over a snapshot give findings. Pure; the clock comes from outside."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from .._account.model import Dataset, Snapshot, UnreadKind
from .._converge.finding import Evidence, Finding, Remediation, Severity, Status
from .control import SOURCES, Control, Failure, Scope, Verdict, merged, plural, unread_reason
from .facts import Facts
from .registry import all_controls
from .settings import Settings

# Not a control of the catalogue: the one line that stands for all regional controls in a region that refused us.
REGION_CONTROL: t.Final = "region_assessed"
GLOBAL: t.Final = "global"
ONCE: t.Final = "assessed once for the whole organization (scope organization, playbooks/organization.yml)"


def assess(
    snapshot: Snapshot,
    *,
    settings: t.Optional[Settings] = None,
    controls: t.Optional[Sequence[Control]] = None,
    now: t.Optional[datetime] = None,
    of_organization: bool = False,
    break_glass: Collection[str] = (),
) -> tuple[Finding, ...]:
    """What the controls (all by default) say of the snapshot, in the catalogue's order, then by region and resource.

    FAIL: one finding a resource. PASS and NOT_APPLICABLE: one a control, account and region. NOT_ASSESSED: one a
    resource that could not be judged, beside the failures of others; one a control, account and region with the reason,
    for a control that lacks a dataset; one for a region that refused all reads. Deep and detective controls whose
    evidence was not asked for are left out. ``now`` defaults to the snapshot's own time.

    With ``of_organization`` the snapshot is judged as that of an organization, and controls of accounts are left out;
    without it as that of an account, to which controls of organizations are NOT_APPLICABLE. ``break_glass`` are the
    declared principals for emergencies, as ARN globs.
    """
    facts = Facts(snapshot)
    account = Scope(facts, settings or Settings(), now or snapshot.observed_at, break_glass=tuple(break_glass))
    chosen = all_controls() if controls is None else tuple(controls)
    if of_organization:
        chosen = tuple(control for control in chosen if control.of_organization)
    found: list[Finding] = []
    for control in chosen:
        if control.of_organization and not of_organization:
            found.append(_whole(control, account, Status.NOT_APPLICABLE, _elsewhere(account), None))
            continue
        for scope in _scopes(control, account):
            found.extend(_judge(control, scope))
    found.extend(_denied_regions(chosen, account))
    return tuple(found)


def _elsewhere(account: Scope) -> str:
    """Why a control of the organization has nothing to say of an account."""
    if account.facts.organization is None and account.missing(Dataset.ORGANIZATION) is None:
        return "the account belongs to no organization"
    return ONCE


def _scopes(control: Control, account: Scope) -> Iterator[Scope]:
    if (control.is_deep or control.is_detective) and any(
        _was_not_requested(dataset, account) for dataset in control.needs
    ):
        return
    if not control.regional:
        yield account
        return
    denied = account.snapshot.denied_regions
    for region in account.snapshot.regions:
        if region not in denied:
            yield dataclasses.replace(account, region=region)


def _was_not_requested(dataset: Dataset, account: Scope) -> bool:
    unread = account.snapshot.missing(dataset)
    return unread is not None and unread.kind is UnreadKind.NOT_REQUESTED


def _judge(control: Control, scope: Scope) -> list[Finding]:
    unread = next((found for dataset in control.needs if (found := _unread(control, dataset, scope))), None)
    if unread is not None:
        return [_whole(control, scope, Status.NOT_ASSESSED, unread, None)]
    try:
        verdict = control.check(scope)
    except Exception as error:  # noqa: BLE001
        # A control that trips over data nobody foresaw must not cost the account all other findings, nor pass.
        reason = f"the control could not judge what AWS answered ({type(error).__name__}: {error})"
        return [_whole(control, scope, Status.NOT_ASSESSED, reason, None)]
    return _results(control, scope, verdict) or [_quiet(control, scope, verdict)]


def _results(control: Control, scope: Scope, verdict: Verdict) -> list[Finding]:
    """What fails, and beside it what could not be judged; nothing where the control has one answer for everything."""
    found = [
        _finding(control, scope, status, item)
        for status, items in ((Status.FAIL, verdict.failures), (Status.NOT_ASSESSED, verdict.unjudged))
        for item in sorted(items, key=lambda item: (item.region or "", item.resource, item.resource_detail or ""))
    ]
    if verdict.not_assessed is not None:
        found.append(_whole(control, scope, Status.NOT_ASSESSED, verdict.not_assessed, verdict))
    return found


def _unread(control: Control, dataset: Dataset, scope: Scope) -> t.Optional[str]:
    """Why a needed dataset is missing. An account-wide control can do with a regional dataset of some regions only.

    What such a control makes of the others it says itself (:meth:`Scope.unread_regions`).
    """
    reason = scope.missing(dataset)
    if reason is not None:
        return reason
    if scope.region is None and scope.snapshot.regions:
        missing = [unread for region in scope.snapshot.regions if (unread := scope.snapshot.missing(dataset, region))]
        if len(missing) == len(scope.snapshot.regions):
            return unread_reason(missing[0])
    return None


def _quiet(control: Control, scope: Scope, verdict: Verdict) -> Finding:
    if verdict.not_applicable is not None:
        return _whole(control, scope, Status.NOT_APPLICABLE, verdict.not_applicable, verdict)
    return _whole(
        control, scope, Status.PASS, verdict.detail or f"{plural(verdict.population, verdict.unit)} assessed", verdict
    )


def _whole(control: Control, scope: Scope, status: Status, detail: str, verdict: t.Optional[Verdict]) -> Finding:
    """The finding that speaks for all resources of a control."""
    observed: dict[str, t.Any] = {}
    if verdict is not None:
        observed = {"population": verdict.population, "unit": verdict.unit, **verdict.extra}
    return _finding(control, scope, status, Failure(scope.facts.account_arn, detail, observed or None))


def _finding(control: Control, scope: Scope, status: Status, result: Failure) -> Finding:
    report = scope.snapshot.credential_report if Dataset.CREDENTIAL_REPORT in control.needs else None
    return Finding(
        control=control.id,
        status=status,
        severity=result.severity or control.severity,
        account_id=scope.snapshot.account_id,
        region=result.region or scope.region or GLOBAL,
        resource=result.resource,
        resource_detail=result.resource_detail,
        title=control.title,
        detail=result.detail,
        evidence=Evidence(
            observed=result.observed,
            expected=control.expected,
            source=control.source,
            observed_at=report.generated if report is not None else scope.snapshot.observed_at,
        ),
        remediation=control.remediation,
        compliance=control.requirements(status),
    )


def _denied_regions(controls: Sequence[Control], account: Scope) -> Iterator[Finding]:
    """One finding a region that refused all reads, standing for every regional control that was chosen."""
    regional = [control for control in controls if control.regional]
    if not regional:
        return
    compliance = merged(*(control.compliance for control in regional))
    sources = dict.fromkeys(SOURCES[dataset] for control in regional for dataset in control.needs)
    for region, reason in sorted(account.snapshot.denied_regions.items()):
        yield Finding(
            control=REGION_CONTROL,
            status=Status.NOT_ASSESSED,
            severity=max(
                (control.severity for control in regional), key=lambda severity: -severity.rank, default=Severity.LOW
            ),
            account_id=account.snapshot.account_id,
            region=region,
            resource=account.facts.account_arn,
            title="Every region in use can be assessed",
            detail=f"{reason}; this stands for {plural(len(regional), 'regional controls')}",
            evidence=Evidence(
                observed={"controls": [control.id for control in regional]},
                expected="the region answers",
                source=", ".join(sources),
                observed_at=account.snapshot.observed_at,
            ),
            remediation=Remediation(
                text="Assess only regions that the account may use (option regions), or admit the assessor role in the"
                " policy that denies the region."
            ),
            compliance=compliance,
        )
