# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._module.registration import Registration, Reversal
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Writer

NOW: t.Final = datetime(2026, 11, 27, tzinfo=UTC)
CHANGE: t.Final = Change("111122223333", "global", "iam", "Do", "it", {}, None, None, "", Impact.ADDITIVE)
REVERSAL: t.Final = Reversal(Operations(), {}, lambda _access, _now: lambda _change: None)


def test_a_capability_that_says_nothing_more_is_taken_back_with_care() -> None:
    """What was made first stays while something later stands; nobody else is asked, and no other session is used."""
    access = t.cast(Access, None)
    assert REVERSAL.relies_on(CHANGE, CHANGE)
    assert REVERSAL.refuse(access, [CHANGE], NOW) == {}
    assert REVERSAL.acting(access)(CHANGE) is None


@pytest.mark.parametrize("writer", Writer)
def test_the_class_says_whether_it_is_about_an_organization(writer: Writer) -> None:
    one = Registration("role", "module", writer, Operations(), REVERSAL)
    assert one.of_organization is (writer is Writer.ORGANIZATION)
    assert not (one.enforces or one.samples or one.context)
