# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How Security Hub is set up: standards that judge, and what its own controls on IAM found."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ..._account.model import Dataset
from ..._account.regional import SecurityHub
from ..._account.security_hubs import (
    CIS,
    FOUNDATIONAL,
    SUBSCRIBED,
    HubFinding,
    SecurityHubDetails,
    StandardName,
    standard_name,
)
from ..._converge.finding import Remediation, Severity
from ..control import Control, Failure, Scope, Verdict, listing, maps, plural
from ..problem import Problem

_THEME = "detective"
_STANDARDS = "standards"
_FINDINGS = "failed findings"
_MODULE: t.Final = "hardening.iam.security_hub"
_IS_OFF: t.Final = "Security Hub is off in this region (control security_hub)"
_SEVERITIES: t.Final[Mapping[str, Severity]] = {severity.value.upper(): severity for severity in Severity}
_GLOBAL: t.Final = "global"
# An incomplete standard has some of its controls.
_JUDGING: t.Final = frozenset({"READY", "INCOMPLETE"})


def details_of(scope: Scope) -> t.Optional[SecurityHubDetails]:
    """Security Hub in the region of a scope."""
    return next((item for item in scope.snapshot.security_hub_details if item.region == scope.region), None)


def newest(names: Sequence[StandardName], slug: str) -> t.Optional[StandardName]:
    """The newest version of a standard among ``names``."""
    return max((name for name in names if name.slug == slug), key=lambda name: name.order, default=None)


def list_offered_standards(details: SecurityHubDetails) -> tuple[StandardName, ...]:
    """List the standards that can be enabled in a region."""
    return tuple(name for item in details.offered or () if (name := standard_name(item.arn)))


def _check_standards(scope: Scope) -> Verdict:
    details = details_of(scope)
    if details is not None and not details.enabled and details.policy:
        reason = f"managed centrally by the configuration policy {details.policy}, under which it is off"
        return Verdict(0, _STANDARDS, not_assessed=reason)
    if details is None or not details.enabled:
        return Verdict(0, _STANDARDS, not_applicable=_IS_OFF)
    if details.offered is None:
        return Verdict(0, _STANDARDS, not_assessed="AWS did not list the standards of this region")
    offered = list_offered_standards(details)
    wanted = [name for slug in (FOUNDATIONAL, CIS) if (name := newest(offered, slug))]
    states = {name: item.status for item in details.subscriptions if (name := standard_name(item.standard)) is not None}
    missing = [name for name in wanted if states.get(name) not in SUBSCRIBED]
    observed = {str(name): status for name, status in sorted(states.items())}
    if missing and details.policy:
        reason = f"managed centrally by the configuration policy {details.policy}, without {listing(map(str, missing))}"
        return Verdict(len(states), _STANDARDS, not_assessed=reason)
    if missing:
        words = listing(f"{name} ({states[name]})" if name in states else str(name) for name in missing)
        failure = Failure(scope.facts.account_arn, f"not enabled: {words}", observed)
        return Verdict(len(states), _STANDARDS, (failure,))
    waiting = [item for item in details.subscriptions if item.status != "READY" and item.status in SUBSCRIBED]
    if waiting:
        words = listing(f"{standard_name(item.standard)}: {item.reason or item.status}" for item in waiting)
        return Verdict(len(states), _STANDARDS, not_assessed=f"not all of their controls are ready: {words}")
    detail = f"{listing(map(str, wanted))} are enabled"
    return Verdict(len(states), _STANDARDS, detail=detail, extra={"standards": observed})


def _check_findings(scope: Scope) -> Verdict:
    hub = next((item for item in scope.snapshot.security_hubs if item.region == scope.region), None)
    if hub is not None and not hub.enabled:
        return Verdict(0, _FINDINGS, not_applicable=_IS_OFF)
    if all(item.region != scope.region for item in scope.snapshot.security_hub_findings):
        silence = _silence(scope, hub)
        return Verdict(0, _FINDINGS, detail=f"no {_FINDINGS} of the controls IAM.*", not_assessed=silence)
    by_place: dict[tuple[str, str], list[HubFinding]] = {}
    for item in scope.snapshot.security_hub_findings:
        by_place.setdefault((item.control, item.resource), []).append(item)
    # IAM is in no region, but the controls on it judge it in each: the first region that has a finding reports it.
    here = {place: items for place, items in by_place.items() if min(item.region for item in items) == scope.region}
    failures = tuple(_failure(scope, control, resource, items) for (control, resource), items in here.items())
    elsewhere = {
        min(item.region for item in items)
        for items in by_place.values()
        if any(item.region == scope.region for item in items)
    } - {scope.region}
    reason = f"failed controls are reported once, in {listing(elsewhere)}"
    return Verdict(len(failures), _FINDINGS, failures, not_applicable=reason)


def _silence(scope: Scope, hub: t.Optional[SecurityHub]) -> t.Optional[str]:
    """Why no finding proves nothing; None where a standard judges."""
    if hub is None or not hub.standards:
        return "Security Hub is on without any standard, so it does not check IAM (control security_hub)"
    details = details_of(scope)
    if details is None or any(item.status in _JUDGING for item in details.subscriptions):
        return None
    states = listing(f"{standard_name(item.standard)}: {item.status}" for item in details.subscriptions)
    return f"none of the standards is ready ({states})"


def _failure(scope: Scope, control: str, resource: str, items: Sequence[HubFinding]) -> Failure:
    regions = sorted({item.region for item in items})
    return Failure(
        resource=_resource(scope, resource),
        detail=f"{control}: {items[0].title} ({plural(len(regions), 'regions')})",
        observed={"control": control, "regions": regions},
        resource_detail=control,
        severity=_SEVERITIES.get(items[0].severity, Severity.LOW),
        region=_GLOBAL,
    )


def _resource(scope: Scope, resource: str) -> str:
    """The resource of a finding: an account is ``AWS::::Account:111122223333`` there, and an ARN here."""
    return scope.facts.account_arn if resource.startswith("AWS::::Account:") else resource


CONTROLS: t.Final = (
    Control(
        id="security_hub_standards",
        title="Security Hub has AWS's best practices and its newest CIS benchmark",
        problem=Problem(
            "Security Hub lacks an expected standard in a region",
            "regions in which Security Hub lacks an expected standard",
        ),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.SECURITY_HUB_DETAILS,),
        check=_check_standards,
        regional=True,
        expected="AWS Foundational Security Best Practices and the newest CIS AWS Foundations Benchmark, ready",
        rationale="AWS enables CIS 1.2.0 of 2018 by default, which does not cover newer features.",
        remediation=Remediation("Enable the newer standards. AWS charges for each check.", module=_MODULE),
        compliance=maps(nist=("CA-7",), soc2="CC7.1"),
    ),
    Control(
        id="security_hub_iam_failed",
        title="No control of Security Hub on IAM is failed",
        problem=Problem(
            "Control of Security Hub on IAM is failed", "failed verdicts of Security Hub's controls on IAM"
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.SECURITY_HUB_FINDINGS, Dataset.SECURITY_HUB),
        check=_check_findings,
        regional=True,
        expected="no active failed finding of the controls IAM.*, except suppressed ones",
        rationale="A failed control shows a known problem that nobody fixed.",
        remediation=Remediation(
            "Fix the named resources. For an accepted finding, suppress it in Security Hub or disable its control."
        ),
        compliance=maps(nist=("CA-7",), soc2="CC7.1"),
    ),
)
