# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run keeps of its roles, and what a later run finds changed: each part, whoever changed it."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.control_policies import (
    ControlPolicy,
    PolicyDocument,
    PolicyLevel,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Caller, ManagedPolicy, Role, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_state import (
    MOST_CHANGES,
    MOST_ROLES,
    Found,
    TrustState,
    add_policies,
    describe_found,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_states import (
    keep_state,
    read_state,
    state_key,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import ConflictError, StoreError

from ..fakes import ACCOUNT, NOW, FakeStore

WRITER: t.Final = f"arn:aws:iam::{ACCOUNT}:role/automation"
POLICY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/writes"
OF_AWS: t.Final = "arn:aws:iam::aws:policy/SecurityAudit"


def document(*actions: str, name: str = "") -> PolicyDocument:
    return PolicyDocument(name, {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]})


def role(name: str = "automation", **fields: t.Any) -> Role:
    given: dict[str, t.Any] = {
        "path": "/",
        "created": NOW,
        "trust": document("sts:AssumeRole"),
        "attached_policies": (POLICY, OF_AWS),
        "inline_policies": (document("iam:Get*", name="reads"),),
        "boundary": POLICY,
        "last_used": None,
        "last_used_region": None,
        "unique_id": "AROAEXAMPLE",
        **fields,
    }
    return Role(name=name, arn=f"arn:aws:iam::{ACCOUNT}:role{given['path']}{name}", **given)


def managed(*actions: str, arn: str = POLICY, of_aws: bool = False) -> ManagedPolicy:
    return ManagedPolicy(arn, "p", "/", document(*actions), 1, 0, None, None, of_aws)


def snapshot(*roles: Role, policies: t.Optional[tuple[ManagedPolicy, ...]] = None) -> Snapshot:
    known = (managed("iam:*"), managed("iam:List*", arn=OF_AWS, of_aws=True)) if policies is None else policies
    return Snapshot(Caller(ACCOUNT, WRITER, "1"), "aws", "us-east-1", NOW, (), roles=roles, policies=known)


def found(*roles: Role, run_id: str = "run-1", **fields: t.Any) -> Found:
    return describe_found(snapshot(*roles, **fields), run_id, principals_of([WRITER]))


def said(before: Found, now: Found, **options: t.Any) -> list[str]:
    return [one.what for one in TrustState(before).compare(now, **options)]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (found(role()), []),
        (found(), ["role automation was deleted"]),
        (found(role(unique_id="AROAOTHER")), ["unique id of role automation changed"]),
        (found(role(trust=document("sts:*"))), ["trust policy of role automation changed"]),
        (found(role(boundary=None)), ["boundary of role automation was removed"]),
        (found(role(boundary=OF_AWS)), ["boundary of role automation changed"]),
        (found(role(attached_policies=(POLICY,))), [f"policy {OF_AWS} of role automation was removed"]),
        (found(role(inline_policies=())), ["inline policy reads of role automation was removed"]),
        (
            found(role(inline_policies=(document("*", name="reads"), document("*", name="new")))),
            ["inline policy new of role automation was added", "inline policy reads of role automation changed"],
        ),
        # The policy is attached, and it is the boundary as well.
        (
            found(role(), policies=(managed("*"),)),
            ["boundary of role automation changed", f"policy {POLICY} of role automation changed"],
        ),
        # Nobody in the account changes a policy of AWS.
        (found(role(), policies=(managed("iam:*"), managed("*", arn=OF_AWS, of_aws=True))), []),
        (found(role(tags={"a": "b"}, last_used=NOW)), []),
    ],
)
def test_each_part_of_a_role_that_changed_is_named(now: Found, expected: list[str]) -> None:
    assert said(found(role()), now) == expected


def test_the_roles_of_the_run_and_of_our_templates_are_kept() -> None:
    ours = role("assessor", path="/iam-hardening/")
    many = [role(f"a{number}", path="/iam-hardening/", created=NOW + timedelta(days=1)) for number in range(MOST_ROLES)]
    kept = found(role(), ours, role("other"), *many)
    # A role that an intruder makes later crowds out none of them.
    assert {WRITER, ours.arn} <= set(kept.roles) and len(kept.roles) == MOST_ROLES
    assert f"arn:aws:iam::{ACCOUNT}:role/other" in kept.others
    # A run with other roles says nothing of those that it does not know, and forgets none.
    other = describe_found(snapshot(role(trust=document("*")), ours), "run-2", principals_of([ours.arn]))
    assert said(kept, other, arns=[WRITER, ours.arn]) == []
    assert TrustState(kept).follow(other)[0].found.roles[WRITER] == kept.roles[WRITER]


def level(*policies: ControlPolicy) -> PolicyLevel:
    return PolicyLevel("r-1", "r-1", policies, ())


def test_a_guard_that_is_gone_or_changed_is_named_and_a_further_one_is_not() -> None:
    full = ControlPolicy("p-FullAWSAccess", "FullAWSAccess", "SERVICE_CONTROL_POLICY", document("*"))
    guard = ControlPolicy("p-1", "guard", "SERVICE_CONTROL_POLICY", document("iam:*"))
    weaker = dataclasses.replace(guard, document=document("iam:Get*"))
    more = dataclasses.replace(guard, id="p-2")
    before = add_policies(found(role()), [level(full, guard)])
    assert said(before, add_policies(found(role()), [level(more), level(guard)])) == []
    assert said(before, add_policies(found(role()), [level(weaker)])) == ["control policy guard (p-1) changed"]
    assert said(before, add_policies(found(role()), [level(full)])) == [
        "control policy guard (p-1) was detached, or the account was moved,"
    ]
    # The content of the dormant policy is there to be changed, but it must stay attached.
    dormant, used = (dataclasses.replace(one, name="IamHardeningDormant") for one in (guard, weaker))
    asleep = add_policies(found(role()), [level(dormant)])
    assert said(asleep, add_policies(found(role()), [level(used)])) == []
    assert said(asleep, add_policies(found(role()), [level(full)])) == [
        "control policy IamHardeningDormant (p-1) was detached, or the account was moved,"
    ]
    # Policies that were not read say nothing, and those of the run before stay.
    assert said(before, found(role())) == []
    follower = TrustState(before).follow(found(role(), run_id="run-2"))[0].found
    assert (follower.policies, follower.names, follower.run_id) == (before.policies, before.names, "run-2")


# The state beside the journal


def test_what_a_run_found_changed_stays_on_record() -> None:
    store = FakeStore()
    assert read_state(store, ACCOUNT) is None
    assert keep_state(store, found(role())) == ()
    changed = found(role(trust=document("*")), run_id="run-2")
    (difference,) = keep_state(store, changed)
    assert difference.describe() == (
        "trust policy of role automation changed between run run-1 of 2026-11-25T02:00:00Z and run run-2 of "
        "2026-11-25T02:00:00Z"
    )
    # The next run finds nothing new, and does not lose it.
    assert keep_state(store, dataclasses.replace(changed, run_id="run-3")) == ()
    state = read_state(store, ACCOUNT)
    assert state is not None and [one.what for one in state.changes] == [difference.what]
    assert state.compare(changed) == ()
    (now,) = state.compare(found(role()))
    assert now.describe() == "trust policy of role automation changed since run run-3 of 2026-11-25T02:00:00Z"


def test_only_so_many_changes_are_kept() -> None:
    store = FakeStore()
    for number in range(MOST_CHANGES + 5):
        keep_state(store, found(role(trust=document(f"sts:{number}")), run_id=f"run-{number}"))
    state = read_state(store, ACCOUNT)
    assert state is not None and len(state.changes) == MOST_CHANGES
    assert state.changes[-1].found_by == f"run-{MOST_CHANGES + 4}"


def test_two_runs_at_once_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    store = FakeStore()
    keep_state(store, found(role()))
    swap, losing = store.swap, [True]

    def lose(key: str, content: bytes, version: t.Optional[str]) -> str:
        if losing:
            losing.clear()
            keep_state(store, found(role(trust=document("*")), run_id="other"))
            raise ConflictError("somebody else was quicker")
        return swap(key, content, version)

    monkeypatch.setattr(store, "swap", lose)
    (difference,) = keep_state(store, found(role(), run_id="run-2"))
    assert difference.kept_by == "other"
    state = read_state(store, ACCOUNT)
    assert state is not None and [one.found_by for one in state.changes] == ["other", "run-2"]


def at(now: Found, minutes: float) -> Found:
    return dataclasses.replace(now, at=NOW + timedelta(minutes=minutes))


def test_a_run_that_was_slower_replaces_no_newer_state() -> None:
    """It read the account before the other one, and comes to its first module later."""
    store = FakeStore()
    keep_state(store, found(role()))
    newer = at(found(role(trust=document("*")), run_id="run-2"), 10)
    keep_state(store, newer)
    content = store.get(state_key(ACCOUNT))
    assert keep_state(store, at(found(role(), run_id="slow"), 5)) == ()
    assert store.get(state_key(ACCOUNT)) == content
    assert keep_state(store, at(dataclasses.replace(newer, run_id="run-3"), 20)) == ()


def test_a_state_from_the_future_keeps_no_run_from_looking() -> None:
    store = FakeStore()
    keep_state(store, at(found(role(), run_id="forged"), 2 * 24 * 60))
    (difference,) = keep_state(store, found(role(trust=document("*")), run_id="run-2"))
    assert difference.what == "trust policy of role automation changed"


def test_many_changed_roles_of_a_stranger_hide_no_change_of_the_run() -> None:
    store = FakeStore()
    strangers = [f"a{number}" for number in range(MOST_CHANGES + 5)]

    def round_of(number: int, *own: Role) -> tuple[str, ...]:
        trust = document(f"sts:{number}")
        roles = [role(name, path="/iam-hardening/", trust=trust) for name in strangers]
        changes = keep_state(store, at(found(*own, *roles, run_id=f"run-{number}"), number))
        return tuple(one.what for one in changes)

    assert round_of(1, role()) == ()
    # All are returned, the run's own first, also of those that are gone.
    changes = round_of(2)
    assert changes[0] == "role automation was deleted" and len(changes) == len(strangers) + 1
    assert len(round_of(3)) == len(strangers)
    state = read_state(store, ACCOUNT)
    assert state is not None and len(state.changes) == MOST_CHANGES
    assert state.changes[0].what == "role automation was deleted"


def kept(**fields: t.Any) -> bytes:
    document = {**json.loads(TrustState(found(role())).as_bytes()), **fields}
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        kept(schema="other"),
        kept(account_id="999988887777"),
        kept(run_id="../run"),
        kept(at="soon"),
        kept(roles=[]),
        kept(roles={WRITER: ["a"]}),
        kept(roles={WRITER: {"trust policy": 1}}),
        kept(control_policies="all"),
        kept(changes={"what": "a"}),
        kept(changes=[{"what": 1}]),
        kept(names=None),
        kept(own=[1]),
    ],
    ids=lambda content: content[:20].decode(errors="replace").replace("\x00", ""),
)
def test_a_state_that_is_malformed_is_no_state_and_stays_on_record(content: bytes) -> None:
    store = FakeStore()
    store.put(state_key(ACCOUNT), content)
    with pytest.raises(StoreError, match=f"{state_key(ACCOUNT)} is malformed"):
        read_state(store, ACCOUNT)
    (difference,) = keep_state(store, found(role(), run_id="run-2"))
    assert difference.what.startswith("the kept state was malformed, so somebody else wrote it")
    state = read_state(store, ACCOUNT)
    assert state is not None and state.changes == (difference,)


def test_text_of_a_state_can_not_forge_lines() -> None:
    forged = {"what": "\x1b[2J\nall is well", "kept_by": "a", "kept_at": "2026-11-01", "found_by": "b"}
    store = FakeStore()
    store.put(
        state_key(ACCOUNT),
        kept(
            changes=[{**forged, "found_at": "2026-11-02T00:00:00Z"}],
            roles={f"{WRITER}/\nx": {"\u202etrust": "0"}},
        ),
    )
    state = read_state(store, ACCOUNT)
    assert state is not None
    for one in (*state.changes, *state.compare(found())):
        assert one.describe().isprintable()
