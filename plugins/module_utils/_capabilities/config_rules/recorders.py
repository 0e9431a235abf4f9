# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The recorders that ``config_rules`` needs: what is there, and what may be made where nobody else records."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.config_catalogue import WITHOUT_IAM
from ..._account.config_rules import DeliveryChannel
from ..._account.model import Snapshot
from ..._account.regional import ConfigRecorder
from ..._controls.catalogue.config_rules import regions_recording_iam
from ..._converge.change import Change, Refusal
from ..._converge.finding import Finding, Status
from ..._converge.protected import protection_of
from .changes import PUT_RECORDER, RECORDER, ConfigWriter, describe_channel
from .declared import Declared

_TOWER: t.Final = "aws-controltower-"
_TOWER_OWNER: t.Final = "controltower"


@dataclasses.dataclass(frozen=True)
class OtherRecorders:
    """The recorders that services of AWS have made for themselves in a region, or why that is not known."""

    services: tuple[str, ...] = ()
    problem: str = ""


@dataclasses.dataclass
class Outcome:
    """The outcome of planning. ``rules`` has an entry for each declared rule and region, with what was found."""

    changes: list[Change] = dataclasses.field(default_factory=list)
    refused: list[Refusal] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)
    rules: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)


class RecorderPlanner:
    """Plans the recorders of an account, region by region, and knows them as they will be after the plan."""

    def __init__(
        self,
        snapshot: Snapshot,
        declared: Declared,
        others: Mapping[str, OtherRecorders],
        found: Sequence[Finding],
        once: str,
    ) -> None:
        self._snapshot = snapshot
        self._declared = declared
        self._others = others
        self._found = found
        self._once = once
        self._landlord = _find_landlord(snapshot)
        self.there = {item.region: item for item in snapshot.config_recorders}
        self.iam = regions_recording_iam(snapshot)
        self.made: set[str] = set()

    def can_make_rules(self, region: str) -> bool:
        """Whether rules can be made in a region."""
        return region in self.there or region in self.made

    def plan(self, regions: Sequence[str], outcome: Outcome) -> None:
        """Plan the recorders of these regions. The region for rules needed once comes first: it records IAM."""
        for region in sorted(regions, key=lambda name: (name != self._once, name)):
            recorder = self.there.get(region)
            if recorder is None:
                if self._declared.recorder:
                    self._record(region, outcome)
            else:
                self._complete(recorder, outcome)

    def _record(self, region: str, outcome: Outcome) -> None:
        wish = self._declared.recorder
        objection = self._find_objection(region)
        writer = ConfigWriter(self._snapshot.partition, self._snapshot.account_id, region)
        if objection:
            target = writer.arn("configuration-recorder", RECORDER)
            outcome.refused.append(Refusal("managed_elsewhere", objection, target, PUT_RECORDER))
        elif wish:
            records_iam = not self.iam and region not in WITHOUT_IAM
            remedies = self.find_remedies("config_recorder", region)
            if records_iam:
                self.iam.append(region)
                remedies += self.find_remedies("config_records_iam")
            outcome.changes += [
                writer.record(wish, includes_iam=records_iam, tags=self._declared.tags, remedies=remedies),
                writer.deliver(wish),
                writer.start(remedies),
            ]
            self.made.add(region)

    def _find_objection(self, region: str) -> t.Optional[str]:
        """Why no recorder is made: somebody else decides, or may decide, on what is recorded."""
        if self._landlord:
            return self._landlord
        others = self._others.get(region, OtherRecorders())
        if others.problem:
            return f"it is not known whether an AWS service records in {region}: {others.problem}"
        if others.services:
            return f"{', '.join(others.services)} records in {region} with its own recorder"
        channel = self._find_channel(region)
        return f"{region} has a delivery channel of somebody else, {channel.name}" if channel else None

    def _complete(self, recorder: ConfigRecorder, outcome: Outcome) -> None:
        """Complete a recorder of ours that a run left incomplete. Of others, a lack is only reported."""
        wish, region = self._declared.recorder, recorder.region
        writer = ConfigWriter(self._snapshot.partition, self._snapshot.account_id, region)
        channel = self._find_channel(region)
        if wish and recorder.name == RECORDER:
            if channel is None:
                outcome.changes.append(writer.deliver(wish))
            elif describe_channel(channel) != writer.deliver(wish).after:
                outcome.warnings.append(
                    f"{region}: delivery channel {channel.name} differs from the declaration; it is not changed"
                )
            if not recorder.recording:
                outcome.changes.append(writer.start(self.find_remedies("config_recorder", region)))
                if recorder.includes_global_types and not self.iam:
                    self.iam.append(region)
            return
        # That a recorder is stopped is a finding.
        if channel is None:
            kept = protection_of(recorder.name)
            whose = f" ({kept})" if kept else ""
            outcome.warnings.append(
                f"{region}: recorder {recorder.name} has no delivery channel{whose}; it is not changed"
            )

    def _find_channel(self, region: str) -> t.Optional[DeliveryChannel]:
        return next((item for item in self._snapshot.delivery_channels if item.region == region), None)

    def find_remedies(self, control: str, region: t.Optional[str] = None) -> tuple[str, ...]:
        """Find the fingerprints of the failing findings of a control, in a region or in all."""
        return tuple(
            finding.fingerprint
            for finding in self._found
            if finding.status is Status.FAIL and finding.control == control and region in (None, finding.region)
        )


def _find_landlord(snapshot: Snapshot) -> t.Optional[str]:
    """Find the reason why a landing zone decides on the recorders of the whole account."""
    names = sorted({item.name for item in snapshot.config_recorders if item.name.lower().startswith(_TOWER)})
    if names:
        return f"AWS Control Tower records in this account ({names[0]}): let it govern the region as well"
    made = sorted({item.name for item in snapshot.config_rules if (item.created_by or "").startswith(_TOWER_OWNER)})
    return f"AWS Control Tower has rules in this account ({made[0]}): let it record" if made else None
