# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections
import gzip
import hashlib
import itertools
import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from developer_events import APPS, DATA, LABS
from unit.emulator.seeded import Seeded, serving

MANAGEMENT: t.Final = "111122223333"
BUCKETS: t.Final = {MANAGEMENT: "acme-organization-logs", APPS: "acme-apps-logs", LABS: "acme-labs-logs"}


@pytest.fixture(scope="module")
def acme() -> t.Iterator[Seeded]:
    with serving("developers") as running:
        yield running


def keys_of(acme: Seeded, account_id: str, prefix: str = "") -> list[str]:
    paginator = acme.client("s3", account_id).get_paginator("list_objects_v2")
    pages = paginator.paginate(Bucket=BUCKETS[account_id], Prefix=prefix)
    return [item["Key"] for page in pages for item in page["Contents"]]


def fetch(acme: Seeded, account_id: str, key: str) -> tuple[bytes, dict[str, str]]:
    answer = acme.client("s3", account_id).get_object(Bucket=BUCKETS[account_id], Key=key)
    return gzip.decompress(answer["Body"].read()), answer["Metadata"]


def events_of_day(acme: Seeded, account_id: str, prefix: str) -> list[dict[str, t.Any]]:
    """The events of the first day that a folder has."""
    keys = keys_of(acme, account_id, prefix)
    day = keys[0].rpartition("/")[0]
    bodies = [fetch(acme, account_id, key)[0] for key in keys if key.startswith(day)]
    return [record for body in bodies for record in json.loads(body)["Records"]]


@pytest.mark.parametrize(
    ("account_id", "prefix", "owner"),
    [
        (MANAGEMENT, f"AWSLogs/o-acmedev987/{DATA}/CloudTrail/eu-west-1/", DATA),
        (APPS, f"AWSLogs/{APPS}/CloudTrail/eu-west-1/", APPS),
        (LABS, f"cloudtrail/AWSLogs/{LABS}/CloudTrail/eu-west-1/", LABS),
    ],
)
def test_a_trail_delivers_to_its_own_folder(acme: Seeded, account_id: str, prefix: str, owner: str) -> None:
    records = events_of_day(acme, account_id, prefix)
    assert {record["recipientAccountId"] for record in records} == {owner}
    assert {record["awsRegion"] for record in records} == {"eu-west-1"}


def test_the_trail_of_the_organization_has_neither_data_events_nor_kms(acme: Seeded) -> None:
    records = events_of_day(acme, MANAGEMENT, f"AWSLogs/o-acmedev987/{APPS}/CloudTrail/eu-west-1/")
    own = events_of_day(acme, APPS, f"AWSLogs/{APPS}/CloudTrail/eu-west-1/")
    sources = {(record["eventSource"], record["eventCategory"]) for record in records}
    assert ("kms.amazonaws.com", "Management") not in sources
    assert {category for _source, category in sources} == {"Management"}
    assert {record["eventID"] for record in records} < {record["eventID"] for record in own}


def test_the_digests_are_a_chain_of_hashes_that_the_public_key_verifies(acme: Seeded) -> None:
    keys = sorted(key for key in keys_of(acme, LABS) if "/CloudTrail-Digest/eu-west-1/" in key)
    public = acme.client("cloudtrail", LABS, region="eu-west-1").list_public_keys()["PublicKeyList"][0]
    assert json.loads(fetch(acme, LABS, keys[0])[0])["previousDigestS3Object"] is None
    before: tuple[str, bytes, str] | None = None
    named: set[str] = set()
    spans: list[tuple[str, str]] = []
    # Those of days, and behind them those of hours.
    for key in keys[-40:]:
        body, metadata = fetch(acme, LABS, key)
        digest = json.loads(body)
        spans.append((digest["digestStartTime"], digest["digestEndTime"]))
        assert digest["digestS3Object"] == key
        assert digest["digestPublicKeyFingerprint"] == public["Fingerprint"]
        if before is not None:
            _check_link(digest, before)
        _verify(digest, body, metadata["signature"], public["Value"])
        for log in digest["logFiles"]:
            assert hashlib.sha256(fetch(acme, LABS, log["s3Object"])[0]).hexdigest() == log["hashValue"]
            named.add(log["s3Object"])
        before = (key, body, metadata["signature"])
    assert [start for start, _end in spans[1:]] == [end for _start, end in spans[:-1]]
    assert datetime.now(UTC) - datetime.fromisoformat(spans[-1][1]) < timedelta(hours=2)
    first, last = (f"{datetime.fromisoformat(text):%Y%m%dT%H%MZ}" for text in (spans[0][0], spans[-1][1]))
    logs = [key for key in keys_of(acme, LABS) if "/CloudTrail/" in key]
    # Those of the hour that is not over have no digest yet.
    assert named == {key for key in logs if first <= key.split("_")[-2] < last}


def test_a_region_without_calls_has_digests_too(acme: Seeded) -> None:
    """As long as those of a busy region, so that nobody takes the region for one whose digests are gone."""
    keys = [key for key in keys_of(acme, LABS) if "/CloudTrail-Digest/" in key]
    spans = []
    for region in ("eu-west-1", "ap-south-1"):
        chain = [json.loads(fetch(acme, LABS, key)[0]) for key in sorted(keys) if f"/{region}/" in key]
        spans.append((chain[0]["digestStartTime"], chain[-1]["digestEndTime"]))
        for before, digest in itertools.pairwise(chain):
            assert digest["previousDigestS3Object"] == before["digestS3Object"]
            assert digest["digestStartTime"] == before["digestEndTime"]
        assert any(digest["logFiles"] for digest in chain) is (region == "eu-west-1")
    assert spans[0] == spans[1]
    assert len({key.split("/CloudTrail-Digest/")[1].partition("/")[0] for key in keys}) == 17


def test_a_trail_without_validation_has_no_digests(acme: Seeded) -> None:
    keys = keys_of(acme, MANAGEMENT, f"AWSLogs/o-acmedev987/{DATA}/")
    assert keys
    assert not any("Digest" in key for key in keys)


def _check_link(digest: dict[str, t.Any], before: tuple[str, bytes, str]) -> None:
    key, body, signature = before
    assert digest["previousDigestS3Object"] == key
    assert digest["previousDigestHashValue"] == hashlib.sha256(body).hexdigest()
    assert digest["previousDigestSignature"] == signature


def _verify(digest: dict[str, t.Any], body: bytes, signature: str, key: bytes) -> None:
    """As ``aws cloudtrail validate-logs`` does it."""
    text = (
        f"{digest['digestEndTime']}\n{digest['digestS3Bucket']}/{digest['digestS3Object']}\n"
        f"{hashlib.sha256(body).hexdigest()}\n{digest['previousDigestSignature'] or 'null'}"
    )
    public = load_der_public_key(key)
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(bytes.fromhex(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_the_event_history_has_the_management_events(acme: Seeded) -> None:
    client = acme.client("cloudtrail", DATA, region="eu-west-1")
    pages = client.get_paginator("lookup_events").paginate()
    events = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
    sources = collections.Counter(event["eventSource"] for event in events)
    # The history records KMS, which the trail of the organization leaves out.
    assert sources["kms.amazonaws.com"] > 100
    assert all(event["managementEvent"] for event in events)
    named = client.lookup_events(LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": "vault"}])["Events"]
    assert {json.loads(event["CloudTrailEvent"])["userIdentity"]["type"] for event in named} == {"AssumedRole"}


def last_accessed(acme: Seeded, account_id: str, role: str) -> dict[str, dict[str, t.Any]]:
    iam = acme.client("iam", account_id)
    arn = f"arn:aws:iam::{account_id}:role/{role}"
    job = iam.generate_service_last_accessed_details(Arn=arn, Granularity="ACTION_LEVEL")["JobId"]
    asked: dict[str, t.Any] = {"JobId": job}
    found: dict[str, dict[str, t.Any]] = {}
    while True:
        answer = iam.get_service_last_accessed_details(**asked)
        if answer["JobStatus"] == "IN_PROGRESS":
            continue
        for service in answer["ServicesLastAccessed"]:
            if "LastAuthenticated" in service:
                found[service["ServiceNamespace"]] = service
        if not answer["IsTruncated"]:
            return found
        asked["Marker"] = answer["Marker"]


def test_last_accessed_has_what_no_trail_records(acme: Seeded) -> None:
    """The calls of data events that are not selected, and the job before the window."""
    assert set(last_accessed(acme, DATA, "dev-reports")) == {"s3", "ec2"}
    payments = last_accessed(acme, APPS, "dev-shop-payments")
    age = datetime.now(UTC) - payments["rds"]["LastAuthenticated"]
    assert age > timedelta(days=111)
    actions = {
        item["ActionName"] for item in payments["kms"]["TrackedActionsLastAccessed"] if "LastAccessedTime" in item
    }
    assert actions == {"CreateGrant", "Decrypt"}
    assert "sqs" in last_accessed(acme, APPS, "dev-shop-orders")


def test_the_last_use_of_a_role_is_that_of_its_last_event(acme: Seeded) -> None:
    role = acme.client("iam", DATA).get_role(RoleName="dev-vault")["Role"]
    used = last_accessed(acme, DATA, "dev-vault")
    assert role["RoleLastUsed"]["LastUsedDate"] == max(service["LastAuthenticated"] for service in used.values())
    assert role["RoleLastUsed"]["Region"] == "eu-west-1"


def test_the_function_in_the_vpc_and_the_instance_have_their_roles(acme: Seeded) -> None:
    functions = acme.client("lambda", APPS, region="eu-west-1").list_functions()["Functions"]
    roles = {item["FunctionName"]: item["Role"].rpartition("/")[2] for item in functions}
    assert roles["data-stream"] == "dev-data-stream"
    in_vpc = [item["FunctionName"] for item in functions if item["VpcConfig"]["SubnetIds"]]
    assert in_vpc == ["data-stream"]
    reservations = acme.client("ec2", APPS, region="eu-west-1").describe_instances()["Reservations"]
    profiles = [item["IamInstanceProfile"]["Arn"] for one in reservations for item in one["Instances"]]
    assert profiles == [f"arn:aws:iam::{APPS}:instance-profile/dev-data-worker"]
