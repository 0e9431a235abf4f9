# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trial import (
    Trial,
    is_trial,
    make_trial,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import evaluate

Record = dict[str, t.Any]
OURS: t.Final = "arn:aws:iam::111122223333:policy/iam-hardening/lp/"
BUCKET: t.Final = "arn:aws:s3:::acme/*"


def statement(*actions: str, effect: str = "Allow", resource: str = BUCKET, **fields: t.Any) -> Record:
    return {"Effect": effect, "Action": list(actions), "Resource": resource, **fields}


def policy(*statements: Record, version: str = "2012-10-17") -> Policy:
    return parse({"Version": version, "Statement": list(statements)})


def make(*policies: Policy, unknown: t.Collection[str] = ()) -> Trial:
    found = make_trial("lp-dev-trial", policies, unknown)
    assert isinstance(found, Trial), found
    assert len(json.dumps(found.policy.content, separators=(",", ":"))) <= 6144
    return found


def allows(trial: Trial, action: str, resource: str = "arn:aws:s3:::acme/x") -> bool:
    """Whether a role that may do everything may take an action under the trial."""
    everything = policy(statement("*", resource="*"))
    boundary = parse(t.cast(t.Any, trial.policy.content))
    decision = evaluate.Evaluator(evaluate.Layers(identity=(everything,), boundary=boundary)).decide(
        evaluate.Request(action, resource)
    )
    return decision.outcome is evaluate.Outcome.ALLOWED


def many(service: str, count: int, **fields: t.Any) -> Record:
    """A statement with so many long names of actions."""
    return statement(*(f"{service}:Action{number:04d}{'x' * 30}" for number in range(count)), **fields)


def names(service: str, count: int) -> list[str]:
    return [action.lower() for action in many(service, count)["Action"]]


def test_policies_that_fit_are_combined_as_they_are() -> None:
    found = make(policy(statement("s3:GetObject", Sid="A")), policy(statement("s3:PutObject", effect="Deny", Sid="A")))
    assert (found.policy.name, found.untested) == ("lp-dev-trial", ())
    sids = [one["Sid"] for one in t.cast(t.Any, found.policy.content)["Statement"]]
    assert sids == ["A", "A2"]
    assert allows(found, "s3:GetObject") and not allows(found, "s3:PutObject") and not allows(found, "s3:ListBucket")
    assert not allows(found, "s3:GetObject", "arn:aws:s3:::other/x")


def test_ids_of_three_statements_stay_apart() -> None:
    three = [policy(statement("s3:GetObject", Sid=sid)) for sid in ("A", "A2", "A", "A")]
    sids = [one["Sid"] for one in t.cast(t.Any, make(*three).policy.content)["Statement"]]
    assert len(set(sids)) == 4
    bare = make(policy(statement("s3:GetObject"), statement("s3:PutObject")))
    assert not any("Sid" in one for one in t.cast(t.Any, bare.policy.content)["Statement"])


def test_a_service_of_unknown_actions_alone_is_allowed_first() -> None:
    known = statement("s3:GetObject")
    found = make(policy(known, many("glue", 150)), unknown=names("glue", 150))
    assert found.untested == ("glue",)
    assert allows(found, "glue:Anything", "*") and allows(found, "s3:GetObject")
    assert not allows(found, "s3:GetObject", "arn:aws:s3:::other/x") and not allows(found, "ec2:RunInstances", "*")
    # One that is small enough is tested.
    small = make(policy(known, many("glue", 3)), unknown=names("glue", 3))
    assert small.untested == () and not allows(small, "glue:Anything", "*")


def test_a_service_with_a_known_action_is_not_allowed_as_a_whole() -> None:
    wide = [many("s3", 60, resource=f"{BUCKET}{'y' * 2000}"), many("s3", 30, resource=f"arn:aws:s3:::b/{'z' * 2000}")]
    found = make(policy(statement("s3:GetObject"), *wide), unknown=names("s3", 60))
    assert found.untested == ("s3",)
    assert allows(found, names("s3", 1)[0], "*") and not allows(found, "s3:PutObject", "*")
    assert not allows(found, "s3:GetObject", "arn:aws:s3:::other/x")


def test_at_last_all_actions_are_allowed_on_all_resources() -> None:
    wide = [statement("s3:GetObject", resource=f"arn:aws:s3:::b{number}/{'y' * 900}") for number in range(9)]
    found = make(policy(*wide, statement("s3:PutObject", effect="Deny", resource="*")))
    assert found.untested == ("s3",)
    assert allows(found, "s3:GetObject", "arn:aws:s3:::any/x") and not allows(found, "s3:ListBucket", "*")
    assert not allows(found, "s3:PutObject", "*")


@pytest.mark.parametrize(
    "kept",
    [
        {"Effect": "Deny", "Action": ["s3:*"], "Resource": "*"},
        {"Effect": "Allow", "NotAction": ["s3:*"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["s3:*"], "NotResource": ["arn:aws:s3:::vault/*"]},
    ],
)
def test_what_can_not_be_widened_is_kept(kept: Record) -> None:
    wide = [statement("ec2:RunInstances", resource=f"arn:aws:ec2:::b{number}/{'y' * 900}") for number in range(9)]
    found = make(policy(kept, *wide))
    assert found.untested == ("ec2",)
    statements = t.cast(t.Any, found.policy.content)["Statement"]
    assert any(all(name in one for name in kept) and one["Effect"] == kept["Effect"] for one in statements)


def test_policies_that_do_not_fit_or_mean_different_things_are_no_trial() -> None:
    long = make_trial("x", [policy(many("s3", 400))])
    assert isinstance(long, str) and "a boundary may have 6,144" in long
    two = make_trial("x", [policy(statement("s3:*")), policy(statement("s3:*"), version="2008-10-17")])
    assert isinstance(two, str) and "different versions (2008-10-17, 2012-10-17)" in two


ACTIONS: t.Final = ("s3:getobject", "s3:putobject", "ec2:runinstances", "glue:getjob")


@given(
    st.lists(st.sets(st.sampled_from(ACTIONS), min_size=1), min_size=1, max_size=6), st.sets(st.sampled_from(ACTIONS))
)
def test_a_trial_never_denies_what_the_policies_allow(chosen: list[set[str]], unknown: set[str]) -> None:
    """Long resources make it too large for one document, each time in another way."""
    places = [f"arn:aws:x:::b{number}/{'y' * 900}" for number in range(len(chosen) * 3)]
    statements = [
        statement(*sorted(actions), resource=place) for actions in chosen for place in places[: 2 * len(chosen)]
    ]
    found = make_trial("x", [policy(*statements)], unknown)
    if isinstance(found, Trial):
        for actions in chosen:
            for action in actions:
                assert all(allows(found, action, place) for place in places[: 2 * len(chosen)])


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (f"{OURS}lp-dev-trial", True),
        (f"{OURS}lp-dev-1", False),
        ("arn:aws:iam::111122223333:policy/lp-dev-trial", False),
        ("arn:aws:iam::999988887777:policy/iam-hardening/lp/lp-dev-trial", False),
        (f"{OURS}lp-dev-mytrial", False),
        ("", False),
    ],
)
def test_a_trial_is_known_by_its_path_and_the_end_of_its_name(arn: str, expected: bool) -> None:
    assert is_trial(OURS, arn) is expected
