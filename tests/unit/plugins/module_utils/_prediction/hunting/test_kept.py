# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a hunt keeps: records without secrets, and what the event history was asked."""

from __future__ import annotations

import gzip
import json
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Origin, hash_record
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.gaps import Coverage, RegionRead
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.model import Question
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.state import MadeObject, State
from ansible_collections.hardening.iam.plugins.module_utils._prediction.hunting.kept import (
    Asked,
    HuntState,
    KeptRecord,
    Lookup,
    hide_secrets,
    read_records,
    write_records,
)
from ansible_collections.hardening.iam.plugins.module_utils._prediction.hunting.kept_state import (
    Present,
    read_present,
    write_present,
)

ACCOUNT: t.Final = "222233334444"
NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
RECORD: t.Final = {
    "eventID": "e-1",
    "eventTime": "2026-11-28T10:00:00Z",
    "eventSource": "sts.amazonaws.com",
    "eventName": "AssumeRole",
    "awsRegion": "us-east-1",
    "recipientAccountId": ACCOUNT,
    "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/x", "accountId": ACCOUNT},
    "responseElements": {"credentials": {"accessKeyId": "ASIAEXAMPLEEXAMPLE1", "sessionToken": "secret token"}},
}
ORIGIN: t.Final = Origin("logs", "a.json.gz", 3)


def test_records_come_back_with_source_and_hash_and_without_secrets() -> None:
    content = write_records([KeptRecord.of(RECORD, ORIGIN)])
    assert b"secret token" not in gzip.decompress(content)
    (kept,) = read_records(content)
    assert (kept.origin, kept.sha256) == (ORIGIN, hash_record(RECORD))
    event = kept.parse()
    assert event is not None
    assert (event.sha256, event.origin) == (hash_record(RECORD), ORIGIN)
    assert event.response["credentials"]["accessKeyId"] == "ASIAEXAMPLEEXAMPLE1"


def test_the_same_records_make_the_same_file() -> None:
    one, other = KeptRecord.of(RECORD, ORIGIN), KeptRecord.of({**RECORD, "eventID": "e-2"}, ORIGIN)
    assert write_records([one, other]) == write_records([other, one])


def test_the_file_is_a_log_file_of_cloudtrail() -> None:
    document = json.loads(gzip.decompress(write_records([KeptRecord.of(RECORD, ORIGIN)])))
    assert document["Records"][0]["eventName"] == "AssumeRole"


@pytest.mark.parametrize("name", ["password", "newPassword", "secretString", "SessionToken", "userData", "plaintext"])
def test_secrets_are_hidden_wherever_they_are(name: str) -> None:
    found = hide_secrets({"requestParameters": [{"inner": {name: "hunter2", "other": "seen"}}]})
    assert "hunter2" not in json.dumps(found) and "seen" in json.dumps(found)


def test_a_deep_record_is_cut_and_not_followed_for_ever() -> None:
    deep: t.Any = "hunter2"
    for _level in range(3000):
        deep = {"a": deep}
    assert "hunter2" not in json.dumps(hide_secrets(deep))


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"no json",
        b"[]",
        b'{"schema": "other", "Records": [], "sources": []}',
        b'{"schema": "hardening.iam/hunt-records/1", "Records": {}, "sources": []}',
        gzip.compress(b'{"schema": "hardening.iam/hunt-records/1", "Records": ["x"], "sources": [1]}', mtime=0),
        gzip.compress(b"x" * 100)[:20],
    ],
    # The compressed bytes have the time in them, and all workers need the same names.
    ids=["missing", "empty", "no JSON", "a list", "another schema", "no records", "records of text", "cut off"],
)
def test_malformed_files_have_no_records(content: t.Optional[bytes]) -> None:
    assert read_records(content) == []


def test_a_forged_source_does_no_harm() -> None:
    document = {
        "schema": "hardening.iam/hunt-records/1",
        "Records": [RECORD],
        "sources": [{"place": ["x"], "file": None, "line": True, "sha256": "../../x"}],
    }
    (kept,) = read_records(json.dumps(document).encode())
    assert kept.origin == Origin() and kept.sha256 == hash_record(RECORD)


def make_state() -> HuntState:
    asked = Asked(low=NOW, high=NOW, is_done=True, calls=2, events=7, error="", is_denied=False)
    return HuntState(
        ACCOUNT,
        {(Lookup("AccessKeyId", "AKIAIOSFODNN7EXAMPLE"), "us-east-1"): asked},
        {"us-east-1": RegionRead(Coverage.PARTIAL, ("throttled",))},
        [{"pages": 2}],
    )


def test_a_state_comes_back() -> None:
    state = make_state()
    assert HuntState.of_bytes(state.as_bytes(), ACCOUNT) == state
    assert dict(state.list_reads()) == {(ACCOUNT, "us-east-1"): RegionRead(Coverage.PARTIAL, ("throttled",))}


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "other"},
        {"account_id": "333344445555"},
        {"asked": [{}]},
        {"asked": "x"},
        {"regions": {"us-east-1": {"coverage": "perfect", "reasons": []}}},
        {"queries": [7]},
    ],
)
def test_a_malformed_state_is_an_empty_one(change: t.Any) -> None:
    content = json.dumps({**json.loads(make_state().as_bytes()), **change}).encode()
    assert HuntState.of_bytes(content, ACCOUNT) == HuntState(ACCOUNT)


def make_present() -> Present:
    question = Question("iam.user", ACCOUNT, "", ("svc",))
    state = State({question: True}, {}, (MadeObject(question, "arn", NOW, "user"),), {ACCOUNT: NOW})
    return Present(state, dependants=({"key_id": "x"},), secrets=({"arn": "y"},), unread=("z",))


def test_answers_come_back() -> None:
    present = make_present()
    assert read_present(write_present(present, ACCOUNT), ACCOUNT) == present


def test_an_account_answers_for_itself_alone() -> None:
    """Who can write to the folder of one account can't say of another that something is gone."""
    content = write_present(make_present(), ACCOUNT)
    assert read_present(content, "333344445555") == Present()
    forged = content.replace(b'"account_id": "222233334444", "answer"', b'"account_id": "333344445555", "answer"')
    document = json.loads(forged)
    document["answers"][0]["account_id"] = "333344445555"
    assert read_present(json.dumps(document).encode(), ACCOUNT) == Present()


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b'{"schema": 1}'])
def test_malformed_answers_are_none(content: t.Optional[bytes]) -> None:
    assert read_present(content, ACCOUNT) == Present()


def test_answers_of_accounts_are_joined() -> None:
    joined = Present().join(make_present(), make_present())
    assert len(joined.dependants) == 2 and joined.unread == ("z",)
    assert joined.state.answers == make_present().state.answers
