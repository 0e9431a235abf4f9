# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of an account is no longer as the last run has kept it, and what is not known."""

from __future__ import annotations

import dataclasses
import importlib
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, PolicyLevel
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_state import (
    add_policies,
    describe_found,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_states import keep_state

from ...._account.fakes import read
from ...._converge.fakes import FakeStore
from ...organization_policy.organizations import DEV, PROD, ROOT, policy, tree
from ...recorded import RecordedAccess
from ..members import NOW, READER, Members, details, role

PACKAGE: t.Final = "ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment"
observe: t.Any = importlib.import_module(f"{PACKAGE}.trust_state.observe")
DENIED: t.Final = AccessDenied("not allowed", code="AccessDenied")
SINCE: t.Final = NOW - timedelta(days=1)
WATCHED: t.Final = "arn:aws:iam::<account_id>:role/iam-hardening/automation"
ARN: t.Final = WATCHED.replace("<account_id>", DEV)
PROTECTED: t.Final = tree(policy("protect", ROOT))


def keep(store: FakeStore, *roles: t.Any, levels: t.Any = None) -> None:
    """Keep what a run found two days ago."""
    access = RecordedAccess(details(*roles), account_id=DEV)
    snapshot = dataclasses.replace(read(access, Dataset.AUTHORIZATION_DETAILS), observed_at=NOW - timedelta(days=2))
    found = describe_found(snapshot, "run-1", principals_of([ARN]))
    keep_state(t.cast(t.Any, store), found if levels is None else add_policies(found, levels))


def find(store: FakeStore, answers: t.Any, organization: t.Any = None) -> tuple[list[str], list[str]]:
    members = Members({}, {DEV: answers})
    incident = Incident("INC-7", "Ana", "an intruder", since=SINCE)
    declared = Declared(incident, member_role_arn=READER, watched=(WATCHED,))
    role_arn = READER.replace("<account_id>", DEV)
    given = (members.connection, declared, t.cast(t.Any, store), organization, DEV, role_arn, SINCE)
    differences, unread = observe.find_differences(*given)
    assert members.assumed in ([], [(role_arn, observe.STATE_OPERATIONS)])
    return [one.describe() for one in differences], list(unread)


NO_POLICIES: t.Final = "control policies: run run-1 of 2026-11-26T12:00:00Z could not read them"


def test_a_role_that_was_changed_since() -> None:
    store = FakeStore()
    keep(store, role("automation"))
    assert find(store, details(role("automation"))) == ([], [NO_POLICIES])
    (text,), _unread = find(store, details(role("automation", Action="sts:*")))
    assert "of role automation changed" in text
    (text,), _unread = find(store, details())
    assert text.startswith("role automation was deleted")


def test_without_a_kept_state_nothing_is_known() -> None:
    differences, (text,) = find(FakeStore(), {})
    assert not differences and text.startswith("no earlier run kept the roles of the run")
    store = FakeStore()
    store.lost = True
    differences, (text,) = find(store, {})
    assert not differences and text.endswith(". Find out who wrote there")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (DENIED, "not allowed"),
        ({**details(), "iam:GetAccountAuthorizationDetails": DENIED}, "not allowed"),
        ({**details(), "account": PROD}, f"member_role_arn leads to account {PROD}"),
    ],
)
def test_an_account_that_cannot_be_read_now_is_not_the_same(answers: t.Any, words: str) -> None:
    store = FakeStore()
    keep(store, role("automation"))
    differences, (text,) = find(store, answers)
    assert not differences
    assert text.startswith("the roles of the run as they are now: ") and words in text


def test_a_role_that_was_not_kept_is_said() -> None:
    store = FakeStore()
    keep(store)
    _differences, unread = find(store, details(role("automation")))
    assert unread[0].startswith("role automation: run run-1")


def test_control_policies_are_compared_by_the_tree() -> None:
    store = FakeStore()
    keep(store, role("automation"), levels=PROTECTED.levels(DEV))
    assert find(store, details(role("automation")), PROTECTED) == ([], [])
    (text,), unread = find(store, details(role("automation")), tree())
    assert "protect" in text and not unread
    # The account is not in the organization any more.
    gone = dataclasses.replace(PROTECTED, accounts=())
    assert find(store, details(role("automation")), gone) == ([], ["control policies: they can't be read now"])


def test_control_policies_are_read_where_the_organization_was_not() -> None:
    store = FakeStore()
    keep(store, role("automation"), levels=PROTECTED.levels(DEV))
    differences, unread = find(store, details(role("automation")))
    assert (differences, unread) == ([], ["control policies: they can't be read now"])


def test_control_policies_that_were_read_by_the_run_itself_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    store = FakeStore()
    keep(store, role("automation"), levels=PROTECTED.levels(DEV))
    levels: list[t.Sequence[PolicyLevel]] = [PROTECTED.levels(DEV), tree().levels(DEV)]
    monkeypatch.setattr(
        observe,
        "with_organization_policies",
        lambda _access, snapshot: dataclasses.replace(snapshot, organization_policies=levels.pop(0), unread=()),
    )
    assert find(store, details(role("automation"))) == ([], [])
    (text,), _unread = find(store, details(role("automation")))
    assert "protect" in text
