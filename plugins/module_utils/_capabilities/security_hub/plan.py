# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan for Security Hub CSPM: region by region what is missing, and the reasons for what is not done."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime

from ..._account.model import Dataset, Snapshot
from ..._account.security_hubs import SUBSCRIBED, SecurityHubDetails, StandardName, Subscription, standard_name
from ..._controls.assess import assess
from ..._controls.control import Control, listing, unread_reason
from ..._controls.registry import all_controls
from ..._controls.settings import Settings
from ..._converge.change import Change, Refusal
from ..._converge.finding import Finding, Status
from ..._converge.plan import Plan
from .changes import AGGREGATOR, ENABLE, HUB, SUBSCRIPTION, HubWriter
from .controls import Controls, Outcome, plan_controls
from .declared import Declared, WantedStandard

MODULE: t.Final = "security_hub"
DATASETS: t.Final = frozenset({Dataset.SECURITY_HUB, Dataset.SECURITY_HUB_DETAILS})
_IDS: t.Final = ("security_hub", "security_hub_standards")
# In place of the name of a configuration policy of which AWS tells the administrator alone.
UNNAMED: t.Final = "of its administrator"


def controls() -> tuple[Control, ...]:
    """The controls whose findings this capability can resolve."""
    return tuple(control for control in all_controls() if control.id in _IDS)


@dataclasses.dataclass(frozen=True)
class Observed:
    """The observed state: the account, and the declared controls by region."""

    snapshot: Snapshot
    controls: Mapping[str, Controls] = dataclasses.field(default_factory=dict)

    def find_central_policy(self) -> t.Optional[str]:
        """Find the policy by which an administrator configures this account; it holds in all regions."""
        return next((item.policy for item in self.snapshot.security_hub_details if item.policy), None)

    def mark_managed(self, regions: Sequence[str]) -> Observed:
        """Mark regions as managed by somebody else's policy, which a refused write has shown."""
        details = tuple(
            dataclasses.replace(item, policy=item.policy or UNNAMED) if item.region in regions else item
            for item in self.snapshot.security_hub_details
        )
        return dataclasses.replace(self, snapshot=dataclasses.replace(self.snapshot, security_hub_details=details))


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans for one declaration at one moment."""

    declared: Declared
    settings: Settings
    now: datetime

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        """The verdicts on Security Hub, region by region."""
        snapshot = observed.snapshot
        policy = observed.find_central_policy()
        if policy:
            snapshot = observed.mark_managed([item.region for item in snapshot.security_hub_details]).snapshot
        return assess(snapshot, settings=self.settings, controls=controls(), now=self.now)

    def plan(self, observed: Observed, found: Sequence[Finding]) -> Plan:
        """The plan that leads from what was observed to the declaration."""
        whole = Outcome()
        for details in observed.snapshot.security_hub_details:
            here = self._plan_region(observed, details, found)
            whole.changes += here.changes
            whole.refused += here.refused
            whole.warnings += here.warnings
        unread = [
            f"{region}: nothing is planned, because it can't be read: {unread_reason(gap)}"
            for region in observed.snapshot.regions
            # A region that is closed as a whole is meant to be, and a finding says that it is.
            if region not in observed.snapshot.denied_regions
            and (gap := observed.snapshot.missing(Dataset.SECURITY_HUB_DETAILS, region))
        ]
        policy = observed.find_central_policy()
        if policy:
            reason = f"managed centrally by the configuration policy {policy}, so its administrator decides"
            whole.refused += [
                Refusal("managed_centrally", reason, item.target, item.operation) for item in whole.changes
            ]
            whole.changes = []
        return Plan(tuple(whole.changes), tuple(whole.refused), (*whole.warnings, *unread))

    def _plan_region(self, observed: Observed, details: SecurityHubDetails, found: Sequence[Finding]) -> Outcome:
        snapshot = observed.snapshot
        failing = tuple(
            finding.fingerprint
            for finding in found
            if finding.status is Status.FAIL and finding.region == details.region
        )
        writer = HubWriter(snapshot.partition, snapshot.account_id, details.region, failing)
        outcome = Outcome()
        if not details.enabled:
            if not self.declared.enable:
                self._plan_aggregation(details, writer, outcome)
                return outcome
            outcome.changes.append(writer.enable())
        elif self.declared.generator and details.generator not in (None, self.declared.generator):
            outcome.changes.append(writer.generate(details.generator or "", self.declared.generator))
        self._plan_standards(details, writer, outcome)
        if details.enabled:
            set_here = plan_controls(
                self.declared.controls, details, observed.controls.get(details.region, Controls()), writer
            )
            outcome.changes += set_here.changes
            outcome.refused += set_here.refused
            outcome.warnings += set_here.warnings
        if outcome.changes and any(wish.holds_in(details.region) for wish in self.declared.controls):
            self._warn_of_later(outcome, details)
        self._plan_aggregation(details, writer, outcome)
        return outcome

    def _warn_of_later(self, outcome: Outcome, details: SecurityHubDetails) -> None:
        """Warn that controls of a new standard are set in another run: AWS shows them once the standard is ready."""
        new = [item for item in outcome.changes if item.operation == "BatchEnableStandards"]
        if new:
            names = listing(item.target.partition(SUBSCRIPTION)[2] for item in new)
            outcome.warnings.append(f"{details.region}: the next run sets the controls of {names}")

    def _plan_standards(self, details: SecurityHubDetails, writer: HubWriter, outcome: Outcome) -> None:
        present = {name: item for item in details.subscriptions if (name := standard_name(item.standard))}
        unwanted = {name: reason for wanted, reason in self.declared.disable for name in present if wanted.fits(name)}
        if details.offered is None and self.declared.standards:
            outcome.warnings.append(
                f"{details.region}: AWS lists its standards only once Security Hub is on: run again"
            )
        offered = {name: item.arn for item in details.offered or () if (name := standard_name(item.arn))}
        for wanted in self.declared.standards:
            name = choose_standard(wanted, tuple(offered))
            if name is None:
                if details.offered is not None:
                    outcome.warnings.append(f"{details.region}: AWS does not offer the standard {wanted.text} here")
            elif name not in unwanted:
                self._subscribe(offered[name], present.get(name), writer, outcome)
        for name in sorted(unwanted):
            if present[name].status in SUBSCRIBED:
                outcome.changes.append(writer.unsubscribe(present[name]))
                outcome.warnings.append(f"{details.region}: {name} is disabled, as declared: {unwanted[name]}")

    def _subscribe(self, arn: str, present: t.Optional[Subscription], writer: HubWriter, outcome: Outcome) -> None:
        if present is None or present.status == "FAILED":
            outcome.changes.append(writer.subscribe(arn))
        elif present.status == "DELETING":
            reason = "it is being disabled; run again once that is done"
            outcome.refused.append(Refusal("deleting", reason, present.arn, "BatchEnableStandards"))
        elif present.status != "READY":
            detail = f" ({present.reason})" if present.reason else ""
            outcome.warnings.append(
                f"{writer.region}: {standard_name(arn)} is {present.status}{detail}: AWS is not done"
            )

    def _plan_aggregation(self, details: SecurityHubDetails, writer: HubWriter, outcome: Outcome) -> None:
        wanted = self.declared.aggregation
        if wanted is None or wanted.region != details.region:
            return
        if not details.enabled and not self.declared.enable:
            outcome.refused.append(Refusal("hub_off", "Security Hub is off there", writer.arn + AGGREGATOR))
            return
        if not details.aggregator_told:
            reason = "AWS does not show this account whether its findings are already aggregated"
            outcome.refused.append(Refusal("unread", reason, writer.arn + AGGREGATOR))
            return
        present = details.aggregator
        if present is not None and present.region != details.region:
            reason = f"findings are aggregated in {present.region}, and an account can have only one aggregator"
            outcome.refused.append(Refusal("aggregator", reason, present.arn, "CreateFindingAggregator"))
            return
        # Regions that others linked stay linked, and regions that they left out stay out.
        regions = sorted({*wanted.regions, *(present.regions if present and present.mode == wanted.mode else ())})
        if present is None or (present.mode, list(present.regions)) != (wanted.mode, regions):
            outcome.changes.append(writer.aggregate(present, wanted.mode, regions))


def choose_standard(wanted: WantedStandard, offered: Sequence[StandardName]) -> t.Optional[StandardName]:
    """Choose the declared standard among those that a region offers: the newest that fits."""
    return max((name for name in offered if wanted.fits(name)), key=lambda name: name.order, default=None)


def stays_with(change: Change, refused: Change) -> bool:
    """Nothing is done in a region whose hub is not turned on after all."""
    return change.region == refused.region and refused.operation == ENABLE


def make_hub_result(details: SecurityHubDetails) -> dict[str, t.Any]:
    """Make the result of a region's hub."""
    return {
        "region": details.region,
        "enabled": details.enabled,
        "control_finding_generator": details.generator,
        "standards": {
            str(standard_name(item.standard) or item.standard): item.status for item in details.subscriptions
        },
        "aggregation_region": details.aggregator.region if details.aggregator else None,
        "configuration_policy": details.policy,
        "v2": details.v2,
    }


def list_costs(changes: Sequence[Change]) -> list[dict[str, t.Any]]:
    """List the costs of the planned changes, as far as they can be counted beforehand."""
    counted = (
        ("enable", HUB, ENABLE, "hub in a region", "free for 30 days, then by its security checks and findings"),
        (
            "standards",
            SUBSCRIPTION,
            "BatchEnableStandards",
            "standard in a region",
            "each of its controls is a security check for each resource; controls that standards share count once",
        ),
    )
    return [
        {"option": option, "unit": unit, "count": count, "note": note}
        for option, _target, operation, unit, note in counted
        if (count := sum(change.operation == operation for change in changes))
    ]
