# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hunt in files alone: which raw records are kept as evidence."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.question import Question
from ansible_collections.hardening.iam.plugins.module_utils._questions.credential_hunt.offline import hunt_in_files
from ansible_collections.hardening.iam.plugins.module_utils._questions.credential_hunt.options import Options

ACCOUNT: t.Final = "222233334444"
KEY: t.Final = "AKIATHPRDSKWLEAKED01"
NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", [None, 7, "e" * 5000, "e-1"], ids=["none", "number", "long", "usual"])
def test_each_event_of_the_time_line_has_its_record(tmp_path: Path, name: t.Any) -> None:
    event = {
        "eventID": name,
        "eventTime": "2026-11-28T10:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets",
        "awsRegion": "us-east-1",
        "recipientAccountId": ACCOUNT,
        "userIdentity": {
            "type": "IAMUser",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/ci",
            "accountId": ACCOUNT,
            "accessKeyId": KEY,
        },
    }
    (tmp_path / "export.json").write_text(json.dumps([event, event]))
    question = Question.of(keys=[KEY], principals=(), addresses=(), since=None, until=NOW)
    options = Options(question, (), event_history=True, max_calls=1, offline=True, sweep=False, regions=())
    found = hunt_in_files(options, [DirectoryStore(str(tmp_path))], now=NOW)
    assert len(found.document["timeline"]) == 1
    assert [one.record for one in found.records] == [event]
