# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_pattern import (
    LONGEST,
    EventPattern,
    example,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

# Shaped as CloudTrail hands it to EventBridge: the sign-in of a root user.
SIGN_IN: dict[str, t.Any] = {
    "version": "0",
    "id": "9e3c153a-8339-4e30-8c35-687ebef853fe",
    "detail-type": "AWS Console Sign In via CloudTrail",
    "source": "aws.signin",
    "account": "111122223333",
    "time": "2026-11-25T02:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {
        "eventName": "ConsoleLogin",
        "userIdentity": {"type": "Root", "accountId": "111122223333"},
        "sourceIPAddress": "203.0.113.7",
        "requestParameters": None,
        "responseElements": {"ConsoleLogin": "Success"},
        "additionalEventData": {"MFAUsed": "No", "LoginTo": "https://console.aws.amazon.com/iam/home?x=*"},
        "readOnly": False,
        "attempts": 3,
        "groups": ["admins", "people"],
    },
}
FINDINGS: dict[str, t.Any] = {
    "detail": {
        "findings": [
            {"Severity": {"Label": "LOW"}, "Compliance": {"Status": "FAILED"}},
            {"Severity": {"Label": "HIGH"}, "Compliance": {"Status": "PASSED"}},
        ]
    }
}


def of_detail(**fields: t.Any) -> EventPattern:
    return EventPattern({"detail": fields})


# Each: the fields of `detail` in the pattern, and whether the sign-in matches.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
MATCHES: list[tuple[dict[str, t.Any], bool]] = [
    ({"eventName": ["ConsoleLogin"]}, True),
    ({"eventName": ["consolelogin"]}, False),
    ({"eventName": ["Other", "ConsoleLogin"]}, True),
    ({"eventName": ["ConsoleLogin"], "userIdentity": {"type": ["IAMUser"]}}, False),
    ({"requestParameters": [None]}, True),
    ({"requestParameters": [""]}, False),
    ({"readOnly": [False]}, True),
    ({"readOnly": [0]}, False),
    ({"readOnly": ["false"]}, False),
    ({"groups": ["people"]}, True),
    ({"groups": ["person"]}, False),
    ({"eventName": [{"prefix": "Console"}]}, True),
    ({"eventName": [{"prefix": "console"}]}, False),
    ({"eventName": [{"prefix": {"equals-ignore-case": "console"}}]}, True),
    ({"eventName": [{"suffix": "Login"}]}, True),
    ({"eventName": [{"suffix": {"equals-ignore-case": "LOGIN"}}]}, True),
    ({"eventName": [{"equals-ignore-case": "CONSOLELOGIN"}]}, True),
    ({"attempts": [{"prefix": "3"}]}, False),
    ({"eventName": [{"anything-but": "ConsoleLogin"}]}, False),
    ({"eventName": [{"anything-but": ["Other", "Third"]}]}, True),
    ({"eventName": [{"anything-but": {"prefix": "Console"}}]}, False),
    ({"eventName": [{"anything-but": {"suffix": ["Out", "Off"]}}]}, True),
    ({"eventName": [{"anything-but": {"wildcard": "*Log*"}}]}, False),
    ({"eventName": [{"anything-but": {"equals-ignore-case": "consolelogin"}}]}, False),
    # There is another group beside it.
    ({"groups": [{"anything-but": "admins"}]}, True),
    # What is not there is not anything.
    ({"nothing": [{"anything-but": "x"}]}, False),
    ({"nothing": [{"exists": False}]}, True),
    ({"nothing": [{"exists": True}]}, False),
    ({"nothing": {"below": [{"exists": False}]}}, True),
    ({"eventName": {"below": [{"exists": False}]}}, True),
    ({"eventName": [{"exists": True}]}, True),
    ({"requestParameters": [{"exists": True}]}, True),
    # Exists looks at leaves alone: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    ({"userIdentity": [{"exists": True}]}, False),
    ({"attempts": [3]}, True),
    ({"attempts": [3.0]}, True),
    ({"attempts": [{"numeric": [">", 2, "<=", 3]}]}, True),
    ({"attempts": [{"numeric": ["=", 4]}]}, False),
    ({"readOnly": [{"numeric": [">=", 0]}]}, False),
    ({"sourceIPAddress": [{"cidr": "203.0.113.0/24"}]}, True),
    ({"sourceIPAddress": [{"cidr": "198.51.100.0/24"}]}, False),
    ({"eventName": [{"cidr": "203.0.113.0/24"}]}, False),
    # A number is no address, though it could be read as one.
    ({"attempts": [{"cidr": "0.0.0.0/24"}]}, False),
    ({"eventName": [{"wildcard": "Con*in"}]}, True),
    ({"eventName": [{"wildcard": "Con?oleLogin"}]}, False),
    ({"additionalEventData": {"LoginTo": [{"wildcard": "https://*.amazon.com/*x=\\*"}]}}, True),
    ({"additionalEventData": {"LoginTo": [{"wildcard": "https://*.amazon.com/*y=\\*"}]}}, False),
    ({"$or": [{"eventName": ["Other"]}, {"attempts": [3]}]}, True),
    ({"$or": [{"eventName": ["Other"]}, {"attempts": [4]}]}, False),
    ({"eventName": ["Other"], "$or": [{"readOnly": [False]}, {"attempts": [3]}]}, False),
]


@pytest.mark.parametrize(("fields", "matches"), MATCHES, ids=lambda value: str(value)[:60])
def test_patterns(fields: dict[str, t.Any], matches: bool) -> None:
    assert of_detail(**fields).matches(SIGN_IN) is matches


def test_what_is_asked_of_a_list_of_objects_must_be_true_of_one_of_them() -> None:
    def matches(label: str, status: str) -> bool:
        wanted = {"Severity": {"Label": [label]}, "Compliance": {"Status": [status]}}
        return of_detail(findings=wanted).matches(FINDINGS)

    assert matches("LOW", "FAILED") and matches("HIGH", "PASSED")
    assert not matches("HIGH", "FAILED")


def test_lists_of_objects_that_a_pattern_does_not_name_cost_nothing() -> None:
    event = copy.deepcopy(SIGN_IN)
    event["detail"].update({f"list{number}": [{"a": n} for n in range(20)] for number in range(20)})
    assert of_detail(eventName=["ConsoleLogin"]).matches(event)


def test_a_pattern_without_its_detail_matches_by_the_rest() -> None:
    assert EventPattern({"source": ["aws.signin"], "detail-type": [{"prefix": "AWS Console"}]}).matches(SIGN_IN)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ({}, "at least one field"),
        (["x"], "is an object"),
        ({"source": "aws.signin"}, r"pattern.source: neither .* but \"aws.signin\""),
        ({"source": []}, "pattern.source: a list without values"),
        ({"detail": {}}, "pattern.detail: neither"),
        ({"source": [["x"]]}, r"pattern.source\[0\]: a list inside a list"),
        ({"source": [{"contains": "x"}]}, "there is no filter 'contains'; there are anything-but, cidr"),
        ({"source": [{"prefix": "a", "suffix": "b"}]}, "one operator"),
        ({"source": [{"prefix": 1}]}, "pattern.source.*prefix: a text, not 1"),
        ({"source": [{"exists": "true"}]}, 'true or false, not "true"'),
        ({"source": [{"numeric": [">", "1"]}]}, "no comparison with a number"),
        ({"source": [{"numeric": ["=", True]}]}, "true is no comparison with a number"),
        ({"source": [{"numeric": [">"]}]}, "one or two comparisons"),
        ({"source": [{"numeric": [">", 6_000_000_000]}]}, "five billion"),
        ({"source": [{"cidr": "10.0.0.0/99"}]}, "does not appear to be"),
        ({"source": [{"wildcard": "a**b"}]}, "two asterisks"),
        ({"source": [{"anything-but": {"exists": True}}]}, "one of equals-ignore-case, prefix"),
        ({"source": [{"anything-but": []}]}, "texts or numbers"),
        ({"$or": [{"source": ["x"]}]}, "at least two patterns"),
        ({"source": ["x" * LONGEST]}, "EventBridge takes 4096"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_eventbridge_would_not_take_is_refused_by_its_place(pattern: t.Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        EventPattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        ({"source": ["aws.iam", "aws.sts"]}, {"source": "aws.iam"}),
        ({"detail": {"readOnly": [False], "count": [0, 1]}}, {"detail": {"readOnly": False, "count": 0}}),
        ({"detail": {"a": [{"exists": True}], "b": [{"exists": False}]}}, {"detail": {"a": "there"}}),
        ({"source": ["x"], "detail": {"b": [{"exists": False}]}}, {"source": "x"}),
        ({"source": [{"anything-but": ["Yes"]}]}, {"source": "something else"}),
        ({"source": [{"prefix": "IAM."}], "b": [{"suffix": "Access"}]}, {"source": "IAM.", "b": "Access"}),
        ({"source": [{"wildcard": "arn:*:iam::aws:*"}]}, {"source": "arn::iam::aws:"}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_the_least_event_of_a_pattern_matches_it(pattern: dict[str, t.Any], event: dict[str, t.Any]) -> None:
    assert example(pattern) == event
    assert EventPattern(pattern).matches(event)
