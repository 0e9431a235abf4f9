# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan for AWS Config: recorders where they may be made, and the managed rules on IAM, each where it works."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ..._account.config_catalogue import BY_IDENTIFIER, Placement
from ..._account.config_rules import MANAGED, PREFIX, ConfigRule, normalize_parameters
from ..._account.model import Dataset, Snapshot
from ..._controls.assess import assess
from ..._controls.catalogue.config_rules import is_whole, region_for_once
from ..._controls.control import Control, listing, unread_reason
from ..._controls.registry import all_controls
from ..._controls.settings import Settings
from ..._converge.change import Change, Refusal
from ..._converge.finding import Finding
from ..._converge.plan import Plan
from . import changes
from .declared import MANAGED_TAG, Declared, WantedRule
from .organization import OrganizationPlanner, OrganizationRules
from .recorders import OtherRecorders, Outcome, RecorderPlanner

MODULE: t.Final = "config_rules"
DATASETS: t.Final = frozenset({Dataset.CONFIG_RECORDERS, Dataset.CONFIG_RULES})
_IDS: t.Final = ("config_recorder", "config_records_iam", "config_iam_rules")
_RUNS_A_DAY: t.Final[Mapping[t.Optional[str], int]] = {
    "One_Hour": 24,
    "Three_Hours": 8,
    "Six_Hours": 4,
    "Twelve_Hours": 2,
    "TwentyFour_Hours": 1,
}


def controls() -> tuple[Control, ...]:
    """The controls whose findings this capability can resolve."""
    return tuple(control for control in all_controls() if control.id in _IDS)


@dataclasses.dataclass(frozen=True)
class Observed:
    """The observed account; by region, the recorders of services where one is to be made, and the rules of the
    organization where such are declared."""

    snapshot: Snapshot
    others: Mapping[str, OtherRecorders] = dataclasses.field(default_factory=dict)
    organization: Mapping[str, OrganizationRules] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans for one declaration at one moment."""

    declared: Declared
    settings: Settings
    now: datetime

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        """The verdicts on recorders and rules."""
        return assess(observed.snapshot, settings=self.settings, controls=controls(), now=self.now)

    def plan(self, observed: Observed, found: Sequence[Finding]) -> tuple[Plan, list[dict[str, t.Any]]]:
        """The plan that leads to the declaration, and what was found of each rule that is declared."""
        planner = _RulePlanner(self.declared, observed, found)
        outcome = planner.outcome
        for region, reason in list_unread(observed.snapshot).items():
            # A region that is closed as a whole is meant to be, and a finding says that it is.
            if region not in observed.snapshot.denied_regions:
                outcome.warnings.append(f"nothing is planned in {region}: {reason}")
        if self.declared.of_organization:
            planner.plan_for_organization()
        else:
            planner.plan_for_account()
        return Plan(tuple(outcome.changes), tuple(outcome.refused), tuple(outcome.warnings)), outcome.rules


def list_unread(snapshot: Snapshot) -> dict[str, str]:
    """List the regions that could not be read, with the reasons."""
    found: dict[str, str] = {}
    for region in snapshot.regions:
        gap = snapshot.missing(Dataset.CONFIG_RECORDERS, region) or snapshot.missing(Dataset.CONFIG_RULES, region)
        if gap:
            found[region] = unread_reason(gap)
    return found


class _RulePlanner:
    """Makes one plan."""

    def __init__(self, declared: Declared, observed: Observed, found: Sequence[Finding]) -> None:
        self._declared = declared
        self._observed = observed
        self._snapshot = observed.snapshot
        closed = list_unread(self._snapshot)
        self._regions = [region for region in self._snapshot.regions if region not in closed]
        self._once = declared.iam_region or region_for_once(self._snapshot)
        self._names = {rule.full_name for rule in declared.rules}
        self._recorders = RecorderPlanner(self._snapshot, declared, observed.others, found, self._once)
        # The rules that a region lacks, by what keeps them from being made there.
        self._kept_off: dict[str, dict[str, list[str]]] = {}
        self.outcome = Outcome()

    def plan_for_account(self) -> None:
        """Plan recorders, then rules, then removals."""
        self._recorders.plan(self._regions, self.outcome)
        for wanted in self._declared.rules:
            for region in self._list_regions(wanted):
                self._plan_rule(wanted, region)
        self._refuse_lacking()
        ours = [rule for rule in self._snapshot.config_rules if _is_ours(rule) and rule.region in self._regions]
        for rule in ours:
            if rule.name.removeprefix(PREFIX) in self._declared.remove and not rule.is_leaving:
                self.outcome.changes.append(self._make_writer(rule.region).delete(rule, len(ours)))

    def plan_for_organization(self) -> None:
        """Plan the same rules once for all accounts. Each account takes care of its own recorders."""
        wanted = [(rule, region) for rule in self._declared.rules for region in self._list_regions(rule)]
        found = {region: self._observed.organization[region] for region in self._regions}
        snapshot = self._snapshot
        if found:
            OrganizationPlanner(snapshot.partition, snapshot.account_id, self._declared, found, self.outcome).plan(
                wanted
            )

    def _make_writer(self, region: str) -> changes.ConfigWriter:
        return changes.ConfigWriter(self._snapshot.partition, self._snapshot.account_id, region)

    def _list_regions(self, wanted: WantedRule) -> Iterator[str]:
        """List the regions in which a rule belongs, of those that could be read."""
        if wanted.regions:
            elsewhere = [region for region in wanted.regions if region not in self._snapshot.regions]
            if elsewhere:
                self.outcome.warnings.append(
                    f"{wanted.name}: {listing(elsewhere)} is not among the regions of the task"
                )
            yield from (region for region in wanted.regions if region in self._regions)
        elif wanted.placement is Placement.EVERYWHERE:
            yield from (region for region in self._regions if wanted.is_offered(region))
        elif wanted.placement is Placement.RECORDED and not self._declared.of_organization:
            recorded = [region for region in self._recorders.iam if region in self._regions]
            if recorded:
                yield recorded[0]
            else:
                self._note_lack("iam_not_recorded", self._once, wanted)
        else:
            region = self._find_region_for_once(wanted)
            if region:
                yield region

    def _find_region_for_once(self, wanted: WantedRule) -> t.Optional[str]:
        """Find the region for a rule that is needed once: where we have it, the declared one, or one that offers it."""
        have = [rule.region for rule in self._snapshot.config_rules if rule.name == wanted.full_name and _is_ours(rule)]
        for region in (*have, self._once):
            if region in self._regions and (region in have or wanted.is_offered(region)):
                return region
        if self._once not in self._regions:
            return None
        return next((region for region in self._regions if wanted.is_offered(region)), None)

    def _plan_rule(self, wanted: WantedRule, region: str) -> None:
        present = next(
            (
                rule
                for rule in self._snapshot.config_rules
                if (rule.name, rule.region) == (wanted.full_name, region) and not rule.created_by
            ),
            None,
        )
        other = self._find_rule_of_others(wanted, region)
        live = present or other
        self.outcome.rules.append(
            {
                "rule": wanted.name,
                "region": region,
                "identifier": wanted.identifier,
                "status": "present" if present else "by_others" if other else "missing",
                "name": live.name if live else None,
                "created_by": live.created_by if live else None,
            }
        )
        if present:
            self._update(wanted, present)
        elif other is None:
            self._create(wanted, region)

    def _find_rule_of_others(self, wanted: WantedRule, region: str) -> t.Optional[ConfigRule]:
        """Find a rule of somebody else that does what is declared. It must have the parameters that the play sets."""
        if wanted.is_extra:
            return None
        named = wanted.fill_named_parameters(self._snapshot.partition)
        anywhere = wanted.placement is Placement.ONCE
        able = [
            rule
            for rule in self._snapshot.config_rules
            if rule.identifier == wanted.identifier
            and rule.owner == MANAGED
            and (anywhere or rule.region == region)
            and rule.name not in self._names
            and rule.name.removeprefix(PREFIX) not in self._declared.remove
            and is_whole(rule)
            and all(rule.parameters.get(name) == value for name, value in _select_comparable(wanted, named).items())
        ]
        return min(able, key=lambda rule: (rule.region != region, rule.name), default=None)

    def _create(self, wanted: WantedRule, region: str) -> None:
        if not self._recorders.can_make_rules(region):
            self._note_lack("no_recorder", region, wanted)
            return
        self.outcome.changes.append(
            self._make_writer(region).create(
                wanted.full_name,
                self._build_shape(wanted),
                description=wanted.description,
                tags=self._declared.tags,
                remedies=self._find_remedies(wanted, region),
            )
        )

    def _find_remedies(self, wanted: WantedRule, region: str) -> tuple[str, ...]:
        rule = BY_IDENTIFIER.get(wanted.identifier)
        if wanted.is_extra or rule is None or not rule.by_default:
            return ()
        return self._recorders.find_remedies("config_iam_rules", region)

    def _build_shape(self, wanted: WantedRule, present: t.Optional[ConfigRule] = None) -> changes.Shape:
        """Build the settings of a rule. A setting that is not declared keeps its value."""
        return changes.build_shape(
            wanted.identifier,
            wanted.fill_parameters(self._snapshot.partition),
            wanted.frequency or (present.frequency if present else None),
            wanted.resource_types or (present.resource_types if present else ()),
        )

    def _update(self, wanted: WantedRule, present: ConfigRule) -> None:
        writer = self._make_writer(present.region)
        target = writer.arn("config-rule", present.name)
        after = self._build_shape(wanted, present)
        differs = after != changes.describe_rule(present)
        if present.is_leaving:
            reason = "it is being deleted; run again once AWS is done"
            self.outcome.refused.append(Refusal("deleting", reason, target, changes.PUT_RULE))
        elif not _is_ours(present):
            if differs:
                reason = f"somebody else created a rule of this name (it lacks the tag {MANAGED_TAG})"
                self.outcome.refused.append(Refusal("name_taken", reason, target, changes.PUT_RULE))
        else:
            if differs:
                self.outcome.changes.append(writer.update(present, after))
            self.outcome.changes += writer.tag(present, self._declared.tags)

    def _note_lack(self, rule: str, region: str, wanted: WantedRule) -> None:
        self._kept_off.setdefault(rule, {}).setdefault(region, []).append(wanted.name)

    def _refuse_lacking(self) -> None:
        """Refuse once for each reason, however many regions and rules it prevents."""
        reasons = {
            "no_recorder": "AWS Config has no recorder there, so no rule can be created: declare one in "
            "recorder (config_rules_recorder), which costs money, or exclude the region",
            "iam_not_recorded": "changes of IAM trigger these rules, but no readable region records IAM: include the "
            "global resource types in one recorder, or declare one in recorder (config_rules_recorder)",
        }
        for rule, by_region in self._kept_off.items():
            names = sorted({name for kept in by_region.values() for name in kept})
            where = f"{listing(by_region, limit=20)}: " if rule == "no_recorder" else ""
            reason = f"{where}{reasons[rule]} (rules: {listing(names, limit=20)})"
            region = next(iter(by_region)) if len(by_region) == 1 else "*"
            target = self._make_writer(region).arn("configuration-recorder", "*")
            self.outcome.refused.append(Refusal(rule, reason, target, changes.PUT_RULE))


def _select_comparable(wanted: WantedRule, named: Mapping[str, t.Optional[str]]) -> dict[str, t.Optional[str]]:
    given = normalize_parameters(wanted.identifier, {name: value for name, value in named.items() if value})
    return {name: given.get(name) for name in named}


def _is_ours(rule: ConfigRule) -> bool:
    made_by_us = rule.name.startswith(PREFIX) and not rule.created_by and rule.owner == MANAGED
    return made_by_us and rule.tags.get(MANAGED_TAG) == "true"


def list_costs(planned: Sequence[Change]) -> list[dict[str, t.Any]]:
    """List the costs of the planned changes, as units and how many of them there are."""
    runs, triggered, organization, recorders = 0, 0, 0, 0
    for change in planned:
        is_rule = change.operation in (changes.PUT_RULE, changes.DELETE_RULE)
        if is_rule:
            runs += _count_runs(change.after) - _count_runs(change.before)
            triggered += _count_triggered(change.after) - _count_triggered(change.before)
        organization += change.operation == changes.PUT_ORGANIZATION_RULE and change.before is None
        recorders += change.operation == changes.PUT_RECORDER
    counted = (
        ("rules", "run of a periodic rule, a day", runs, "each is an evaluation of the account, or of each user"),
        ("rules", "rule that changes trigger", triggered, "an evaluation for each change of its resources"),
        ("scope", "rule in each account of the organization", organization, "each account pays for its evaluations"),
        ("recorder", "recorder in a region", recorders, "each change of a resource that it records"),
    )
    return [
        {"option": option, "unit": unit, "count": count, "note": note} for option, unit, count, note in counted if count
    ]


def _count_runs(shape: t.Optional[changes.Shape]) -> int:
    return _RUNS_A_DAY.get(shape["frequency"], 0) if shape else 0


def _count_triggered(shape: t.Optional[changes.Shape]) -> int:
    return int(bool(shape) and shape is not None and shape["frequency"] is None)
