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
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._incident.deletions import Deletion, Kind
from ansible_collections.hardening.iam.plugins.module_utils._incident.observe import (
    Proofs,
    find_deletion,
    list_keys,
    list_user_arns,
)

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

    def pages(self, _service: str, _operation: str, _key: str, asked: Row, **_more: t.Any) -> Iterator[t.Any]:
        self.asked += 1
        if self.error:
            raise self.error
        name = asked["LookupAttributes"][0]["AttributeValue"]
        yield {"Events": [one for one in self.events if f'"{name}"' in one["CloudTrailEvent"] or len(self.events) == 1]}

    def items(self, _service: str, operation: str, _key: str, asked: t.Optional[Row] = None) -> list[Row]:
        if self.error:
            raise self.error
        if operation == "ListUsers":
            return [{"Arn": f"arn:aws:iam::222233334444:user/{name}"} for name in self.keys]
        return [{"AccessKeyId": key} for key in self.keys[(asked or {})["UserName"]]]

    def gather(self, calls: t.Mapping[str, t.Callable[[], t.Any]], **_more: t.Any) -> Row:
        return {name: call() for name, call in calls.items()}


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
    assert list_user_arns(t.cast(t.Any, Fake(error=AccessDenied("no", service="iam", operation="ListUsers")))) == ()
