# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import gzip
import json
import shutil
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    RCP,
    MemberAccount,
    OrganizationTree,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout import (
    observe as _organization_rollout_evidence,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.observe import (
    Sources,
    judge,
    open_member,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.options import StoreOptions
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import DeniedPair
from ansible_collections.hardening.iam.plugins.module_utils._prediction.denials import evidence
from ansible_collections.hardening.iam.plugins.module_utils._prediction.denials.verdict import (
    Verdict,
)
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.evidence_options import find_trail_logs

from ...._policy.trail.events import assume, event
from ....organizing import (
    CANARY,
    DEV,
    MANAGEMENT,
    OTHER_ARN,
    PROD,
    SCP_TEXT,
    UNNAMED,
    FakeAccess,
    Trail,
    role_arn,
    task_at,
    tree,
)

SINCE = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=24)
NOW = UNTIL + timedelta(minutes=20)


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    return Trail(tmp_path / "trail")


def verdict(
    trail: t.Optional[Trail],
    organization: t.Optional[OrganizationTree] = None,
    *,
    expected: t.Collection[DeniedPair] = (),
    days: int = 30,
    **options: t.Any,
) -> Verdict:
    """What is judged of a policy that is attached to the canary unit."""
    organization = organization or tree("ou-canary")
    given = {"trail_logs": str(trail.place) if trail else None, "trail_logs_role_arn": None, **options}
    return judge(
        task_at(NOW).connection,
        Sources(find_trail_logs(given), str(given.get("member_role_arn") or "")),
        organization,
        organization.policies[0],
        since=SINCE,
        until=UNTIL,
        expected=expected,
        look_back_days=days,
    )


def pairs(found: Verdict) -> list[tuple[str, str, str]]:
    return [dataclasses.astuple(pair) for pair in found.pairs]


LOSS = [(CANARY, role_arn(CANARY), "iam:CreateUser")]


def test_a_loss(trail: Trail) -> None:
    trail.success(CANARY, SINCE - timedelta(days=2))
    trail.denial(CANARY, SINCE + timedelta(hours=20))
    found = verdict(trail)
    assert (pairs(found), found.failure, found.events) == (LOSS, "", 1)


def test_the_places_of_a_trail_are_read_together(trail: Trail, tmp_path: Path) -> None:
    """The earlier success is in an archive, the denial in both places: it counts once."""
    trail.denial(CANARY, SINCE + timedelta(hours=20))
    shutil.copytree(trail.place, tmp_path / "archive")
    archive = Trail(tmp_path / "archive")
    archive.success(CANARY, SINCE - timedelta(days=2))
    found = verdict(trail, trail_logs=[str(trail.place), str(archive.place)])
    assert (pairs(found), found.events) == (LOSS, 1)
    assert found.source == f"{trail.place}, {archive.place}"
    alone = verdict(trail)
    assert pairs(alone) == []


def test_a_place_that_can_not_be_read_is_no_evidence_of_a_quiet_time(trail: Trail, tmp_path: Path) -> None:
    trail.success(CANARY, SINCE + timedelta(hours=20))
    found = verdict(trail, trail_logs=[str(trail.place), str(tmp_path / "nothing")])
    assert not found.has_passed
    assert str(tmp_path / "nothing") in found.failure


def test_nothing_lost(trail: Trail) -> None:
    trail.success(CANARY, SINCE + timedelta(hours=20))
    found = verdict(trail)
    assert (found.has_passed, found.events, found.source) == (True, 1, str(trail.place))


def test_regions_count_together(trail: Trail) -> None:
    trail.write(
        CANARY, SINCE - timedelta(days=2), event("iam:CreateUser", assume(role_arn(CANARY))), region="eu-west-1"
    )
    trail.denial(CANARY, SINCE + timedelta(hours=20), region="us-west-2")
    assert pairs(verdict(trail)) == LOSS


def test_events_that_are_delivered_the_day_after_count(trail: Trail) -> None:
    trail.success(CANARY, SINCE - timedelta(minutes=5))
    last = datetime(2026, 11, 20, 23, 55, tzinfo=UTC)
    trail.denial(CANARY, last, late=1)
    assert pairs(verdict(trail)) == LOSS


def test_what_was_done_just_before_the_start_may_be_delivered_the_day_after(trail: Trail) -> None:
    since = datetime(2026, 11, 20, 23, 58, tzinfo=UTC)
    identity = assume(role_arn(CANARY))
    trail.write(CANARY, since - timedelta(minutes=3), event("iam:CreateUser", identity), late=1)
    trail.denial(CANARY, since + timedelta(hours=20))
    organization = tree("ou-canary")
    found = judge(
        task_at(since + timedelta(days=2)).connection,
        Sources((StoreOptions(str(trail.place)),)),
        organization,
        organization.policies[0],
        since=since,
        until=since + timedelta(days=1),
        expected=(),
        look_back_days=1,
    )
    assert pairs(found) == LOSS


def test_success_is_looked_for_so_many_days_back(trail: Trail) -> None:
    trail.success(CANARY, SINCE - timedelta(days=9))
    trail.denial(CANARY, SINCE + timedelta(hours=20))
    assert pairs(verdict(trail, days=10)) == LOSS
    assert pairs(verdict(trail, days=5)) == []


def test_what_was_expected(trail: Trail) -> None:
    trail.success(CANARY, SINCE - timedelta(days=2))
    trail.denial(CANARY, SINCE + timedelta(hours=20))
    found = verdict(trail, expected=[DeniedPair(*LOSS[0])])
    assert (found.has_passed, found.foreseen) == (True, 1)


# What is read


@pytest.fixture
def read_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read."""
    keys: list[str] = []
    get = DirectoryStore.get

    def look(store: DirectoryStore, key: str) -> t.Optional[bytes]:
        keys.append(key)
        return get(store, key)

    monkeypatch.setattr(DirectoryStore, "get", look)
    return keys


def test_only_the_accounts_and_days_in_question_are_read(trail: Trail, read_files: list[str]) -> None:
    for account_id in (CANARY, DEV, PROD, MANAGEMENT):
        for days in range(-40, 3):
            trail.success(account_id, SINCE + timedelta(days=days))
    assert verdict(trail).has_passed
    assert [key.split("/")[2:3] + key.split("/")[5:8] for key in read_files] == [
        [CANARY, "2026", "11", "20"],
        [CANARY, "2026", "11", "21"],
    ]


def test_the_past_is_read_only_as_far_as_needed(trail: Trail, read_files: list[str]) -> None:
    for days in range(1, 31):
        trail.success(CANARY, SINCE - timedelta(days=days))
        trail.success(DEV, SINCE - timedelta(days=days))
    trail.success(DEV, SINCE + timedelta(hours=20))
    trail.denial(CANARY, SINCE + timedelta(hours=20))
    assert pairs(verdict(trail, tree("ou-canary", "ou-dev"))) == LOSS
    past = [key for key in read_files if "/2026/11/20/" not in key and "/2026/11/21/" not in key]
    assert [key.split("/")[7] for key in past] == ["19"]
    assert CANARY in past[0]


def test_the_digests_of_the_trail_are_let_be(trail: Trail) -> None:
    trail.success(CANARY, SINCE + timedelta(hours=20))
    digest = trail.place / "AWSLogs" / "o-acme" / CANARY / "CloudTrail-Digest" / "us-east-1" / "2026" / "11" / "20"
    digest.mkdir(parents=True)
    (digest / "digest.json.gz").write_bytes(b"not a log file")
    assert verdict(trail).has_passed


@pytest.mark.parametrize("below", ["", "AWSLogs", "AWSLogs/o-acme"])
def test_the_place_may_be_any_above_the_accounts(trail: Trail, below: str) -> None:
    trail.success(CANARY, SINCE + timedelta(hours=20))
    assert verdict(trail, trail_logs=str(trail.place / below)).has_passed


# Whom it is about


def test_accounts_that_are_closed_and_the_management_account_are_left_out(trail: Trail) -> None:
    closed = MemberAccount("777788889999", "old", "", "SUSPENDED", "ou-canary")
    trail.success(CANARY, SINCE + timedelta(hours=20))
    for account_id in (closed.id, MANAGEMENT):
        trail.success(account_id, SINCE - timedelta(days=2))
        trail.denial(account_id, SINCE + timedelta(hours=20))
    found = verdict(trail, tree("ou-canary", MANAGEMENT, accounts=[closed]))
    assert (found.has_passed, found.events, found.blind_spots) == (True, 1, ())


def test_a_resource_policy_denies_the_organization_s_other_accounts(trail: Trail) -> None:
    identity = assume(role_arn(DEV))
    trail.write(CANARY, SINCE - timedelta(days=2), event("iam:CreateUser", identity))
    trail.denial(CANARY, SINCE + timedelta(hours=20), principal=role_arn(DEV))
    assert pairs(verdict(trail)) == []
    assert pairs(verdict(trail, tree("ou-canary", kind=RCP))) == [(CANARY, role_arn(DEV), "iam:CreateUser")]


# No evidence


def test_there_is_no_trail(trail: Trail) -> None:
    assert verdict(trail).failure == f"there is no AWSLogs/o-acme with accounts in {trail.place}"


def test_the_trail_tells_nothing_of_the_accounts(trail: Trail) -> None:
    trail.success(DEV, SINCE + timedelta(hours=20))
    assert f"has no event of {CANARY} since the stage began" in verdict(trail).failure


def test_a_trail_that_stopped_is_no_evidence(trail: Trail) -> None:
    trail.success(CANARY, SINCE + timedelta(hours=3))
    organization = tree("ou-canary")
    found = judge(
        task_at(SINCE + timedelta(days=5)).connection,
        Sources((StoreOptions(str(trail.place)),)),
        organization,
        organization.policies[0],
        since=SINCE,
        until=SINCE + timedelta(days=3),
        expected=(),
        look_back_days=30,
    )
    assert "no event in the last day of the soak" in found.failure


def test_a_log_file_that_is_broken_is_no_evidence(trail: Trail) -> None:
    trail.success(CANARY, SINCE + timedelta(hours=20))
    path = trail.success(CANARY, SINCE + timedelta(hours=21))
    path.write_bytes(path.read_bytes()[:30])
    assert f"{path} can't be read" in verdict(trail).failure


def test_a_past_that_can_not_be_read_is_no_evidence(trail: Trail) -> None:
    trail.success(CANARY, SINCE - timedelta(days=2)).write_bytes(b"{}")
    trail.denial(CANARY, SINCE + timedelta(hours=20))
    assert not verdict(trail).has_passed


def test_nobody_is_under_what_the_policy_is_attached_to(trail: Trail) -> None:
    assert verdict(trail, tree()).failure == "the targets of the policy have no account"


def test_a_silent_account_among_others_is_a_blind_spot(trail: Trail) -> None:
    trail.success(CANARY, SINCE + timedelta(hours=20))
    found = verdict(trail, tree("ou-canary", "ou-dev"))
    assert (found.has_passed, found.blind_spots) == (True, (f"there was no event of 1 accounts: {DEV}",))


def test_denials_without_a_policy_are_a_blind_spot(trail: Trail) -> None:
    denied = event("s3:GetObject", assume(role_arn(CANARY)), errorCode="AccessDenied", errorMessage="Access Denied")
    trail.write(CANARY, SINCE + timedelta(hours=20), denied)
    found = verdict(trail)
    assert found.has_passed
    assert found.blind_spots == (
        "1 denials name no policy; they hold the stage if the same call succeeded before it began",
    )


# Which policy denied


@pytest.mark.parametrize("text", [UNNAMED, "is not authorized to perform: iam:CreateUser", ""])
def test_a_denial_that_names_no_policy_is_unknown(trail: Trail, text: str) -> None:
    trail.success(CANARY, SINCE - timedelta(days=2))
    trail.denial(CANARY, SINCE + timedelta(hours=20), text=text)
    found = verdict(trail)
    assert (found.has_passed, found.losses, found.of_outsiders) == (False, (), 0)
    assert [dataclasses.astuple(pair) for pair in found.unknown_pairs] == LOSS


def test_a_pair_that_one_denial_names_the_policy_for_is_lost(trail: Trail) -> None:
    trail.success(CANARY, SINCE - timedelta(days=2))
    trail.denial(CANARY, SINCE + timedelta(hours=20), text=UNNAMED)
    trail.denial(CANARY, SINCE + timedelta(hours=21))
    found = verdict(trail)
    assert (pairs(found), found.unknown) == (LOSS, ())


def test_a_denial_by_another_policy_passes(trail: Trail) -> None:
    trail.success(CANARY, SINCE - timedelta(days=2))
    trail.denial(CANARY, SINCE + timedelta(hours=20), text=f"{UNNAMED}: {OTHER_ARN}")
    found = verdict(trail)
    assert (found.has_passed, found.of_other_policies, found.blind_spots) == (True, 1, ())


# The clock


def test_an_event_of_the_future_is_no_sign_of_life(trail: Trail) -> None:
    path = trail.success(CANARY, SINCE + timedelta(hours=20))
    records = json.loads(gzip.decompress(path.read_bytes()))
    records["Records"][0]["eventTime"] = "2099-01-01T00:00:00Z"
    path.write_bytes(gzip.compress(json.dumps(records).encode()))
    assert f"has no event of {CANARY} since the stage began" in verdict(trail).failure
    trail.success(CANARY, SINCE + timedelta(hours=20))
    found = verdict(trail)
    assert (found.has_passed, found.events) == (True, 1)
    assert found.blind_spots == ("1 events are dated after now, so they do not count",)


# The event history


class Histories:
    """The event histories of accounts, in two regions."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, str], list[t.Any]] = {}
        self.questions: list[tuple[str, str, dict[str, t.Any]]] = []
        self.pages = 1
        self.failure: t.Optional[AwsError] = None
        self.failing = ("us-east-1", "eu-west-1")

    def add(self, account_id: str, region: str, when: datetime, record: dict[str, t.Any]) -> None:
        dated = {**record, "eventTime": when.strftime("%Y-%m-%dT%H:%M:%SZ")}
        self.events.setdefault((account_id, region), []).append(dated)

    def access(self, _connection: t.Any, _role: str, account_id: str) -> t.Any:
        return _Member(self, account_id)


class _Member(FakeAccess):
    def __init__(self, histories: Histories, account_id: str) -> None:
        super().__init__()
        self._histories = histories
        self._account_id = account_id

    def regions(self, requested: t.Sequence[str]) -> tuple[str, ...]:
        assert list(requested) == ["enabled"]
        return ("us-east-1", "eu-west-1")

    def pages(
        self, service: str, operation: str, key: str, question: t.Mapping[str, t.Any], *, region: str, page_size: int
    ) -> t.Iterator[dict[str, t.Any]]:
        histories = self._histories
        assert (service, operation, key, page_size) == ("cloudtrail", "LookupEvents", "Events", 50)
        histories.questions.append((self._account_id, region, dict(question)))
        if histories.failure and region in histories.failing:
            raise histories.failure
        end = question.get("EndTime", NOW)
        records = histories.events.get((self._account_id, region), [])
        names = [attribute["AttributeValue"] for attribute in question.get("LookupAttributes", ())]
        within = [
            record
            for record in records
            if record["eventName"] in (names or [record["eventName"]])
            and question["StartTime"] <= datetime.fromisoformat(record["eventTime"]) <= end
        ]
        for number in range(histories.pages):
            answer: dict[str, t.Any] = {"Events": [{"CloudTrailEvent": json.dumps(record)} for record in within]}
            yield answer if number + 1 == histories.pages else {**answer, "NextToken": str(number)}


@pytest.fixture
def histories(monkeypatch: pytest.MonkeyPatch) -> Histories:
    made = Histories()
    monkeypatch.setattr(_organization_rollout_evidence, "open_member", made.access)
    monkeypatch.setattr(evidence.time, "sleep", lambda _seconds: None)
    return made


MEMBER = {"member_role_arn": "arn:aws:iam::<account_id>:role/assessor"}


def test_the_event_history_tells_of_a_loss(histories: Histories) -> None:
    identity = assume(role_arn(CANARY))
    denied = event(
        "iam:CreateUser",
        identity,
        errorCode="AccessDenied",
        errorMessage=SCP_TEXT,
    )
    histories.add(CANARY, "us-east-1", SINCE - timedelta(days=2), event("iam:CreateUser", identity))
    histories.add(CANARY, "eu-west-1", SINCE + timedelta(hours=20), denied)
    found = verdict(None, **MEMBER)
    assert (pairs(found), found.source) == (LOSS, "the event history")
    names = [{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}]
    past = {"StartTime": SINCE - timedelta(days=30), "EndTime": SINCE, "LookupAttributes": names}
    regions = ("us-east-1", "eu-west-1")
    assert histories.questions == [
        *((CANARY, region, {"StartTime": SINCE}) for region in regions),
        *((CANARY, region, past) for region in regions),
    ]


def test_a_history_that_is_too_long_is_no_evidence(histories: Histories) -> None:
    histories.pages = 101
    assert "is longer than 100 pages: set trail_logs to the organization's trail" in verdict(None, **MEMBER).failure


def test_a_history_that_can_not_be_read_is_no_evidence(histories: Histories) -> None:
    histories.failure = AccessDenied("not authorized to perform cloudtrail:LookupEvents")
    assert "cloudtrail:LookupEvents" in verdict(None, **MEMBER).failure


CLOSED = "not authorized to perform: cloudtrail:LookupEvents with an explicit deny in a service control policy"


def test_a_region_that_another_policy_closes_is_a_blind_spot(histories: Histories) -> None:
    histories.failure, histories.failing = AccessDenied(CLOSED), ("eu-west-1",)
    histories.add(CANARY, "us-east-1", SINCE + timedelta(hours=20), event("iam:ListUsers"))
    found = verdict(None, **MEMBER)
    assert found.has_passed
    assert found.blind_spots == (f"the organization closes eu-west-1 to {CANARY}, which were not read",)


def test_a_region_that_the_policy_itself_may_close_is_no_evidence(histories: Histories) -> None:
    histories.failure, histories.failing = AccessDenied(CLOSED), ("eu-west-1",)
    histories.add(CANARY, "us-east-1", SINCE + timedelta(hours=20), event("iam:ListUsers"))
    organization = tree("ou-canary")
    content = '{"Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}}'
    about_regions = dataclasses.replace(organization.policies[0], content=content)
    assert "LookupEvents" in verdict(None, organization.with_policies([about_regions]), **MEMBER).failure


def test_an_account_that_is_closed_everywhere_is_no_evidence(histories: Histories) -> None:
    histories.failure = AccessDenied(CLOSED)
    assert "LookupEvents" in verdict(None, **MEMBER).failure


def test_histories_of_more_than_five_accounts_are_not_read(histories: Histories) -> None:
    more = [MemberAccount(f"77778888{number:04d}", f"a{number}", "", "ACTIVE", "ou-canary") for number in range(5)]
    found = verdict(None, tree("ou-canary", accounts=more), **MEMBER)
    assert found.failure == (
        "the event history is read of at most 5 accounts, but there are 6: set trail_logs to the organization's trail"
    )
    assert histories.questions == []


def test_neither_trail_nor_role_is_given() -> None:
    assert verdict(None).failure == "neither trail_logs nor member_role_arn is given"


def test_a_member_is_read_in_its_role() -> None:
    task = task_at(NOW, assume_role_arn=f"arn:aws:iam::{MANAGEMENT}:role/automation", region="us-east-1")
    assert (
        open_member(task.connection, MEMBER["member_role_arn"], CANARY).role_arn
        == f"arn:aws:iam::{CANARY}:role/assessor"
    )
