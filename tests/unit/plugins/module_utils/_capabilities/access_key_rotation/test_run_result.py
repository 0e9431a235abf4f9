# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, NotFound

from .rotations import TARGET, key
from .test_run import Case

OTHER: t.Final = dataclasses.replace(TARGET, user="other", secret="other")


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (NotFound("none", code="NoSuchEntity"), "no_user"),
        (AccessDenied("not allowed", code="AccessDenied"), "unread"),
    ],
)
def test_a_user_that_is_gone_or_unread_is_part_of_the_result(error: t.Any, rule: str) -> None:
    case = Case(key(used=0), GetUser=error)
    capability, plan = case.plan(targets=(TARGET, OTHER))
    assert plan.changes == ()
    capability.conclude({}, completed=True)
    assert not case.store.list("rotations/")
    result = capability.result({"refused": [one.as_dict() for one in plan.refused]})
    first, second = result["rotations"]
    assert (first["user"], first["rule"], first["held"]) == ("svc", rule, "")
    assert (second["user"], second["next"], second["held"]) == ("other", "refuse", "")
    assert result["terminal"].count("refused: ") == 2
