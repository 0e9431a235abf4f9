# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import DeniedPair
from ansible_collections.hardening.iam.plugins.module_utils._prediction.denials.verdict import (
    Loss,
)
from ansible_collections.hardening.iam.plugins.module_utils._prediction.denials.watch import (
    Question,
    WatchResult,
    find_losses,
    find_successes,
    find_suspects,
    join_results,
    watch,
)

from ..._policy.trail.events import ACCOUNT, ASSUMED_ROLE, IAM_USER, ROLE, USER, assume, event

SINCE = datetime(2026, 11, 20, 8, 0, 0, tzinfo=UTC)
BEFORE = "2026-11-19T09:30:00Z"
ELSEWHERE = "999988887777"
INSIDERS = {ACCOUNT: frozenset({ACCOUNT})}
ROOT = {"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}
# AWS's own texts: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
SCP = (
    "User: arn:aws:sts::111122223333:assumed-role/deployer/build-17 is not authorized to perform: iam:CreateUser on "
    "resource: arn:aws:iam::111122223333:user/bob with an explicit deny in a service control policy: "
    "arn:aws:organizations::777788889999:policy/o-acme123456/service_control_policy/p-2kgnabcd"
)
POLICY = "arn:aws:organizations::777788889999:policy/o-acme123456/service_control_policy/p-2kgnabcd"
NOW = SINCE + timedelta(days=2)
QUESTION = Question(POLICY, SINCE, NOW)


def deny(
    call: str = "iam:CreateUser", identity: t.Optional[dict[str, t.Any]] = None, **fields: t.Any
) -> dict[str, t.Any]:
    return event(call, identity, **{"errorCode": "AccessDenied", "errorMessage": SCP, **fields})


def find_losses_in(
    *records: t.Any,
    expected: t.Iterable[DeniedPair] = (),
    insiders: t.Optional[t.Mapping[str, frozenset[str]]] = None,
) -> tuple[Loss, ...]:
    """What the gate finds in a trail of one account: losses by the policy, and those by nobody knows which."""
    watched = watch(records, ACCOUNT, QUESTION)
    left, _foreseen, _strange = find_suspects(watched.denials, INSIDERS if insiders is None else insiders, expected)
    wanted = frozenset(pair for denial in left for pair in denial.principal_actions)
    return find_losses(left, find_successes(records, SINCE - timedelta(days=30), SINCE, wanted))


def pairs(lost: t.Iterable[Loss]) -> list[tuple[str, str]]:
    return [(loss.pair.principal, loss.pair.action) for loss in lost]


def before(call: str = "iam:CreateUser", identity: t.Optional[dict[str, t.Any]] = None, **fields: t.Any) -> t.Any:
    return event(call, identity, **{"eventTime": BEFORE, **fields})


def test_a_principal_that_is_denied_what_it_did_before_has_lost_it() -> None:
    (loss,) = find_losses_in(before(), deny(), deny(eventTime="2026-11-20T11:00:00Z"))
    assert loss.pair == DeniedPair(ACCOUNT, ROLE, "iam:CreateUser")
    assert (loss.count, loss.first, loss.last) == (2, SINCE.replace(hour=9, minute=30), SINCE.replace(hour=11))
    assert loss.message == SCP


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied",
        "AccessDeniedException",
        "Client.UnauthorizedOperation",
        "UnauthorizedOperation",
        "NotAuthorized",
        "AuthorizationError",
        "UnauthorizedException",
    ],
)
def test_the_codes_of_aws(code: str) -> None:
    assert find_losses_in(before(), deny(errorCode=code))


@pytest.mark.parametrize(
    "fields",
    [
        {"errorCode": None, "errorMessage": None},
        {"errorCode": "NoSuchEntity"},
        {"errorMessage": SCP.replace("p-2kgnabcd", "p-other123")},
        {"errorMessage": "because no identity-based policy allows the iam:CreateUser action"},
        {"errorMessage": "with an explicit deny in a permissions boundary"},
        {"eventTime": "2099-01-01T00:00:00Z"},
        {"eventTime": BEFORE},
        {"eventTime": "yesterday"},
        {"eventType": "AwsConsoleSignIn"},
        {"userIdentity": {"type": "AWSService", "invokedBy": "config.amazonaws.com"}},
        {"userIdentity": None},
        {"eventSource": 5},
    ],
)
def test_other_events_are_no_loss(fields: dict[str, t.Any]) -> None:
    assert find_losses_in(before(), deny(**fields)) == ()


# Services that log under the name of another one

TARGETS: t.Final = {"serviceNamespace": "dynamodb", "resourceId": "table/orders"}
GROUP: t.Final = {"autoScalingGroupName": "web", "scheduledActionName": "night"}


def scaling(name: str, parameters: t.Any, **fields: t.Any) -> dict[str, t.Any]:
    """An event at the endpoint of Auto Scaling, which Application Auto Scaling has too."""
    return event(f"autoscaling:{name}", requestParameters=parameters, **fields)


def deny_scaling(name: str, parameters: t.Any, message: str = "") -> dict[str, t.Any]:
    return scaling(name, parameters, errorCode="AccessDenied", errorMessage=message)


def actions(record: t.Any) -> set[str]:
    (denial,) = watch([record], ACCOUNT, QUESTION).denials
    return {denial.pair.action, *denial.actions}


@pytest.mark.parametrize(
    ("name", "parameters", "service"),
    [
        ("RegisterScalableTarget", TARGETS, {"application-autoscaling"}),
        # The names of such events are the same in both services; what they name tells which it was.
        ("DeleteScheduledAction", TARGETS, {"application-autoscaling"}),
        ("DeleteScheduledAction", GROUP, {"autoscaling"}),
        # Denied requests may be logged without what they named.
        ("DeleteScheduledAction", None, {"application-autoscaling", "autoscaling"}),
        ("CreateScalingPlan", {"scalingPlanName": "web"}, {"autoscaling-plans"}),
    ],
)
def test_a_denied_call_is_of_the_service_that_it_was_made_to(name: str, parameters: t.Any, service: set[str]) -> None:
    found = {action.partition(":")[0] for action in actions(deny_scaling(name, parameters))}
    assert found == service


@pytest.mark.parametrize("expected", ["application-autoscaling:*", "application-autoscaling:RegisterScalableTarget"])
def test_a_denial_of_such_a_service_that_was_foreseen_is_none(expected: str) -> None:
    records = [
        scaling("RegisterScalableTarget", TARGETS, eventTime=BEFORE),
        deny_scaling("RegisterScalableTarget", TARGETS),
    ]
    assert pairs(find_losses_in(*records)) == [(ROLE, "application-autoscaling:RegisterScalableTarget")]
    assert find_losses_in(*records, expected=[DeniedPair(ACCOUNT, ROLE, expected)]) == ()


def test_what_was_done_before_in_another_service_of_the_same_name_is_not_lost() -> None:
    lost = deny_scaling("DeleteScheduledAction", TARGETS)
    assert find_losses_in(scaling("DeleteScheduledAction", GROUP, eventTime=BEFORE), lost) == ()
    assert find_losses_in(scaling("DeleteScheduledAction", TARGETS, eventTime=BEFORE), lost)
    # An event without parameters may have been it.
    assert find_losses_in(scaling("DeleteScheduledAction", None, eventTime=BEFORE), lost)
    unknown = deny_scaling("DeleteScheduledAction", None)
    assert find_losses_in(scaling("DeleteScheduledAction", GROUP, eventTime=BEFORE), unknown)


@pytest.mark.parametrize("record", [None, 3, "text", [], {}])
def test_what_is_no_event_costs_the_others_nothing(record: t.Any) -> None:
    assert pairs(find_losses_in(record, before(), deny())) == [(ROLE, "iam:CreateUser")]


def test_a_denial_at_the_very_moment_of_the_start_counts() -> None:
    moment = SINCE.isoformat()
    assert find_losses_in(before(), deny(eventTime=moment))
    assert find_losses_in(event("iam:CreateUser", eventTime=moment), deny()) == ()


# Who moves the gate


def test_an_outsider_of_another_account_does_not_move_the_gate() -> None:
    stranger = assume(f"arn:aws:iam::{ELSEWHERE}:role/app/deployer", accountId=ELSEWHERE)
    records = [before(identity=stranger), *(deny(identity=stranger) for _time in range(50))]
    assert find_losses_in(*records) == ()
    watched = watch(records, ACCOUNT, QUESTION)
    assert find_suspects(watched.denials, INSIDERS, ()) == ((), 0, 1)


def test_a_principal_that_never_succeeded_does_not_move_the_gate() -> None:
    assert find_losses_in(before("iam:ListUsers"), *(deny() for _time in range(50))) == ()


def test_attempts_that_were_denied_or_failed_before_are_no_success() -> None:
    earlier = [before(errorCode="AccessDenied", errorMessage="x"), before(errorCode="NoSuchEntity")]
    assert find_losses_in(*earlier, deny()) == ()


def test_success_of_another_principal_says_nothing() -> None:
    assert find_losses_in(before(identity=IAM_USER), deny()) == ()


def test_success_since_the_stage_began_says_nothing() -> None:
    assert find_losses_in(event("iam:CreateUser"), deny(eventTime="2026-11-20T11:00:00Z")) == ()


def test_the_principal_of_a_session_is_its_role() -> None:
    other = {**ASSUMED_ROLE, "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/build-18"}
    assert pairs(find_losses_in(before(), deny(identity=other))) == [(ROLE, "iam:CreateUser")]


def test_a_session_without_its_issuer_is_nobody_we_know() -> None:
    bare = {**ASSUMED_ROLE, "sessionContext": {}}
    assert find_losses_in(before(identity=bare), deny(identity=bare)) == ()


@pytest.mark.parametrize(("identity", "principal"), [(IAM_USER, USER), (ROOT, ROOT["arn"])])
def test_users_and_the_root_user_can_lose_as_well(identity: dict[str, t.Any], principal: str) -> None:
    assert pairs(find_losses_in(before(identity=identity), deny(identity=identity))) == [(principal, "iam:CreateUser")]


def test_principals_of_the_organization_count_where_the_policy_is_about_resources() -> None:
    neighbour = f"arn:aws:iam::{ELSEWHERE}:role/reader"
    records = [before("s3:GetObject", assume(neighbour)), deny("s3:GetObject", assume(neighbour))]
    assert find_losses_in(*records) == ()
    lost = find_losses_in(*records, insiders={ACCOUNT: frozenset({ACCOUNT, ELSEWHERE})})
    assert [loss.pair.principal for loss in lost] == [neighbour]


# What was foreseen


@pytest.mark.parametrize("action", ["iam:CreateUser", "IAM:createuser", "iam:*", "*"])
def test_what_was_predicted_does_not_move_the_gate(action: str) -> None:
    assert find_losses_in(before(), deny(), expected=[DeniedPair(ACCOUNT, ROLE, action)]) == ()


@pytest.mark.parametrize(
    "pair",
    [
        DeniedPair(ACCOUNT, ROLE, "iam:DeleteUser"),
        DeniedPair(ACCOUNT, USER, "iam:CreateUser"),
        DeniedPair(ELSEWHERE, ROLE, "iam:CreateUser"),
    ],
)
def test_what_was_predicted_of_others_does(pair: DeniedPair) -> None:
    assert find_losses_in(before(), deny(), expected=[pair])


# Actions


def test_the_action_is_the_one_that_aws_names() -> None:
    message = SCP.replace("iam:CreateUser", "kms:GenerateDataKey")
    lost = find_losses_in(before("s3:PutObject"), deny("s3:PutObject", errorMessage=message))
    assert pairs(lost) == [(ROLE, "kms:GenerateDataKey")]


def test_the_action_of_the_event_where_aws_names_none() -> None:
    message = f"with an explicit deny in a service control policy: {POLICY}"
    lost = find_losses_in(before("s3:HeadObject"), deny("s3:GetObject", errorMessage=message))
    assert pairs(lost) == [(ROLE, "s3:GetObject")]


def test_an_event_whose_action_is_not_known_is_told_by_its_name() -> None:
    lost = find_losses_in(
        before("iam:Frobnicate"), deny("iam:Frobnicate", errorMessage="an explicit deny in a service control policy")
    )
    assert pairs(lost) == [(ROLE, "iam:Frobnicate")]


def test_no_access_key_is_told_in_full() -> None:
    (loss,) = find_losses_in(before(), deny(errorMessage=f"User: AKIAIOSFODNN7EXAMPLE {SCP}"))
    assert "AKIAIOSFODNN7EXAMPLE" not in loss.message


# Counting


def test_denials_are_counted_by_the_policy_that_they_name() -> None:
    other = SCP.replace("p-2kgnabcd", "p-other123")
    records = [
        before(),
        event("iam:ListUsers"),
        deny(),
        deny(errorMessage=other),
        deny(errorMessage=other),
        deny(errorMessage="Access Denied"),
        deny(errorMessage=None),
        deny(errorMessage=7),
    ]
    watched = watch(records, ACCOUNT, QUESTION)
    assert [denial.names_policy for denial in watched.denials] == [True, False, False, False]
    assert (watched.events, watched.of_others, watched.unexplained) == (7, 2, 3)
    assert watched.newest == SINCE + timedelta(hours=1, minutes=30)


# The clock


@pytest.mark.parametrize("when", ["2099-01-01T00:00:00Z", "2026-11-22T08:00:01Z"])
def test_events_that_are_still_to_come_say_nothing(when: str) -> None:
    watched = watch([event("iam:ListUsers", eventTime=when), deny(eventTime=when)], ACCOUNT, QUESTION)
    assert (watched.denials, watched.events, watched.newest, watched.misdated) == ((), 0, None, 2)


def test_an_event_of_this_very_moment_counts() -> None:
    assert watch([deny(eventTime=NOW.isoformat())], ACCOUNT, QUESTION).newest == NOW


def test_success_of_long_ago_says_nothing() -> None:
    assert find_losses_in(before(eventTime="1999-01-01T00:00:00Z"), deny()) == ()
    assert find_losses_in(before(eventTime="2026-10-21T08:00:00Z"), deny()) != ()


def test_what_several_places_tell_together() -> None:
    one, other = watch([deny()], ACCOUNT, QUESTION), watch([event("iam:ListUsers")], ACCOUNT, QUESTION)
    both = join_results([one, WatchResult(), other])
    assert (len(both.denials), both.events, both.newest) == (1, 2, one.newest)
    assert join_results([]) == WatchResult()


def test_denied_pairs_that_do_not_count_are_counted_once() -> None:
    stranger = assume(f"arn:aws:iam::{ELSEWHERE}:role/app/deployer", accountId=ELSEWHERE)
    denials = watch([deny(), deny(), deny(identity=stranger), deny(identity=stranger)], ACCOUNT, QUESTION).denials
    assert find_suspects(denials, INSIDERS, [DeniedPair(ACCOUNT, ROLE, "iam:CreateUser")]) == ((), 1, 1)


def test_without_a_policy_every_denial_counts() -> None:
    identity = (
        f"User: {USER} is not authorized to perform: iam:CreateUser because no identity-based policy allows the "
        "iam:CreateUser action"
    )
    records = [deny(errorMessage=text) for text in (SCP, identity, "")]
    any_policy = watch(records, ACCOUNT, Question(None, SINCE, NOW))
    assert [denial.names_policy for denial in any_policy.denials] == [True, True, True]
    assert len(watch(records, ACCOUNT, QUESTION).denials) == 2
