# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What incidents freeze: by name, by request and by effect, and what forged, broken and emptied records do."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.freeze import Freeze, read_freeze
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import record_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import (
    By,
    Contained,
    Record,
    State,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError

from ..fakes import ACCOUNT, NOW, FakeStore, change, journal_of, user_arn
from .recorded import CONTAIN, INCIDENT, record, write

KEY: t.Final = record_key(ACCOUNT, INCIDENT)
POLICY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/shared"
ROOT: t.Final = f"arn:aws:iam::{ACCOUNT}:root"


def freeze_of(*records: Record) -> Freeze:
    store = FakeStore()
    for item in records:
        write(store, item)
    return read_freeze(store, ACCOUNT)


def rule(freeze: Freeze, wanted: Change, **options: t.Any) -> t.Optional[str]:
    refusal = freeze.find_refusal(wanted, **options)
    return refusal.rule if refusal else None


@pytest.mark.parametrize(
    "wanted",
    [
        change("a"),
        change("A"),
        change("a", impact=Impact.ADDITIVE),
        change("a", impact=Impact.DESTRUCTIVE),
        change("a", impact=Impact.ADDITIVE, undoes="111122223333/run/1/000001"),
        change(target=user_arn("team/a")),
        change(target=f"{user_arn('a')} policy inline"),
        # The target is no principal, but the request names one.
        change(target="AKIAIOSFODNN7EXAMPLE", parameters={"UserName": "A"}),
        change(target=POLICY, affects=(user_arn("a"), user_arn("b"))),
        # Whether it affects the principal is not known, and it may.
        change(target=POLICY, impact=Impact.ADDITIVE, affects=("unknown: members of the group dev",)),
    ],
)
def test_a_contained_principal_is_frozen_for_every_change(wanted: Change) -> None:
    assert rule(freeze_of(record("a")), wanted) == "contained"


@pytest.mark.parametrize(
    "wanted",
    [
        change("b"),
        change(target=f"arn:aws:iam::{ACCOUNT}:role/a"),
        change(target=f"arn:aws:iam::{ACCOUNT}:group/a"),
        change("b", account_id="999988887777", target="arn:aws:iam::999988887777:user/a"),
        # Whom it affects as part of an account is a matter of the guard against lock-outs.
        change(target=POLICY, affects=(ACCOUNT, "*", user_arn("b"))),
        change(target="o-1/p-1", service="organizations", affects=(ACCOUNT,)),
    ],
)
def test_others_are_not(wanted: Change) -> None:
    assert rule(freeze_of(record("a")), wanted) is None


def test_the_refusal_names_the_incident_and_its_record() -> None:
    refusal = freeze_of(record("a")).find_refusal(change("a"))
    assert refusal is not None and not refusal.fatal
    assert refusal.reason == (
        "user a is contained by incident INC-7, so it stays as it is until the release. "
        f"Ana: key found in a public repository (s3://journal/iam/{KEY})"
    )


def test_text_of_a_record_can_not_forge_lines() -> None:
    forged = record("a", declared_by="Ana\x1b[2J\n\u202eok", reason="x" * 5000)
    refusal = freeze_of(forged).find_refusal(change("a"))
    assert refusal is not None and refusal.reason.isprintable() and len(refusal.reason) < 400


def test_the_root_user_is_frozen_by_its_arn() -> None:
    found = freeze_of(record(contained=(Contained(ROOT, "", By.ROOT, NOW),)))
    assert rule(found, change(target=ROOT)) == "contained"
    assert rule(found, change(target=POLICY, affects=(ROOT,))) == "contained"
    assert rule(found, change("a")) is None


def test_targets_of_the_containment_are_frozen_exactly() -> None:
    found = freeze_of(record(targets=frozenset({POLICY})))
    assert rule(found, change(target=POLICY)) == "contained"
    assert rule(found, change(target=f"{POLICY}-2")) is None
    assert rule(freeze_of(record(targets=frozenset({"*"}))), change(target=POLICY)) is None


@pytest.mark.parametrize("state", State)
def test_a_principal_is_frozen_until_its_release(state: State) -> None:
    assert rule(freeze_of(record("a", state=state)), change("a")) == (None if state is State.RELEASED else "contained")


def test_the_own_incident_does_not_hinder_its_own_changes() -> None:
    other = dataclasses.replace(record("a"), incident_id="INC-8")
    own = freeze_of(record("a"))
    assert rule(own, change("a"), except_for=INCIDENT) is None
    assert rule(freeze_of(record("a"), other), change("a"), except_for=INCIDENT) == "contained"


# Records that are broken, forged or emptied


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", record("a").as_bytes().replace(b"INC-7", b"INC-8")])
def test_a_malformed_record_refuses_all_changes_of_the_account(content: bytes) -> None:
    store = FakeStore()
    store.put(KEY, content)
    found = read_freeze(store, ACCOUNT)
    for wanted in (change("z"), change(service="config", target="rule", impact=Impact.ADDITIVE)):
        assert rule(found, wanted) == "incident_unreadable"
    assert rule(found, change(account_id="999988887777")) is None
    refusal = found.find_refusal(change("z"))
    assert refusal is not None and KEY in refusal.reason


@pytest.mark.parametrize("name", ["a.json", "x/INC-7.json", ".json"])
def test_a_record_under_a_name_that_is_none_refuses_all_changes(name: str) -> None:
    store = FakeStore()
    store.put(f"control/incidents/{ACCOUNT}/{name}", record("a").as_bytes())
    assert rule(read_freeze(store, ACCOUNT), change("z")) == "incident_unreadable"


def test_other_objects_are_no_records() -> None:
    store = FakeStore()
    store.put(f"control/incidents/{ACCOUNT}/", b"")
    store.put(f"control/incidents/{ACCOUNT}/INC-7.json.lock", b"")
    store.put("control/incidents/999988887777/INC-7.json", b"of another account")
    assert read_freeze(store, ACCOUNT) == Freeze(ACCOUNT, released={})


def test_a_record_that_can_not_be_read_refuses_all_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    store = FakeStore()
    write(store, record("a"))

    def deny(_key: str) -> bytes:
        raise StoreError("denied")

    monkeypatch.setattr(store, "get", deny)
    assert rule(read_freeze(store, ACCOUNT), change("z")) == "incident_unreadable"


def test_a_place_that_can_not_be_listed_is_an_error() -> None:
    store = FakeStore()
    store.lost = True
    with pytest.raises(StoreError):
        read_freeze(store, ACCOUNT)


def contain(
    store: FakeStore, *names: str, outcome: t.Optional[Outcome] = Outcome.APPLIED, **fields: t.Any
) -> list[str]:
    """Record in the journal that users were contained; returns the keys."""
    journal = journal_of(store, run_id=CONTAIN, module="credential_quarantine", details={})
    keys = []
    for name in names:
        keys.append(journal.intend(change(name, **fields)))
        if outcome:
            journal.conclude(keys[-1], outcome)
    return keys


def put(store: FakeStore, **fields: t.Any) -> None:
    """Forge the record."""
    document = {**json.loads(record("a").as_bytes()), **fields}
    store.put(KEY, json.dumps(document).encode())


@pytest.mark.parametrize(
    "fields",
    [
        {"contained": []},
        {"contained": [], "runs": []},
        {"contained": [], "runs": [], "events": []},
        {"contained": [], "state": "declared"},
        {"contained": [], "state": "declared", "runs": [], "events": []},
        {"contained": [], "state": "released"},
        {"state": "released"},
    ],
    ids=str,
)
def test_an_emptied_record_is_not_believed_alone(fields: dict[str, t.Any]) -> None:
    store = FakeStore()
    contain(store, "a")
    put(store, **fields)
    found = read_freeze(store, ACCOUNT)
    assert rule(found, change("a")) == "contained"
    assert rule(found, change("b")) is None
    assert [held.is_doubtful for held in found.held] == [True]


def test_an_interrupted_containment_counts_and_a_failed_one_does_not() -> None:
    for outcome, wanted in ((None, "contained"), (Outcome.UNKNOWN, "contained"), (Outcome.FAILED, None)):
        store = FakeStore()
        contain(store, "a", outcome=outcome)
        put(store, contained=[])
        assert rule(read_freeze(store, ACCOUNT), change("a")) == wanted


def test_changes_that_were_taken_back_freeze_nothing() -> None:
    store = FakeStore()
    contained_keys = contain(store, "a", "b")
    contain(store, "a", undoes=contained_keys[0])
    put(store, contained=[])
    found = read_freeze(store, ACCOUNT)
    assert rule(found, change("a")) is None
    assert rule(found, change("b")) == "contained"


def test_changes_of_other_modules_freeze_nothing() -> None:
    store = FakeStore()
    journal = journal_of(store, run_id=CONTAIN, module="access_key_lifecycle", details={})
    journal.conclude(journal.intend(change("a")), Outcome.APPLIED)
    put(store, contained=[])
    found = read_freeze(store, ACCOUNT)
    assert rule(found, change("a")) is None
    assert not found.held[0].is_doubtful


def test_other_targets_of_the_journal_are_frozen_as_well() -> None:
    store = FakeStore()
    contain(store, "x", target=POLICY)
    put(store, contained=[])
    assert rule(read_freeze(store, ACCOUNT), change(target=POLICY)) == "contained"


def test_an_incident_that_is_only_declared_costs_a_look_at_its_own_run() -> None:
    store = FakeStore()
    contain(store, "a")
    read: list[str] = []
    list_keys = store.list

    def note(prefix: str = "") -> list[str]:
        read.append(prefix)
        return list_keys(prefix)

    store.list = note  # type: ignore[method-assign]
    write(store, record(state=State.DECLARED, runs=frozenset({"declare-1"})))
    assert rule(read_freeze(store, ACCOUNT), change("a")) is None
    assert read == [f"control/incidents/{ACCOUNT}/", f"{ACCOUNT}/declare-1/"]


def test_a_record_that_did_not_change_is_not_judged_again() -> None:
    store = FakeStore()
    contain(store, "a")
    put(store, contained=[])
    known = read_freeze(store, ACCOUNT)
    for key in [key for key in store.objects if key != KEY]:
        del store.objects[key]
    assert read_freeze(store, ACCOUNT, known) == known
    put(store, contained=[], reason="another")
    assert rule(read_freeze(store, ACCOUNT, known), change("a")) is None


def test_an_account_that_the_organization_contains_is_left_as_it_is() -> None:
    member, policy = "222233334444", "organization policy ours (SERVICE_CONTROL_POLICY)"
    found = record(targets=frozenset({member, policy}))
    frozen = freeze_of(dataclasses.replace(found, incident_id=f"{INCIDENT}.organization"))

    def about(**state: str) -> Change:
        shown = {"type": "SERVICE_CONTROL_POLICY", **state}
        target = "arn:aws:organizations::111122223333:policy/o-acme/service_control_policy/p-1"
        made = change(target=target, affects=())
        return dataclasses.replace(made, service="organizations", operation="DetachPolicy", before=shown, after=shown)

    assert rule(frozen, about(policy="guard", attached_to=member)) == "contained"
    assert rule(frozen, about(policy="ours", attached_to="ou-1")) == "contained"
    assert rule(frozen, about(account=member, parent="ou-1")) == "contained"
    assert rule(frozen, about(policy="guard", attached_to="ou-1")) is None
    # The incident's own runs are not held back, whichever of its records it is.
    assert rule(frozen, about(policy="ours", attached_to=member), except_for=INCIDENT) is None
