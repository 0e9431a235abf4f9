# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real events, where there are any: the resources that are read of them are right.

No such events are part of this collection. HARDENING_TRAIL_SAMPLES names a directory of log files, such as those of
https://github.com/invictus-ir/aws_dataset and https://github.com/DataDog/stratus-red-team (docs/detonation-logs).
"""

from __future__ import annotations

import collections
import gzip
import json
import os
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.callers import SkipReason
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.calls import Call
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.names import actions_of, prefix_of

from . import reference as trail_reference
from .events import ACCOUNT, ROLE, Record, event

SAMPLES = os.environ.get("HARDENING_TRAIL_SAMPLES", "")
ENOUGH = 0.98


def records(directory: Path) -> Iterator[Record]:
    """The events of all files: a log file of CloudTrail, a list of events, one event, or one a line."""
    for path in sorted(directory.rglob("*.json*")):
        content = path.read_bytes()
        text = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        for document in documents(text):
            found = document.get("Records", [document]) if isinstance(document, dict) else document
            for one in found if isinstance(found, list) else ():
                if isinstance(one, dict) and isinstance(one.get("userIdentity"), dict) and "eventName" in one:
                    yield one


def documents(text: bytes) -> Iterator[t.Any]:
    try:
        yield json.loads(text)
    except ValueError:
        for line in text.splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                return


def list_resources(calls: tuple[Call, ...], action: str) -> set[str]:
    """The resources that the reader shows for the event's own action."""
    return {call.resource for call in calls if call.action == action and call.resource}


class Comparison:
    """How many resources were right, and which were not."""

    def __init__(self) -> None:
        self.events = self.right = self.missed = 0
        self.wrong: collections.Counter[tuple[str, str, str]] = collections.Counter()
        self.left: collections.Counter[tuple[str, str]] = collections.Counter()

    def add(self, record: Record) -> None:
        calls = EventReader(keys=frozenset()).calls({**record, "eventType": "AwsApiCall"})
        actions = actions_of(prefix_of(record["eventSource"]), record["eventName"])
        if isinstance(calls, SkipReason) or len(actions) != 1:
            return
        expected = trail_reference.expect_arns(record, actions[0])
        found = list_resources(calls, actions[0])
        if expected is None:
            return
        self.events += 1
        self.right += len(found & expected)
        for arn in found - expected:
            self.wrong[actions[0], arn, " ".join(sorted(expected))] += 1
        for arn in expected - found:
            self.missed += 1
            self.left[actions[0], arn] += 1

    @property
    def share(self) -> float:
        """The share of the resources shown that are right."""
        return self.right / max(1, self.right + self.wrong.total())


@pytest.mark.skipif(not SAMPLES, reason="HARDENING_TRAIL_SAMPLES names no directory of CloudTrail log files")
def test_real_events(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = Comparison()
    for record in records(Path(SAMPLES)):
        comparison.add(record)
    with capsys.disabled():
        print(f"\n{comparison.events} events show {comparison.right + comparison.wrong.total()} resources,")
        print(f"{comparison.share:.2%} of them right; {comparison.missed} more are in the events and not read")
        for (action, arn, instead), count in comparison.wrong.most_common():
            print(f"  wrong {count} times: {action} {arn} instead of {instead}")
        for (action, arn), count in comparison.left.most_common(20):
            print(f"  not read {count} times: {action} {arn}")
    assert comparison.events, f"there are no events in {SAMPLES}"
    assert comparison.share >= ENOUGH


def test_the_comparison_finds_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without real events too: the second reader tells a right resource from a wrong one."""
    bucket = event("s3:GetBucketAcl", requestParameters={"bucketName": "b"}, resources=[{"ARN": "arn:aws:s3:::b"}])
    instance = f"arn:aws:ec2:eu-central-1:{ACCOUNT}:instance/i-1"
    stopped = event("ec2:StopInstances", requestParameters={"instancesSet": {"items": [{"instanceId": "i-1"}]}})
    comparison = Comparison()
    for record in (bucket, stopped, event("ec2:DescribeInstances")):
        comparison.add(record)
    assert (comparison.events, comparison.right, comparison.share) == (2, 2, 1.0)
    assert trail_reference.expect_arns(stopped, "ec2:StopInstances") == {instance}
    wrong = Call(ROLE, "ec2:StopInstances", instance.replace("i-1", "i-2"), comparison_context(), None)
    monkeypatch.setattr(EventReader, "calls", lambda self, record: (wrong,))
    comparison.add(stopped)
    assert (comparison.right, comparison.wrong.total(), comparison.missed) == (2, 1, 1)


def comparison_context() -> t.Any:
    """A context of which nothing is known."""
    calls = EventReader(keys=frozenset()).calls(event("s3:ListBuckets"))
    assert not isinstance(calls, SkipReason)
    return calls[0].context
