# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import OPERATIONS
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    DEEP,
    DETECTIVE,
    OF_ORGANIZATION,
    REGIONAL,
    Caller,
    Dataset,
    UnreadKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.reads import (
    ACCOUNT_READS,
    OPERATIONS_OF,
    REGION_READS,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    InvalidCredentials,
    InvalidRequest,
    NotFound,
    RegionDenied,
    Throttled,
    Unparsable,
    Unreachable,
    Unsupported,
)

from .fakes import ACCOUNT, HOME, NOW, OTHER, FakeAccess, deny, read, refusal, unread_of

SUMMARY = "iam:GetAccountSummary"
ALIASES = "iam:ListAccountAliases"
ANALYZERS = "accessanalyzer:ListAnalyzers"
INSTANCES = "ec2:DescribeInstances"
BY_SCP = " with an explicit deny in a service control policy"
NONE_THERE: dict[str, t.Any] = {
    ANALYZERS: {"analyzers": []},
    INSTANCES: {"Reservations": []},
    "config:DescribeConfigurationRecorders": {"ConfigurationRecorders": []},
    "cloudtrail:DescribeTrails": {"trailList": []},
    "events:ListRules": {"Rules": []},
    "config:DescribeConfigRules": {"ConfigRules": []},
    "config:DescribeDeliveryChannels": {"DeliveryChannels": []},
    "securityhub:DescribeHub": refusal("InvalidAccessException"),
    "securityhub:DescribeStandards": {"Standards": []},
    "securityhub:DescribeSecurityHubV2": refusal("ResourceNotFoundException"),
}


def test_every_dataset_has_a_read_and_its_operations() -> None:
    assert set(OPERATIONS) == set(OPERATIONS_OF) == set(Dataset)
    second_round = {Dataset.LOG_ALARMS, Dataset.ORGANIZATION_POLICIES}
    assert set(ACCOUNT_READS) | set(REGION_READS) | DEEP | OF_ORGANIZATION | second_round == set(Dataset)
    assert set(REGION_READS) | {Dataset.LOG_ALARMS} == REGIONAL
    for operations in OPERATIONS.values():
        assert operations.reads
        assert not operations.writes


def test_who_read_and_when() -> None:
    snapshot = read(FakeAccess({}, partition="aws-cn"), regions=(HOME, OTHER, HOME))
    assert snapshot.caller == Caller(ACCOUNT, f"arn:aws-cn:iam::{ACCOUNT}:user/me", "AIDAME")
    assert (snapshot.partition, snapshot.home_region, snapshot.observed_at) == ("aws-cn", HOME, NOW)
    assert snapshot.regions == (HOME, OTHER)


def test_what_nobody_asked_for_is_not_read() -> None:
    access = FakeAccess({SUMMARY: {"SummaryMap": {}}})
    snapshot = read(access, Dataset.ACCOUNT_SUMMARY)
    assert access.names == [SUMMARY]
    assert {unread.dataset for unread in snapshot.unread} == set(Dataset) - {Dataset.ACCOUNT_SUMMARY}
    assert {unread.kind for unread in snapshot.unread} == {UnreadKind.NOT_REQUESTED}


def test_nothing_regional_is_read_without_regions() -> None:
    access = FakeAccess(NONE_THERE)
    snapshot = read(access, *REGIONAL, regions=())
    assert access.names == []
    assert unread_of(snapshot, Dataset.TRAILS)[0] == "not_requested"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AccessDenied, "denied"),
        (RegionDenied, "denied"),
        (Throttled, "throttled"),
        (Unreachable, "unreachable"),
        (Unparsable, "unparsable"),
        (Unsupported, "unsupported"),
        (NotFound, "unsupported"),
        (InvalidRequest, "unsupported"),
    ],
)
def test_a_failed_read_costs_the_others_nothing(error: type[AwsError], kind: str) -> None:
    failure = refusal("Oops", "no luck", kind=error, name=SUMMARY)
    access = FakeAccess({SUMMARY: failure, ALIASES: {"AccountAliases": ["acme"]}})
    snapshot = read(access, Dataset.ACCOUNT_SUMMARY, Dataset.ACCOUNT_ALIASES)
    assert unread_of(snapshot, Dataset.ACCOUNT_SUMMARY) == (kind, "Oops: no luck", SUMMARY)
    assert snapshot.missing(Dataset.ACCOUNT_ALIASES) is None
    assert snapshot.account_alias == "acme"


def test_bad_credentials_stop_everything() -> None:
    access = FakeAccess({SUMMARY: refusal("ExpiredToken", kind=InvalidCredentials), ALIASES: {"AccountAliases": []}})
    with pytest.raises(InvalidCredentials):
        read(access, Dataset.ACCOUNT_SUMMARY, Dataset.ACCOUNT_ALIASES)


def test_a_single_denial_in_a_region_is_one() -> None:
    snapshot = read(FakeAccess({**NONE_THERE, ANALYZERS: deny(ANALYZERS)}), *(REGIONAL - DETECTIVE))
    assert unread_of(snapshot, Dataset.ANALYZERS, HOME)[0] == "denied"
    assert [unread.dataset for unread in snapshot.unread if unread.region] == [Dataset.ANALYZERS]
    assert snapshot.denied_regions == {}


def only_in(home: str, *, because: str = "", kind: type[AwsError] = AccessDenied) -> dict[str, t.Any]:
    """Answers of an account that may use the region ``home`` alone."""

    def answer(name: str, found: t.Any) -> t.Callable[..., t.Any]:
        refused = refusal("AccessDenied", f"not authorized to perform {name}{because}", kind=kind, name=name)
        return lambda *, region, **_: found if region == home else refused

    return {name: answer(name, found) for name, found in NONE_THERE.items()}


@pytest.mark.parametrize(
    ("because", "kind"),
    [("", AccessDenied), (BY_SCP, AccessDenied), ("", RegionDenied)],
    ids=["denied", "scp", "opt-in"],
)
def test_a_region_that_refuses_everything_is_one_reason(because: str, kind: type[AwsError]) -> None:
    snapshot = read(FakeAccess(only_in(HOME, because=because, kind=kind)), *REGIONAL, regions=(HOME, OTHER))
    there = [unread for unread in snapshot.unread if unread.region]
    assert {unread.dataset for unread in there} == REGIONAL
    assert {(unread.region, unread.kind) for unread in there} == {(OTHER, UnreadKind.REGION_DENIED)}
    assert len({unread.reason for unread in there}) == 1
    assert list(snapshot.denied_regions) == [OTHER]
    assert [hub.region for hub in snapshot.security_hubs] == [HOME]


@pytest.mark.parametrize(("because", "kind"), [("", "denied"), (BY_SCP, "region_denied")])
def test_one_plain_denial_does_not_close_a_region(because: str, kind: str) -> None:
    snapshot = read(FakeAccess({INSTANCES: deny(INSTANCES, because=because)}), Dataset.INSTANCES)
    assert unread_of(snapshot, Dataset.INSTANCES, HOME)[0] == kind


@pytest.mark.parametrize(
    "datasets",
    [(Dataset.ANALYZERS, Dataset.ANALYZER_DETAILS), (Dataset.CONFIG_RECORDERS, Dataset.CONFIG_RULES)],
    ids=["one operation", "one service"],
)
def test_a_service_that_is_denied_does_not_close_a_region(datasets: tuple[Dataset, ...]) -> None:
    snapshot = read(FakeAccess({}), *datasets)
    assert snapshot.denied_regions == {}
    assert {unread_of(snapshot, dataset, HOME)[0] for dataset in datasets} == {"denied"}


def test_a_service_that_a_closed_region_lacks_changes_nothing() -> None:
    answers = only_in(HOME)
    answers["securityhub:DescribeHub"] = refusal("EndpointConnectionError", kind=Unsupported)
    snapshot = read(FakeAccess(answers), *REGIONAL, regions=(HOME, OTHER))
    assert list(snapshot.denied_regions) == [OTHER]
    assert unread_of(snapshot, Dataset.SECURITY_HUB, HOME)[0] == "unsupported"


def test_throttling_closes_no_region() -> None:
    answers = only_in(HOME)
    answers[INSTANCES] = refusal("RequestLimitExceeded", kind=Throttled, name=INSTANCES)
    snapshot = read(FakeAccess(answers), *REGIONAL, regions=(HOME, OTHER))
    assert snapshot.denied_regions == {}
    assert unread_of(snapshot, Dataset.INSTANCES, OTHER)[0] == "throttled"
    assert unread_of(snapshot, Dataset.ANALYZERS, OTHER)[0] == "denied"


def test_an_account_in_which_all_is_denied() -> None:
    snapshot = read(FakeAccess({}), *Dataset, regions=(HOME, OTHER), principals=["arn:aws:iam::111122223333:user/bob"])
    for dataset in Dataset:
        assert unread_of(snapshot, dataset, HOME)[0] in ("denied", "region_denied")
    assert snapshot.users == ()
