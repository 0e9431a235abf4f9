# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.probes import (
    Probe,
    Prober,
    is_privileged,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.proof import prove

from .pairs import ALICE, NOTHING, ROLE
from .test_proof import ADMINISTRATOR, DATA, DESK, HOME, MFA, POWER_USER, all_but_resources, allow, deny, policy


def layers(*statements: dict[str, object], **others: object) -> Layers:
    return Layers(identity=tuple(policy(item) for item in statements), **others)  # type: ignore[arg-type]


def probe(before: Layers, after: Layers, *removed: str) -> list[Probe]:
    return list(Prober(before, after, ROLE).probe_removed(removed))


@pytest.mark.parametrize(
    "action", ["iam:PassRole", "s3:PutObject", "s3:GetObject", "kms:Decrypt", "new:Thing", "S3:TAGRESOURCE"]
)
def test_an_action_is_privileged(action: str) -> None:
    assert is_privileged(action)


@pytest.mark.parametrize("action", ["ec2:DescribeInstances", "s3:ListBucket", "iam:ListRoles"])
def test_an_action_is_not_privileged(action: str) -> None:
    assert not is_privileged(action)


@pytest.mark.parametrize(
    "old",
    [
        ADMINISTRATOR,
        POWER_USER,
        allow("S3:put*", DATA),
        allow("s3:*", HOME),
        allow("s3:*", "*", DESK),
        allow("s3:*", "*", {**MFA, "StringLike": {"aws:UserAgent": "aws-cli/*"}}),
        allow("s3:*", "*", {"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}),
        allow("s3:*", "*", {"DateLessThan": {"aws:CurrentTime": "2000-01-01"}}),
        allow("s3:*", "*", {"StringNotEquals": {"aws:RequestedRegion": ["true", "eu-west-1"]}}),
        all_but_resources(DATA),
    ],
)
def test_a_probe_was_allowed_and_is_denied(old: dict[str, object]) -> None:
    before, after = layers(old), layers(allow("s3:GetObject"))
    (found,) = probe(before, after, "s3:PutObject")
    request = found.request
    assert request is not None and not found.is_failed
    assert (request.action, request.before, request.after) == ("s3:PutObject", Outcome.ALLOWED, Outcome.IMPLICIT_DENY)
    asked = (request.action, request.resource, request.context)
    assert Evaluator(before, principal=ROLE).outcome(*asked) is Outcome.ALLOWED
    assert Evaluator(after, principal=ROLE).outcome(*asked) is Outcome.IMPLICIT_DENY
    assert request.resource.startswith("arn:aws:s3:")


def test_probes_regard_all_layers() -> None:
    regional = deny("*", "*", {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}})
    scps = ((policy(allow("*"), regional),),)
    (found,) = probe(layers(ADMINISTRATOR, scps=scps), layers(scps=scps), "s3:PutObject")
    assert found.request is not None and found.request.context == {"aws:requestedregion": "eu-west-1"}
    boundary = policy(allow("s3:Get*"))
    (found,) = probe(layers(ADMINISTRATOR, boundary=boundary), layers(boundary=boundary), "s3:PutObject")
    assert found.request is None and "old layers" in found.note


def test_a_probe_fails_if_the_action_is_still_allowed_somewhere() -> None:
    (found,) = probe(layers(ADMINISTRATOR), layers(allow("s3:Put*", DATA)), "s3:PutObject")
    assert found.is_failed
    proof = prove(layers(ADMINISTRATOR), layers(allow("s3:Put*", DATA)), NOTHING, removed=["s3:PutObject"])
    assert (proof.beyond, proof.unproven, proof.lost) == ((), (), ())
    assert not proof.is_proved and proof.to_data()["counts"]["probes_failed"] == 1


def test_only_privileged_actions_are_probed_each_once() -> None:
    removed = ("s3:PutObject", "S3:putobject", "ec2:DescribeInstances", "iam:PassRole")
    assert [each.action for each in probe(layers(ADMINISTRATOR), layers(), *removed)] == [
        "iam:PassRole",
        "S3:putobject",
    ]


def paths(before: Layers, after: Layers, principal: str = ROLE) -> dict[str, str]:
    found = Prober(before, after, principal).probe_paths()
    return {each.path.id: each.action for each in found if each.path is not None}


def test_ways_to_more_rights_that_are_closed_are_probed() -> None:
    closed = paths(layers(ADMINISTRATOR), layers(allow("s3:*")))
    assert closed["put_own_role_policy"] == "iam:PutRolePolicy"
    assert "put_own_user_policy" not in closed
    assert "put_own_user_policy" in paths(layers(ADMINISTRATOR), layers(allow("s3:*")), ALICE)
    left = paths(layers(ADMINISTRATOR), layers(allow("iam:*")))
    assert left and "put_own_role_policy" not in left
    assert not paths(layers(allow("s3:*")), layers())
    # iam:PassRole on one role is left: another permission of the way must be gone.
    some = paths(layers(ADMINISTRATOR), layers(allow("iam:PassRole", "arn:aws:iam::111122223333:role/one")))
    assert some and "iam:PassRole" not in some.values()


def test_probes_that_differ_in_the_action_only_are_one_entry() -> None:
    removed = ["sqs:SendMessage", "sqs:DeleteQueue", "sqs:PurgeQueue", "sns:Publish"]
    probes = prove(layers(POWER_USER), layers(), NOTHING, removed=removed).to_data()["probes"]
    found = {tuple(entry["actions"]): entry for entry in probes if entry["path"] is None}
    assert list(found) == [("sns:Publish",), ("sqs:DeleteQueue", "sqs:PurgeQueue", "sqs:SendMessage")]
    entry = found["sns:Publish",]
    assert (entry["before"], entry["after"], entry["note"]) == ("allowed", "implicit_deny", None)
    assert entry["resource"].startswith("arn:aws:sns:")
