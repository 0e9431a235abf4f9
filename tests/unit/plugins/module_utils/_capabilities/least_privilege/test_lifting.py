# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When trials end, as people read it in a plan."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.lifting import (
    describe_deadline,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind

from ..._converge.fakes import change
from .campaigns import ACCOUNT, ROLE, WHEN, declare, moment, record, records_up_to, situate

OURS: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/lp/"


@pytest.mark.parametrize(
    ("boundary", "days"),
    [(f"{OURS}developers-1-trial", 121), (f"arn:aws:iam::{ACCOUNT}:policy/other", None), (None, None)],
)
def test_a_change_that_begins_a_trial_has_its_deadline(boundary: t.Optional[str], days: t.Optional[float]) -> None:
    begun = change(target=ROLE, after={"boundary": boundary})
    found = describe_deadline(begun, declare(), [situate(*records_up_to(Kind.GENERATED))], OURS, moment(100))
    assert found == (None if days is None else format_utc(moment(days)))


def test_a_change_of_a_role_on_trial_has_the_deadline_of_the_records() -> None:
    opened = record(Kind.OPENED, way=Way.IN_PLACE)
    events = [*records_up_to(Kind.PREPARED, way=Way.IN_PLACE), opened]
    situation = situate(*events, days=10)
    found = describe_deadline(change(target=ROLE), declare(), [situation], OURS, moment(10))
    assert found == format_utc(moment(WHEN[Kind.OPENED] + 21))
    assert describe_deadline(change(target="other"), declare(), [situation], OURS, moment(10)) is None
