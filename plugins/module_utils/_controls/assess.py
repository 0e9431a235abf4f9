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

from .._account.model import Dataset, Snapshot
from .._converge.finding import Evidence, Finding, Remediation, Status
from .._converge.protected import protection_of
from .control import Control, Failure, Scope, Verdict, plural, unread_reason
from .facts import Facts
from .regions import GLOBAL, explain_unproven, region_findings, was_not_requested
from .registry import all_controls
from .settings import Settings

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
    """Judge the snapshot by the controls (by default all), in the catalogue's order, then by region and resource.

    FAIL: one finding a resource. PASS and NOT_APPLICABLE: one a control, account and region. NOT_ASSESSED: one a
    resource that could not be judged, beside the failures of others; one a control, account and region with the reason,
    for a control that lacks a dataset; one for a region that was not read. Deep and detective controls whose evidence
    was not asked for are left out. ``now`` defaults to the snapshot's own time.

    With ``of_organization`` the snapshot is judged as that of an organization, and controls of accounts are left out;
    without it as that of an account, in which controls of organizations are NOT_ASSESSED. ``break_glass`` are the
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
            found.append(_elsewhere(control, account))
            continue
        for scope in _scopes(control, account):
            found.extend(_judge(control, scope))
    found.extend(region_findings(chosen, account))
    return tuple(found)


def _elsewhere(control: Control, account: Scope) -> Finding:
    """The finding of an organization's control on an account: it applies to every member, and is not judged here."""
    if account.facts.organization is None and account.missing(Dataset.ORGANIZATION) is None:
        return _whole(control, account, Status.NOT_APPLICABLE, "the account belongs to no organization", None)
    return _whole(control, account, Status.NOT_ASSESSED, ONCE, None)


def _scopes(control: Control, account: Scope) -> Iterator[Scope]:
    if was_not_requested(control, account.snapshot):
        return
    if not control.regional:
        yield account
        return
    denied = account.snapshot.denied_regions
    for region in account.snapshot.regions:
        if region not in denied:
            yield dataclasses.replace(account, region=region)


def _judge(control: Control, scope: Scope) -> list[Finding]:
    unread = next((found for dataset in control.needs if (found := _explain_unread(control, dataset, scope))), None)
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
    """The failures, and the resources that could not be judged; empty if the control has one answer for all."""
    found = [
        _finding(control, scope, status, item)
        for status, items in ((Status.FAIL, verdict.failures), (Status.NOT_ASSESSED, verdict.unjudged))
        for item in sorted(items, key=lambda item: (item.region or "", item.resource, item.resource_detail or ""))
    ]
    if verdict.not_assessed is not None:
        found.append(_whole(control, scope, Status.NOT_ASSESSED, verdict.not_assessed, verdict))
    return found


def _explain_unread(control: Control, dataset: Dataset, scope: Scope) -> t.Optional[str]:
    """Explain why a needed dataset is missing. An account-wide control can use a regional dataset of some regions.

    Such a control itself reports the other regions (:meth:`Scope.unread_regions`).
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
    doubt = explain_unproven(control, scope)
    if doubt is not None:
        return _whole(control, scope, Status.NOT_ASSESSED, doubt, verdict)
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
        remediation=_remediation(control, result.resource) if status is Status.FAIL else control.remediation,
        compliance=control.requirements(status),
    )


def _remediation(control: Control, resource: str) -> Remediation:
    """The remediation of a failure: by hand where its principal is one that every module leaves alone."""
    remediation = control.remediation
    is_principal = any(kind in resource for kind in (":user/", ":role/", ":group/"))
    if remediation.module is None or not is_principal or protection_of(resource) is None:
        return remediation
    return dataclasses.replace(remediation, module=None)
