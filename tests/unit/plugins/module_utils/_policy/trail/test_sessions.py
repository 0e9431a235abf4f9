# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the events that begin sessions say of them."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.trail import sessions
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.exclusions import Exclusion
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.sessions import SessionScan, needs_scan

from .events import ASSUMED_ROLE, IAM_USER, KEY, ROLE, Record, event

SESSION = "ASIAEXAMPLESESSION01"
THERE = Exclusion(source_ips=(ipaddress.ip_network("203.0.113.0/24"),))


def begin(source: str = "sts", call: str = "AssumeRole", **request: t.Any) -> Record:
    answer = {"credentials": {"accessKeyId": SESSION, "sessionToken": "x"}}
    return event(f"{source}:{call}", IAM_USER, requestParameters={"roleArn": ROLE, **request}, responseElements=answer)


TAGS = [{"key": "team", "value": "red"}]


@pytest.mark.parametrize(
    ("record", "tags"),
    [
        (begin(tags=TAGS), {"team": "red"}),
        (begin(call="AssumeRoleWithSAML", principalTags={"team": "blue"}), {"team": "blue"}),
        (begin(), None),
        (begin(tags="red"), None),
        (begin(tags=[{"key": 1}, None]), None),
        # Other services may have calls of any name.
        (begin("made-up", tags=TAGS), None),
        ({**begin(tags=TAGS), "responseElements": None}, None),
        ({**begin(tags=TAGS), "responseElements": {"credentials": {"accessKeyId": []}}}, None),
    ],
)
def test_the_tags_of_a_session(record: Record, tags: dict[str, str] | None) -> None:
    scan = SessionScan([])
    scan.add(record)
    assert scan.tags.get(SESSION) == tags


def test_the_keys_that_an_excluded_address_used() -> None:
    scan = SessionScan([Exclusion(sessions=("x",)), THERE])
    for identity, address in ((IAM_USER, "203.0.113.9"), (ASSUMED_ROLE, "198.51.100.1"), (ASSUMED_ROLE, None)):
        scan.add(event("s3:ListBuckets", identity, sourceIPAddress=address))
    other, found = scan.list_exclusions()
    assert (other.keys_seen_there, found.keys_seen_there) == (frozenset(), {KEY})


def test_a_scan_with_too_many_sessions_is_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_MOST", 1)
    scan = SessionScan([THERE])
    scan.add(event("s3:ListBuckets", IAM_USER, sourceIPAddress="203.0.113.9"))
    assert scan.is_complete
    scan.add(event("s3:ListBuckets", ASSUMED_ROLE, sourceIPAddress="203.0.113.9"))
    assert not scan.is_complete
    assert len(scan.list_exclusions()[0].keys_seen_there) == 1


@pytest.mark.parametrize("record", [None, [], {}, {"userIdentity": []}, {"userIdentity": {}, "eventName": []}])
def test_what_is_no_event_says_nothing(record: t.Any) -> None:
    scan = SessionScan([THERE])
    scan.add(record)
    assert scan.tags == {}


@pytest.mark.parametrize(
    ("keys", "exclusions", "needed"),
    [
        (["aws:principaltag/team"], [], True),
        (["aws:sourceip"], [], False),
        ([], [THERE], True),
        ([], [Exclusion(sessions=("x",))], False),
        (None, [], False),
    ],
)
def test_events_are_read_twice_only_where_sessions_decide(keys: t.Any, exclusions: t.Any, needed: bool) -> None:
    assert needs_scan(keys, exclusions) is needed
