# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Answer, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.history import (
    Belief,
    History,
    Mark,
    RecordedChange,
    Stage,
    believe,
    parse_mark,
    read_history,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.kinds import Credential
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError

from .keys import ACCOUNT, KEY_ID, RUN, credential, days_ago, make_recorded, user_arn

NOTICED, DEACTIVATED = Stage.NOTICED, Stage.DEACTIVATED
TAGGED = make_recorded("TagUser", 20, after={"stage": "noticed"})
TOLD = make_recorded("Publish", 20, answer={"MessageId": "8f7b"})


def tag(stage: Stage = NOTICED, days: float = 20, notice: bool = False, run: str = RUN) -> str:
    return str(Mark(stage, days_ago(days), notice, run))


def test_a_mark_survives_its_tag() -> None:
    mark = Mark(NOTICED, days_ago(3), True, "20261125T020000Z")
    assert parse_mark(str(mark)) == mark
    assert str(mark) == "noticed=2026-11-22T12:00:00Z notice=sns run=20261125T020000Z"


@pytest.mark.parametrize("run", ["a", "x" * 128, "awx-17:3.2_b"])
def test_a_mark_is_what_iam_takes_for_the_value_of_a_tag(run: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html: 256 of these characters."""
    value = tag(Stage.FOUND_INACTIVE, run=run)
    assert len(value) <= 256 and all(character.isalnum() or character in " _.:/=+-@" for character in value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "yes",
        "noticed=yesterday notice=sns run=a",
        "killed=2026-11-22T12:00:00Z notice=sns run=a",
        tag() + " x",
    ],
)
def test_other_values_are_no_marks(value: t.Optional[str]) -> None:
    assert parse_mark(value) is None


def known(*records: RecordedChange) -> History:
    """A journal that was read, and has these records."""
    return {RUN: Yes(records) if records else NO}


@pytest.mark.parametrize(
    ("value", "history", "stage", "since"),
    [
        pytest.param(tag(), [TAGGED], NOTICED, 20, id="tag and journal agree"),
        pytest.param(tag(days=300), [TAGGED], NOTICED, 20, id="tag dated back"),
        pytest.param(tag(days=10), [TAGGED], NOTICED, 10, id="the later counts"),
        pytest.param(tag(), [], None, 0, id="journal knows nothing"),
        pytest.param(tag(run="run-0"), [TAGGED], None, 0, id="tag names another run"),
        pytest.param(tag(DEACTIVATED), [TAGGED], None, 0, id="tag names another stage"),
        pytest.param(tag(notice=True), [TAGGED], None, 0, id="no notice delivered"),
        pytest.param(tag(notice=True), [TAGGED, make_recorded("Publish", 20)], None, 0, id="a notice without id"),
        pytest.param(tag(notice=True), [TAGGED, TOLD], NOTICED, 20, id="notice delivered"),
        pytest.param(
            tag(),
            [make_recorded("TagUser", 20, after={"stage": "noticed"}, is_certain=False)],
            NOTICED,
            20,
            id="cut off after",
        ),
        pytest.param(
            tag(),
            [make_recorded("TagUser", 20, after={"stage": "noticed"}, user_arn=user_arn("x"))],
            None,
            0,
            id="of another user",
        ),
        pytest.param("whatever", [TAGGED], None, 0, id="not ours"),
        pytest.param(None, [TAGGED], None, 0, id="no tag"),
    ],
)
def test_belief(value: t.Optional[str], history: list[RecordedChange], stage: t.Optional[Stage], since: float) -> None:
    belief = believe(credential(), value, known(*history), trust_tags=False)
    assert (belief.stage, belief.since) == (stage, days_ago(since) if stage else None)
    assert bool(belief.doubt) is (stage is None and value is not None)


@pytest.mark.parametrize(
    ("key", "doubt"),
    [
        pytest.param(credential(age=19, used=None), "older than the credential itself", id="made since"),
        pytest.param(credential(used=19), "used since then, on 2026-11-06", id="used since"),
    ],
)
def test_what_aws_says_overtakes_a_mark(key: Credential, doubt: str) -> None:
    assert doubt in believe(key, tag(), known(TAGGED), trust_tags=True).doubt


def test_trusted_tags_need_no_journal() -> None:
    belief = believe(credential(), tag(notice=True), {RUN: NO}, trust_tags=True)
    assert (belief.stage, belief.since) == (NOTICED, days_ago(20))


def test_a_deactivation_counts_from_the_last_date_that_anything_supports() -> None:
    inactive = credential(status="Inactive", changed=days_ago(2))
    done = make_recorded("UpdateAccessKey", 3, after={"status": "Inactive"})
    tagged = make_recorded("TagUser", 20, after={"stage": "deactivated"})
    assert believe(inactive, tag(DEACTIVATED), known(tagged, done), trust_tags=False) == Belief(
        DEACTIVATED, days_ago(2), True
    )
    active = credential(changed=days_ago(2))
    assert believe(active, tag(DEACTIVATED), known(tagged), trust_tags=False) == Belief(
        DEACTIVATED, days_ago(20), False
    )


@pytest.mark.parametrize("trust_tags", [True, False])
def test_a_stage_is_not_known_where_the_journal_is_not(trust_tags: bool) -> None:
    belief = believe(credential(), tag(), {RUN: Unknown("can't read s3://journal")}, trust_tags=trust_tags)
    assert belief == Belief(unknown="can't read s3://journal")


class Journal:
    """A journal with one record, in parts that can be replaced."""

    def __init__(self, directory: Path) -> None:
        self.store = DirectoryStore(str(directory))

    def write(self, number: int = 1, *, outcome: t.Optional[str] = "applied", **change: t.Any) -> None:
        names = {"id": KEY_ID, "kind": "access_key"}
        recorded_change = {
            "operation": "TagUser",
            "account_id": ACCOUNT,
            "target": user_arn("svc"),
            "before": {**names, "stage": None},
            "after": {**names, "stage": "noticed"},
            **change,
        }
        intent = {"at": "2026-11-05T12:00:00Z", "change": recorded_change}
        key = f"{ACCOUNT}/{RUN}/{number:06d}"
        self.store.put_new(f"{key}-intent.json", json.dumps(intent).encode())
        if outcome:
            ending = {"outcome": outcome, "answer": {"MessageId": "8f7b"}}
            self.store.put_new(f"{key}-outcome.json", json.dumps(ending).encode())

    def read(self, run: str = RUN) -> Answer[t.Sequence[RecordedChange]]:
        return read_history(self.store, ACCOUNT, [run])[run]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


def test_history_is_what_was_not_in_vain(journal: Journal) -> None:
    journal.write(1)
    journal.write(2, outcome="failed")
    journal.write(3, outcome=None)
    journal.write(4, before=None, after={"minimum_password_length": 14})
    journal.write(5, operation="DeleteAccessKey", after=None)
    answer = journal.read()
    assert isinstance(answer, Yes)
    found = answer.value
    assert [(record.operation, record.is_certain) for record in found] == [
        ("TagUser", True),
        ("TagUser", False),
        ("DeleteAccessKey", True),
    ]
    assert found[0] == make_recorded(
        "TagUser",
        20,
        after={"id": KEY_ID, "kind": "access_key", "stage": "noticed"},
        answer={"MessageId": "8f7b"},
    )
    assert journal.read("run-0") == NO


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"change": []}',
        b'{"change": {"after": [1], "before": 2}}',
        b'{"change": {"account_id": "999900001111", "after": null, "before": null}}',
    ],
)
def test_a_broken_record_may_be_the_one_in_question(journal: Journal, content: bytes) -> None:
    journal.write(1)
    journal.store.put_new(f"{ACCOUNT}/{RUN}/000003-intent.json", content)
    assert journal.read() == Unknown(f"a record of run {RUN} in the journal is malformed, or of another account")
    assert journal.read("run-0") == NO


def test_a_journal_that_can_not_be_read_is_unknown(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_prefix: str) -> list[str]:
        raise StoreError("no such bucket")

    monkeypatch.setattr(journal.store, "list", refuse)
    assert journal.read() == Unknown("the journal can't be read: no such bucket")
