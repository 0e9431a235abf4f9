# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.states import (
    Credential,
    Kind,
    UserState,
    build_command_back,
)

KINDS: t.Final = {
    Kind.ACCESS_KEY: "update-access-key --user-name svc --access-key-id X1",
    Kind.SERVICE_CREDENTIAL: ("update-service-specific-credential --user-name svc --service-specific-credential-id X1"),
    Kind.SSH_KEY: "update-ssh-public-key --user-name svc --ssh-public-key-id X1",
    Kind.CERTIFICATE: "update-signing-certificate --user-name svc --certificate-id X1",
}


@pytest.mark.parametrize("kind", Kind)
def test_the_command_back_is_one_of_the_command_line_of_aws(kind: Kind) -> None:
    """https://docs.aws.amazon.com/cli/latest/reference/iam/"""
    assert build_command_back(kind, "svc", "X1") == f"aws iam {KINDS[kind]} --status Active"


def test_a_name_in_a_command_is_one_word() -> None:
    command = build_command_back(Kind.ACCESS_KEY, "svc; rm -rf /", "$(x)")
    assert "--user-name 'svc; rm -rf /' --access-key-id '$(x)'" in command


def test_the_name_and_the_keys_of_a_user() -> None:
    found = UserState(
        "arn:aws:iam::111122223333:user/team/svc",
        credentials=(Credential(Kind.SSH_KEY, "S", "Active"), Credential(Kind.ACCESS_KEY, "K", "Inactive")),
    )
    assert found.name == "svc" and [one.id for one in found.keys] == ["K"]
    assert [one.is_active for one in found.credentials] == [True, False]
