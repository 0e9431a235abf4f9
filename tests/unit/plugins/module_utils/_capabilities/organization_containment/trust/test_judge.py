# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of the run's roles and of control policies make an account untrusted; silence makes none trusted."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._account.change_events import ChangeEvent
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.trust.judge import (
    Judged,
    Trust,
    TrustChange,
    choose_since,
    find_untrusted,
    list_differences,
    list_involved,
    list_policy_changes,
    list_role_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Severity
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_state import (
    Difference,
    Found,
    TrustState,
)

from ...organization_policy.organizations import BOX, DEV, PROD, ROOT, WORK_DEV, policy, tree

NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
SINCE: t.Final = NOW - timedelta(days=1)
WHO: t.Final = "arn:aws:iam::111122223333:role/admin"


def record(operation: str, **parameters: str) -> dict[str, t.Any]:
    return {
        "eventSource": "organizations.amazonaws.com",
        "eventName": operation,
        "eventTime": "2026-11-28T11:00:00Z",
        "userIdentity": {"arn": WHO},
        "requestParameters": parameters,
    }


def test_only_what_ends_a_denial_above_the_account_counts() -> None:
    own = tree(policy("guard", WORK_DEV), policy("ours", DEV), policy("elsewhere", BOX), policy("nowhere"))
    records: list[t.Any] = [
        record("DetachPolicy", policyId="p-x", targetId=WORK_DEV),
        record("DetachPolicy", policyId="p-x", targetId=BOX),
        record("DetachPolicy", policyId="p-ours", targetId=DEV),
        record("UpdatePolicy", policyId="p-guard"),
        record("UpdatePolicy", policyId="p-other"),
        record("UpdatePolicy", policyId="p-elsewhere"),
        record("UpdatePolicy", policyId="p-nowhere"),
        {**record("DetachPolicy", policyId="p-x", targetId=DEV), "eventSource": "iam.amazonaws.com"},
        record("AttachPolicy", policyId="p-x", targetId=DEV),
        record("MoveAccount", accountId=DEV),
        record("MoveAccount", accountId=PROD),
        record("DisablePolicyType", rootId=ROOT),
        record("DeletePolicy", policyId="p-gone"),
        {**record("DetachPolicy", policyId="p-x", targetId=DEV), "errorCode": "AccessDenied"},
        {**record("MoveAccount", accountId=DEV), "eventTime": "2026-11-01T00:00:00Z"},
        {**record("MoveAccount", accountId=DEV), "eventTime": None},
        {**record("MoveAccount", accountId=DEV), "requestParameters": None},
        None,
        "text",
    ]
    found = list(list_policy_changes(records, own, DEV, SINCE, {"p-ours"}))
    assert [change.operation for change in found] == [
        "DetachPolicy",
        "UpdatePolicy",
        "MoveAccount",
        "DisablePolicyType",
        "DeletePolicy",
    ]
    assert {change.caller for change in found} == {WHO}
    assert [change.what for change in found] == [
        "control policy p-x",
        "control policy p-guard",
        DEV,
        ROOT,
        "control policy p-gone",
    ]


def test_of_an_account_that_left_the_organization_its_own_policies_count() -> None:
    gone = "999988887777"
    records = [
        record("DetachPolicy", policyId="p-x", targetId=gone),
        record("DetachPolicy", policyId="p-x", targetId=ROOT),
        record("MoveAccount", accountId=gone),
    ]
    found = list_policy_changes(records, tree(), gone, SINCE, ())
    assert [change.operation for change in found] == ["DetachPolicy", "MoveAccount"]


def test_a_change_counts_from_the_moment_on() -> None:
    at = {**record("MoveAccount", accountId=DEV), "eventTime": "2026-11-27T12:00:00Z"}
    before = {**at, "eventTime": "2026-11-27T11:59:59Z"}
    (change,) = list_policy_changes([before, at], tree(), DEV, SINCE, ())
    assert change.when == SINCE
    event = ChangeEvent("PutRolePolicy", SINCE, WHO, "", None, creates=False)
    assert len(list(list_role_changes("arn:aws:iam::1:role/x", [event], SINCE))) == 1


def test_older_and_harmless_calls_on_a_role_do_not_count() -> None:
    def event(operation: str, when: datetime = NOW) -> ChangeEvent:
        return ChangeEvent(operation, when, WHO, "", None, creates=False)

    events = [event("UpdateAssumeRolePolicy"), event("TagRole"), event("PutRolePolicy", SINCE - timedelta(hours=1))]
    (change,) = list_role_changes(f"arn:aws:iam::{DEV}:role/iam-hardening/assessor", events, SINCE)
    assert change.describe() == f"UpdateAssumeRolePolicy of role assessor by {WHO} at 2026-11-28T12:00:00Z"


def test_nothing_is_ever_called_trusted() -> None:
    change = TrustChange(NOW, "role assessor", "PutRolePolicy", WHO)
    assert Judged(DEV, SINCE).state is Trust.NOTHING_SEEN
    assert Judged(DEV, SINCE, unread=("denied",)).state is Trust.UNKNOWN
    assert Judged(DEV, SINCE, (change,), ("denied",)).state is Trust.CHANGED
    assert "trusted" not in set(Trust)


def test_the_result_has_what_changed_and_what_is_not_known() -> None:
    change = TrustChange(NOW, "role assessor", "PutRolePolicy", WHO)
    one = Difference("trust policy of role kept changed", "run-0", SINCE, "run-1", NOW)
    given = Judged(DEV, SINCE, (change,), ("denied",), (one,)).as_dict()
    assert given == {
        "account_id": DEV,
        "state": "changed",
        "since": "2026-11-27T12:00:00Z",
        "changes": [
            {"when": "2026-11-28T12:00:00Z", "what": "role assessor", "operation": "PutRolePolicy", "caller": WHO}
        ],
        "differences": [{"summary": one.describe(), **one.as_dict()}],
        "unread": ["denied"],
    }


def test_what_is_not_as_the_last_run_kept_it_is_distrusted_and_what_it_did_not_keep_is_unknown() -> None:
    kept, other = (f"arn:aws:iam::{DEV}:role/{name}" for name in ("kept", "other"))
    before = Found(DEV, "run-1", SINCE, {kept: {"trust policy": "1"}}, {"p-1": "1"}, {"p-1": "guard"})
    old = Difference("an old change", "run-0", SINCE, "run-0", SINCE - timedelta(hours=1))
    seen = Difference("a change that a run found", "run-0", SINCE, "run-1", SINCE)
    state = TrustState(before, (old, seen))
    now = Found(DEV, "now", NOW, {kept: {"trust policy": "2"}}, {})
    found, unread = list_differences(state, now, [kept, other], SINCE)
    assert [one.what for one in found] == [
        "a change that a run found",
        "trust policy of role kept changed",
        "control policy guard (p-1) was detached, or the account was moved,",
    ]
    assert unread == ("role other: run run-1 of 2026-11-27T12:00:00Z did not keep it",)
    assert Judged(DEV, SINCE, differences=found).state is Trust.CHANGED
    # What can't be read now, or was not read then, is not known.
    found, unread = list_differences(TrustState(before), dataclasses.replace(now, policies=None), [], SINCE)
    assert found == () and unread == ("control policies: they can't be read now",)
    _found, unread = list_differences(TrustState(dataclasses.replace(before, policies=None)), now, [], SINCE)
    assert unread == ("control policies: run run-1 of 2026-11-27T12:00:00Z could not read them",)


def test_a_changed_account_is_a_critical_finding_with_the_next_step() -> None:
    change = TrustChange(NOW, "role assessor", "PutRolePolicy", WHO)
    judged = [Judged(DEV, SINCE, (change,)), Judged(PROD, SINCE)]
    (found,) = find_untrusted(judged, (), partition="aws", now=NOW)
    assert (found.account_id, found.severity) == (DEV, Severity.CRITICAL) and WHO in found.detail
    assert found.remediation is not None and f"add {DEV} to accounts" in found.remediation.text
    (named,) = find_untrusted(judged, {DEV}, partition="aws", now=NOW)
    assert named.remediation is not None and "contains the account" in named.remediation.text


def test_the_accounts_are_those_that_the_incident_is_about() -> None:
    incident = Incident.from_option(
        {
            "id": "INC-7",
            "declared_by": "Ana",
            "reason": "an intruder is here",
            "accounts": [DEV],
            "users": [f"arn:aws:iam::{PROD}:user/a"],
            "roles": [f"arn:aws:iam::{DEV}:role/b"],
        },
        now=NOW,
    )
    assert list_involved(incident, ["444455556666"]) == (DEV, "444455556666", PROD)
    assert choose_since(incident, NOW) == NOW - timedelta(days=14)
    assert choose_since(dataclasses.replace(incident, since=SINCE), NOW) == SINCE
