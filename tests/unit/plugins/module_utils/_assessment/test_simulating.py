# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._assessment.simulating import find_denied

ROLE: t.Final = "arn:aws:iam::111122223333:role/automation"
ACTION: t.Final = "iam:UpdateAccessKey"
SCP: t.Final = {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}}
BOUNDARY: t.Final = {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}}
STATEMENT: t.Final = {"MatchedStatements": [{"SourcePolicyId": "inline"}]}


class FakeAccess:
    """Answers each simulation with the same result."""

    def __init__(self, **result: t.Any) -> None:
        self.result = {"EvalActionName": ACTION, **result}

    def items(self, *_call: t.Any, **_options: t.Any) -> Iterator[Mapping[str, t.Any]]:
        yield self.result


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"EvalDecision": "allowed"}, {}),
        ({"EvalDecision": "implicitDeny"}, {ACTION: ""}),
        ({"EvalDecision": "explicitDeny"}, {ACTION: "an explicit deny"}),
        ({"EvalDecision": "implicitDeny", **SCP}, {ACTION: "a service control policy"}),
        ({"EvalDecision": "explicitDeny", **SCP}, {ACTION: "a service control policy"}),
        ({"EvalDecision": "implicitDeny", **BOUNDARY, **STATEMENT}, {ACTION: "the permissions boundary"}),
        # The role's own policies do not allow it either, so that is the first thing to change.
        ({"EvalDecision": "implicitDeny", **BOUNDARY}, {ACTION: ""}),
    ],
)
def test_a_denied_action_comes_with_the_policy_that_refuses_it(
    result: dict[str, t.Any], expected: dict[str, str]
) -> None:
    access: t.Any = FakeAccess(**result)
    assert find_denied(access, ROLE, [ACTION], ("*", ())) == expected
