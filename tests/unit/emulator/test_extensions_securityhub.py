# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from unit.emulator.seeded import account, serving

FOUNDATIONAL = "arn:aws:securityhub:us-east-1::standards/aws-foundational-security-best-practices/v/1.0.0"
CIS_5 = "arn:aws:securityhub:us-east-1::standards/cis-aws-foundations-benchmark/v/5.0.0"


@pytest.fixture
def hub() -> t.Iterator[t.Any]:
    with serving(account()) as seeded:
        yield seeded.client("securityhub")


def test_a_hub_that_is_off_refuses(hub: t.Any) -> None:
    for call in (hub.describe_hub, hub.get_enabled_standards, hub.disable_security_hub):
        with pytest.raises(hub.exceptions.InvalidAccessException):
            call()


def test_a_hub_is_enabled_once_with_the_default_standards(hub: t.Any) -> None:
    hub.enable_security_hub()
    assert hub.describe_hub()["HubArn"] == "arn:aws:securityhub:us-east-1:123456789012:hub/default"
    enabled = {item["StandardsArn"]: item["StandardsStatus"] for item in standards(hub)}
    assert enabled == {
        FOUNDATIONAL: "READY",
        "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0": "READY",
    }
    with pytest.raises(hub.exceptions.ResourceConflictException):
        hub.enable_security_hub()
    hub.disable_security_hub()
    hub.enable_security_hub(EnableDefaultStandards=False)
    assert standards(hub) == []


def test_standards_are_enabled_and_disabled(hub: t.Any) -> None:
    hub.enable_security_hub(EnableDefaultStandards=False)
    assert CIS_5 in {item["StandardsArn"] for item in hub.describe_standards()["Standards"]}
    added = hub.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": CIS_5}])
    subscription = added["StandardsSubscriptions"][0]["StandardsSubscriptionArn"]
    assert subscription.endswith(":123456789012:subscription/cis-aws-foundations-benchmark/v/5.0.0")
    assert [item["StandardsArn"] for item in standards(hub)] == [CIS_5]
    with pytest.raises(hub.exceptions.InvalidInputException):
        hub.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": "arn:aws:none"}])
    hub.batch_disable_standards(StandardsSubscriptionArns=[subscription])
    assert standards(hub) == []


def standards(hub: t.Any) -> list[dict[str, str]]:
    return t.cast("list[dict[str, str]]", hub.get_enabled_standards()["StandardsSubscriptions"])
