# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets that the principal of the leaked key could read, over HTTP: by policies and by events."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime

import pytest
from intruder import HOME, USER

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import collect
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.secrets import (
    Readable,
    ReadableSecret,
    find_readable_secrets,
)
from ansible_collections.hardening.iam.plugins.module_utils._questions.sweep.secrets import (
    OPERATIONS,
    find_principals,
    read_secrets,
)
from ansible_collections.hardening.iam.plugins.module_utils._questions.sweep.snapshot_answers import DATASETS
from emulator.faults import Fault
from unit.emulator.seeded import running

from .conftest import World

REGIONS: t.Final = ("us-east-1",)
ARN: t.Final = f"arn:aws:iam::{HOME}:user/ci/{USER}"
DENY: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


def find(world: World) -> tuple[ReadableSecret, ...]:
    read = read_secrets(world.access(HOME, OPERATIONS), regions=REGIONS)
    snapshot = collect(world.access(HOME, OPERATIONS), datasets=DATASETS, regions=(), now=datetime.now(UTC))
    principals = find_principals(Permissions(snapshot), [ARN, "arn:aws:iam::999988887777:user/nobody"])
    return find_readable_secrets(read.secrets, principals, world.suspected(HOME))


def names(rows: tuple[ReadableSecret, ...]) -> list[tuple[str, Readable, bool]]:
    return [(row.secret.name, row.readable, row.reads > 0) for row in rows]


EXPECTED: t.Final = [
    ("ci/registry", Readable.YES, True),
    ("ci/npm", Readable.YES, False),
    ("shared/wiki", Readable.YES, False),
    ("/ci/signing", Readable.YES, False),
]


def test_readable_secrets_are_found_used_or_not(world: World) -> None:
    rows = find(world)
    assert names(rows) == EXPECTED
    assert {row.principals for row in rows} == {(ARN,)}
    assert rows[0].to_dict()["used"] is True


def test_no_value_is_read(world: World) -> None:
    log = running()[0].log
    log.clear()
    rows = find(world)
    made = {(one["service"], one["operation"]) for one in log.records()}
    assert not {operation for _service, operation in made} & {"GetSecretValue", "GetParameter", "GetParameters"}
    assert "planted" not in repr(rows)
    assert [one for one in log.records() if not one["read_only"] and one["service"] != "sts"] == []


def test_a_containment_hides_nothing(changing_iam: World) -> None:
    """The policies that contain the principal deny everything; the intruder read before that."""
    iam = changing_iam.seeded.client("iam", HOME)
    iam.put_user_policy(UserName=USER, PolicyName="IamHardeningQuarantine", PolicyDocument=json.dumps(DENY))
    iam.attach_user_policy(UserName=USER, PolicyArn=f"arn:aws:iam::{HOME}:policy/iam-hardening/quarantine-deny-all")
    iam.tag_user(UserName=USER, Tags=[{"Key": "iam-hardening:quarantine", "Value": "true"}])
    assert names(find(changing_iam)) == EXPECTED
    # Any other denial counts.
    iam.put_user_policy(UserName=USER, PolicyName="own-denial", PolicyDocument=json.dumps(DENY))
    assert names(find(changing_iam)) == EXPECTED[:1]


@pytest.fixture
def changing_iam(world: World) -> t.Iterator[World]:
    """The same world, set back afterwards."""
    kept = running()[0].snapshot()
    yield world
    running()[0].restore(kept)


def test_a_policy_that_is_not_read_leaves_it_open(world: World) -> None:
    fault = Fault("error", operation="GetResourcePolicy", code="AccessDeniedException", status=403)
    running()[0].faults.set([fault])
    try:
        read = read_secrets(world.access(HOME, OPERATIONS), regions=REGIONS)
        rows = find(world)
    finally:
        running()[0].faults.set(())
    assert [text for text in read.unread if "GetResourcePolicy" in text]
    assert names(rows) == [
        ("ci/registry", Readable.YES, True),
        ("/ci/signing", Readable.YES, False),
        ("ci/npm", Readable.MAYBE, False),
        ("finance/erp", Readable.MAYBE, False),
        ("shared/wiki", Readable.MAYBE, False),
    ]


def test_operations_are_reads_that_policies_know() -> None:
    assert OPERATIONS.writes == frozenset()
    actions = {action for operation in OPERATIONS.reads for action in iam_actions(operation)}
    assert {one for one in actions if catalogue.action(*one.split(":")) is None} == set()
