# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declaration of an incident, checked before anything is read."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.checking import (
    Checked,
    check_declaration,
)

NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
GIVEN: t.Final = {"id": "INC-7", "declared_by": "Ana", "reason": "key found in a repository", "confirm": "INC-7"}
KEY: t.Final = "AKIAIOSFODNN7EXAMPLE"


def check(*, writes: bool = True, most: int = 10, **fields: t.Any) -> Checked:
    return check_declaration({**GIVEN, "keys": [KEY], **fields}, now=NOW, max_principals=most, writes=writes)


def test_a_good_declaration_has_nothing_to_say() -> None:
    found = check()
    assert (found.errors, found.warnings) == ((), ()) and found.incident is not None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": "leak"}, "hardening_incident.reason: 'leak' says little"),
        ({"reason": ""}, "hardening_incident.reason: 'no reason was given'"),
        ({"reason": None}, "hardening_incident.reason: "),
        ({"confirmed_by": "ana"}, "hardening_incident.confirmed_by: 'ana' declared the incident"),
    ],
)
def test_what_only_the_record_lacks_is_a_warning(fields: dict[str, t.Any], said: str) -> None:
    found = check(**fields)
    assert found.errors == () and found.incident is not None
    (warning,) = found.warnings
    assert warning.startswith(said)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"confirm": "INC-8"}, "set hardening_incident.confirm to INC-7"),
        ({"keys": ["AKIA*"]}, "hardening_incident.keys[0].id"),
        ({"keyes": [KEY]}, "keyes is unknown"),
        ({"most": 0}, "max_principals"),
        ({"id": "drill-20261128T120000Z-0a1b", "users": ["arn:aws:iam::222233334444:user/ana"]}, "the id of a drill"),
        ({"declared_by": ""}, "hardening_incident.declared_by"),
        ({"keys": [{"id": KEY, "deleted": "perhaps"}]}, "hardening_incident.keys[0].deleted"),
        ({"users": [{"arn": "arn:aws:iam::222233334444:user/ana", "gone": True}]}, "gone is unknown"),
    ],
)
def test_what_is_dangerous_is_an_error(fields: dict[str, t.Any], said: str) -> None:
    assert said in "\n".join(check(**fields).errors)


def test_a_plan_needs_no_confirmation() -> None:
    assert check(writes=False, confirm="").errors == ()


def test_what_is_declared_deleted() -> None:
    user, role = (f"arn:aws:iam::222233334444:{kind}/ana" for kind in ("user", "role"))
    incident = check(
        keys=[{"id": KEY, "deleted": True}, "AKIAIOSFODNN7EXAMPLF"],
        users=[{"arn": user, "deleted": True}],
        roles=[{"arn": role, "deleted": True}],
    ).incident
    assert incident is not None and incident.users == (user,)
    deleted = [one for one in (KEY, "AKIAIOSFODNN7EXAMPLF", user, role) if incident.is_declared_deleted(one)]
    assert deleted == [KEY, user, role]
