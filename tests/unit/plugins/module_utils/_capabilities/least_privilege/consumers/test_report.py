# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sentences about reads that failed: one for each reason."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.compute import (
    COMPUTE,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.policies import (
    BUCKETS,
    SHARED_RESOURCES,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.reader import Want
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.report import (
    Answer,
    Failure,
    Note,
    Sentence,
    describe_failures,
)

from .planted import target, trust, trusting

INSTANCES, FUNCTIONS, TASKS = COMPUTE
DENIED: t.Final = Failure("AccessDenied", "kms:ListKeys: AccessDenied: no")


def describe(*answers: Answer) -> list[tuple[Want, str]]:
    return [(one.of, one.text) for one in describe_failures(answers)]


def test_a_service_that_failed_in_several_regions_is_one_sentence_for_each_side() -> None:
    answers = [Answer(FUNCTIONS, region, failure=DENIED) for region in ("eu-west-1", "us-east-1")]
    text = "the functions of Lambda could not be read in eu-west-1, us-east-1: kms:ListKeys: AccessDenied: no"
    assert describe(*answers) == [(Want.CONSUMERS, text), (Want.NAMERS, text)]
    ((only, _text),) = describe(Answer(INSTANCES, "eu-west-1", failure=DENIED))
    assert only is Want.CONSUMERS
    ((only, _text),) = describe(Answer(SHARED_RESOURCES[0], "eu-west-1", failure=DENIED))
    assert only is Want.NAMERS


def test_other_reasons_are_other_sentences() -> None:
    throttled = Failure("Throttling", "slow down")
    found = describe(Answer(INSTANCES, "a", failure=DENIED), Answer(INSTANCES, "b", failure=throttled))
    assert len(found) == 2


def test_a_closed_region_is_one_sentence_whatever_was_read_in_it() -> None:
    closed = Failure("OptInRequired", "the account has not enabled this region", of_region=True)
    found = describe(*(Answer(one, region, failure=closed) for one in COMPUTE for region in ("x-1", "y-1")))
    text = "nothing could be read in x-1, y-1: the account has not enabled this region"
    assert found == [(Want.CONSUMERS, text), (Want.NAMERS, text)]


def test_objects_with_the_same_error_are_counted() -> None:
    def note(about: str) -> Note:
        return Note(Want.NAMERS, "GetBucketPolicy AccessDenied", f"denied on {about}", about)

    (found,) = describe(Answer(BUCKETS, "us-east-1", notes=(note("b/1"), note("b/2"), note("b/2"))))
    assert found[1] == (
        "the policies of buckets could not be read completely in us-east-1 (2 objects, such as b/1): denied on b/1"
    )
    (single,) = describe(Answer(BUCKETS, "us-east-1", notes=(note("b/1"),)))
    assert single[1] == "the policies of buckets could not be read completely in us-east-1 (b/1): denied on b/1"


def test_a_sentence_about_consumers_matters_to_roles_that_the_service_can_use() -> None:
    (found,) = describe_failures([Answer(TASKS, "eu-west-1", failure=DENIED)])
    assert found.is_about(target(trusting("ecs-tasks"))) and not found.is_about(target(trusting("ec2")))


def test_a_region_matters_to_roles_that_any_service_can_use() -> None:
    """Nothing in a region can have the role of people: what was not looked at there can hide no consumer of it."""
    text = "15 other regions were not looked at (regions)"
    consumers, namers = Sentence(Want.CONSUMERS, text), Sentence(Want.NAMERS, text)
    people = target(trust(AWS="arn:aws:iam::111122223333:root"))
    assert not consumers.is_about(people) and namers.is_about(people)
    for other in (target(trusting("batch")), target(is_trust_known=False), target(trust(AWS="*", Service="x.y"))):
        assert consumers.is_about(other)


def test_reads_that_worked_need_no_sentence() -> None:
    assert describe(Answer(TASKS, "eu-west-1"), Answer(BUCKETS, "us-east-1", buckets=frozenset())) == []
