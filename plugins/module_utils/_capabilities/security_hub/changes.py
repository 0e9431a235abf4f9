# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The changes that ``security_hub`` makes, each with what undoes it."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.security_hubs import Aggregator, Subscription, standard_name
from ..._converge.change import Change, Impact, Undo

WRITES: t.Final = (
    "EnableSecurityHub",
    "UpdateSecurityHubConfiguration",
    "BatchEnableStandards",
    "BatchDisableStandards",
    "UpdateSecurityControl",
    "BatchUpdateStandardsControlAssociations",
    "CreateFindingAggregator",
    "UpdateFindingAggregator",
)
# The first two undo changes only.
UNDO_WRITES: t.Final = (
    "DisableSecurityHub",
    *(name for name in WRITES if name not in ("EnableSecurityHub", "CreateFindingAggregator")),
)
ENABLE: t.Final = "EnableSecurityHub"
GENERATOR: t.Final = "SECURITY_CONTROL"
TAGS: t.Final = {"iam-hardening:managed": "true"}

# The parts of targets that say what they are.
HUB: t.Final = ":hub/default"
SUBSCRIPTION: t.Final = ":subscription/"
CONTROL: t.Final = ":security-control/"
ASSOCIATIONS: t.Final = ":control/"
AGGREGATOR: t.Final = ":finding-aggregator"


def describe_hub(*, enabled: bool, generator: t.Optional[str] = None) -> dict[str, t.Any]:
    """Describe a hub, in the shape of ``before`` and ``after``."""
    return {"enabled": enabled, "control_finding_generator": generator if enabled else None}


def describe_aggregator(aggregator: t.Optional[Aggregator]) -> t.Optional[dict[str, t.Any]]:
    """Describe an aggregator, in the shape of ``before`` and ``after``."""
    return {"mode": aggregator.mode, "regions": list(aggregator.regions)} if aggregator else None


@dataclasses.dataclass(frozen=True)
class HubWriter:
    """Makes the changes of Security Hub in one region of the account, for the failing findings in it."""

    partition: str
    account_id: str
    region: str
    remedies: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:securityhub:{self.region}:{self.account_id}"

    def enable(self) -> Change:
        """Turn the hub on, without the standards that AWS would add by itself."""
        return self._make_change(
            ENABLE,
            HUB,
            {"EnableDefaultStandards": False, "ControlFindingGenerator": GENERATOR, "Tags": TAGS},
            before=describe_hub(enabled=False),
            after=describe_hub(enabled=True, generator=GENERATOR),
            kind="security_hub_enable",
            undo=Undo("DisableSecurityHub", {}),
            remedies=self.remedies,
        )

    def generate(self, present: str, wanted: str) -> Change:
        """Let the findings of a control be one, or one for each standard."""
        operation = "UpdateSecurityHubConfiguration"
        return self._make_change(
            operation,
            HUB,
            {"ControlFindingGenerator": wanted},
            before=describe_hub(enabled=True, generator=present),
            after=describe_hub(enabled=True, generator=wanted),
            kind="security_hub_generator",
            undo=Undo(operation, {"ControlFindingGenerator": present}),
        )

    def subscribe(self, standard: str) -> Change:
        """Enable the standard with this ARN."""
        target = f"{SUBSCRIPTION}{path_of(standard)}"
        return self._make_change(
            "BatchEnableStandards",
            target,
            {"StandardsSubscriptionRequests": [{"StandardsArn": standard}]},
            before={"enabled": False},
            after={"enabled": True},
            kind="security_hub_standard_enable",
            undo=Undo("BatchDisableStandards", {"StandardsSubscriptionArns": [self.arn + target]}),
            remedies=self.remedies,
        )

    def unsubscribe(self, subscription: Subscription) -> Change:
        """Disable a standard. Its findings are archived within days."""
        enable = {"StandardsSubscriptionRequests": [{"StandardsArn": subscription.standard}]}
        change = self._make_change(
            "BatchDisableStandards",
            f"{SUBSCRIPTION}{path_of(subscription.standard)}",
            {"StandardsSubscriptionArns": [subscription.arn]},
            before={"enabled": True},
            after={"enabled": False},
            kind="security_hub_standard_disable",
            undo=Undo("BatchEnableStandards", enable),
        )
        return dataclasses.replace(change, impact=Impact.DESTRUCTIVE)

    def set_parameters(
        self,
        control: str,
        *,
        before: Mapping[str, t.Any],
        after: Mapping[str, t.Any],
        types: Mapping[str, str],
        reason: str,
    ) -> Change:
        """Set parameters of a control; None stands for AWS's default. Those that are not named stay as they are."""
        operation = "UpdateSecurityControl"

        def request(values: Mapping[str, t.Any], why: str) -> dict[str, t.Any]:
            given = {
                name: {"ValueType": "DEFAULT"}
                if value is None
                else {"ValueType": "CUSTOM", "Value": {types[name]: value}}
                for name, value in values.items()
            }
            return {"SecurityControlId": control, "Parameters": given, "LastUpdateReason": why}

        return self._make_change(
            operation,
            f"{CONTROL}{control}",
            request(after, reason),
            before=dict(before),
            after=dict(after),
            kind="security_hub_parameters",
            undo=Undo(operation, request(before, "rollback")),
        )

    def associate(
        self, standard: str, *, before: Mapping[str, str], after: Mapping[str, str], reasons: Mapping[str, str]
    ) -> Change:
        """Enable or disable controls in a standard. Controls that are not named stay as others set them."""
        operation = "BatchUpdateStandardsControlAssociations"

        def request(statuses: Mapping[str, str], why: Mapping[str, str]) -> dict[str, t.Any]:
            updates = [
                {
                    "StandardsArn": standard,
                    "SecurityControlId": control,
                    "AssociationStatus": status,
                    **({"UpdatedReason": why.get(control, "rollback")} if status == "DISABLED" else {}),
                }
                for control, status in statuses.items()
            ]
            return {"StandardsControlAssociationUpdates": updates}

        return self._make_change(
            operation,
            f"{ASSOCIATIONS}{path_of(standard)}",
            request(after, reasons),
            before={"standard": standard, "controls": dict(before)},
            after={"standard": standard, "controls": dict(after)},
            kind="security_hub_controls",
            undo=Undo(operation, request(before, {})),
        )

    def aggregate(self, present: t.Optional[Aggregator], mode: str, regions: Sequence[str]) -> Change:
        """Let the findings of other regions come together here.

        What AWS makes has an id that only its answer tells, so making it can't be undone by what is known before.
        """
        wanted = Aggregator(present.arn if present else "", self.region, mode, tuple(regions))
        linking = {"RegionLinkingMode": mode, **({"Regions": list(regions)} if regions else {})}
        undo = None
        if present is not None:
            before = {
                "RegionLinkingMode": present.mode,
                **({"Regions": list(present.regions)} if present.regions else {}),
            }
            linking["FindingAggregatorArn"] = before["FindingAggregatorArn"] = present.arn
            undo = Undo("UpdateFindingAggregator", before)
        return self._make_change(
            "UpdateFindingAggregator" if present else "CreateFindingAggregator",
            AGGREGATOR,
            linking,
            before=describe_aggregator(present),
            after=describe_aggregator(wanted),
            kind="security_hub_aggregator",
            undo=undo,
        )

    def _make_change(
        self,
        operation: str,
        target: str,
        parameters: Mapping[str, t.Any],
        *,
        before: t.Any,
        after: t.Any,
        kind: str,
        undo: t.Optional[Undo],
        remedies: tuple[str, ...] = (),
    ) -> Change:
        return Change(
            account_id=self.account_id,
            region=self.region,
            service="securityhub",
            operation=operation,
            target=self.arn + target,
            parameters=parameters,
            before=before,
            after=after,
            kind=kind,
            impact=Impact.ADDITIVE,
            population=1,
            remedies=remedies,
            undo=undo,
        )


def path_of(standard: str) -> str:
    """How targets name a standard: by its slug and version."""
    name = standard_name(standard)
    return name.path if name else standard.rpartition("/")[2]
