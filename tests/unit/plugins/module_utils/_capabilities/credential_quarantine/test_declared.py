# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a containment and of a release."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.declared import (
    Declared,
    Loss,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import KeySeed
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import Pass
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.releasing import STATEMENTS
from ansible_collections.hardening.iam.plugins.module_utils._module.arguments import EMERGENCY_ARGUMENTS
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.modules.credential_quarantine import ENTRY

from .users import ACCOUNT, incident

CHECKLIST: t.Final = {name: {"by": "Ben", "statement": "done"} for name in STATEMENTS}


def read(entry: Entry = ENTRY, **options: t.Any) -> Declared:
    defaults = {name: spec.get("default") for name, spec in entry.argument_spec().items()}
    return Declared.from_options({**defaults, **options}, incident(KeySeed("AKIAEXAMPLEEXAMPLE01")))


def test_by_default_nothing_is_lost_and_nothing_is_released() -> None:
    found = read()
    assert (found.releases, found.name_of_pass, found.accepted) == (False, Pass.LAST, frozenset())


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("user_password", Loss.USER_PASSWORD),
        ("root_access_key", Loss.ROOT_ACCESS_KEY),
        ("root_password", Loss.ROOT_PASSWORD),
    ],
)
def test_what_may_be_lost_is_named(name: str, loss: Loss) -> None:
    assert read(accept_irreversible=[name]).accepted == {loss}


def test_an_empty_entry_of_a_survey_is_no_account() -> None:
    assert read(inventory_accounts=[" ", ACCOUNT, ""]).inventory_accounts == {ACCOUNT}


def test_an_account_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="inventory_accounts"):
        read(inventory_accounts=["prod"])


def test_a_reason_has_a_few_words() -> None:
    with pytest.raises(InputError, match="early_release_reason: 'soon' is not allowed"):
        read(early_release_reason=" soon ")
    assert read(early_release_reason="it was\na false alarm").terms.early_release_reason == "it was a false alarm"


def test_a_release_needs_each_statement_with_its_person() -> None:
    assert read(state="released", checklist=CHECKLIST).terms.problems == ()
    assert len(read(state="released", checklist=None).terms.problems) == len(STATEMENTS)
    nobody = {**CHECKLIST, "owner": {"by": "  ", "statement": "done"}}
    assert [text.partition(":")[0] for text in read(checklist=nobody).terms.problems] == ["checklist.owner"]


def test_the_module_has_the_options_of_every_emergency() -> None:
    assert EMERGENCY_ARGUMENTS.items() <= ENTRY.argument_spec().items()
