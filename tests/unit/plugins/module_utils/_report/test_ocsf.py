# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._report.ocsf import events, render

from . import samples

# https://schema.ocsf.io/1.5.0/classes/compliance_finding and the objects in it: what an event must have, and may have.
REQUIRED: t.Final[dict[str, set[str]]] = {
    "": {
        *("activity_id", "category_uid", "class_uid", "cloud", "compliance", "finding_info", "metadata", "severity_id"),
        *("time", "type_uid"),
    },
    "metadata": {"product", "version"},
    "metadata.product": {"name"},
    "cloud": {"provider"},
    "finding_info": {"uid"},
    "remediation": {"desc"},
}
ALLOWED: t.Final[dict[str, set[str]]] = {
    "": {
        *("activity_name", "category_name", "class_name", "type_name", "severity", "status_id", "status", "message"),
        *("resources", "remediation", "unmapped"),
    },
    "metadata": {"profiles", "correlation_uid"},
    "metadata.product": {"vendor_name", "version"},
    "cloud": {"account", "region", "cloud_partition"},
    "finding_info": {"title", "desc", "analytic", "created_time", "first_seen_time", "last_seen_time"},
    "remediation": set(),
    "compliance": {"control", "status", "status_id", "standards", "requirements"},
    "cloud.account": {"uid", "name", "type", "type_id"},
    "finding_info.analytic": {"uid", "name", "type", "type_id"},
}


def at(event: t.Any, path: str) -> t.Any:
    for name in filter(None, path.split(".")):
        event = event.get(name)
    return event


@pytest.fixture(scope="module")
def all_events() -> list[dict[str, t.Any]]:
    return [json.loads(line) for line in render(samples.compare_report()).splitlines()]


def test_events_have_what_the_class_demands_and_nothing_that_it_does_not_know(all_events: list[t.Any]) -> None:
    assert all_events
    for event in all_events:
        for path in REQUIRED | ALLOWED:
            value = at(event, path)
            if value is None and path == "remediation":
                continue
            assert REQUIRED.get(path, set()) <= value.keys() <= REQUIRED.get(path, set()) | ALLOWED[path]
        assert (event["class_uid"], event["category_uid"]) == (2003, 2)
        assert event["type_uid"] == 200300 + event["activity_id"]
        assert (event["activity_id"], event["status_id"]) in {(1, 1), (2, 1), (1, 3), (2, 3), (3, 4)}
        assert event["severity_id"] in range(2, 6)
        assert isinstance(event["time"], int) and event["time"] > 10**12


def test_what_is_open_and_what_was_resolved_is_told(all_events: list[t.Any]) -> None:
    report = samples.compare_report()
    still_open = {item["fingerprint"] for item in report["findings"] if item["status"] in ("FAIL", "WAIVED")}
    resolved = {item["fingerprint"] for item in report["delta"]["resolved"]}
    told = {event["finding_info"]["uid"]: event for event in all_events}
    assert told.keys() == still_open | resolved
    assert len(all_events) == len(told)
    for item in report["findings"]:
        if item["status"] == Status.WAIVED.value:
            assert told[item["fingerprint"]]["status"] == "Suppressed"
            assert told[item["fingerprint"]]["unmapped"]["waiver"] == item["waiver"]
    for name in resolved:
        assert (told[name]["activity_name"], told[name]["compliance"]["status"]) == ("Close", "Pass")


def test_what_was_there_before_is_an_update() -> None:
    report = samples.compare_report()
    failing = next(item for item in report["findings"] if item["status"] == "FAIL")
    for new, activity in (([failing["fingerprint"]], "Create"), ([], "Update")):
        told = events({**report, "delta": {**report["delta"], "new": new, "basis": "previous_run"}})
        (event,) = (item for item in told if item["finding_info"]["uid"] == failing["fingerprint"])
        assert event["activity_name"] == activity
