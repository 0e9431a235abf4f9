# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The surroundings of the developers' roles, read from the emulator in one pass."""

from __future__ import annotations

import collections
import dataclasses
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import collect
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Role
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import InvalidCredentials, Throttled
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations, iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.assumptions import (
    AssumptionScan,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.observe import (
    CONSUMERS_OPERATIONS,
    FOREIGN_OPERATIONS,
    UNLISTED_CONSUMERS,
    UNLISTED_NAMERS,
    SurroundingsRead,
    read_surroundings,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Surroundings
from ansible_collections.hardening.iam.plugins.module_utils._module.connection import Connection
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import (
    Coverage,
    Record,
    ServiceCoverage,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use
from unit.emulator.seeded import Seeded, serving

APPS: t.Final = "222233334444"
DATA: t.Final = "333344445555"
NOW: t.Final = datetime(2026, 11, 28, tzinfo=UTC)
REGION: t.Final = "eu-west-1"
ASSESSOR: t.Final = "arn:aws:iam::<account_id>:role/iam-hardening/assessor"
READS: t.Final = Operations(reads=frozenset({"iam:GetAccountAuthorizationDetails"})).union(CONSUMERS_OPERATIONS)


def arn(name: str, account: str = APPS) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


@pytest.fixture(scope="module")
def seeded() -> t.Iterator[Seeded]:
    with serving("developers") as found:
        yield found


class CountingAccess(Access):
    """Counts the calls by operation and region, and fails those that it is set to fail."""

    failing: t.ClassVar[dict[str, Exception]] = {}

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self.counted: collections.Counter[tuple[str, t.Optional[str]]] = collections.Counter()

    def call(
        self, service: str, operation: str, parameters: t.Any = None, *, region: t.Optional[str] = None
    ) -> dict[str, t.Any]:
        self.counted[f"{service}:{operation}", region] += 1
        if f"{service}:{operation}" in self.failing:
            raise self.failing[f"{service}:{operation}"]
        return super().call(service, operation, parameters, region=region)


@dataclasses.dataclass(frozen=True)
class Place:
    """An account of the emulator, with what was read of it."""

    connection: Connection
    permissions: Permissions

    def roles(self, *names: str) -> list[Role]:
        return [role for name in names for role in self.permissions.snapshot.roles if role.name == name]

    def read(self, *names: str, new: t.Optional[dict[str, str]] = None, **options: t.Any) -> SurroundingsRead:
        given = {"records": {}, "regions": [REGION], **options}
        return read_surroundings(self.connection, self.permissions, self.roles(*names), new or {}, **given)

    def read_one(self, name: str, **options: t.Any) -> Surroundings:
        (role,) = self.roles(name)
        return self.read(name, **options).surroundings[role.arn]


@pytest.fixture
def place(seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(CountingAccess, "failing", {})
    options = AccessOptions(
        endpoint_url=seeded.endpoint,
        access_key="administrator",
        secret_key="emulated",
        region="us-east-1",
        assume_role_arn=ASSESSOR.replace("<account_id>", APPS),
        assume_role_external_id="acme-hardening",
    )
    access = CountingAccess(options, operations=READS, check_mode=True)
    nothing: t.Any = None
    connection = Connection(access, nothing, options, nothing, NOW, lambda _text: None)
    snapshot = collect(access, datasets={Dataset.AUTHORIZATION_DETAILS}, regions=(), now=NOW)
    access.counted.clear()
    return Place(connection, Permissions(snapshot))


def used(role: str, *uses: tuple[str, str]) -> dict[str, Record]:
    """The record of a role: actions with their resources."""
    made = tuple(Use(arn(role), action, Source.TRAIL, resource) for action, resource in uses)
    recorded = {"s3": ServiceCoverage("s3", Status.COMPLETE)}
    return {arn(role): Record(arn(role), "", Coverage(90, services=recorded), made)}


def test_each_operation_has_an_action_that_policies_know() -> None:
    operations = CONSUMERS_OPERATIONS.union(FOREIGN_OPERATIONS)
    assert operations.writes == frozenset()
    actions = {action for operation in operations.reads for action in iam_actions(operation)}
    assert {one for one in actions if catalogue.action(*one.split(":")) is None} == set()


# Consumers


def test_an_instance_a_function_with_its_version_and_a_pipeline_are_found_in_one_pass(place: Place) -> None:
    names = ("dev-data-worker", "dev-data-stream", "dev-platform-pipeline", "dev-shop-web")
    found = place.read(*names).surroundings
    assert list(found) == [role.arn for role in place.roles(*names)]

    def kinds(name: str) -> list[str]:
        return [one.kind for one in found[place.roles(name)[0].arn].consumers]

    assert kinds("dev-data-worker") == ["instance", "service"]
    assert kinds("dev-data-stream") == ["function", "function_version", "service"]
    assert kinds("dev-platform-pipeline") == ["pipeline"]
    assert kinds("dev-shop-web") == ["account"]
    assert all(one.is_machine for one in found[arn("dev-data-worker")].consumers)
    assert not any(one.is_machine for one in found[arn("dev-shop-web")].consumers)
    pipeline = found[arn("ci/dev-platform-pipeline")].consumers[0]
    assert pipeline.detail == "repo:acme/shop:ref:refs/heads/main"


def test_each_service_is_read_once_for_all_targets_and_the_calls_are_counted(place: Place) -> None:
    result = place.read("dev-data-worker", "dev-data-stream", "dev-shop-payments", "dev-shop-web")
    counted = t.cast(CountingAccess, place.connection.access).counted
    reads = {key: number for key, number in counted.items() if key[0] != "ec2:DescribeRegions"}
    assert sum(reads.values()) == result.calls
    for operation in ("lambda:ListFunctions", "kms:ListKeys", "ec2:DescribeIamInstanceProfileAssociations"):
        assert counted[operation, REGION] == 1
    assert counted["lambda:ListVersionsByFunction", REGION] == 1
    assert not any(operation.startswith(("ecs:", "glue:", "stepfunctions:")) for operation, _region in counted), (
        "no target trusts these services"
    )


def test_without_targets_nothing_is_read(place: Place) -> None:
    assert place.read() == SurroundingsRead({}, 0)
    assert not t.cast(CountingAccess, place.connection.access).counted


def test_recorded_sessions_are_consumers(place: Place) -> None:
    scan = AssumptionScan({arn("dev-shop-web"): ""})
    scan.add(
        {
            "eventSource": "sts.amazonaws.com",
            "eventName": "AssumeRole",
            "eventTime": "2026-11-20T10:00:00Z",
            "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{APPS}:user/developer"},
            "requestParameters": {"roleArn": arn("dev-shop-web"), "roleSessionName": "web"},
        }
    )
    found = place.read_one("dev-shop-web", assumptions=scan.assumptions)
    developer = found.consumers[-1]
    assert (developer.resource, developer.kind) == (f"arn:aws:iam::{APPS}:user/developer", "person")
    assert not any(one.is_machine for one in found.consumers), "the trust policy lets nobody in without MFA"


# Namers


def test_a_bucket_a_grant_and_a_trust_of_another_account_are_found(place: Place) -> None:
    found = place.read("dev-shop-web", "dev-shop-payments", "dev-platform-backup").surroundings
    (bucket,) = found[arn("dev-shop-web")].namers
    assert (bucket.kind, bucket.resource) == ("bucket_policy", "arn:aws:s3:::acme-shop-assets")
    (grant,) = found[arn("dev-shop-payments")].namers
    assert (grant.kind, grant.names_new) == ("key_grant", False)
    assert '--constraints \'{"EncryptionContextSubset": {"purpose": "payments"}}\'' in grant.adapt
    assert found[arn("dev-platform-backup")].namers == ()


def test_entries_of_a_cluster_that_are_denied_block_a_role_that_uses_the_service(place: Place) -> None:
    records = used("dev-platform-ops", ("eks:DescribeCluster", "*"))
    unread = place.read_one("dev-platform-ops", records=records).unread_namers
    (denied,) = [one for one in unread if "eks:ListAccessEntries" in one.reason]
    assert denied.blocks and "service control policy" in denied.reason
    assert [one.blocks for one in unread if "aws-auth" in one.reason] == [True]
    other = place.read_one("dev-shop-web").unread_namers
    assert [one.blocks for one in other if "eks:ListAccessEntries" in one.reason] == [False]


BACKUP: t.Final = used(
    "dev-platform-backup",
    ("sts:AssumeRole", arn("backup-target", DATA)),
    ("s3:PutObject", "arn:aws:s3:::acme-data-backups/apps/x.tar"),
    ("s3:PutObject", "arn:aws:s3:::acme-platform/x"),
)


def test_another_account_blocks_unless_it_can_be_read(place: Place) -> None:
    unread = place.read_one("dev-platform-backup", records=BACKUP).unread_namers
    (foreign,) = [one for one in unread if one.account_id == DATA]
    assert foreign.blocks and "member_role_arn is not set" in foreign.reason
    (bucket,) = [one for one in unread if "acme-data-backups" in one.reason]
    assert bucket.blocks and "acme-platform" not in bucket.reason


def test_another_account_is_read_with_the_role_of_the_option(place: Place) -> None:
    found = place.read_one("dev-platform-backup", records=BACKUP, member_role_arn=ASSESSOR)
    assert {(one.kind, one.resource, one.account_id) for one in found.namers} == {
        ("trust", arn("backup-target", DATA), DATA),
        ("bucket_policy", "arn:aws:s3:::acme-data-backups", DATA),
    }
    assert not any(one.blocks for one in found.unread_namers)


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        ("arn:aws:iam::<account_id>:role/no-such-role", "sts:AssumeRole"),
        (ASSESSOR.replace("<account_id>", APPS), f"is in account {APPS}: write <account_id> into its ARN"),
    ],
    ids=["no role", "the role of another account"],
)
def test_another_account_that_can_not_be_opened_blocks(place: Place, role: str, reason: str) -> None:
    found = place.read_one("dev-platform-backup", records=BACKUP, member_role_arn=role)
    (foreign,) = [one for one in found.unread_namers if one.account_id == DATA]
    assert foreign.blocks and reason in foreign.reason and found.namers == ()


# What is not known


def test_a_service_that_fails_is_a_sentence_and_the_others_are_read(place: Place) -> None:
    slow = Throttled(
        "slow down", code="ThrottlingException", service="lambda", operation="ListFunctions", region=REGION
    )
    CountingAccess.failing = {"lambda:ListFunctions": slow}
    records = used("dev-data-stream", ("lambda:InvokeFunction", "*"))
    found = place.read_one("dev-data-stream", records=records)
    assert [one.kind for one in found.consumers] == ["service"]
    text = f"the functions of Lambda could not be read in {REGION}: {slow}"
    assert text in found.unread
    assert [one.blocks for one in found.unread_namers if one.reason == text] == [True]
    other = place.read_one("dev-shop-web")
    assert text not in other.unread, "Lambda can't use a role that does not trust it"


def test_buckets_that_can_not_be_listed_are_not_taken_for_foreign(place: Place) -> None:
    CountingAccess.failing = {"s3:ListBuckets": Throttled("slow down", service="s3", operation="ListBuckets")}
    unread = place.read_one("dev-platform-backup", records=BACKUP).unread_namers
    assert not any("no account that was read has" in one.reason for one in unread)
    assert [one.blocks for one in unread if "the policies of buckets could not be read" in one.reason] == [True]


def test_an_answer_without_its_fields_is_a_sentence(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    call = CountingAccess.call

    def garble(self: CountingAccess, service: str, operation: str, *rest: t.Any, **more: t.Any) -> dict[str, t.Any]:
        answer = call(self, service, operation, *rest, **more)
        return {"Keys": [{}]} if operation == "ListKeys" else answer

    monkeypatch.setattr(CountingAccess, "call", garble)
    unread = place.read_one("dev-shop-web").unread_namers
    assert any("an answer of AWS lacks 'KeyId'" in one.reason for one in unread)


def test_credentials_that_ended_end_the_read(place: Place) -> None:
    CountingAccess.failing = {"kms:ListGrants": InvalidCredentials("expired", code="ExpiredToken")}
    with pytest.raises(InvalidCredentials):
        place.read("dev-shop-web")


def test_regions_that_were_left_out_are_a_sentence(place: Place) -> None:
    found = place.read_one("dev-data-stream")
    assert any("other regions were not looked at (regions)" in text for text in found.unread)
    assert place.read_one("dev-shop-web").failures == (), "people are in no region"
    assert any("other regions were not looked at" in one.reason for one in found.unread_namers)


def test_policies_of_the_organization_that_were_not_read_are_a_sentence(place: Place) -> None:
    unread = place.read_one("dev-platform-backup", records=BACKUP, member_role_arn=ASSESSOR).unread_namers
    texts = [(one.account_id, one.reason) for one in unread if "policies of the organization" in one.reason]
    assert texts == [("", "the policies of the organization could not be read: it was not requested")]


def test_what_nobody_can_list_is_named_once(place: Place) -> None:
    found = place.read_one("dev-shop-web")
    assert found.unread.count(UNLISTED_CONSUMERS) == 1 and found.unread_namers.count(UNLISTED_NAMERS) == 1


# Moving


def test_a_function_that_moved_leaves_its_version_behind(seeded: Seeded, place: Place) -> None:
    new, client = arn("service/lambda-shop"), seeded.client("lambda", APPS, region=REGION)
    client.update_function_configuration(FunctionName="data-stream", Role=new)
    try:
        found = place.read_one("dev-data-stream", new={arn("dev-data-stream"): new})
    finally:
        # The other tests of this file read the same function.
        client.update_function_configuration(FunctionName="data-stream", Role=arn("dev-data-stream"))
    moved = {(one.kind, one.detail.partition(",")[0]): one.has_moved for one in found.consumers}
    assert moved["function", "data-stream"] is True
    assert moved["function_version", "data-stream"] is False
    assert moved["service", ""] is None
