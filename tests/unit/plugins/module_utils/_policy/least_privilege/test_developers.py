# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fifteen developer roles with AdministratorAccess, and ninety days of their calls."""

from __future__ import annotations

import collections
import functools
import json
import os
import typing as t
from datetime import timedelta

import pytest

import developer_events
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.narrowing import resource_types
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import (
    Generated,
    Status,
    generate,
    list_needed_keys,
    make_record_for_proof,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.needs import complete_record
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.principal import (
    Principal,
    PrincipalKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.proof import Proof, prove
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import Coverage, Record
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use

from .samples import EVERYTHING, cover, new_layers, policy

NOW: t.Final = developer_events.NOW
SETTINGS: t.Final = Settings(NOW)
ADMINISTRATOR: t.Final = Layers(identity=(policy(EVERYTHING, name="AdministratorAccess"),))
ACCOUNT: t.Final = developer_events.account()
ROLES: t.Final = sorted(name for name in ACCOUNT.roles if name.startswith("dev-"))
# One with a batch of writes whose actions no event names, one that deploys, one that passes roles.
SAMPLE: t.Final = ("dev-platform-pipeline", "dev-platform-oncall", "dev-shop-payments")
TESTED: t.Final = ROLES if os.environ.get("HARDENING_TEST_ALL") == "1" else SAMPLE
# Writes on "*" that have a resource type, of which no call needs to be.
OPTIONAL: t.Final = frozenset({"cloudwatch:PutMetricData"})


def arn_of(name: str) -> str:
    path = ACCOUNT.roles[name].path
    return f"arn:aws:iam::{developer_events.APPS}:role{path}{name}"


@functools.cache
def uses(first: int, last: int) -> tuple[Use, ...]:
    names = {f"role/{name}": arn_of(name) for name in ACCOUNT.roles}
    reader = EventReader(names=names, keys=list_needed_keys([principal("dev-shop-web")], SETTINGS))
    return reader.read(developer_events.events(first=first, last=last, logged_only=True), Source.TRAIL).uses


def principal(name: str) -> Principal:
    return Principal(arn_of(name), PrincipalKind.ROLE, ADMINISTRATOR)


def record(name: str, first: int, last: int) -> Record:
    """The record of a role on some of the days. The trail has all events but the data events of SQS."""
    services = {service: cover(service, data=service != "sqs") for service in catalogue.services()}
    end = NOW - timedelta(days=developer_events.DAYS - last)
    days = last - first + 1
    own = tuple(use for use in uses(first, last) if use.principal_arn == arn_of(name))
    coverage = Coverage(days, end - timedelta(days=days), end, files_read=90, events=len(own), services=services)
    return Record(arn_of(name), "AROAEXAMPLE", coverage, own, is_last_accessed_read=True, digest="0" * 64)


@functools.cache
def result(name: str) -> Generated:
    """The documents that the first sixty days give."""
    return generate(principal(name), record(name, 1, 60), SETTINGS)


def test_all_fifteen_roles_are_there() -> None:
    assert len(ROLES) == 15
    assert set(SAMPLE) < set(ROLES)


@pytest.mark.parametrize("name", TESTED)
def test_documents_of_a_role_are_proved_and_small(name: str) -> None:
    found = result(name)
    assert found.status is Status.GENERATED
    proof = prove_result(name)
    assert (proof.lost, proof.beyond, proof.unproven) == ((), (), ())
    assert found.totals.privileged_after <= found.totals.privileged_before * 0.05
    assert found.totals.unknown_privileged <= found.totals.privileged_before * 0.1
    assert all(not item.issues for item in found.documents)
    for document in found.documents:
        for statement in document.policy.statements:
            assert "*" not in (statement.resources or ()) or not _find_wide_writes(statement.actions or ())


def _find_wide_writes(actions: t.Iterable[str]) -> list[str]:
    known = [item for action in actions if action not in OPTIONAL for item in catalogue.expand(action)]
    return [item.full_name for item in known if item.resources and "Write" in item.levels]


def test_the_calls_of_the_days_after_are_allowed() -> None:
    """Those of each role, judged by the evaluator alone. Some are about resources that the first days do not have."""
    counted = {name: _judge_days_after(name) for name in ROLES}
    assert {name: lost for name, (calls, _new, lost) in counted.items() if sum(lost.values()) > calls * 0.01} == {}
    assert all(calls > 50 for calls, _new, _lost in counted.values())
    calls, new = (sum(found[index] for found in counted.values()) for index in (0, 1))
    assert sum(sum(lost.values()) for _calls, _new, lost in counted.values()) <= calls * 0.01
    # One that only repeats what it saw would lose these.
    assert new > calls * 0.1


def _judge_days_after(name: str) -> tuple[int, int, dict[str, int]]:
    """The calls of the last thirty days, those of them on resources not seen before, and those that are lost."""
    evaluator = Evaluator(new_layers(result(name)), principal=arn_of(name))
    seen = {(use.action, use.resource) for use in record(name, 1, 60).uses}
    calls: collections.Counter[str] = collections.Counter()
    new: collections.Counter[str] = collections.Counter()
    lost: collections.Counter[str] = collections.Counter()
    for use in complete_record(record(name, 61, 90)).uses:
        assert not use.is_service_level
        resources = use.candidates or ((use.resource,) if use.resource else resource_types(use.action.lower(), "aws"))
        allowed = all(
            evaluator.outcome(use.action, item, use.context) is Outcome.ALLOWED for item in resources or ("*",)
        )
        calls[use.action] += use.count
        new[use.action] += use.count * ((use.action, use.resource) not in seen)
        lost[use.action] += 0 if allowed else use.count
    return calls.total(), new.total(), dict(+lost)


def prove_result(name: str) -> Proof:
    """Prove the documents that the first sixty days give."""
    about = make_record_for_proof(record(name, 1, 60), SETTINGS)
    return prove(ADMINISTRATOR, new_layers(result(name)), about, removed=[item.action for item in result(name).removed])


def test_the_second_run_gives_the_same_bytes() -> None:
    name = SAMPLE[0]
    again = generate(principal(name), record(name, 1, 60), SETTINGS)
    assert [json.dumps(item.document) for item in again.documents] == [
        json.dumps(item.document) for item in result(name).documents
    ]
    assert again == result(name)
    assert again.documents
