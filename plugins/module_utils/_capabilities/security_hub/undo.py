# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes of Security Hub back: hubs, standards, controls, aggregation."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_records import Derive, Record, check_arn
from .changes import AGGREGATOR, ASSOCIATIONS, CONTROL, ENABLE, HUB, SUBSCRIPTION, path_of

_SERVICE: t.Final = "securityhub"


def _read_hub_part(record: Record, start: str) -> str:
    check_arn(record, record.target, "securityhub")
    arn, found, rest = record.target.partition(start)
    record.check(bool(found) and arn.count(":") == 4, f"{record.target} is nothing at {start}")
    return rest


def _undo_hub(record: Record) -> Undo:
    record.check(not _read_hub_part(record, HUB), "it is not the hub")
    return Undo("DisableSecurityHub", {})


def _undo_generator(record: Record) -> Undo:
    record.check(not _read_hub_part(record, HUB), "it is not the hub")
    generator = str(record.before["control_finding_generator"])
    return Undo("UpdateSecurityHubConfiguration", {"ControlFindingGenerator": generator})


def _undo_enabling(record: Record) -> Undo:
    _read_hub_part(record, SUBSCRIPTION)
    return Undo("BatchDisableStandards", {"StandardsSubscriptionArns": [record.target]})


def _undo_disabling(record: Record) -> Undo:
    path = _read_hub_part(record, SUBSCRIPTION)
    (wanted,) = record.undo_parameters["StandardsSubscriptionRequests"]
    standard = str(wanted["StandardsArn"])
    record.check(path_of(standard) == path, f"{standard} is another standard than its target")
    return Undo("BatchEnableStandards", {"StandardsSubscriptionRequests": [{"StandardsArn": standard}]})


def _undo_control_parameters(record: Record) -> Undo:
    """Restore parameters of a control. Besides ``before``, AWS only needs the type of each value."""
    control = _read_hub_part(record, CONTROL)
    spelt: Mapping[str, t.Any] = record.undo_parameters["Parameters"]
    given: dict[str, t.Any] = {}
    for name, value in record.before.items():
        if value is None:
            given[name] = {"ValueType": "DEFAULT"}
            continue
        (kind,) = spelt[name]["Value"]
        given[name] = {"ValueType": "CUSTOM", "Value": {str(kind): value}}
    return Undo(
        "UpdateSecurityControl", {"SecurityControlId": control, "Parameters": given, "LastUpdateReason": "rollback"}
    )


def _undo_control_associations(record: Record) -> Undo:
    standard = str(record.before["standard"])
    record.check(_read_hub_part(record, ASSOCIATIONS) == path_of(standard), "its before is another standard")
    updates = [
        {
            "StandardsArn": standard,
            "SecurityControlId": control,
            "AssociationStatus": status,
            **({"UpdatedReason": "rollback"} if status == "DISABLED" else {}),
        }
        for control, status in record.before["controls"].items()
    ]
    return Undo("BatchUpdateStandardsControlAssociations", {"StandardsControlAssociationUpdates": updates})


def _undo_aggregator(record: Record) -> t.Optional[Undo]:
    record.check(not _read_hub_part(record, AGGREGATOR), "it is not the aggregator")
    if record.is_new:
        return None
    before = record.before
    arn = check_arn(record, record.optional("FindingAggregatorArn")["FindingAggregatorArn"], "securityhub")
    regions = {"Regions": list(before["regions"])} if before["regions"] else {}
    return Undo(
        "UpdateFindingAggregator",
        {"RegionLinkingMode": str(before["mode"]), **regions, "FindingAggregatorArn": arn},
    )


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    (_SERVICE, ENABLE): _undo_hub,
    (_SERVICE, "UpdateSecurityHubConfiguration"): _undo_generator,
    (_SERVICE, "BatchEnableStandards"): _undo_enabling,
    (_SERVICE, "BatchDisableStandards"): _undo_disabling,
    (_SERVICE, "UpdateSecurityControl"): _undo_control_parameters,
    (_SERVICE, "BatchUpdateStandardsControlAssociations"): _undo_control_associations,
    (_SERVICE, "CreateFindingAggregator"): _undo_aggregator,
    (_SERVICE, "UpdateFindingAggregator"): _undo_aggregator,
}
