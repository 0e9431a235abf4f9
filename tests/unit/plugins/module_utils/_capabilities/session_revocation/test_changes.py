# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.policy_versions import LivePolicy, Version
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.changes import (
    CutWriter,
    LiveRole,
    is_among,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.cut import Fit
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact

from .accounts import HOME, NOW, PIPELINE, USER, WORKER, deny, policy, trust

WRITER: t.Final = CutWriter(HOME, "aws-cn", "INC-7")
ROLE_ID: t.Final = "AROAPIPELINE"
MANAGED: t.Final = f"arn:aws-cn:iam::{HOME}:policy/iam-hardening/incident-INC-7-{ROLE_ID}"
CUT: t.Final = policy(deny(Sid="New"))
OLD: t.Final = policy(deny(Sid="Old"))
INLINE: t.Final = Fit(CUT)
AS_POLICY: t.Final = Fit(CUT, is_managed=True)


def managed(count: int = 1) -> LivePolicy:
    """A managed policy whose newest version counts."""
    versions = tuple(
        Version(f"v{number}", number == count, NOW - timedelta(days=count - number), OLD)
        for number in range(1, count + 1)
    )
    return LivePolicy(MANAGED, "", {}, versions)


def live(**fields: t.Any) -> LiveRole:
    return LiveRole(PIPELINE, ROLE_ID, **fields)


def operations(changes: t.Iterable[Change]) -> list[tuple[str, str]]:
    return [(change.operation, change.target) for change in changes]


def test_a_role_without_a_policy_gets_an_inline_one() -> None:
    (change,) = WRITER.cut(live(), INLINE)
    assert operations([change]) == [("PutRolePolicy", PIPELINE)]
    assert (change.parameters["RoleName"], change.parameters["PolicyName"]) == (
        "pipeline",
        "IamHardeningIncident-INC-7",
    )
    assert json.loads(change.parameters["PolicyDocument"]) == CUT
    assert (change.account_id, change.kind, change.impact) == (HOME, "sessions_cut", Impact.NARROWING)
    assert change.undo is not None and change.undo.operation == "DeleteRolePolicy"


def test_an_inline_policy_that_is_there_is_taken_back_to_what_it_was() -> None:
    (change,) = WRITER.cut(live(inline=OLD), INLINE)
    assert change.undo is not None and change.undo.operation == "PutRolePolicy"
    assert json.loads(change.undo.parameters["PolicyDocument"]) == OLD


def test_an_inline_policy_takes_the_place_of_an_attached_one_that_goes_last() -> None:
    found = WRITER.cut(live(managed=managed(), is_attached=True), INLINE)
    assert operations(found) == [("PutRolePolicy", PIPELINE), ("DetachRolePolicy", PIPELINE)]
    assert found[1].parameters == {"RoleName": "pipeline", "PolicyArn": MANAGED}
    # A managed policy that is not attached denies nothing.
    assert operations(WRITER.cut(live(managed=managed()), INLINE)) == [("PutRolePolicy", PIPELINE)]


def test_a_policy_that_is_too_long_becomes_a_managed_one() -> None:
    made, attached = WRITER.cut(live(), AS_POLICY)
    assert operations([made, attached]) == [("CreatePolicy", MANAGED), ("AttachRolePolicy", PIPELINE)]
    assert (made.parameters["PolicyName"], made.parameters["Path"]) == (f"incident-INC-7-{ROLE_ID}", "/iam-hardening/")
    assert json.loads(made.parameters["PolicyDocument"]) == CUT
    assert {"Key": "iam-hardening:incident", "Value": "INC-7"} in made.parameters["Tags"]
    assert "pipeline" in made.parameters["Description"]
    assert attached.parameters == {"RoleName": "pipeline", "PolicyArn": MANAGED}
    assert {change.impact for change in (made, attached)} == {Impact.NARROWING}


def test_a_managed_policy_that_is_there_gets_a_version_and_is_attached_once() -> None:
    found = WRITER.cut(live(managed=managed(4), is_attached=True), AS_POLICY)
    assert operations(found) == [("CreatePolicyVersion", MANAGED)]
    assert json.loads(found[0].parameters["PolicyDocument"]) == CUT and found[0].parameters["SetAsDefault"] is True
    found = WRITER.cut(live(managed=managed(4)), AS_POLICY)
    assert operations(found) == [("CreatePolicyVersion", MANAGED), ("AttachRolePolicy", PIPELINE)]


def test_the_oldest_version_makes_room_for_the_sixth() -> None:
    found = WRITER.cut(live(managed=managed(5), is_attached=True), AS_POLICY)
    assert operations(found) == [("DeletePolicyVersion", MANAGED), ("CreatePolicyVersion", MANAGED)]
    assert found[0].parameters["VersionId"] == "v1"


def test_a_managed_policy_takes_the_place_of_an_inline_one_that_goes_last() -> None:
    found = WRITER.cut(live(inline=OLD), AS_POLICY)
    assert [operation for operation, _target in operations(found)] == [
        "CreatePolicy",
        "AttachRolePolicy",
        "DeleteRolePolicy",
    ]
    assert found[-1].parameters == {"RoleName": "pipeline", "PolicyName": "IamHardeningIncident-INC-7"}


def test_a_trust_policy_is_edited_and_can_be_taken_back() -> None:
    before, after = policy(trust(USER, WORKER)), policy(trust(WORKER))
    change = WRITER.cut_trust(live(trust=before), after)
    assert (change.operation, change.target, change.kind) == ("UpdateAssumeRolePolicy", PIPELINE, "trust_cut")
    assert json.loads(change.parameters["PolicyDocument"]) == after and change.impact is Impact.NARROWING
    assert change.undo is not None and json.loads(change.undo.parameters["PolicyDocument"]) == before


@pytest.mark.parametrize(
    ("role", "present", "documents"),
    [
        (live(), None, ()),
        (live(inline=OLD), OLD, (OLD,)),
        (live(managed=managed()), None, ()),
        (live(managed=managed(), inline=CUT), CUT, (CUT,)),
        (live(managed=managed(), is_attached=True), OLD, (OLD,)),
        (live(managed=managed(), is_attached=True, inline=CUT), OLD, (OLD, CUT)),
        # Of a policy that is not there nothing is attached.
        (live(is_attached=True), None, ()),
        (live(is_attached=True, inline=OLD), OLD, (OLD,)),
    ],
)
def test_only_what_is_on_the_role_denies(role: LiveRole, present: t.Any, documents: tuple[t.Any, ...]) -> None:
    assert (role.present, role.documents) == (present, documents)


def test_a_change_is_known_again_by_its_request() -> None:
    change, other = WRITER.cut(live(), AS_POLICY)
    assert is_among(dataclasses.replace(change, affects=("*",), population=3), [other, change])
    assert not is_among(change, [other]) and not is_among(change, [])
    for fields in ({"target": WORKER}, {"operation": "PutRolePolicy"}, {"parameters": {}}):
        assert not is_among(dataclasses.replace(change, **fields), [change, other])
