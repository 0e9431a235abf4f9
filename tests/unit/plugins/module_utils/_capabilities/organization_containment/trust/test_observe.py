# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which accounts are judged, by which events, and what is not known of them."""

from __future__ import annotations

import dataclasses
import importlib
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.trust.judge import (
    Judged,
    Trust,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import (
    AccountSeed,
    Incident,
    KeySeed,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_state import (
    add_policies,
    describe_found,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_states import keep_state
from ansible_collections.hardening.iam.plugins.module_utils._incident import from_above

from ...._account.fakes import read
from ...._converge.fakes import FakeStore
from ...organization_policy.organizations import DEV, MANAGEMENT, PROD, ROOT, policy, tree
from ...recorded import RecordedAccess, each
from ..members import NOW, READER, Members, details, event, role

PACKAGE: t.Final = "ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment"
observe: t.Any = importlib.import_module(f"{PACKAGE}.trust.observe")
DENIED: t.Final = AccessDenied("not allowed", code="AccessDenied")
SINCE: t.Final = NOW - timedelta(days=1)
WATCHED: t.Final = "arn:aws:iam::<account_id>:role/iam-hardening/automation"
OTHER: t.Final = "arn:aws:iam::<account_id>:role/iam-hardening/audit"
QUIET: t.Final = {"cloudtrail:LookupEvents": {"Events": []}}
FRESH: t.Final = NOW - timedelta(hours=2)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


class Case:
    """An incident that names one account, or a leaked key."""

    def __init__(self, *accounts: str, **incident: t.Any) -> None:
        seeds = tuple(AccountSeed(one) for one in accounts)
        self.incident = Incident("INC-7", "Ana", "an intruder", accounts=seeds, **{"since": SINCE, **incident})
        self.fields: dict[str, t.Any] = {
            "inventory_accounts": frozenset({DEV, PROD, MANAGEMENT}),
            "member_role_arn": READER,
            "watched": (WATCHED,),
        }
        self.answers: dict[str, t.Any] = dict(QUIET)
        self.member: t.Any = {**QUIET, **details(role("automation"))}
        self.tree: t.Any = tree()
        self.more: dict[str, t.Any] = {}
        self.store = FakeStore()

    def judge(self) -> tuple[Judged, ...]:
        self.members = Members(self.answers, {DEV: self.member, PROD: self.member}, **self.more)
        declared = Declared(self.incident, **self.fields)
        return observe.judge_accounts(self.members.connection, declared, self.tree, self.store)  # type: ignore[arg-type]

    def one(self) -> Judged:
        (judged,) = self.judge()
        return judged


def changed(name: str = "automation", operation: str = "PutRolePolicy", at: t.Any = FRESH) -> dict[str, t.Any]:
    return event(operation, at, {"roleName": name, "policyName": "x"})


def test_an_account_in_which_a_role_of_the_run_was_changed() -> None:
    case = Case(DEV)
    case.member["cloudtrail:LookupEvents"] = {"Events": [changed(), changed("other"), changed(at=SINCE - timedelta(1))]}
    judged = case.one()
    assert (judged.account_id, judged.since, judged.state) == (DEV, SINCE, Trust.CHANGED)
    assert [(one.what, one.operation, one.when) for one in judged.changes] == [
        ("role automation", "PutRolePolicy", FRESH)
    ]
    assert (READER.replace("<account_id>", DEV), observe.HISTORY_OPERATIONS) in case.members.assumed
    # No earlier run has kept how the roles were.
    assert len(judged.unread) == 1 and judged.unread[0].startswith("no earlier run kept")


def test_what_is_asked_of_the_histories(waits: list[float]) -> None:
    case = Case(DEV)
    case.fields["watched"] = (WATCHED, OTHER)
    asked: list[t.Any] = []

    def answer(**given: t.Any) -> t.Any:
        asked.append(given)
        return {"Events": []}

    case.member["cloudtrail:LookupEvents"] = case.answers["cloudtrail:LookupEvents"] = answer
    case.one()
    found = [
        (one["LookupAttributes"][0]["AttributeKey"], one["LookupAttributes"][0]["AttributeValue"]) for one in asked
    ]
    assert found == [
        ("EventSource", "organizations.amazonaws.com"),
        ("ResourceName", "automation"),
        ("ResourceName", "audit"),
    ]
    assert {(one["StartTime"], one["MaxResults"], one["region"]) for one in asked} == {(SINCE, 50, "us-east-1")}
    # AWS allows two questions a second.
    assert waits == [0.5]


@pytest.mark.parametrize(
    ("parameters", "operation", "seen"),
    [
        ({"policyId": "p-protect", "targetId": ROOT}, "DetachPolicy", True),
        ({"policyId": "p-protect", "targetId": "ou-elsewhere"}, "DetachPolicy", False),
        ({"policyId": "p-own", "targetId": DEV}, "DetachPolicy", False),
        ({"accountId": DEV}, "MoveAccount", True),
    ],
)
def test_a_denial_above_an_account_that_was_ended(parameters: dict[str, str], operation: str, seen: bool) -> None:
    case = Case(DEV)
    own = policy("own", DEV, tags={"iam-hardening:managed": "true", "iam-hardening:incident": "INC-7"})
    case.tree = tree(policy("protect", ROOT), own)
    case.answers["cloudtrail:LookupEvents"] = {"Events": [event(operation, FRESH, parameters, "organizations")]}
    assert [one.operation for one in case.one().changes] == ([operation] if seen else [])


@pytest.mark.parametrize(
    ("owner", "tags", "seen"),
    [
        ("INC-7", None, False),
        # Another incident has it, or somebody else does.
        ("INC-8", None, True),
        ("INC-7", {}, True),
    ],
)
def test_only_the_dormant_policy_of_this_incident_is_changed_by_its_runs(owner: str, tags: t.Any, seen: bool) -> None:
    orders = from_above.Orders(from_above.Named(frozenset({f"arn:aws:iam::{DEV}:user/mallory"})))
    content, _left_out = from_above.write_orders(orders)
    given = dict([from_above.TAG]) if tags is None else tags
    about = {"content": content.document, "description": from_above.describe_owner(owner), "tags": given}
    case = Case(DEV)
    case.tree = tree(policy(from_above.NAME, ROOT, **about), policy("protect", ROOT))
    asked = [{"policyId": f"p-{from_above.NAME}"}, {"policyId": "p-protect"}]
    events = [event("UpdatePolicy", FRESH, one, "organizations") for one in asked]
    case.answers["cloudtrail:LookupEvents"] = {"Events": events}
    names = [f"control policy p-{name}" for name in ("protect", *([from_above.NAME] if seen else []))]
    assert {one.what for one in case.one().changes} == set(names)


def test_what_an_earlier_run_kept_is_compared() -> None:
    case = Case(DEV)
    access = RecordedAccess(details(role("automation")), account_id=DEV)
    kept = dataclasses.replace(read(access, Dataset.AUTHORIZATION_DETAILS), observed_at=NOW - timedelta(days=2))
    watched = principals_of([WATCHED.replace("<account_id>", DEV)])
    found = add_policies(describe_found(kept, "run-1", watched), tree(policy("protect", ROOT)).levels(DEV))
    keep_state(t.cast(t.Any, case.store), found)
    case.tree = tree(policy("protect", ROOT))
    assert case.one().state is Trust.NOTHING_SEEN
    case.member.update(details(role("automation", Action="sts:*")))
    judged = case.one()
    assert judged.state is Trust.CHANGED and "role automation" in judged.differences[0].describe()
    case.member.update(details(role("automation")))
    case.tree = tree()
    assert "protect" in case.one().differences[0].describe()


def test_without_the_organization_its_calls_are_not_asked_for() -> None:
    case = Case(DEV)
    case.tree = None
    case.answers = {}
    judged = case.one()
    assert case.members.access.names == [] and len(judged.unread) == 1


def test_events_that_cannot_be_read_leave_an_account_unknown() -> None:
    case = Case(DEV)
    case.member["cloudtrail:LookupEvents"] = DENIED
    case.answers["cloudtrail:LookupEvents"] = DENIED
    judged = case.one()
    assert judged.state is Trust.UNKNOWN and not judged.changes
    assert [text.partition(":")[0] for text in judged.unread[1:]] == ["role automation", "calls of AWS Organizations"]
    assert all("not allowed" in text for text in judged.unread[1:])


def test_one_role_that_cannot_be_asked_about_hides_no_other() -> None:
    case = Case(DEV)
    case.fields["watched"] = (OTHER, WATCHED)

    def answer(*, LookupAttributes: t.Any, **_more: t.Any) -> t.Any:
        is_audit = LookupAttributes[0]["AttributeValue"] == "audit"
        return DENIED if is_audit else {"Events": [changed()]}

    case.member["cloudtrail:LookupEvents"] = answer
    judged = case.one()
    assert len(judged.changes) == 1 and any(text.startswith("role audit: ") for text in judged.unread)


def test_events_that_cannot_be_parsed_are_said() -> None:
    case = Case(DEV)
    case.member["cloudtrail:LookupEvents"] = {"Events": [{"CloudTrailEvent": "[1]"}]}
    assert any(text.startswith("role automation: 1 events") for text in case.one().unread)


def test_histories_that_were_not_read_whole_are_said() -> None:
    case = Case(DEV)
    case.member["cloudtrail:LookupEvents"] = {"Events": [changed(operation="TagRole")], "NextToken": "more"}
    case.answers["cloudtrail:LookupEvents"] = {
        "Events": [event("X", FRESH, {}, "organizations")] * 2,
        "NextToken": "more",
    }
    judged = case.one()
    assert judged.unread[-2:] == (
        "role automation: it has more events than were read: the newest 1",
        "AWS Organizations: it has more events than were read: the newest 2",
    )


@pytest.mark.parametrize(("writes", "name", "pages"), [(True, "last", 4), (True, "first", 1), (False, "last", 1)])
def test_the_last_pass_that_writes_reads_more(
    monkeypatch: pytest.MonkeyPatch, writes: bool, name: str, pages: int
) -> None:
    most: list[int] = []
    look_up = observe.look_up

    def count(answers: t.Any, *, max_pages: int, **more: t.Any) -> t.Any:
        most.append(max_pages)
        return look_up(answers, max_pages=max_pages, **more)

    monkeypatch.setattr(observe, "look_up", count)
    case = Case(DEV)
    case.more = {"writes": writes}
    case.fields["name_of_pass"] = name
    case.one()
    assert set(most) == {pages} and len(most) == 2


def test_accounts_of_keys_are_judged_and_the_management_account_is_not() -> None:
    key, other = "AKIAEXAMPLEEXAMPLE11", "AKIAEXAMPLEEXAMPLE22"
    case = Case(MANAGEMENT, keys=(KeySeed(key, account_id=PROD), KeySeed(other)))
    case.answers["sts:GetAccessKeyInfo"] = each("AccessKeyId", {other: {"Account": DEV}})
    assert [one.account_id for one in case.judge()] == [PROD, DEV]
    assert set(case.members.access.names) <= observe.TRUST_OPERATIONS.reads
    case.answers["sts:GetAccessKeyInfo"] = DENIED
    assert [one.account_id for one in case.judge()] == [PROD]


def test_nothing_is_read_without_accounts_or_watched_roles() -> None:
    case = Case(MANAGEMENT)
    assert case.judge() == () and case.members.access.names == []
    case = Case(DEV)
    case.fields["watched"] = ()
    assert case.judge() == () and case.members.access.names == []


def test_an_account_that_is_not_ours_or_has_no_role_is_unknown() -> None:
    case = Case(DEV)
    case.fields["inventory_accounts"] = frozenset()
    assert "the account is not in inventory_accounts" in case.one().unread[0] and not case.members.assumed
    case = Case(DEV)
    case.fields["member_role_arn"] = ""
    assert case.one().unread == ("it can't be read without member_role_arn",)
    case = Case(DEV)
    case.member = DENIED
    judged = case.one()
    assert "not allowed" in judged.unread[0] and judged.state is Trust.UNKNOWN
