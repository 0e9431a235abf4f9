# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The users and roles that an incident names and that are not there as they are written."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Answer, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.cut import Cut
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.lost import (
    find_lost,
    list_unresolved,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.plan import (
    Observed,
    Verdict,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.sessions.names import Lost
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.targets import Target
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import (
    Incident,
    SessionSeed,
)
from ansible_collections.hardening.iam.plugins.module_utils._incident.deletions import Deletion, Kind

from .accounts import DEPLOY, HOME, NOW, PIPELINE, USER, arn, make_home

LEFT: t.Final = arn(HOME, "left")


def lose(
    *, deleted: t.Collection[str] = (), used: t.Sequence[SessionSeed] = (), **fields: t.Any
) -> tuple[set[str], set[str]]:
    def find(kind: Kind, identifier: str) -> Answer[Deletion]:
        assert f":{'user' if kind is Kind.USER else 'role'}/" in identifier
        return Yes(Deletion("an event")) if identifier in deleted else Unknown("events are late")

    given = {"id": "INC-7", "declared_by": "Ana", "reason": "a key leaked", **fields}
    lost, gone = find_lost(Incident.from_option(given, now=NOW), make_home(), used, find)
    return set(lost), set(gone)


@pytest.mark.parametrize(
    ("named", "lost"),
    [
        ({"users": [USER], "roles": [PIPELINE]}, set()),
        # Of another account its own host says it.
        ({"roles": [DEPLOY, f"{DEPLOY}s"]}, set()),
        ({"roles": [LEFT]}, {LEFT}),
        ({"roles": [PIPELINE.replace("pipeline", "Pipeline")]}, {PIPELINE.replace("pipeline", "Pipeline")}),
        ({"sessions": [{"role": arn(HOME, "ci/pipeline"), "name": "evil"}]}, {arn(HOME, "ci/pipeline")}),
        ({"users": [USER.upper().replace("ARN:AWS:IAM", "arn:aws:iam").replace("USER", "user")]}, None),
    ],
)
def test_a_name_is_lost_that_is_not_there_letter_by_letter(named: dict[str, t.Any], lost: t.Any) -> None:
    expected = {named["users"][0]} if lost is None else lost
    assert lose(**named) == (expected, set())


def test_what_is_proven_to_be_deleted_is_gone() -> None:
    assert lose(roles=[LEFT], deleted=[LEFT]) == (set(), {LEFT})
    assert lose(roles=[LEFT], used=[SessionSeed(LEFT, "evil")]) == (set(), {LEFT})
    assert lose(roles=[LEFT], seen=[{"role": LEFT}]) == (set(), {LEFT})
    # That there was once one of this path proves nothing for the one that is there now.
    other = arn(HOME, "ci/pipeline")
    assert lose(roles=[other], deleted=[other]) == ({other}, set())


def test_what_people_name_and_is_not_there_is_listed_with_what_they_may_have_meant() -> None:
    slip = arn(HOME, "pipelines")
    refusal = Refusal("no_such_role", "there is no such role", slip)
    verdicts = [
        Verdict(Target(slip, Cut("")), refusal=refusal, is_gone=True),
        # It is there, and refused for another reason.
        Verdict(Target(PIPELINE, Cut("")), refusal=Refusal("no_room", "no room", PIPELINE)),
        # It was deleted, which is proven.
        Verdict(Target(LEFT, Cut("")), is_gone=True),
    ]
    seed = SessionSeed(PIPELINE, "evli")
    lost = Lost(seed, ("evil",))
    observed = Observed(make_home(), lost=frozenset({slip, LEFT}), lost_sessions=(lost,))
    role, session = list_unresolved(observed, verdicts)
    assert role == {"id": slip, "account_id": HOME, "detail": "there is no such role", "near": [PIPELINE]}
    assert (session["id"], session["account_id"]) == (f"session evli of {PIPELINE}", HOME)
    assert session["near"] == ["evil"] and "list it in seen of the incident" in session["detail"]
