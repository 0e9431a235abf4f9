# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The denials of a role since a change, held against its baseline, and what others could write into them."""

from __future__ import annotations

import itertools
import sys
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch import tally as module
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.tally import (
    MOST_DENIALS,
    MOST_RESOURCES,
)

from ...._policy.trail.events import ACCOUNT, ASSUMED_ROLE, event
from .events import (
    BUCKET,
    BY_SCP,
    NEW,
    NOT_ALLOWED,
    NOW,
    OLD,
    SINCE,
    at,
    call,
    count,
    deny,
    in_place,
    name_new,
    parallel,
    session,
    watch,
)

OURS = ("s3:GetBucketPolicy", BUCKET, "ours", 1)


def test_a_denial_by_the_policies_of_the_new_role_is_new() -> None:
    watched = watch(parallel(used_actions=frozenset({"S3:getbucketpolicy"})), call(), deny(), deny(hours=5))
    (denial,) = watched.new
    assert name_new(watched) == [("s3:GetBucketPolicy", BUCKET, "ours", 2)]
    assert (denial.principal_arn, denial.used_before) == (NEW, True)
    assert (denial.first, denial.last) == (SINCE + timedelta(hours=1), SINCE + timedelta(hours=5))
    assert "no identity-based policy allows" in denial.message
    assert (watched.calls, watched.baseline, watched.failure) == (3, 0, "")


def test_what_the_evidence_never_had_is_new_as_well() -> None:
    (denial,) = watch(parallel(used_actions=frozenset({"s3:ListBucket"})), deny()).new
    assert not denial.used_before


def test_the_same_denial_before_excuses_one_and_is_counted() -> None:
    records = [deny(OLD, reason=BY_SCP, hours=-30), deny(reason=BY_SCP), deny(reason=BY_SCP, resource=f"{BUCKET}2")]
    watched = watch(parallel(), *records)
    assert name_new(watched) == [("s3:GetBucketPolicy", f"{BUCKET}2", "organization", 1)]
    assert watched.baseline == 1


def test_what_an_organization_denied_before_is_new_when_the_role_is_to_blame() -> None:
    assert name_new(watch(in_place(), deny(OLD, reason=BY_SCP, hours=-30), deny(OLD))) == [OURS]


def test_without_a_named_policy_an_equal_denial_before_is_enough() -> None:
    assert not watch(in_place(), deny(OLD, reason=BY_SCP, hours=-30), deny(OLD, reason="")).new


def test_the_baseline_counts_a_time_of_the_same_length_and_looks_two_weeks_back() -> None:
    role = in_place()
    records = [deny(OLD, hours=-24 * day) for day in (1, 2, 3, 10, 13)]
    watched = watch(role, *records, deny(OLD))
    assert (watched.baseline, watched.new) == (3, ())
    assert name_new(watch(role, deny(OLD, hours=-24 * 15), deny(OLD))) == [OURS]


def test_a_denial_by_the_change_itself_is_no_baseline_whatever_the_clock() -> None:
    """The clock of the run may be ahead of AWS's, so that the change's own denials are dated before it."""
    assert name_new(watch(in_place(), deny(OLD, hours=-0.1), deny(OLD))) == [OURS]


def test_denials_of_the_first_soak_do_not_excuse_those_of_the_next_one() -> None:
    first = SINCE - timedelta(days=4)
    records = [deny(OLD, hours=-48), deny(OLD)]
    assert name_new(watch(in_place(untouched_until=first), *records)) == [OURS]
    assert not watch(in_place(), *records).new


def test_denials_of_the_new_role_before_the_soak_began_again_count_for_nothing() -> None:
    watched = watch(parallel(), deny(NEW, hours=-2))
    assert (watched.new, watched.calls, watched.baseline) == ((), 0, 0)


def test_denials_of_the_old_role_beside_a_parallel_one_are_none_of_the_new_one() -> None:
    assert not watch(parallel(), deny(OLD)).new


@pytest.mark.parametrize(
    ("reason", "by"),
    [
        ("because no identity-based policy allows the {action} action", "ours"),
        ("with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/lp-dev-1", "ours"),
        (
            "with an explicit deny in a service control policy: arn:aws:organizations::777788889999:policy/o-a1/"
            "service_control_policy/p-2kgnabcd",
            "organization",
        ),
        ("because no service control policy allows the {action} action", "organization"),
        ("with an explicit deny in a resource control policy", "organization"),
        ("because no permissions boundary allows the {action} action", "boundary"),
        ("with an explicit deny in a permissions boundary: arn:aws:iam::111122223333:policy/other", "boundary"),
        ("because no resource-based policy allows the {action} action", "resource"),
        ("with an explicit deny in a VPC endpoint policy", "resource"),
        ("because no session policy allows the {action} action", "unknown"),
        ("", "unknown"),
        ("for a reason that nobody knows yet", "unknown"),
    ],
)
def test_the_policy_that_aws_names(reason: str, by: str) -> None:
    assert name_new(watch(parallel(), deny(reason=reason))) == [("s3:GetBucketPolicy", BUCKET, by, 1)]


@pytest.mark.parametrize(
    ("reason", "by"),
    [
        ("because no permissions boundary allows the {action} action", "ours"),
        ("with an explicit deny in a permissions boundary: arn:aws:iam::111122223333:policy/trial", "ours"),
        ("with an explicit deny in a permissions boundary: arn:aws:iam::111122223333:policy/other", "boundary"),
    ],
)
def test_the_boundary_of_a_trial_is_ours(reason: str, by: str) -> None:
    role = in_place(trial_boundary_arn=f"arn:aws:iam::{ACCOUNT}:policy/trial")
    assert name_new(watch(role, deny(OLD, reason=reason)))[0][2] == by


def test_a_denied_companion_is_named_as_aws_names_it() -> None:
    """A put of an object is denied for the use of the key that encrypts it."""
    key = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    record = deny(action="kms:GenerateDataKey", resource=key, eventSource="s3.amazonaws.com", eventName="PutObject")
    watched = watch(parallel(used_actions=frozenset({"s3:PutObject"})), record)
    assert name_new(watched) == [("kms:GenerateDataKey", key, "ours", 1)]
    assert not watched.new[0].used_before


def test_without_words_of_aws_the_request_names_action_and_resource() -> None:
    record = call(
        action="s3:GetObject",
        errorCode="AccessDenied",
        errorMessage="Access Denied",
        requestParameters={"bucketName": "reports", "key": "my report.csv"},
    )
    assert name_new(watch(parallel(), record)) == [("s3:GetObject", f"{BUCKET}/my report.csv", "unknown", 1)]


def test_an_encoded_message_hides_neither_resource_nor_policy() -> None:
    text = (
        f"You are not authorized to perform this operation. User: {session(NEW)['arn']} is not authorized to perform: "
        f"ec2:StopInstances on resource: arn:aws:ec2:eu-central-1:{ACCOUNT}:instance/i-0123456789abcdef0 because no "
        "identity-based policy allows the ec2:StopInstances action. Encoded authorization failure message: 3qBLRgv-_x"
    )
    record = call(action="ec2:StopInstances", errorCode="Client.UnauthorizedOperation", errorMessage=text)
    instance = f"arn:aws:ec2:eu-central-1:{ACCOUNT}:instance/i-0123456789abcdef0"
    assert name_new(watch(parallel(), record)) == [("ec2:StopInstances", instance, "ours", 1)]


def test_a_wrong_password_of_an_app_is_no_denial() -> None:
    record = call(action="cognito-idp:AdminInitiateAuth", errorCode="NotAuthorizedException", errorMessage="Incorrect")
    watched = watch(parallel(), record)
    assert (watched.new, watched.calls) == ((), 1)


# What others can write into an event


@pytest.mark.parametrize(
    "fields",
    [
        {"userAgent": f"aws-cli {BY_SCP}"},
        {"userAgent": "because%20no%20identity-based%20policy%20allows%20the%20s3:GetBucketPolicy%20action"},
        {"requestParameters": {"bucketName": "reports", "x": {"y": [BY_SCP]}}},
        {"userIdentity": session(NEW, f"x {BY_SCP}")},
        {"userIdentity": session(NEW, sourceIdentity=BY_SCP)},
    ],
)
def test_forged_words_never_move_a_denial_to_an_organization(fields: dict[str, t.Any]) -> None:
    """The denial stays new, so that it holds the gate."""
    (denial,) = watch(parallel(), deny(**fields)).new
    assert denial.by.value == "unknown"


def test_a_key_with_the_words_of_a_message_is_whole_in_the_resource() -> None:
    key = f"report {BY_SCP}"
    record = deny(
        action="s3:GetObject",
        resource=f"{BUCKET}/{key}",
        requestParameters={"bucketName": "reports", "key": key},
    )
    assert name_new(watch(parallel(), record)) == [("s3:GetObject", f"{BUCKET}/{key}", "unknown", 1)]


@pytest.mark.parametrize(
    "quoted",
    [
        "x is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::1:user/x",
        "x with an explicit deny of mine",
        "x. Encoded authorization failure message: 3qBLRgv",
    ],
)
@pytest.mark.parametrize("reason", [NOT_ALLOWED, ""])
def test_a_quoted_denial_in_a_name_is_not_believed(quoted: str, reason: str) -> None:
    record = deny(
        action="s3:GetObject",
        resource=f"{BUCKET}/{quoted}",
        reason=reason,
        requestParameters={"bucketName": "reports", "key": quoted},
    )
    ((action, resource, _by, _count),) = name_new(watch(parallel(), record))
    assert (action, resource) == ("s3:GetObject", f"{BUCKET}/{quoted}")


def test_denials_of_an_outsider_count_for_nothing() -> None:
    outsider = {**ASSUMED_ROLE, "accountId": "999988887777"}
    issuer = {"type": "Role", "principalId": "AROAX", "arn": "arn:aws:iam::999988887777:role/dev", "accountId": "9"}
    outsider["sessionContext"] = {"sessionIssuer": issuer}
    watched = watch(in_place(), deny(OLD, userIdentity=outsider), deny(OLD, userIdentity={"type": "AWSAccount"} | OUT))
    assert (watched.new, watched.calls) == ((), 0)


OUT = {"principalId": "AIDAX", "accountId": "999988887777", "arn": "arn:aws:iam::999988887777:user/x"}


@pytest.mark.parametrize("arn", [OLD, NEW])
def test_another_role_of_the_same_name_is_another_principal(arn: str) -> None:
    other = session(arn, unique_id="AROAEARLIEREARLIER001")
    role = parallel() if arn == NEW else in_place()
    watched = watch(role, deny(arn, userIdentity=other))
    assert (watched.new, watched.calls) == ((), 0)
    baseline = watch(in_place(), deny(OLD, userIdentity=session(OLD, unique_id="AROAX"), hours=-24), deny(OLD))
    assert name_new(baseline) == [OURS]


def test_events_of_another_account_count_for_nothing() -> None:
    watched = watch(in_place(), deny(OLD, recipientAccountId="999988887777"))
    assert (watched.new, watched.calls) == ((), 0)


def test_an_event_that_is_dated_a_little_after_now_counts() -> None:
    """AWS's clock may be ahead of the run's."""
    late = {"eventTime": at(NOW + timedelta(minutes=10))}
    assert name_new(watch(in_place(), deny(OLD, **late))) == [OURS]
    watched = watch(in_place(), deny(OLD, eventTime=at(NOW + timedelta(days=2))))
    assert (watched.new, watched.calls) == ((), 0)
    assert watched.not_watched == ("1 events are dated after now, so they do not count",)


@pytest.mark.parametrize(
    "record",
    [None, "text", {}, {"eventTime": "yesterday"}, {"eventTime": at(SINCE)}, event("s3:GetObject", eventTime=None)],
)
def test_what_is_no_event_is_ignored(record: t.Any) -> None:
    assert not watch(in_place(), record).new


@pytest.mark.parametrize("value", [None, 7, [], {"a": 1}, "x" * 100_000])
def test_strange_values_break_nothing(value: t.Any) -> None:
    for field in ("errorMessage", "requestParameters", "userAgent", "resources", "responseElements"):
        (denial,) = watch(in_place(), deny(OLD, **{field: value})).new
        assert len(denial.message) <= 500 and len(denial.resource) <= 2048


def test_key_ids_are_masked_in_messages() -> None:
    record = deny(action="iam:DeleteAccessKey", resource="arn:aws:iam::111122223333:user/x", reason="")
    record["errorMessage"] += " AKIAIOSFODNN7EXAMPLE"
    (denial,) = watch(parallel(), record).new
    assert "AKIAIOSFODNN7EXAMPLE" not in denial.message and "AKIA…MPLE" in denial.message


# Many events


def test_a_hundred_thousand_equal_denials_are_one_count(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    monkeypatch.setattr(module, "shorten_message", lambda message: kept.append(1) or message)
    record = deny()
    tally = count(parallel(), *itertools.repeat(record, 100_000))
    (found,) = tally.seen[OLD].denied.values()
    assert found.count == tally.seen[OLD].calls == 100_000
    # All that is kept of them is one count and one message.
    assert len(tally.seen[OLD].denied) == 1 and sys.getsizeof(tally.seen[OLD].denied) < 1000


def test_very_many_resources_are_counted_together_and_excuse_nothing() -> None:
    most = MOST_RESOURCES + 50
    before = [deny(OLD, resource=f"{BUCKET}/{number}", hours=-24) for number in range(most)]
    after = [deny(OLD, resource=f"{BUCKET}/{number}") for number in range(most)]
    watched = watch(in_place(), *before, *after)
    assert name_new(watched) == [("s3:GetBucketPolicy", "", "ours", 50)]
    assert watched.baseline == most
    assert any(f"{MOST_RESOURCES} are named" in sentence for sentence in watched.not_watched)


def test_very_many_denials_do_not_fill_the_memory() -> None:
    number = MOST_DENIALS + 10
    records = [deny(action=f"made{index % 100}up:Action{index}", resource="*") for index in range(number)]
    watched = watch(parallel(), *records)
    assert len(watched.new) == MOST_DENIALS + 1
    assert sum(denial.count for denial in watched.new) == number


def test_the_order_of_events_does_not_matter() -> None:
    records = [deny(OLD, hours=-30), deny(OLD), deny(OLD, action="s3:PutBucketPolicy"), call(OLD), deny(OLD, hours=7)]
    assert watch(in_place(), *records) == watch(in_place(), *reversed(records))
