# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.root_credentials import (
    RootCertificate,
    RootCredentials,
    RootKey,
    RootPassword,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_root_access.use import (
    find_use_objections,
)

from .roots import NOW, PROD, ago, idle


def _explain(root: RootCredentials) -> str:
    return "; ".join(find_use_objections(root, min_idle_days=45, now=NOW))


def test_what_was_not_used_for_long_is_idle() -> None:
    assert _explain(idle(PROD)) == ""
    assert _explain(RootCredentials(PROD)) == ""


@pytest.mark.parametrize(("days", "objects"), [(44, True), (45, False)])
def test_the_last_use_counts(days: float, objects: bool) -> None:
    password = dataclasses.replace(idle(PROD), password=RootPassword(ago(1000), ago(days)))
    assert bool(_explain(password)) is objects
    key = RootCredentials(PROD, keys=(RootKey("AKIAIOSFODNN7EXAMPLE", "Inactive", ago(900), ago(days)),))
    assert bool(_explain(key)) is objects
    assert "AKIAIOSFODNN7EXAMPLE" not in _explain(key)


@pytest.mark.parametrize(("days", "objects"), [(44, True), (45, False)])
def test_without_a_use_the_age_counts(days: float, objects: bool) -> None:
    assert bool(_explain(RootCredentials(PROD, RootPassword(ago(days))))) is objects


def test_what_is_older_than_the_records_may_be_in_use() -> None:
    old = datetime(2014, 1, 1, tzinfo=UTC)
    assert "before AWS recorded its use" in _explain(RootCredentials(PROD, RootPassword(old)))
    assert "before AWS recorded its use" in _explain(RootCredentials(PROD, keys=(RootKey("AKIA", "Active", old),)))
    assert _explain(RootCredentials(PROD, RootPassword(old, ago(400)))) == ""


def test_nothing_tells_of_the_use_of_certificates() -> None:
    assert "AWS does not record" in _explain(
        RootCredentials(PROD, certificates=(RootCertificate("C", "Active", ago(900)),))
    )
