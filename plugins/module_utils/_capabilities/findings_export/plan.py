# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan for Security Hub's findings: which of ours are sent, which are archived, and which stay as they are."""

from __future__ import annotations

import dataclasses
import typing as t
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ..._converge.change import GLOBAL, Change, Refusal
from ..._converge.plan import Plan
from .asff import (
    ARCHIVED,
    BRIEF,
    NEW,
    PRODUCT,
    RENEWED_AFTER,
    SUPPRESSED,
    Item,
    Place,
    ReportedFinding,
    add_dates,
    build_finding,
    build_identifier,
    change_state,
    find_next_update,
    is_open,
    parse_update,
    read_field,
    write_waiver_note,
)
from .changes import (
    IMPORT,
    Sending,
    Settling,
    describe_workflow,
    is_suppressed_by_us,
    make_entry,
    plan_imports,
    plan_updates,
)

MODULE: t.Final = "findings_export"


@dataclasses.dataclass(frozen=True)
class Hub:
    """The hub of a region: our findings there by their ids, or why they are not known."""

    findings: Mapping[str, Item] = dataclasses.field(default_factory=dict)
    is_off: bool = False
    problem: str = ""


@dataclasses.dataclass(frozen=True)
class Assessment:
    """The assessment to export.

    ``reported`` are the failing and waived findings of the ``severities`` that are wanted. ``failing`` has the ids of
    all.
    ``settles`` says of the control and region of a finding that fails no longer whether the assessment looked there.
    """

    account_id: str
    partition: str
    run_id: str
    observed: str
    reported: tuple[ReportedFinding, ...]
    severities: frozenset[str]
    failing: frozenset[str]
    settles: Callable[[Mapping[str, str]], bool]


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans for one assessment at one moment. Global findings go to the region ``home``.

    ``planned`` are the changes that the plan of a run in check mode has by then.
    """

    assessment: Assessment
    home: str
    now: datetime
    planned: Sequence[Mapping[str, t.Any]] = ()

    def regions(self, looked_at: Sequence[str]) -> tuple[str, ...]:
        """The regions in which something may have to be done; ``looked_at`` are those that were assessed."""
        found = {self._find_region(reported.finding) for reported in self.assessment.reported}
        return tuple(sorted({self.home, *looked_at, *found}))

    def plan(self, hubs: Mapping[str, Hub]) -> Plan:
        """The plan that leads from what the regions tell to what was assessed."""
        changes: list[Change] = []
        refused: list[Refusal] = []
        for region, found in hubs.items():
            place, reported = self._make_place(region), self._select_reported(region)
            hub = Hub() if found.is_off and self._turns_on(region) else found
            if hub.is_off or hub.problem:
                refused += [_refuse_region(place, len(reported), hub)] if reported or not hub.is_off else []
                continue
            resolved = self._list_resolved(reported)
            # What the run resolves before the export is not sent, but archived where it was sent before.
            sendings = [item for item in self.list_sendings(region, hub) if item.known or item.id not in resolved]
            sent = plan_imports(sendings, place) + plan_updates(self._list_settlings(reported, hub), place)
            is_archived = any(is_open(hub.findings.get(name)) for name in resolved)
            changes += sent or ([make_entry(place)] if is_archived else [])
        return Plan(tuple(changes), tuple(refused))

    def _turns_on(self, region: str) -> bool:
        """Whether the plan of the run turns Security Hub on in a region."""
        return any(
            (change["service"], change["operation"], change["region"]) == ("securityhub", "EnableSecurityHub", region)
            for change in self.planned
        )

    def _list_resolved(self, reported: Sequence[ReportedFinding]) -> set[str]:
        """List the ids of the findings that the plan of the run resolves before the export."""
        resolved = {fingerprint for change in self.planned for fingerprint in change["remedies"]}
        return {build_identifier(item.finding) for item in reported if item.finding["fingerprint"] in resolved}

    def list_sendings(self, region: str, hub: Hub) -> list[Sending]:
        """The findings to send to a region: what is new, what says something else than before, what is settled."""
        place, reported = self._make_place(region), self._select_reported(region)
        wanted = {build_identifier(item.finding): item for item in reported}
        sent = [self._make_sending(item, hub.findings.get(name), place) for name, item in wanted.items()]
        gone = [self._archive(known) for name, known in hub.findings.items() if name not in wanted and is_open(known)]
        return [item for item in (*sent, *gone) if item]

    def count_outcomes(self, region: str, hub: Hub) -> dict[str, t.Any]:
        """Count the outcomes of the plan in a region, for the result."""
        readable = not (hub.is_off and not self._turns_on(region) or hub.problem)
        outcomes = Counter(item.outcome for item in self.list_sendings(region, hub)) if readable else Counter[str]()
        stay = len(self._select_reported(region)) - sum(outcomes[name] for name in ("created", "reopened", "updated"))
        return {
            "region": region,
            "enabled": None if hub.problem else not hub.is_off,
            **{name: outcomes[name] for name in ("created", "updated", "reopened", "archived")},
            "unchanged": stay if readable else 0,
        }

    def _make_place(self, region: str) -> Place:
        return Place(self.assessment.partition, self.assessment.account_id, region)

    def _find_region(self, finding: Item) -> str:
        return self.home if finding["region"] == GLOBAL else str(finding["region"])

    def _select_reported(self, region: str) -> tuple[ReportedFinding, ...]:
        return tuple(item for item in self.assessment.reported if self._find_region(item.finding) == region)

    def _make_sending(self, reported: ReportedFinding, known: t.Optional[Item], place: Place) -> t.Optional[Sending]:
        made = build_finding(reported, place, observed=self.assessment.observed, run_id=self.assessment.run_id)
        if known is not None and is_open(known) and not self._differs(made, known):
            return None
        note = write_waiver_note(reported.finding)
        if known is None and note:
            made["Workflow"] = {"Status": SUPPRESSED}
            made["Note"] = {"Text": note, "UpdatedBy": PRODUCT, "UpdatedAt": find_next_update(None, self.now)}
        return Sending(known, add_dates(made, known, self.now))

    def _differs(self, made: Item, known: Item) -> bool:
        is_same = read_field(known, "digest") == read_field(made, "digest") and not read_field(known, BRIEF)
        return not is_same or self.now - parse_update(known) >= RENEWED_AFTER

    def _archive(self, known: Item) -> t.Optional[Sending]:
        """Archive a finding that fails no longer, or is no longer wanted; None where nobody looked."""
        where = {name: read_field(known, name) for name in ("control", "region")}
        if known["Id"] not in self.assessment.failing and self.assessment.settles(where):
            compliance = "PASSED"
        elif _read_severity(known) in self.assessment.severities:
            return None
        else:
            compliance = str((known.get("Compliance") or {}).get("Status", "FAILED"))
        return Sending(
            known, change_state(known, state=ARCHIVED, compliance=compliance, at=find_next_update(known, self.now))
        )

    def _list_settlings(self, reported: Sequence[ReportedFinding], hub: Hub) -> list[Settling]:
        """The investigations that a waiver ends, or whose waiver is gone; what an analyst decided stays."""
        found = []
        for item in reported:
            known = hub.findings.get(build_identifier(item.finding))
            if known is None:
                continue
            note = write_waiver_note(item.finding)
            if note and _find_workflow_once_open(known) == NEW:
                found.append(Settling(known, NEW, SUPPRESSED, note))
            elif not note and is_suppressed_by_us(known):
                found.append(Settling(known, SUPPRESSED, NEW, "the waiver is gone"))
        return found


def _find_workflow_once_open(known: Item) -> t.Optional[str]:
    """Find the state of an investigation once the finding is open: AWS begins anew with one that comes back."""
    present = describe_workflow(known)
    return present if is_open(known) or present == SUPPRESSED else NEW


def _read_severity(known: Item) -> str:
    return str(((known.get("FindingProviderFields") or {}).get("Severity") or {}).get("Original") or "").lower()


def _refuse_region(place: Place, count: int, hub: Hub) -> Refusal:
    what = f"{count} finding{'' if count == 1 else 's'}"
    if hub.is_off:
        reason = (
            f"Security Hub is off in {place.region}, so {what} can't go there: turn it on "
            "(hardening.iam.security_hub), or set another global_region for findings of global services"
        )
        return Refusal("hub_off", reason, place.product, IMPORT)
    reason = f"the findings in {place.region} can't be read, so nothing is sent there ({what}): {hub.problem}"
    return Refusal("unread", reason, place.product, IMPORT)


def list_costs(regions: Sequence[Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """List the costs of the plan, as far as they can be counted: AWS charges for new and updated findings."""
    count = sum(item[name] for item in regions for name in ("created", "updated", "reopened", "archived"))
    note = "each sent finding is an ingestion event; AWS charges for those beyond a free number a month"
    return [{"option": "security_hub", "unit": "finding sent", "count": count, "note": note}] if count else []
