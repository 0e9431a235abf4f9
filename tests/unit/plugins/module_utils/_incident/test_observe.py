# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proof that a key, a user or a role was deleted."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._incident.deletions import Deletion, Kind
from ansible_collections.hardening.iam.plugins.module_utils._incident.observe import (
    OPERATIONS,
    Proofs,
    find_deletion,
    list_keys,
    list_user_arns,
)

from .._account.fakes import gather

KEY = "AKIAIOSFODNN7EXAMPLE"
USER = "arn:aws:iam::222233334444:user/ci/ci-deploy"
ADMIN = "arn:aws:iam::222233334444:user/eve"
Row = dict[str, t.Any]


def event(name: str = "DeleteAccessKey", *, error: str = "", **request: str) -> Row:
    identity = {"type": "IAMUser", "principalId": "AIDAEVE", "arn": ADMIN, "accountId": "222233334444"}
    record = {
        "eventID": "1",
        "eventTime": "2026-11-28T11:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "recipientAccountId": "222233334444",
        "userIdentity": identity,
        "requestParameters": request,
    }
    return {"CloudTrailEvent": json.dumps({**record, **({"errorCode": error} if error else {})})}


class Fake:
    """An account with some events, users and keys."""

    home_region = "us-east-1"

    def __init__(self, *events: Row, error: t.Optional[AwsError] = None, keys: t.Optional[Row] = None) -> None:
        self.events, self.error, self.keys, self.asked = events, error, keys or {}, 0
        self.has_more = False
        self.listed: list[str] = []

    def pages(self, service: str, operation: str, key: str, asked: Row, **more: t.Any) -> Iterator[t.Any]:
        assert f"{service}:{operation}" in OPERATIONS.reads and key == "Events"
        # https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html: MaxResults is at most 50.
        assert more == {"region": self.home_region, "page_size": 50}
        self.asked += 1
        if self.error:
            raise self.error
        (asked_for,) = asked["LookupAttributes"]
        assert asked_for["AttributeKey"] == "EventName"
        name = asked_for["AttributeValue"]
        answer: Row = {
            "Events": [one for one in self.events if f'"{name}"' in one["CloudTrailEvent"] or len(self.events) == 1]
        }
        yield from [{**answer, "NextToken": "more"}] * 9 if self.has_more else [answer]

    def items(self, service: str, operation: str, key: str, asked: t.Optional[Row] = None) -> list[Row]:
        assert f"{service}:{operation}" in OPERATIONS.reads
        assert key == {"ListUsers": "Users", "ListAccessKeys": "AccessKeyMetadata"}[operation]
        if self.error:
            raise self.error
        if operation == "ListUsers":
            return [{"Arn": f"arn:aws:iam::222233334444:user/{name}"} for name in self.keys]
        self.listed.append((asked or {})["UserName"])
        keys = self.keys[self.listed[-1]]
        if isinstance(keys, AwsError):
            raise keys
        return [{"AccessKeyId": key} for key in keys]

    def gather(self, calls: t.Mapping[str, t.Callable[[], t.Any]], *, workers: int) -> Row:
        # IAM throttles who asks too much at once.
        assert workers == 16
        return gather(calls)


def find(fake: Fake, kind: Kind = Kind.KEY, identifier: str = KEY) -> t.Any:
    return find_deletion(t.cast(t.Any, fake), kind, identifier)


def test_the_event_of_its_deletion_proves_it_and_says_whose_key_it_was() -> None:
    found = find(Fake(event(accessKeyId=KEY, userName="ci-deploy")))
    assert found == Yes(Deletion(f"{ADMIN} deleted it at 2026-11-28T11:00:00Z", "ci-deploy"))
    assert isinstance(find(Fake(event("DeleteUser", userName="ci-deploy")), Kind.USER, USER), Yes)
    role = USER.replace(":user/", ":role/")
    assert isinstance(find(Fake(event("DeleteRole", roleName="ci-deploy")), Kind.ROLE, role), Yes)


@pytest.mark.parametrize(
    "fake",
    [
        Fake(),
        Fake(event(accessKeyId="AKIAIOSFODNN7EXAMPLF", userName="ci-deploy")),
        Fake(event(accessKeyId=KEY, error="AccessDenied")),
        Fake(event("DeleteUser", userName=KEY)),
        Fake(error=AccessDenied("no", service="cloudtrail", operation="LookupEvents")),
        Fake({"CloudTrailEvent": "{"}),
    ],
)
def test_without_it_nothing_is_known(fake: Fake) -> None:
    assert isinstance(find(fake), Unknown)


def test_what_was_not_found_says_what_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find(Fake()) == Unknown(
        "the event history of DeleteAccessKey has none of it, and events are 5 to 15 minutes late"
    )
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    flooded = Fake(event(accessKeyId="AKIAIOSFODNN7EXAMPLF"))
    flooded.has_more = True
    assert find(flooded) == Unknown(
        "the newest 200 events of DeleteAccessKey has none of it, and events are 5 to 15 minutes late"
    )
    assert len(waited) == 3
    denied = find(Fake(error=AccessDenied("no", service="cloudtrail", operation="LookupEvents")))
    assert denied.reason.startswith("its deletion can't be looked up: ")


def test_a_deletion_by_nobody_known_is_one() -> None:
    record = json.loads(event("DeleteUser", userName="ci-deploy")["CloudTrailEvent"])
    del record["userIdentity"]["arn"]
    found = find(Fake({"CloudTrailEvent": json.dumps(record)}), Kind.USER, USER)
    assert isinstance(found, Yes) and found.value == Deletion("somebody deleted it at 2026-11-28T11:00:00Z")


def test_people_and_earlier_passes_prove_it_without_a_call() -> None:
    given = {"id": "INC-7", "declared_by": "Ana", "reason": "a key leaked", "keys": [{"id": KEY, "deleted": True}]}
    incident = Incident.from_option(given, now=datetime(2026, 11, 28, tzinfo=UTC))
    fake = Fake()
    proofs = Proofs(t.cast(t.Any, fake), incident, {USER})
    assert isinstance(proofs.find(Kind.KEY, KEY), Yes) and isinstance(proofs.find(Kind.USER, USER), Yes)
    assert fake.asked == 0
    assert isinstance(proofs.find(Kind.USER, ADMIN), Unknown) and fake.asked == 1


def test_users_and_their_keys_are_listed_as_far_as_they_can_be_read() -> None:
    fake: t.Any = Fake(keys={"ci-deploy": [KEY], "eve": []})
    users = list_user_arns(fake)
    assert users == ("arn:aws:iam::222233334444:user/ci-deploy", ADMIN)
    assert list_keys(fake, users) == {KEY: "ci-deploy"}
    assert sorted(fake.listed) == ["ci-deploy", "eve"]
    assert list_user_arns(t.cast(t.Any, Fake(error=AccessDenied("no", service="iam", operation="ListUsers")))) == ()


def test_keys_of_a_user_that_is_gone_or_can_not_be_read_hide_no_others() -> None:
    denied = AccessDenied("no", service="iam", operation="ListAccessKeys")
    gone = NotFound("gone", service="iam", operation="ListAccessKeys")
    fake: t.Any = Fake(keys={"denied": denied, "gone": gone, "ci-deploy": [KEY]})
    assert list_keys(fake, list_user_arns(fake)) == {KEY: "ci-deploy"}


def test_a_name_that_is_not_found_costs_no_more_than_300_calls() -> None:
    fake: t.Any = Fake(keys={f"user-{number}": [] for number in range(302)})
    assert list_keys(fake, list_user_arns(fake)) == {} and len(fake.listed) == 300
