# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Include and exclude, and what must be read for what is chosen."""

from __future__ import annotations

import re

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    DEEP,
    DETECTIVE,
    OF_ORGANIZATION,
    Dataset,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._controls.selection import (
    SelectionError,
    datasets_for,
    near,
    select,
)

ALL = all_controls()


def choose(include: list[str], exclude: list[str] | None = None) -> set[str]:
    return {control.id for control in select(ALL, include=include, exclude=exclude or [])}


def test_nothing_named_is_everything() -> None:
    assert select(ALL) == ALL


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (["root_mfa_enabled"], {"root_mfa_enabled"}),
        (["root_*mfa*"], {"root_mfa_enabled", "root_hardware_mfa"}),
        (["cis_7.0:2.4"], {"root_no_access_key"}),
        (["cis_5.0:1.4"], {"root_mfa_enabled"}),
        (["IAM.9"], {"root_mfa_enabled"}),
        (["security_hub:IAM.9"], {"root_mfa_enabled"}),
        (["cis_7.0:2.1.1"], {"central_root_access", "member_root_without_password"}),
        (["root_mfa_enabled", "IAM.26"], {"root_mfa_enabled", "server_certificate_expired"}),
    ],
)
def test_terms(terms: list[str], expected: set[str]) -> None:
    assert choose(terms) == expected


@pytest.mark.parametrize("term", ["critical", "low", "root", "trust", "cis_7.0", "soc2", "cis_7.0:2.1.*", "*"])
def test_terms_that_name_many(term: str) -> None:
    assert len(choose([term])) > 1
    assert choose([], [term]) == {control.id for control in ALL} - choose([term])


def test_exclusion_wins_and_order_stays() -> None:
    found = select(ALL, include=["root_*"], exclude=["critical"])
    assert [control.id for control in found] == ["root_not_used", "root_no_signing_certificate"]


@pytest.mark.parametrize(
    ("term", "hint"),
    [
        ("root_mfa_enable", "root_mfa_enabled"),
        ("cis_7.1", "cis_7.0"),
        ("critcal", "critical"),
        ("IAM.99", "IAM.9"),
        ("nosuchthing*", "names no control"),
        ("crit*", "names no control"),
        # Benchmarks number alike.
        ("2.4", "names no control"),
        ("cis_7.?", "names no control"),
    ],
)
def test_a_term_that_names_nothing_is_an_error_with_a_hint(term: str, hint: str) -> None:
    with pytest.raises(SelectionError, match=re.escape(f"include: '{term}")) as caught:
        select(ALL, include=[term])
    assert hint in str(caught.value)
    with pytest.raises(SelectionError, match=re.escape(f"exclude: '{term}")):
        select(ALL, exclude=[term])


def test_hints_are_few_and_near() -> None:
    assert near("abcd", ["abc1", "abc2", "abc3", "abc4", "zzzz"]) == "; did you mean abc4 or abc3 or abc2?"
    assert near("abcd", ["xyz"]) == ""


def test_datasets() -> None:
    root = select(ALL, include=["root_no_access_key"])
    assert datasets_for(root) == {Dataset.ACCOUNT_SUMMARY, Dataset.CREDENTIAL_REPORT}
    elsewhere = {Dataset.ACCOUNT_ALIASES, Dataset.OIDC_PROVIDERS, Dataset.ORGANIZATION_FEATURES, *OF_ORGANIZATION}
    assert datasets_for(ALL) == set(Dataset) - DEEP - DETECTIVE - elsewhere
    assert datasets_for(ALL, of_organization=True) == {
        *OF_ORGANIZATION,
        Dataset.ORGANIZATION_FEATURES,
        Dataset.AUTHORIZATION_DETAILS,
        Dataset.INSTANCES,
    }
    assert datasets_for(ALL, deep=True) - datasets_for(ALL) == DEEP
    assert datasets_for(ALL, detective=True) - datasets_for(ALL) == DETECTIVE
    assert datasets_for(ALL, deep=True, detective=True) >= DEEP | DETECTIVE
