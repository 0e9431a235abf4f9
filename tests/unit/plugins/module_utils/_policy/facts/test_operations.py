# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The classes of operations, and the names of reads."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.facts.operations import (
    WriteClass,
    find_write_class,
    is_named_like_read,
    list_writes,
)


def test_the_shipped_table_is_read_by_each_name_of_a_source() -> None:
    assert find_write_class("iam", "CreateAccessKey") is WriteClass.CREDENTIAL
    assert find_write_class("sso", "ProvisionPermissionSet") is WriteClass.PRINCIPAL
    assert find_write_class("sso-admin", "ProvisionPermissionSet") is WriteClass.PRINCIPAL
    assert find_write_class("monitoring", "DeleteAlarms") is WriteClass.BLINDFOLD
    assert find_write_class("iam", "ListUsers") is None
    assert find_write_class("nothing", "CreateUser") is None
    assert len(set(list_writes())) > 11_000


@pytest.mark.parametrize("name", ["GetUser", "BatchGetItem", "AdminGetUser", "ListUsers", "IsAuthorized", "Scan"])
def test_names_of_reads(name: str) -> None:
    assert is_named_like_read(name)


@pytest.mark.parametrize("name", ["Gettysburg", "VerifyEmailIdentity", "TestState", "PollForTask", "CreateUser", ""])
def test_other_names(name: str) -> None:
    assert not is_named_like_read(name)


def test_every_class_has_operations() -> None:
    assert {find_write_class(source, name) for source, name in list_writes()} == set(WriteClass)
