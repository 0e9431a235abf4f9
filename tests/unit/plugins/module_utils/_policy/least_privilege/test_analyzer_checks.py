# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import random
import typing as t

import botocore.session
import pytest
from service_models import service_model

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.canonical import document
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Evaluator, Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.analyzer_checks import (
    Check,
    list_checks,
    merge_to_one,
)

from .pairs import ALICE, draw_pair, draw_request
from .test_proof import HOME, OLD, allow, deny, policy


@pytest.mark.parametrize("seed", range(10))
def test_merged_policies_decide_as_the_policies_do(seed: int) -> None:
    rng = random.Random(seed)
    policies = draw_pair(rng).before
    merged = merge_to_one(policies)
    assert merged is not None
    apart, together = (Evaluator(Layers(identity=each), principal=ALICE) for each in (policies, (merged,)))
    for _index in range(200):
        request = draw_request(rng)
        assert apart.outcome(*request) is together.outcome(*request)


TEXTS = (
    *(HOME, "arn:aws:s3:::a*/${*}", "arn:aws:s3:::x", "*", "arn:aws:s3:::${", "arn:aws:s3:::a${$}b/*"),
    "arn:${aws:username}:s3:::b/${aws:username}",
)


@pytest.mark.parametrize("text", TEXTS)
def test_what_looks_like_a_variable_in_2008_stays_text(text: str) -> None:
    condition = {"StringLike": {"aws:SourceIdentity": text}}
    for statement in (allow("s3:*", text), allow("s3:*", "*", condition)):
        old = policy(statement, version=OLD)
        merged = merge_to_one([old, policy(deny("sqs:*"))])
        assert merged is not None and merged.version == "2012-10-17"
        for made in (
            text,
            text.replace("*", "1"),
            text.replace("${aws:PrincipalTag/team}", "x").replace("*", "y"),
            "other",
        ):
            context = {"aws:SourceIdentity": made, "aws:PrincipalTag/team": "x", "aws:username": "alice"}
            outcomes = {
                Evaluator(Layers(identity=(each,)), principal=ALICE).outcome("s3:GetObject", made, context)
                for each in (old, merged)
            }
            assert len(outcomes) == 1


def test_statement_ids_are_left_out_and_no_statement_is_no_document() -> None:
    twice = policy(allow("s3:*", Sid="Same"), allow("sqs:*", Sid="Other"))
    merged = merge_to_one([twice, policy(allow("ec2:*", Sid="Same"))])
    assert merged is not None and [item.get("Sid") for item in document(merged)["Statement"]] == [None] * 3
    assert merge_to_one([]) is None


def parameters_are_valid(check: Check) -> bool:
    model = service_model("accessanalyzer")
    shape = model.operation_model(check.operation).input_shape
    botocore.validate.validate_parameters(dict(check.parameters), shape)
    return True


def test_the_calls_are_listed_with_their_parameters() -> None:
    old, new = [policy(allow("s3:*")), policy(deny("s3:Delete*"))], [policy(allow("s3:GetObject"), deny("s3:Delete*"))]
    removed = [f"s3:Action{index:03}" for index in range(150)]
    merged = merge_to_one(old)
    assert merged is not None
    first, *others = list_checks(old, new, removed=[*removed, "S3:action000"])
    assert (first.operation, json.loads(first.parameters["existingPolicyDocument"])) == (
        "CheckNoNewAccess",
        document(merged),
    )
    assert [(other.operation, len(other.parameters["access"][0]["actions"])) for other in others] == [
        ("CheckAccessNotGranted", 100),
        ("CheckAccessNotGranted", 50),
    ]
    assert all(map(parameters_are_valid, (first, *others)))


def test_without_new_or_old_statements_nothing_can_be_compared() -> None:
    some: list[t.Any] = [policy(allow("s3:*"))]
    assert list_checks(some, [], removed=["s3:PutObject"]) == ()
    assert [check.operation for check in list_checks([], some, removed=["sqs:x"])] == ["CheckAccessNotGranted"]
