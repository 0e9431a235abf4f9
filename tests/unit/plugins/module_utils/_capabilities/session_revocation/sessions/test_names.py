# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.sessions.names import (
    is_known,
    name_of,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import (
    Incident,
    Seen,
    SessionSeed,
)

from ..accounts import HOME, NOW, PROD, arn

ROLE: t.Final = arn(HOME, "team/pipeline")


def incident(*seen: Seen) -> Incident:
    rows = [
        {"role": one.role, "session_name": one.session_name, "source_identity": one.source_identity} for one in seen
    ]
    named = {"id": "INC-7", "declared_by": "Ana", "reason": "an intruder is here", "roles": [{"arn": ROLE}]}
    return Incident.from_option({**named, "seen": rows}, now=NOW)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Seen(ROLE, "evil"), True),
        # The ARN of a session has no path, and names of roles have no case.
        (Seen(arn(HOME, "Pipeline"), "evil"), True),
        (Seen(ROLE, "other", source_identity="evil"), True),
        (Seen(ROLE, "Evil"), False),
        (Seen(arn(HOME, "other"), "evil"), False),
        (Seen(arn(PROD, "pipeline"), "evil"), False),
    ],
)
def test_a_session_is_known_if_a_hunt_saw_it_at_this_role(seen: Seen, expected: bool) -> None:
    assert is_known(SessionSeed(ROLE, "evil"), incident(seen)) is expected
    assert is_known(SessionSeed(ROLE, source_identity="evil"), incident(seen)) is expected


def test_a_session_whose_key_people_name_needs_no_check() -> None:
    assert is_known(SessionSeed(ROLE, "evil", access_key_id="ASIAEXAMPLEEXAMPLE01"), incident())
    assert not is_known(SessionSeed(ROLE, "evil"), incident())


def test_a_session_is_named_by_its_name_before_its_source_identity() -> None:
    assert name_of(SessionSeed(ROLE, "evil", "ana")) == "evil" and name_of(SessionSeed(ROLE, "", "ana")) == "ana"
