# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.archive import Log
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.cases.found import Found
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.declared import Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.dossier import PROVED, Dossier
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.before import Before
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.state import Owned
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.past import Past
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.identity_changes import IdentityWriter
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Intent, Outcome

from ..campaigns import moment
from ..samples import ACCOUNT, ADMIN, BEFORE, DEVELOPER, OLD, PARALLEL, POLICIES, ROLE, TRUST, allow, make_subject

WRITER: t.Final = IdentityWriter(ACCOUNT, "kind")
KEPT: t.Final = Before({ADMIN: None}, {"extra": allow("sqs:*")})
BARE: t.Final = dataclasses.replace(DEVELOPER, attached_policies=(), inline_policies=())
BESIDE: t.Final = dataclasses.replace(DEVELOPER, arn=PARALLEL, name="dev-shop-lp", unique_id="AROANEW")
NOW: t.Final = moment(50)


def found(role: t.Any = DEVELOPER, *, way: t.Optional[Way] = Way.PARALLEL, **fields: t.Any) -> Found:
    subject = dataclasses.replace(make_subject(BEFORE), parallel=fields.pop("parallel", None))
    dossier = Dossier(ROLE, "AROAOLD", PROVED, POLICIES, before=fields.pop("before", KEPT))
    return Found(role, None, Log(), Past(way=way), subject, **{"dossier": dossier, **fields})


def recorded(*changes: Change, outcome: Outcome = Outcome.APPLIED, at: t.Any = NOW) -> tuple[t.Any, ...]:
    return tuple(
        (Intent(f"{number:06}", "run", "least_privilege", change, at=at), outcome)
        for number, change in enumerate(changes)
    )


def test_the_way_is_that_of_the_records_else_the_declared_one() -> None:
    target = Target("targets[0]", ("dev-*",), Way.IN_PLACE, False)
    assert found(way=None).way is None and found(way=None, parallel=BESIDE).new_arn == ""
    assert dataclasses.replace(found(way=None), target=target).way is Way.IN_PLACE
    assert dataclasses.replace(found(), target=target).way is Way.PARALLEL


def test_there_is_a_new_role_on_one_way_alone() -> None:
    assert found(parallel=BESIDE).new_arn == PARALLEL and found().new_arn == ""
    assert found(parallel=BESIDE, way=Way.IN_PLACE).new_arn == ""


TAKEN: t.Final = recorded(WRITER.detach(ROLE, ADMIN))


@pytest.mark.parametrize(
    ("way", "entries", "owned", "generates", "expected"),
    [
        (Way.IN_PLACE, TAKEN, None, False, True),
        (Way.IN_PLACE, (), None, True, False),
        (Way.PARALLEL, TAKEN, None, True, False),
        (Way.BY_OWNER, (), Owned(has_new=True, difference="x"), False, True),
        (Way.BY_OWNER, (), Owned(has_new=True), True, True),
        (Way.BY_OWNER, (), Owned(has_new=True), False, False),
        (Way.BY_OWNER, (), Owned(has_new=False, difference="x"), True, False),
    ],
)
def test_new_documents_are_held_against_the_policies_that_a_role_had(
    way: Way, entries: t.Any, owned: t.Optional[Owned], generates: bool, expected: bool
) -> None:
    assert found(way=way, entries=entries).is_replaced(owned, generates=generates) is expected


def test_a_role_is_restored_from_the_journal_or_from_what_was_kept() -> None:
    assert found(BARE, entries=TAKEN).restored.attached_policies == (ADMIN,)
    by_owner = found(BARE, way=Way.BY_OWNER).restored
    assert by_owner.attached_policies == (ADMIN,) and [one.name for one in by_owner.inline_policies] == ["extra"]
    assert found(BARE, way=Way.BY_OWNER, before=None).restored == BARE
    assert found(BARE, way=Way.BY_OWNER, dossier=None).restored == BARE


def test_what_a_revert_of_an_owner_gives_back() -> None:
    live = Before.of_role(DEVELOPER, {OLD: allow("sns:*")})
    given = {OLD: allow("sns:*")}
    assert found().find_before(given, Owned(has_new=True)) is None
    owner = found(way=Way.BY_OWNER)
    assert owner.find_before(given, Owned(has_new=True)) == KEPT
    # As long as the role has none of the new policies, its own are the old ones.
    assert owner.find_before(given, Owned(has_new=False)) == live != KEPT
    assert owner.find_before(given, None) == live
    assert found(way=Way.BY_OWNER, before=None).find_before(given, Owned(has_new=True)) == live
    assert owner.find_before({}, None) is None


def test_a_role_that_would_be_an_administrator_again_is_known() -> None:
    snapshot = dataclasses.replace(BEFORE, roles=(BARE,))
    everything = (PolicyDocument("all", allow("*")),)
    assert not found(BARE).returns_admin(snapshot)
    assert found(dataclasses.replace(BARE, inline_policies=everything)).returns_admin(snapshot)
    given_back = recorded(WRITER.delete_inline(ROLE, "all", allow("*")))
    assert found(BARE, entries=given_back).returns_admin(snapshot)
    assert not found(BARE, entries=recorded(WRITER.delete_inline(ROLE, "x", allow("sqs:*")))).returns_admin(snapshot)
    # A policy that can't be read may be that of an administrator.
    assert found(dataclasses.replace(BARE, attached_policies=(OLD,))).returns_admin(snapshot)


OPENED: t.Final = WRITER.set_trust(PARALLEL, {"Statement": []}, TRUST)


@pytest.mark.parametrize(
    ("used", "entries", "expected"),
    [
        (None, (), False),
        (moment(0), (), True),
        (None, recorded(OPENED, at=NOW - timedelta(hours=23)), True),
        (None, recorded(OPENED, at=NOW - timedelta(hours=24)), False),
        (None, recorded(OPENED, at=None), True),
        (None, recorded(OPENED, outcome=Outcome.FAILED), False),
        (None, recorded(dataclasses.replace(OPENED, target=ROLE)), False),
        (None, recorded(WRITER.attach(PARALLEL, OLD)), False),
        (None, (*recorded(OPENED, at=moment(0)), *recorded(OPENED)), True),
    ],
)
def test_a_new_role_may_be_used_before_aws_shows_it(used: t.Any, entries: t.Any, expected: bool) -> None:
    parallel = dataclasses.replace(BESIDE, last_used=used)
    assert found(parallel=parallel, entries=entries).is_new_role_used(NOW) is expected
    assert not found(entries=entries).is_new_role_used(NOW)
