# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The changes that a run makes for a finding, or the reason why it makes none."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence

from ...module_utils._report.grouping import Refusals, is_whole
from ...module_utils._report.states import REFUSED
from .changes import Entry, list_refusals

_COLLECTION: t.Final = "hardening.iam."

Finding = Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Reason:
    """Why there is no change for a finding. ``state`` is ``refused`` or empty, ``target`` an id in the page."""

    text: str
    state: str = ""
    target: str = ""


@dataclasses.dataclass(frozen=True)
class Remedy:
    """The changes for a finding, each in its state; without any the reason."""

    entries: tuple[Entry, ...] = ()
    reason: t.Optional[Reason] = None

    @property
    def states(self) -> tuple[str, ...]:
        """The states of the changes, each once."""
        refused = (self.reason.state,) if self.reason and self.reason.state else ()
        return tuple(dict.fromkeys((*(entry.state for entry in self.entries), *refused)))


class Remedies:
    """The remedies of all findings of a report."""

    def __init__(self, report: Mapping[str, t.Any], entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._by_finding: dict[str, list[Entry]] = {}
        for entry in entries:
            for fingerprint in entry.change["remedies"]:
                self._by_finding.setdefault(fingerprint, []).append(entry)
        self._refusals = list_refusals(report)
        # Reports of an older version do not say which modules ran.
        self._knows_modules = "modules" in report
        self._modes = {item["module"]: item["mode"] for item in report.get("modules", ())}
        # A part that cannot be read is named by its file.
        lacking = (str(item["module"]) for item in report.get("incomplete", ()))
        self._incomplete = {name.rpartition("/")[2].removesuffix(".json") for name in lacking}

    def find(self, finding: Finding) -> Remedy:
        """Find the changes that remedy a finding, else why there are none."""
        entries = tuple(self._by_finding.get(finding["fingerprint"], ()))
        return Remedy(entries) if entries else Remedy(reason=self._explain(finding))

    def _explain(self, finding: Finding) -> Reason:
        name = finding["remediation"]["module"]
        if not name:
            return Reason("No module of this collection makes this change. Follow the remediation by hand.")
        module = str(name).removeprefix(_COLLECTION)
        refusals = [(target, refusal) for target, refusal in self._refusals if refusal.module == module]
        for target, refusal in refusals:
            if _is_about(refusal, finding):
                return Reason(f"{refusal.rule}: {refusal.summary}", REFUSED, target)
        for entry in self._entries:
            if entry.module == module and _is_on(entry.change["target"], finding):
                said = f"No change remedies it yet. On the same resource this is {entry.state}: {entry.sentence}."
                return Reason(said, target=entry.id)
        return self._explain_module(module, name, len(refusals))

    def _explain_module(self, module: str, name: str, refusals: int) -> Reason:
        if refusals:
            return Reason(f"{name} plans no change here. It refused others.", target="refused")
        if module in self._incomplete:
            return Reason(f"{name} ran, and its result is missing or malformed.", target="run")
        if module not in self._modes:
            if not self._knows_modules:
                return Reason("This run plans no change for it.")
            return Reason(f"{name} did not look at this account: its role is off, or part of another playbook.")
        if self._modes[module] is None:
            return Reason(f"{name} left no result.", target="run")
        return Reason(f"{name} plans no change here: the declaration asks for none.")


def _is_on(target: str, finding: Finding) -> bool:
    """Whether a target is the resource of a finding, or a part of it, and not the whole account."""
    resource = str(finding["resource"])
    return not is_whole(finding) and (target == resource or target.startswith((f"{resource} ", f"{resource}#")))


def _is_about(refusal: Refusals, finding: Finding) -> bool:
    """Whether a refusal names the resource of a finding, or the region that the whole finding is about."""
    region = finding["region"]
    if is_whole(finding):
        return region != "global" and any(f":{region}:" in target for target in refusal.targets)
    return any(_is_on(target, finding) for target in refusal.targets)
