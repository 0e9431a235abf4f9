# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which events a trail records: its basic or its advanced event selectors.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
"""

from __future__ import annotations

import typing as t

from emulator.activity.records import Record, data_type

Selector = t.Mapping[str, t.Any]
_TESTS: t.Final[t.Mapping[str, t.Callable[[str, str], bool]]] = {
    "Equals": lambda value, wanted: value == wanted,
    "StartsWith": lambda value, wanted: value.startswith(wanted),
    "EndsWith": lambda value, wanted: value.endswith(wanted),
}


def is_selected(record: Record, basic: t.Sequence[Selector], advanced: t.Sequence[Selector]) -> bool:
    """Whether a trail with these selectors records an event. A trail without any records management events."""
    if advanced:
        return any(all(_holds(record, field) for field in selector["FieldSelectors"]) for selector in advanced)
    return any(_fits(record, selector) for selector in basic) if basic else bool(record["managementEvent"])


def _fits(record: Record, selector: Selector) -> bool:
    wanted = selector.get("ReadWriteType", "All")
    if wanted != "All" and record["readOnly"] is not (wanted == "ReadOnly"):
        return False
    if record["managementEvent"]:
        excluded = selector.get("ExcludeManagementEventSources") or ()
        return bool(selector.get("IncludeManagementEvents", True)) and record["eventSource"] not in excluded
    kind, arns = _type_of(record), _arns_of(record)
    return any(
        resource["Type"] == kind and any(_is_below(arn, value) for arn in arns for value in resource["Values"])
        for resource in selector.get("DataResources") or ()
    )


def _is_below(arn: str, value: str) -> bool:
    """Whether a value of a basic selector covers a resource: ``arn:aws:s3`` and ``arn:aws:lambda`` cover all."""
    return arn == value or arn.startswith(value if value.endswith("/") else f"{value}:")


def _type_of(record: Record) -> str:
    return data_type(record["eventSource"].partition(".")[0], record["eventName"]) or ""


def _arns_of(record: Record) -> list[str]:
    return [item["ARN"] for item in record.get("resources") or ()]


def _holds(record: Record, field: Selector) -> bool:
    values = _values(record, field["Field"])
    for name, test in _TESTS.items():
        wanted, unwanted = field.get(name), field.get(f"Not{name}")
        if wanted and not any(test(value, one) for value in values for one in wanted):
            return False
        if unwanted and any(test(value, one) for value in values for one in unwanted):
            return False
    return True


def _values(record: Record, field: str) -> list[str]:
    if field == "readOnly":
        return [str(record["readOnly"]).lower()]
    if field == "resources.type":
        return [_type_of(record)]
    if field == "resources.ARN":
        return _arns_of(record)
    if field == "userIdentity.arn":
        return [str(record["userIdentity"].get("arn", ""))]
    return [str(record[field])]
