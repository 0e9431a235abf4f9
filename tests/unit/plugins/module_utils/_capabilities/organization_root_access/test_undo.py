# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_root_access.undo import (
    DERIVATIONS,
)

from ..records import State, problem_of

PLACE: t.Final = "arn:aws:organizations::111122223333:organization/o-a/iam.amazonaws.com"
SESSIONS: t.Final = {"setting": "RootSessions", "enabled": False}
MEMBER: t.Final = {"AccountId": "444455556666", "ServicePrincipal": "iam.amazonaws.com"}


@pytest.mark.parametrize(
    ("what", "target", "before", "undo", "problem"),
    [
        pytest.param(
            ("iam", "EnableOrganizationsRootSessions"),
            f"{PLACE}/RootSessions",
            SESSIONS,
            ("DisableOrganizationsRootSessions", {}),
            "",
            id="feature",
        ),
        pytest.param(
            ("iam", "EnableOrganizationsRootSessions"),
            f"{PLACE}/RootCredentialsManagement",
            SESSIONS,
            ("DisableOrganizationsRootSessions", {}),
            "is not RootSessions",
            id="another feature",
        ),
        pytest.param(
            ("organizations", "EnableAWSServiceAccess"),
            f"{PLACE}/trusted_access",
            {},
            ("DisableAWSServiceAccess", {"ServicePrincipal": "iam.amazonaws.com"}),
            "",
            id="trusted access",
        ),
        pytest.param(
            ("organizations", "EnableAWSServiceAccess"),
            f"{PLACE}/trusted_access",
            {},
            ("DisableAWSServiceAccess", {"ServicePrincipal": "cloudtrail.amazonaws.com"}),
            "another ServicePrincipal",
            id="another service",
        ),
        pytest.param(
            ("organizations", "RegisterDelegatedAdministrator"),
            f"{PLACE}/delegated_administrator/444455556666",
            {},
            ("DeregisterDelegatedAdministrator", MEMBER),
            "",
            id="administrator",
        ),
        pytest.param(
            ("organizations", "DeregisterDelegatedAdministrator"),
            f"{PLACE}/delegated_administrator/999988887777",
            {},
            ("RegisterDelegatedAdministrator", MEMBER),
            "another AccountId",
            id="another administrator",
        ),
    ],
)
def test_the_request_follows_from_the_target(
    what: tuple[str, str], target: str, before: State, undo: tuple[str, dict[str, t.Any]], problem: str
) -> None:
    found = problem_of(DERIVATIONS, what, target, (before, {}), undo)
    assert problem in found if problem else not found, found
