# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who depends on the leaked key, read over HTTP: what names it, and what uses it on other days."""

from __future__ import annotations

import typing as t

import pytest
from intruder import HOME, LEAKED

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._module.key_mentions import (
    OPERATIONS,
    Mentions,
    find_owner,
    read_last_uses,
    read_mentions,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.dependants.find import (
    Confidence,
    Dependant,
    find_dependants,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.dependants.platforms import Platform
from emulator.faults import Fault
from unit.emulator.seeded import running

from .conftest import INTRUDER, World

REGIONS: t.Final = ("us-east-1",)


@pytest.fixture(scope="module")
def mentions(world: World) -> Mentions:
    return read_mentions(world.access(HOME, OPERATIONS), [LEAKED, "AKIAIOSFODNN7EXAMPLE"], regions=REGIONS)


@pytest.fixture(scope="module")
def rows(world: World, mentions: Mentions) -> tuple[Dependant, ...]:
    baseline = [event for event in world.events(HOME) if event.source_address != INTRUDER]
    return find_dependants(baseline, mentions.mentions, [LEAKED])


def test_what_names_the_key_is_certain(rows: tuple[Dependant, ...]) -> None:
    certain = [row for row in rows if row.confidence is Confidence.CERTAIN]
    assert {(row.kind, row.place, row.owner) for row in certain} == {
        ("function", "environment AWS_ACCESS_KEY_ID", "delivery-tools"),
        ("task_definition", "container main: environment DEPLOY_KEY", "delivery"),
        ("build_project", "environment KEY", ""),
        ("launch_template", "version 1: user data", ""),
    }
    assert {row.key_id for row in certain} == {LEAKED}
    assert rows[: len(certain)] == tuple(certain)


def test_the_platform_of_the_usual_calls_is_likely(rows: tuple[Dependant, ...]) -> None:
    likely = [row for row in rows if row.confidence is Confidence.LIKELY]
    assert [(row.platform, row.resource, row.count) for row in likely] == [(Platform.ECS_FARGATE, "Boto3", 12)]
    assert likely[0].actions == ("s3:ListBuckets",)
    assert likely[0].last_seen is not None


def test_the_intruder_depends_on_nothing(rows: tuple[Dependant, ...]) -> None:
    assert INTRUDER not in repr(rows)


def test_no_value_is_kept(mentions: Mentions, rows: tuple[Dependant, ...]) -> None:
    """The secret of the key stands beside it everywhere."""
    assert "planted-secret" not in repr(mentions) + repr(rows) + repr([row.to_dict() for row in rows])


def test_nothing_is_written_and_nothing_was_missed(world: World, mentions: Mentions) -> None:
    assert mentions.unread == ()
    log = running()[0].log
    log.clear()
    read_mentions(world.access(HOME, OPERATIONS), [LEAKED], regions=REGIONS)
    assert [one for one in log.records() if not one["read_only"] and one["service"] != "sts"] == []


def test_without_a_key_nothing_is_searched(world: World) -> None:
    assert read_mentions(world.access(HOME, OPERATIONS), [], regions=REGIONS) == Mentions(())


def test_what_is_denied_is_said_and_the_rest_is_found(world: World) -> None:
    fault = Fault("error", service="lambda", code="AccessDeniedException", status=403)
    running()[0].faults.set([fault])
    try:
        read = read_mentions(world.access(HOME, OPERATIONS), [LEAKED], regions=REGIONS)
    finally:
        running()[0].faults.set(())
    assert [one.kind for one in read.mentions].count("function") == 0
    assert {one.kind for one in read.mentions} >= {"task_definition", "build_project"}
    assert any("functions in us-east-1 were not searched to the end" in text for text in read.unread)


def test_last_uses_are_read(world: World) -> None:
    (used,) = read_last_uses(world.access(HOME, OPERATIONS), [LEAKED])
    assert used.key_id == LEAKED
    assert used.when is not None
    assert used.service == "sts"


def test_operations_are_reads_that_policies_know() -> None:
    assert OPERATIONS.writes == frozenset()
    actions = {action for operation in OPERATIONS.reads for action in iam_actions(operation)}
    assert {one for one in actions if catalogue.action(*one.split(":")) is None} == set()


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        ({"Owner": "a", "team": "b"}, "a"),
        ({"TEAM": "b"}, "b"),
        ({"contact": "c", "owner": ""}, "c"),
        ({"name": "x"}, ""),
        ({}, ""),
    ],
)
def test_owners_come_from_tags(tags: dict[str, str], owner: str) -> None:
    assert find_owner(tags) == owner
