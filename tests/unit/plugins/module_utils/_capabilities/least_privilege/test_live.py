# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run sees of a role: who may assume the old one and the new one."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.live import Observer
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.situation import (
    LiveRole,
    NewRole,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trust import (
    close_trust,
    require_mfa,
)

from .samples import ACCOUNT, PARALLEL, ROLE, TRUST, make_subject, make_writer
from .test_changes import close, open_parallel, prepare, reach
from .test_revert import run_stages

EARLIER: t.Final = f"arn:aws:iam::{ACCOUNT}:role/earlier-glass"
NOW: t.Final = f"arn:aws:iam::{ACCOUNT}:role/glass"
SOMEBODY: t.Final = f"arn:aws:iam::{ACCOUNT}:role/somebody"


def describe(snapshot: Snapshot, **fields: t.Any) -> LiveRole:
    observer = Observer(make_writer(snapshot), Permissions(snapshot), (NOW,))
    return observer.describe(make_subject(snapshot), None, None, **fields)


def describe_new(snapshot: Snapshot, **fields: t.Any) -> NewRole:
    found = describe(snapshot, **fields).new_role
    assert found is not None
    return found


def set_trust(snapshot: Snapshot, arn: str, document: t.Any) -> Snapshot:
    roles = (
        dataclasses.replace(role, trust=PolicyDocument("trust", document)) if role.arn == arn else role
        for role in snapshot.roles
    )
    return dataclasses.replace(snapshot, roles=tuple(roles))


@pytest.mark.parametrize(
    ("admitted", "is_closed"),
    [
        ([NOW], True),
        ([EARLIER], True),
        ([NOW, EARLIER], True),
        ([SOMEBODY], False),
        ([EARLIER, SOMEBODY], False),
    ],
)
def test_a_role_is_closed_if_only_break_glass_of_now_or_then_may_assume_it(
    admitted: list[str], is_closed: bool
) -> None:
    snapshot = reach(prepare, open_parallel)
    for arn in (ROLE, PARALLEL):
        snapshot = set_trust(snapshot, arn, close_trust(snapshot, admitted))
    found = describe(snapshot, break_glass=[EARLIER])
    assert (found.is_closed, found.new_role and found.new_role.is_closed) == (is_closed, is_closed)
    assert describe(snapshot).is_closed is (admitted == [NOW])


def test_other_forms_are_not_closed_whomever_they_name() -> None:
    snapshot = reach(prepare, open_parallel)
    document = close_trust(snapshot, [EARLIER])
    document["Statement"][0]["Principal"] = "*"
    assert describe(set_trust(snapshot, ROLE, document), break_glass=[EARLIER]).is_closed is False


def test_the_new_role_may_let_in_whom_the_old_one_lets_in() -> None:
    snapshot = reach(prepare, open_parallel)
    assert describe_new(snapshot).others == ()
    with_mfa = set_trust(snapshot, PARALLEL, require_mfa(TRUST))
    assert describe_new(with_mfa).others == describe_new(with_mfa, is_mfa_required=True).others == ()
    assert describe_new(snapshot, is_mfa_required=True).others == (f"account {ACCOUNT} in another way",)


def test_of_a_closed_role_the_journal_says_whom_it_let_in() -> None:
    snapshot, entries = run_stages(prepare, open_parallel, close)
    assert describe_new(snapshot).others is None
    assert describe_new(snapshot, entries=entries).others == ()
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    widened = set_trust(snapshot, PARALLEL, {**TRUST, "Statement": [*TRUST["Statement"], anybody]})
    assert describe_new(widened, entries=entries).others == ("*",)
