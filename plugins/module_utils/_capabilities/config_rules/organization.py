# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan for rules of AWS Config that hold in all accounts of an organization."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.config_rules import PREFIX
from ..._converge.change import Refusal
from .changes import PUT_ORGANIZATION_RULE, ConfigWriter, Shape, build_shape
from .declared import Declared, WantedRule
from .recorders import Outcome

NEEDED: t.Final = (
    "only the management account, or a delegated administrator of config-multiaccountsetup.amazonaws.com, can have "
    "rules of an organization"
)


@dataclasses.dataclass(frozen=True)
class OrganizationRule:
    """A managed rule of the organization. ``problem`` is why some account does not have it."""

    name: str
    region: str
    identifier: str
    parameters: Mapping[str, str]
    frequency: t.Optional[str]
    resource_types: tuple[str, ...] = ()
    narrowed: bool = False
    description: str = ""
    excluded_accounts: tuple[str, ...] = ()
    status: str = ""
    problem: str = ""

    @property
    def shape(self) -> Shape:
        """In the shape of ``before`` and ``after``."""
        return build_shape(
            self.identifier,
            self.parameters,
            self.frequency,
            self.resource_types,
            excluded_accounts=sorted(self.excluded_accounts),
        )


@dataclasses.dataclass(frozen=True)
class OrganizationRules:
    """The rules of the organization in a region; ``objection`` is why this account may have none, ``problem`` why they
    are not known."""

    rules: tuple[OrganizationRule, ...] = ()
    objection: str = ""
    problem: str = ""


class OrganizationPlanner:
    """Plans the rules of an organization."""

    def __init__(
        self,
        partition: str,
        account_id: str,
        declared: Declared,
        found: Mapping[str, OrganizationRules],
        outcome: Outcome,
    ) -> None:
        self._partition = partition
        self._account_id = account_id
        self._declared = declared
        self._found = found
        self._outcome = outcome

    def plan(self, wanted: Sequence[tuple[WantedRule, str]]) -> None:
        """Plan for the declared rules, each with the region that it belongs in."""
        objections = {item.objection for item in self._found.values() if item.objection}
        if objections:
            writer = self._make_writer(next(iter(self._found)))
            target = writer.arn("organization-config-rule", "*")
            reason = f"{NEEDED}: {sorted(objections)[0]}"
            self._outcome.refused.append(Refusal("organization", reason, target, PUT_ORGANIZATION_RULE))
            return
        for region, rules in self._found.items():
            if rules.problem:
                self._outcome.warnings.append(f"nothing is planned in {region}: {rules.problem}")
        names = {rule.full_name for rule, _region in wanted}
        for rule, region in wanted:
            if not self._found[region].problem:
                self._plan_rule(rule, region, names)
        self._remove(names)

    def _make_writer(self, region: str) -> ConfigWriter:
        return ConfigWriter(self._partition, self._account_id, region)

    def _plan_rule(self, wanted: WantedRule, region: str, names: set[str]) -> None:
        rules = self._found[region].rules
        present = next((item for item in rules if item.name == wanted.full_name), None)
        other = next((item for item in rules if item.name not in names and self._does_as_declared(item, wanted)), None)
        live = present or other
        status = "present" if present else "by_others" if other else "missing"
        self._outcome.rules.append(
            {
                "rule": wanted.name,
                "region": region,
                "identifier": wanted.identifier,
                "status": status,
                "name": live.name if live else None,
                "created_by": None,
            }
        )
        if live and live.problem:
            self._outcome.warnings.append(f"{region}: {live.name} is {live.status}: {live.problem}")
        if other and not present:
            return
        after = self._build_shape(wanted, present)
        before = present.shape if present else None
        if after == before:
            return
        if present and present.status.endswith("IN_PROGRESS"):
            reason = f"AWS is still working on it ({present.status}); run again"
            target = self._make_writer(region).arn("organization-config-rule", present.name)
            self._outcome.refused.append(Refusal("in_progress", reason, target, PUT_ORGANIZATION_RULE))
            return
        self._outcome.changes.append(
            self._make_writer(region).put_organization_rule(
                wanted.full_name,
                before,
                after,
                description=present.description if present and present.description else wanted.description,
                tags=self._declared.tags,
            )
        )

    def _build_shape(self, wanted: WantedRule, present: t.Optional[OrganizationRule]) -> Shape:
        excluded = self._declared.excluded_accounts
        kept = present.excluded_accounts if present else ()
        return build_shape(
            wanted.identifier,
            wanted.fill_parameters(self._partition),
            wanted.frequency or (present.frequency if present else None),
            wanted.resource_types or (present.resource_types if present else ()),
            excluded_accounts=sorted(kept if excluded is None else excluded),
        )

    def _does_as_declared(self, other: OrganizationRule, wanted: WantedRule) -> bool:
        """Whether a rule that others made does what is declared, in all accounts."""
        named = wanted.fill_named_parameters(self._partition)
        return (
            not wanted.is_extra
            and other.identifier == wanted.identifier
            and not other.narrowed
            and all(other.parameters.get(name) == value for name, value in named.items())
        )

    def _remove(self, names: set[str]) -> None:
        doomed = {f"{PREFIX}{name}" for name in self._declared.remove} - names
        ours = [rule for rules in self._found.values() for rule in rules.rules if rule.name.startswith(PREFIX)]
        for rule in ours:
            if rule.name in doomed:
                self._outcome.changes.append(
                    self._make_writer(rule.region).delete_organization_rule(
                        rule.name, rule.shape, description=rule.description, population=len(ours)
                    )
                )
