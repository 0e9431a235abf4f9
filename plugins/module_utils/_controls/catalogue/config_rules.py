# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""AWS Config's managed rules on IAM: that they are there, once each, and what they found."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ..._account.config_catalogue import BY_IDENTIFIER, CATALOGUE, ManagedRule, Placement
from ..._account.config_rules import INSUFFICIENT_DATA, NON_COMPLIANT, ConfigRule, NonCompliant, RuleCompliance
from ..._account.model import Dataset, Snapshot
from ..._converge.finding import Remediation, Severity
from ..control import Control, Failure, Scope, Verdict, listing, maps
from ..problem import Problem

_THEME = "detective"
_RULES = "rules"
_MODULE: t.Final = "hardening.iam.config_rules"
_GLOBAL: t.Final = "global"
_ACCOUNT: t.Final = "AWS::::Account"
# AWS Config gives its rules no severity; these are Security Hub's for the controls that use the same rules.
_SEVERITIES: t.Final[Mapping[str, Severity]] = {
    "root-access-key": Severity.CRITICAL,
    "root-mfa": Severity.CRITICAL,
    "root-hardware-mfa": Severity.CRITICAL,
    "admin-policies": Severity.HIGH,
    "external-analyzer": Severity.HIGH,
    "user-no-policies": Severity.LOW,
    "support-role": Severity.LOW,
    "full-service-access": Severity.LOW,
    "no-inline-policies": Severity.LOW,
}


def region_for_once(snapshot: Snapshot) -> str:
    """The region for what is judged once: IAM's home where it is looked at, else the first that is."""
    regions = snapshot.regions
    return snapshot.home_region if snapshot.home_region in regions or not regions else regions[0]


def regions_recording_iam(snapshot: Snapshot) -> list[str]:
    """Where IAM is recorded, the region for what is judged once first."""
    first = region_for_once(snapshot)
    found = {item.region for item in snapshot.config_recorders if item.records_iam}
    return sorted(found, key=lambda region: (region != first, region))


def regions_for(rule: ManagedRule, snapshot: Snapshot, once: str) -> list[str]:
    """The regions in which a rule belongs."""
    if rule.placement is Placement.EVERYWHERE:
        return list(snapshot.regions)
    return [once] if rule.placement is Placement.ONCE else regions_recording_iam(snapshot)[:1]


def is_whole(rule: ConfigRule) -> bool:
    """Whether a rule judges all that it could, and goes on to do so."""
    return not rule.narrowed and not rule.is_leaving


def _check_missing_rules(scope: Scope) -> Verdict:
    region = scope.region or ""
    if not any(item.region == region for item in scope.snapshot.config_recorders):
        return Verdict(0, _RULES, not_applicable="no recorder in this region (control config_recorder)")
    wanted = [rule for rule in CATALOGUE if rule.by_default and _belongs_here(rule, scope.snapshot, region)]
    there = {(item.region, item.identifier) for item in scope.snapshot.config_rules if is_whole(item)}
    anywhere = {identifier for _region, identifier in there}
    missing = [
        rule.name
        for rule in wanted
        if (region, rule.identifier) not in there
        and not (rule.placement is Placement.ONCE and rule.identifier in anywhere)
    ]
    if not missing:
        return Verdict(len(wanted), _RULES, detail=f"{len(wanted)} managed rules on IAM are here")
    failure = Failure(scope.facts.account_arn, f"missing: {listing(missing, limit=20)}", {"missing": missing})
    return Verdict(len(wanted), _RULES, (failure,))


def _belongs_here(rule: ManagedRule, snapshot: Snapshot, region: str) -> bool:
    return rule.is_offered(region) and region in regions_for(rule, snapshot, region_for_once(snapshot))


def _check_recorded_once(scope: Scope) -> Verdict:
    recording = [item for item in scope.snapshot.config_recorders if item.recording]
    regions = sorted(item.region for item in recording if item.records_iam)
    if not regions:
        return Verdict(0, "recorders", not_applicable="IAM is not recorded (control config_records_iam)")
    if len(regions) > 1:
        detail = f"recorded, and billed, in {listing(regions)}"
        return Verdict(len(recording), "recorders", (Failure(scope.facts.account_arn, detail, {"regions": regions}),))
    return Verdict(len(recording), "recorders", detail=f"IAM is recorded only in {regions[0]}")


def _check_compliance(scope: Scope) -> Verdict:
    here = [item for item in scope.snapshot.config_compliance if item.region == scope.region]
    if not here:
        return Verdict(0, _RULES, not_applicable="no managed rule on IAM in this region (control config_iam_rules)")
    by_place: dict[tuple[str, str], list[tuple[RuleCompliance, NonCompliant]]] = {}
    for item in scope.snapshot.config_compliance:
        if item.compliance == NON_COMPLIANT:
            for resource in item.resources or (_summarize_hidden_resources(scope, item),):
                by_place.setdefault((item.identifier, _name(scope, item, resource)), []).append((item, resource))
    # Several rules or regions may find the same resource: the first region that has it reports it.
    failures = tuple(
        _failure(name, found)
        for (_identifier, name), found in by_place.items()
        if min(item.region for item, _resource in found) == scope.region
    )
    waiting = [item.rule for item in here if item.compliance == INSUFFICIENT_DATA]
    reason = f"not evaluated yet, or without anything to evaluate: {listing(waiting, limit=20)}" if waiting else None
    detail = f"{len(here)} managed rules on IAM found nothing"
    extra = {"insufficient_data": sorted(waiting)} if waiting else {}
    return Verdict(len(here), _RULES, failures, detail, not_assessed=reason, extra=extra)


def _summarize_hidden_resources(scope: Scope, item: RuleCompliance) -> NonCompliant:
    """Replace the resources by a summary: AWS hides those of a rule that one of its services owns."""
    owner = f"; only {item.created_by} lists the resources" if item.created_by else ""
    return NonCompliant(_ACCOUNT, scope.snapshot.account_id, annotation=f"found by {item.rule}{owner}")


def _name(scope: Scope, item: RuleCompliance, resource: NonCompliant) -> str:
    if resource.type != _ACCOUNT:
        return resource.arn or f"{resource.type}/{resource.id}"
    # Each region has analyzers of its own, so that the account is as many resources as there are regions.
    return f"{scope.facts.account_arn} {item.region}" if _is_regional(item) else scope.facts.account_arn


def _is_regional(item: RuleCompliance) -> bool:
    return BY_IDENTIFIER[item.identifier].placement is Placement.EVERYWHERE


def _failure(name: str, found: Sequence[tuple[RuleCompliance, NonCompliant]]) -> Failure:
    item, resource = found[0]
    rule = BY_IDENTIFIER[item.identifier]
    annotation = f": {resource.annotation}" if resource.annotation else ""
    return Failure(
        resource=name.partition(" ")[0],
        detail=f"{rule.name} does not hold ({rule.identifier}){annotation}",
        observed={
            "rules": sorted({other.rule for other, _resource in found}),
            "regions": sorted({other.region for other, _resource in found}),
            "type": resource.type,
            "id": resource.id,
        },
        resource_detail=rule.name,
        severity=_SEVERITIES.get(rule.name, Severity.MEDIUM),
        region=item.region if _is_regional(item) else _GLOBAL,
    )


CONTROLS: t.Final = (
    Control(
        id="config_iam_recorded_once",
        title="AWS Config records IAM in no more than one region",
        problem=Problem("AWS Config records IAM, and charges for it, in more than one region"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.CONFIG_RECORDERS,),
        check=_check_recorded_once,
        every_region=True,
        expected="one recorder that includes users, groups, roles and policies",
        rationale="Every region that records IAM records the same changes, and AWS charges for each record.",
        remediation=Remediation("Exclude the global resource types from the recorders of all regions but one."),
        compliance=maps(soc2="CC7.1"),
    ),
    Control(
        id="config_iam_rules",
        title="Managed rules of AWS Config judge IAM",
        problem=Problem(
            "Managed rules of AWS Config on IAM are missing in a region",
            "regions in which managed rules of AWS Config on IAM are missing",
        ),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.CONFIG_RULES, Dataset.CONFIG_RECORDERS),
        check=_check_missing_rules,
        regional=True,
        expected="the default rules of hardening.iam.config_rules, created by anybody, each in its regions",
        rationale="Rules also evaluate between two assessments, and other tools can read their results.",
        blind="the parameters of a rule. A rule with weaker parameters than the default also counts.",
        remediation=Remediation("Create the rules. AWS charges for each evaluation.", module=_MODULE),
        compliance=maps(nist=("CA-7", "CM-6"), soc2="CC7.1"),
    ),
    Control(
        id="config_iam_compliant",
        title="No managed rule of AWS Config on IAM is broken",
        problem=Problem(
            "Managed rule of AWS Config on IAM is broken", "breaches of managed rules of AWS Config on IAM"
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.CONFIG_COMPLIANCE,),
        check=_check_compliance,
        regional=True,
        expected="every managed rule on IAM is evaluated and COMPLIANT",
        rationale="A noncompliant rule shows a known problem that nobody fixed.",
        blind="other rules than the managed ones in docs/config_rules.md.",
        remediation=Remediation("Fix the named resources. The controls on these resources explain how."),
        compliance=maps(nist=("CA-7", "CM-6"), soc2="CC7.1"),
    ),
)
