# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resources of recorded calls: only where all calls of an action are recorded, with their resources."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.seen import (
    collect_seen,
    find_called,
    join_seen,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES, Truth
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import (
    Coverage,
    LogClass,
    Record,
    ServiceCoverage,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use

from ..user_permissions.people import NOW, allow, role
from .scopes import make_account, managed

APP: t.Final = role("app", "Data")
PERMISSIONS: t.Final = Permissions(make_account(APP, policies=[managed(allow("s3:*", "secretsmanager:*", "sqs:*"))]))
ORDERS: t.Final = "arn:aws:sqs:eu-west-1:111122223333:orders"


SERVICE_DATE: t.Final = Use(
    APP.arn, "sqs:*", Source.LAST_ACCESSED, last=NOW + timedelta(hours=2), is_service_level=True
)


def use(action: str, resource: t.Optional[str] = ORDERS, source: Source = Source.TRAIL) -> Use:
    return Use(APP.arn, action, source, resource, count=1, first=NOW, last=NOW)


def collect(
    *uses: Use, logged: Truth = YES, assumed: frozenset[LogClass] = frozenset(), days: int = 90
) -> Mapping[str, t.Any]:
    classes = {LogClass.DATA: logged, LogClass.READ: YES, LogClass.WRITE: YES}
    services = {name: ServiceCoverage(name, Status.PARTIAL, (), classes) for name in ("s3", "secretsmanager", "sqs")}
    coverage = Coverage(days, since=NOW - timedelta(days=days), until=NOW, events=len(uses), services=services)
    record = Record(APP.arn, "AROA", coverage, uses)
    return collect_seen(PERMISSIONS, APP, record, Settings(NOW, assume_logged=assumed))


def test_resources_of_recorded_calls() -> None:
    assert collect(use("sqs:SendMessage"), use("sqs:sendmessage")) == {"sqs:sendmessage": (ORDERS,)}


def test_a_secret_that_is_called_by_its_name_is_named_with_the_end_of_its_arn() -> None:
    pattern = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db/pw-??????"
    by_name = dataclasses.replace(use("secretsmanager:GetSecretValue", None), candidates=(pattern,))
    assert collect(by_name) == {"secretsmanager:getsecretvalue": (pattern,)}
    assert collect(by_name, use("secretsmanager:GetSecretValue", None)) == {}


@pytest.mark.parametrize(
    ("uses", "fields"),
    [
        ([use("sqs:SendMessage"), use("sqs:SendMessage", None)], {}),
        ([use("sqs:SendMessage"), use("sqs:SendMessage", source=Source.LAST_ACCESSED)], {}),
        ([use("sqs:SendMessage"), SERVICE_DATE], {}),
        ([use("sqs:SendMessage")], {"days": 7}),
        ([use("sqs:SendMessage")], {"logged": NO}),
        ([use("sqs:SendMessage")], {"logged": NO, "assumed": frozenset({LogClass.DATA})}),
        ([use("sqs:SendMessage")], {"logged": UNKNOWN}),
    ],
    ids=[
        "a call without a resource",
        "a date of last access",
        "a later date of the service",
        "too short",
        "not logged",
        "known as not logged",
        "not known",
    ],
)
def test_no_record_is_no_proof_that_nothing_else_is_used(uses: list[Use], fields: dict[str, t.Any]) -> None:
    assert collect(*uses, **fields) == {}


def test_what_a_person_knows_to_be_logged_counts() -> None:
    found = collect(use("sqs:SendMessage"), logged=UNKNOWN, assumed=frozenset({LogClass.DATA}))
    assert found == {"sqs:sendmessage": (ORDERS,)}


def test_what_one_of_the_holders_did_elsewhere_is_left_wide() -> None:
    calls = frozenset({"sqs:sendmessage"})
    one, other = {"sqs:sendmessage": (ORDERS,)}, {"sqs:sendmessage": (f"{ORDERS}-2",)}
    assert join_seen([(calls, one), (calls, other)]) == {"sqs:sendmessage": (ORDERS, f"{ORDERS}-2")}
    assert join_seen([(calls, one), (frozenset(), {})]) == one
    assert join_seen([(calls, one), (calls, {})]) == {}


def test_a_date_of_the_service_alone_may_be_a_call_of_each_of_its_actions() -> None:
    record = Record(APP.arn, "AROA", Coverage(90), (SERVICE_DATE,))
    called = find_called(record, Settings(NOW))
    assert "sqs:sendmessage" in called and "s3:getobject" not in called
    calls = frozenset({"sqs:sendmessage"})
    assert join_seen([(calls, {"sqs:sendmessage": (ORDERS,)}), (called, {})]) == {}
