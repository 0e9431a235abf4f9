# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Against S3 in the emulator, over HTTP."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import botocore.exceptions
import botocore.session
import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws import s3_store
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AwsError,
    Conflict,
    InvalidRequest,
    NotFound,
    Unparsable,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import FenceError
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._aws.s3_store import S3Store
from emulator.client import Emulator

from .conftest import Clock, operations_of

BUCKET = "hardening-reports"


class MakeStore(t.Protocol):
    def __call__(self, location: str = ..., *, kms_key_id: t.Optional[str] = None) -> S3Store:
        """A store at this place."""


@pytest.fixture(scope="session")
def bucket(acme: Emulator) -> t.Any:
    """botocore's own client, with a bucket."""
    client = botocore.session.Session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=acme.url,
        aws_access_key_id="administrator",
        aws_secret_access_key="secret",
    )
    # Whatever fault the test before left: those of a test are cleared after this.
    acme.clear_faults()
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def make_store(bucket: t.Any, emulator: Emulator, clock: Clock) -> MakeStore:
    options = AccessOptions(
        access_key="administrator", secret_key="secret", region="us-east-1", endpoint_url=emulator.url
    )

    def make(location: str = f"s3://{BUCKET}/runs/", *, kms_key_id: t.Optional[str] = None) -> S3Store:
        patience = Patience(clock=clock, sleep=clock.sleep)
        return S3Store(location, options, kms_key_id=kms_key_id, patience=patience)

    return make


def test_content_comes_back(make_store: MakeStore, bucket: t.Any) -> None:
    store = make_store()
    assert store.location == f"s3://{BUCKET}/runs"
    assert store.put("1/report.json", b"one") == f"s3://{BUCKET}/runs/1/report.json"
    store.put("1/report.json", b"two")
    assert store.get("1/report.json") == b"two"
    assert bucket.get_object(Bucket=BUCKET, Key="runs/1/report.json")["Body"].read() == b"two"


def test_the_time_of_an_object_is_that_of_s3(make_store: MakeStore, bucket: t.Any) -> None:
    store = make_store()
    store.put("dated.json", b"one")
    stored = bucket.head_object(Bucket=BUCKET, Key="runs/dated.json")["LastModified"]
    assert stored.tzinfo is not None
    assert store.get_dated("dated.json") == (b"one", stored)
    assert store.get_dated("missing.json") is None


def test_a_place_that_keeps_to_conditions_is_tried_with_three_calls_then_two(
    make_store: MakeStore, emulator: Emulator
) -> None:
    store = make_store(f"s3://{BUCKET}/tried")
    emulator.clear_log()
    assert store.find_ignored_condition("control/leases/probe") == ""
    assert operations_of(emulator) == ["s3:PutObject"] * 3
    assert store.find_ignored_condition("control/leases/probe") == ""
    assert operations_of(emulator) == ["s3:PutObject"] * 5


@pytest.mark.parametrize("ignored", ["IfNoneMatch", "IfMatch"])
def test_a_place_that_ignores_a_condition_is_found(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch, ignored: str
) -> None:
    store = make_store(f"s3://{BUCKET}/ignores-{ignored}")
    put = store._put

    def put_anyway(key: str, content: bytes, **conditions: str) -> str:
        return put(key, content, **{name: value for name, value in conditions.items() if name != ignored})

    monkeypatch.setattr(store, "_put", put_anyway)
    assert "it writes over an object" in store.find_ignored_condition("control/leases/probe")


def test_a_place_that_fails_while_it_is_tried_is_not_proven(make_store: MakeStore, emulator: Emulator) -> None:
    emulator.faults([{"kind": "error", "operation": "PutObject", "status": 500, "code": "InternalError"}])
    with pytest.raises(AwsError, match="InternalError"):
        make_store(f"s3://{BUCKET}/fails").find_ignored_condition("control/leases/probe")


def test_the_clock_of_s3_comes_with_its_answers(make_store: MakeStore) -> None:
    store = make_store(f"s3://{BUCKET}/clock")
    with pytest.raises(Unparsable, match="no answer has a date"):
        store.read_clock()
    store.put("a", b"one")
    found = store.get_versioned("a")
    assert found is not None
    assert abs(store.read_clock() - found[2]) < timedelta(minutes=1)


def test_of_two_that_swap_the_same_version_one_is_refused(make_store: MakeStore) -> None:
    store = make_store(f"s3://{BUCKET}/swapped")
    assert store.get_versioned("a") is None
    store.swap("a", b"one", None)
    found = store.get_versioned("a")
    assert found is not None and found[0] == b"one"
    with pytest.raises(Conflict):
        store.swap("a", b"two", None)
    store.swap("a", b"two", found[1])
    with pytest.raises(Conflict):
        store.swap("a", b"three", found[1])
    with pytest.raises(Conflict):
        store.swap("gone", b"one", found[1])
    assert (store.get("a"), store.get("gone")) == (b"two", None)


def test_a_swap_whose_answer_was_lost_is_no_conflict(make_store: MakeStore, emulator: Emulator) -> None:
    store = make_store(f"s3://{BUCKET}/swapped-once")
    store.swap("a", b"one", None)
    found = store.get_versioned("a")
    assert found is not None
    emulator.faults([{"operation": "PutObject", "kind": "drop", "after": True, "times": 1}])
    store.swap("a", b"two", found[1])
    assert store.get("a") == b"two"


def test_keys_below_a_prefix_in_order(make_store: MakeStore) -> None:
    store = make_store(f"s3://{BUCKET}/listed")
    for key in ("b/2", "b/1", "a"):
        store.put(key, b"")
    make_store(f"s3://{BUCKET}/listed-too").put("c", b"")
    assert store.list() == ["a", "b/1", "b/2"]
    assert store.list("b/") == ["b/1", "b/2"]
    assert store.list("nothing") == []
    versions = {key: found[1] for key in ("b/1", "b/2") if (found := store.get_versioned(key))}
    assert len(versions) == 2 and store.list_versioned("b/") == versions


def test_what_goes_on_below_a_prefix(make_store: MakeStore) -> None:
    store = make_store(f"s3://{BUCKET}/trail")
    for key in ("a/2/x", "a/1/y", "a/1/z", "a/file", "b/1/z"):
        store.put(key, b"")
    assert store.folders() == ("a", "b")
    assert store.folders("a/") == ("1", "2")
    assert store.folders("c/") == ()


def test_a_bucket_without_a_prefix(make_store: MakeStore) -> None:
    store = make_store(f"s3://{BUCKET}")
    assert store.put("top.json", b"top") == f"s3://{BUCKET}/top.json"
    assert "top.json" in store.list()


def test_put_new_refuses_what_is_there(make_store: MakeStore) -> None:
    store = make_store()
    store.put_new("journal/1", b"one")
    with pytest.raises(AwsError) as caught:
        store.put_new("journal/1", b"another")
    assert caught.value.code == "PreconditionFailed"
    assert store.get("journal/1") == b"one"


def test_put_new_whose_answer_was_lost_meets_its_own_object(make_store: MakeStore) -> None:
    store = make_store()
    store.put_new("journal/2", b"one")
    assert store.put_new("journal/2", b"one") == f"s3://{BUCKET}/runs/journal/2"


def test_what_is_not_there(make_store: MakeStore) -> None:
    assert make_store().get("nothing") is None
    with pytest.raises(NotFound) as caught:
        make_store("s3://no-such-bucket/runs").get("nothing")
    assert caught.value.code == "NoSuchBucket"


def test_the_key_that_encrypts(make_store: MakeStore, bucket: t.Any) -> None:
    make_store(kms_key_id="alias/reports").put("sealed", b"x")
    head = bucket.head_object(Bucket=BUCKET, Key="runs/sealed")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/reports")


@pytest.fixture(scope="session")
def locked(bucket: t.Any) -> str:
    """A bucket with Object Lock and a default retention. S3 then requires a checksum of each object."""
    name = "hardening-evidence"
    bucket.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    bucket.put_object_lock_configuration(
        Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    return name


@pytest.mark.parametrize("calculation", ["when_supported", "when_required"])
def test_a_bucket_with_object_lock(
    calculation: str, make_store: MakeStore, bucket: t.Any, locked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some stores other than S3 need when_required: then botocore sends no checksum that nobody asks it for.
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", calculation)
    store = make_store(f"s3://{locked}/journal/{calculation}")
    store.put_new("1-intent.json", b"one")
    store.put("plan.json", b"one")
    store.put("plan.json", b"two")
    assert (store.get("1-intent.json"), store.get("plan.json")) == (b"one", b"two")
    prefix = f"journal/{calculation}/plan.json"
    versions = bucket.list_object_versions(Bucket=locked, Prefix=prefix)["Versions"]
    assert len(versions) == 2
    for version in versions:
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            bucket.delete_object(Bucket=locked, Key=prefix, VersionId=version["VersionId"])


def test_nothing_leaves_the_prefix(make_store: MakeStore, emulator: Emulator) -> None:
    store = make_store()
    with pytest.raises(FenceError, match="the key is not below runs/"):
        store._access.call("s3", "PutObject", {"Bucket": BUCKET, "Key": "elsewhere", "Body": b""})
    with pytest.raises(FenceError, match="this client may only read and write objects"):
        store._access.call("s3", "DeleteObject", {"Bucket": BUCKET, "Key": "runs/1/report.json"})
    assert operations_of(emulator) == []


@pytest.mark.parametrize("location", ["s3://", "s3:///runs", "S3://bucket", "https://bucket/runs", "s3://Bucket/runs"])
def test_what_is_no_place(location: str, make_store: MakeStore) -> None:
    with pytest.raises(InvalidRequest, match="is not a place in S3, such as s3://bucket/prefix"):
        make_store(location)


@pytest.mark.parametrize(("most", "read"), [(3, b"abc"), (6, b"abcdef"), (7, b"abcdef")])
def test_of_an_object_that_is_too_large_only_the_start_is_read(
    most: int, read: bytes, make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may write to a bucket with log files, and an object may have 5 TB."""
    monkeypatch.setattr(s3_store, "_MOST_BYTES", most)
    store = make_store()
    store.put("log.json.gz", b"abcdef")
    assert store.get("log.json.gz") == read
