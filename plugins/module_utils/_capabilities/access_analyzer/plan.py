# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan for IAM Access Analyzer: region by region, from what is there to what is declared."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Sequence
from datetime import datetime

from ..._account.analyzers import EXTERNAL, INTERNAL, UNUSED, AnalyzerDetails, ArchiveRule
from ..._account.model import Dataset, Snapshot
from ..._controls.assess import assess
from ..._controls.control import Control, unread_reason
from ..._controls.registry import all_controls
from ..._controls.settings import Settings
from ..._converge.change import Change, Refusal
from ..._converge.finding import Evidence, Finding, Remediation, Severity, Status
from ..._converge.plan import Plan
from . import changes
from .declared import DEFAULT_AGE, MANAGED_TAG, Declared, Rule

MODULE: t.Final = "access_analyzer"
EXPIRED: t.Final = "archive_rule_expired"
_CONTROLS: t.Final = frozenset({"external_access_analyzer", "archive_rule_broad"})
_ANY: t.Final = frozenset({"ACCOUNT", "ORGANIZATION"})
_ACTIVE: t.Final = "ACTIVE"


@dataclasses.dataclass(frozen=True)
class Observed:
    """The state that was read, and why the account may not have analyzers of an organization, where it may not."""

    snapshot: Snapshot
    objection: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class _WantedAnalyzer:
    """An analyzer that a region is to have: one of ``types``, else a new one of ``type``."""

    access: str
    type: str
    types: frozenset[str]
    setup: t.Optional[changes.Shape] = None


def controls() -> tuple[Control, ...]:
    """The controls whose findings this capability can resolve."""
    return tuple(control for control in all_controls() if control.id in _CONTROLS)


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans for one declaration at one moment. ``regions`` are those that external access is watched in."""

    declared: Declared
    settings: Settings
    now: datetime
    regions: tuple[str, ...] = ()

    @property
    def all_regions(self) -> tuple[str, ...]:
        """All regions that something is declared for."""
        unused, internal = self.declared.unused, self.declared.internal
        more = (unused.region,) if unused and unused.region else ()
        return tuple(dict.fromkeys((*self.regions, *more, *(internal.regions if internal else ()))))

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        """The verdicts on the analyzers, and on declared archive rules that should be gone."""
        snapshot = dataclasses.replace(observed.snapshot, regions=self.regions)
        judged = assess(snapshot, settings=self.settings, controls=controls(), now=self.now)
        return (
            *judged,
            *(self._report_expired_rule(snapshot, *found) for found in self._find_expired_rules(observed.snapshot)),
        )

    def _find_expired_rules(self, snapshot: Snapshot) -> Iterator[tuple[AnalyzerDetails, Rule]]:
        for analyzer in snapshot.analyzer_details:
            for rule in self.list_rules(analyzer.region, analyzer.access):
                if rule.is_expired(self.now.date()) and _find_rule(analyzer, rule.name) and not analyzer.managed_by:
                    yield analyzer, rule

    def _report_expired_rule(self, snapshot: Snapshot, analyzer: AnalyzerDetails, rule: Rule) -> Finding:
        return Finding(
            control=EXPIRED,
            status=Status.FAIL,
            severity=Severity.MEDIUM,
            account_id=snapshot.account_id,
            region=analyzer.region,
            resource=analyzer.arn,
            resource_detail=rule.name,
            title="Expired archive rules are removed",
            detail=f"archive rule {rule.name} expired on {rule.expires} and still hides findings",
            evidence=Evidence(
                observed={"rule": rule.name, "reason": rule.reason, "expires": rule.expires.isoformat()},
                expected="no archive rule after its declared expiry",
                source="ListArchiveRules",
                observed_at=snapshot.observed_at,
            ),
            remediation=Remediation("Remove the rule, or declare a later day.", "hardening.iam.access_analyzer"),
            compliance={},
        )

    def plan(self, observed: Observed, found: Sequence[Finding]) -> Plan:
        """The plan that leads to the declaration. ``found`` are the findings on what was observed."""
        planned: list[Change] = []
        refused: list[Refusal] = []
        warnings: list[str] = []
        for region in self.all_regions:
            unread = observed.snapshot.missing(Dataset.ANALYZER_DETAILS, region)
            if unread:
                # A region that is closed as a whole is meant to be, and a finding says that it is.
                if region not in observed.snapshot.denied_regions:
                    warnings.append(f"nothing is planned in {region}: {unread_reason(unread)}")
                continue
            of_region = _RegionPlanner(self, observed, region, tuple(found))
            planned += of_region.changes()
            refused += of_region.refused
            warnings += of_region.warnings
        return Plan(tuple(planned), tuple(refused), tuple(warnings))

    def list_rules(self, region: str, access: str) -> list[Rule]:
        """List the archive rules that are declared for analyzers of a kind, in a region."""
        return [rule for rule in self.declared.rules if rule.access == access and rule.holds_in(region)]

    def list_wanted(self, region: str) -> Iterator[_WantedAnalyzer]:
        """List the analyzers that a region is to have."""
        external, unused, internal = self.declared.external, self.declared.unused, self.declared.internal
        if external and region in self.regions and not (external == "ANY" and self._is_watched(region)):
            either = external == "ANY"
            yield _WantedAnalyzer(
                EXTERNAL, "ACCOUNT" if either else external, _ANY if either else frozenset({external})
            )
        if unused and region == unused.region:
            age, exclusions = unused.age, unused.exclusions
            setup = changes.build_setup(age, exclusions or (), ())
            kept = {
                key: setup[key]
                for key, given in (("unused_access_age", age), ("exclusions", exclusions))
                if given is not None
            }
            yield _WantedAnalyzer(UNUSED, unused.type, frozenset({unused.type}), kept)
        if internal and region in (internal.regions or self.regions):
            inclusions = internal.select_inclusions(region)
            if inclusions:
                setup = changes.build_setup(None, (), inclusions)
                yield _WantedAnalyzer(
                    INTERNAL, internal.type, frozenset({internal.type}), {"inclusions": setup["inclusions"]}
                )

    def _is_watched(self, region: str) -> bool:
        """Whether an analyzer of the organization, in another account, is declared to watch the region."""
        elsewhere = self.settings.organization_analyzer_regions
        return region in elsewhere or "*" in elsewhere


class _RegionPlanner:
    """Makes the plan of one region."""

    def __init__(self, planner: Planner, observed: Observed, region: str, found: tuple[Finding, ...]) -> None:
        self._planner = planner
        self._declared = planner.declared
        self._observed = observed
        self._region = region
        self._failing = [finding for finding in found if finding.status is Status.FAIL and finding.region == region]
        of_region = [item for item in observed.snapshot.analyzer_details if item.region == region]
        # Analyzers that an AWS service made for itself are neither counted nor touched.
        own = [item for item in of_region if not item.managed_by]
        self._removed = [item for item in own if item.name in planner.declared.remove_analyzers]
        self._own = [item for item in own if item not in self._removed]
        self.refused: list[Refusal] = []
        self.warnings: list[str] = []

    def changes(self) -> list[Change]:
        """Removals, which make room for what comes after them; analyzers; then the rules in them."""
        snapshot = self._observed.snapshot
        population = len(snapshot.analyzer_details)
        planned = [changes.delete(snapshot, item, population) for item in self._removed]
        for wanted in self._planner.list_wanted(self._region):
            planned += self._plan_analyzer(wanted)
        for analyzer in self._own:
            if analyzer.status == _ACTIVE:
                planned += self._plan_rules(analyzer)
        return planned

    def _plan_analyzer(self, wanted: _WantedAnalyzer) -> list[Change]:
        able = [item for item in self._own if item.type in wanted.types and item.status == _ACTIVE]
        if able:
            return self._update(_choose_analyzer(able), wanted)
        name = f"{self._declared.prefix}-{wanted.access.partition('_')[0].lower()}"
        making = [item for item in self._own if item.type in wanted.types and item.status == "CREATING"]
        in_the_way = making or [item for item in self._own if item.type == wanted.type]
        objection = self._find_objection(wanted, in_the_way)
        if objection is None:
            return self._create(name, wanted)
        if objection:
            rule = "status" if in_the_way else "organization"
            target = changes.analyzer_arn(self._observed.snapshot, self._region, name)
            self.refused.append(Refusal(rule, objection, target, changes.CREATE))
        return []

    def _find_objection(self, wanted: _WantedAnalyzer, in_the_way: Sequence[AnalyzerDetails]) -> t.Optional[str]:
        """Why no analyzer can be made; empty where that is no matter but one of time."""
        if in_the_way:
            item = in_the_way[0]
            if item.status == "CREATING":
                self.warnings.append(f"analyzer {item.name} in {self._region} is still being created; run again")
                return ""
            reason = f" ({item.status_reason})" if item.status_reason else ""
            return (
                f"analyzer {item.name} is {item.status}{reason} and blocks another analyzer of type {item.type}; "
                "repair it, or list it in remove_analyzers, which deletes its findings"
            )
        return self._observed.objection if wanted.type.startswith("ORGANIZATION") else None

    def _create(self, name: str, wanted: _WantedAnalyzer) -> list[Change]:
        snapshot, region = self._observed.snapshot, self._region
        setup = {
            **changes.build_setup(DEFAULT_AGE if wanted.access == UNUSED else None, (), ()),
            **(wanted.setup or {}),
        }
        tags = {MANAGED_TAG: "true", **self._declared.tags}
        remedies = self._find_remedies("external_access_analyzer") if wanted.access == EXTERNAL else ()
        made = changes.create(snapshot, region, name=name, kind=wanted.type, wanted=setup, tags=tags, remedies=remedies)
        rules = [
            changes.change_rule(snapshot, region, made.target, name=rule.name, present=None, wanted=rule.criteria)
            for rule in self._planner.list_rules(region, wanted.access)
            if not rule.is_expired(self._planner.now.date())
        ]
        return [made, *rules]

    def _update(self, analyzer: AnalyzerDetails, wanted: _WantedAnalyzer) -> list[Change]:
        """Bring an existing analyzer to the declaration. Tags of an analyzer that others made stay as they are."""
        planned: list[Change] = []
        present = changes.describe_setup(analyzer)
        setup = {**present, **(wanted.setup or {})}
        if setup != present:
            planned.append(changes.update(self._observed.snapshot, analyzer, setup))
        if _is_ours(analyzer):
            planned += changes.tag(self._observed.snapshot, analyzer, self._declared.tags)
        return planned

    def _plan_rules(self, analyzer: AnalyzerDetails) -> list[Change]:
        planned = []
        today = self._planner.now.date()
        declared = self._planner.list_rules(self._region, analyzer.access)
        for rule in declared:
            present = _find_rule(analyzer, rule.name)
            wanted = None if rule.is_expired(today) else rule.criteria
            if (present.criteria if present else None) != wanted:
                planned.append(self._plan_rule(analyzer, rule.name, present, wanted))
        kept = {rule.name for rule in declared}
        for present in analyzer.archive_rules:
            if present.name in self._declared.remove_archive_rules - kept:
                planned.append(self._plan_rule(analyzer, present.name, present, None))
        return planned

    def _plan_rule(
        self, analyzer: AnalyzerDetails, name: str, present: t.Optional[ArchiveRule], wanted: t.Any
    ) -> Change:
        remedies = self._find_remedies(EXPIRED, name) if wanted is None else ()
        if wanted is None:
            remedies += self._find_remedies("archive_rule_broad", name)
        return changes.change_rule(
            self._observed.snapshot,
            self._region,
            analyzer.arn,
            name=name,
            present=present,
            wanted=wanted,
            remedies=remedies,
        )

    def _find_remedies(self, control: str, detail: t.Optional[str] = None) -> tuple[str, ...]:
        return tuple(
            finding.fingerprint
            for finding in self._failing
            if finding.control == control and (detail is None or finding.resource_detail == detail)
        )


def _is_ours(analyzer: AnalyzerDetails) -> bool:
    return analyzer.tags.get(MANAGED_TAG) == "true"


def _choose_analyzer(able: Sequence[AnalyzerDetails]) -> AnalyzerDetails:
    """Choose our own analyzer among several that are suitable, so that each run looks at the same one."""
    return min(able, key=lambda item: (not _is_ours(item), item.name))


def _find_rule(analyzer: AnalyzerDetails, name: str) -> t.Optional[ArchiveRule]:
    return next((rule for rule in analyzer.archive_rules if rule.name == name), None)


def list_costs(planner: Planner, snapshot: Snapshot) -> list[dict[str, t.Any]]:
    """List the monthly costs of the declaration, as units and their counts; a count is None where it is not known."""
    unused, internal = planner.declared.unused, planner.declared.internal
    found = []
    if unused:
        alone = unused.scope == "ACCOUNT" and snapshot.missing(Dataset.ACCOUNT_SUMMARY) is None
        summary = snapshot.summary
        found.append(
            {
                "option": "unused",
                "unit": "IAM user or role, a month",
                "count": summary.get("Users", 0) + summary.get("Roles", 0) if alone else None,
                "note": "AWS does not count service-linked roles"
                if unused.scope == "ACCOUNT"
                else "users and roles of all accounts of the organization",
            }
        )
    if internal:
        named = all(entry.resource_arns for entry in internal.inclusions)
        found.append(
            {
                "option": "internal",
                "unit": "analyzed resource, a month",
                "count": len({arn for entry in internal.inclusions for arn in entry.resource_arns}) if named else None,
                "note": "the named resources" if named else "all resources of the listed types",
            }
        )
    return found
