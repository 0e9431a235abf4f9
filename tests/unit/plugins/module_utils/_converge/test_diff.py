# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.diff import diff_of

from .fakes import change, user_arn


def shown(state: t.Any, operation: str = "Replace") -> str:
    one = dataclasses.replace(change("a", before={}, after=state), operation=operation)
    (found,) = diff_of([one])
    return str(found["after"])


def test_one_difference_a_change_and_nothing_is_an_empty_text() -> None:
    given = [change("a", before=None, after={"x": 1}), change("b", before={"x": 1}, after=None)]
    changes = [dataclasses.replace(one, affects=(one.target,)) for one in given]
    assert diff_of(changes) == [
        {
            "before_header": f"{user_arn('a')} (before Replace)",
            "after_header": f"{user_arn('a')} (after Replace)",
            "before": "",
            "after": "x: 1\n",
        },
        {
            "before_header": f"{user_arn('b')} (before Replace)",
            "after_header": f"{user_arn('b')} (after Replace)",
            "before": "x: 1\n",
            "after": "",
        },
    ]
    assert diff_of([]) == []


def test_a_policy_is_shown_statement_by_statement() -> None:
    actions = [f"service{number}:DoSomething" for number in range(8)]
    condition = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "One", "Effect": "Allow", "Action": actions, "Resource": "*", "Condition": condition}],
    }
    assert shown({"document": document}).splitlines() == [
        "document:",
        "  Version: 2012-10-17",
        "  Statement:",
        "    -",
        "      Sid: One",
        "      Effect: Allow",
        "      Action:",
        "        service0:DoSomething, service1:DoSomething, service2:DoSomething, service3:DoSomething,",
        "        service4:DoSomething, service5:DoSomething, service6:DoSomething, service7:DoSomething",
        "      Resource: *",
        '      Condition: {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}',
    ]


def test_lines_are_wrapped_at_spaces_alone() -> None:
    arn = f"arn:aws:iam::222233334444:role/{'x' * 170}"
    lines = shown({"note": f"{'some words ' * 30}{arn}", "names": [arn, "y" * 90]}).splitlines()
    assert f"  {arn}" in lines
    assert f"  {arn}," in lines
    assert all(len(line) <= 100 for line in lines if arn not in line)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"name": "a\u202eb"}, {"name": "a\u200bb"}),
        ({"value": None}, {"value": "null"}),
        ({"value": "24"}, {"value": 24}),
        ({"names": ["a" * 60, "b" * 60]}, {"names": ["a" * 60 + ", " + "b" * 60]}),
        ({"note": "a" * 60 + " " + "b" * 60}, {"note": "a" * 60 + "  " + "b" * 60}),
        ({"list": [f"a  {n}" + "b" * 90 for n in range(99)]}, {"list": [f"a {n}" + "b" * 90 for n in range(99)]}),
        (None, {}),
    ],
)
def test_states_that_differ_never_look_equal(before: t.Any, after: t.Any) -> None:
    """Ansible shows nothing of a change where both texts are equal."""
    one = dataclasses.replace(change("a", before=before, after=after), affects=(user_arn("a"),))
    (found,) = diff_of([one])
    assert found["before"] != found["after"]


def test_equal_states_look_equal() -> None:
    (found,) = diff_of([change("a", before={"x": 1}, after={"x": 1})])
    assert found["before"] == found["after"] == "x: 1\n"


def test_every_statement_of_a_policy_is_shown_whole() -> None:
    resource = "arn:aws:s3:::" + "x" * 400 + "/secret"
    statements = [{"Sid": f"S{number}", "Effect": "Allow", "Action": "iam:*"} for number in range(30)]
    text = shown({"document": {"Statement": [*statements, {"Effect": "Allow", "Resource": resource}]}})
    assert '"Sid": "S29"' in text
    assert resource in text
    assert "sha256" not in text
    assert max(len(line) for line in text.splitlines() if resource not in line) <= 100


def test_a_policy_without_statements_is_shown_whole() -> None:
    """Policies of tags or of services have no statements, and a new one is attached to nobody."""
    tags = {f"tag{number}": {"tag_value": {"@@assign": ["a" * 30, "b" * 30]}} for number in range(8)}
    (found,) = diff_of([small("a", {"policy": "tags", "document": {"tags": tags}})])
    assert "tag7" in found["after"]
    assert "sha256" not in found["after"]


def small(name: str, after: t.Any, **more: t.Any) -> Change:
    return dataclasses.replace(change(name, before=None, after=after), affects=(), **more)


def test_objects_that_give_nobody_access_share_a_difference() -> None:
    parameters = {"parameters": {f"parameter{n}": "y" * 20 for n in range(20)}}
    one, other = small("a", parameters), small("b", {"x": 1})
    apart = small("c", {"x": 1}, operation="Other")
    found = diff_of([one, apart, other])
    assert [item["after_header"] for item in found] == ["2 objects (after Replace)", f"{user_arn('c')} (after Other)"]
    lines = str(found[0]["after"]).splitlines()
    assert lines[0] == user_arn("a")
    assert lines[-1] == f"{user_arn('b')}: x: 1"
    assert all(f'"parameter{number}"' in found[0]["after"] for number in range(20))
    assert max(map(len, lines)) <= 100
    assert found[0]["before"] == ""


def test_objects_in_the_same_state_stand_together() -> None:
    """A rule in each of 17 regions is one rule to somebody who reads."""
    (found,) = diff_of([*(small(name, {"x": "y" * 90}) for name in "abc"), small("d", {"x": None, "tags": {}})])
    expected = [user_arn("a"), user_arn("b"), user_arn("c"), f"  x: {'y' * 90}", user_arn("d")]
    assert found["after"].splitlines() == expected


def test_short_changes_of_one_operation_share_a_difference() -> None:
    given = [change(f"user-{number}", before={"on": False}, after={"on": True}) for number in range(200)]
    long = change("long", before={"x": "y" * 100}, after={"x": "z"})
    (first, second) = diff_of([*given, long])
    assert first["before"].splitlines() == [f"{one.target}: on: false" for one in given]
    assert first["after"].splitlines() == [f"{one.target}: on: true" for one in given]
    assert second["after"] == "x: z\n"


def test_what_a_target_says_already_is_left_out() -> None:
    state = {"rule": "a", "tags": {"iam-hardening:managed": "true"}, "none": None, "empty": [], "off": False, "zero": 0}
    (found,) = diff_of([small("a", state)])
    assert found["after"] == f"{user_arn('a')}: off: false, zero: 0\n"


def test_every_object_is_listed_whatever_their_number() -> None:
    (found,) = diff_of([small(f"user-{number}", {"x": f"{number}" + " y" * 80}) for number in range(300)])
    lines = found["after"].splitlines()
    assert all(any(line.endswith(f"/user-{number}") for line in lines) for number in range(300))
    assert len(lines) < 420
    assert "see the plan in report.html" in lines[-1]


def test_a_policy_and_an_object_that_gives_access_are_shown_whole() -> None:
    policy = small("a", {"document": {"Statement": [{"Effect": "Allow", "Action": ["x"] * 20}]}})
    access = dataclasses.replace(small("b", {"x": 1, "y": "z" * 120}), affects=(user_arn("b"),))
    first, second = diff_of([policy, access])
    assert "Effect: Allow" in first["after"]
    assert second["after"] == f"x: 1\ny: {'z' * 120}\n"


def test_of_a_long_difference_the_first_lines_are_shown() -> None:
    same = [{"a": "x" * 60, "n": number} for number in range(70)]
    before, after = [*same, *({"b": "y" * 60, "n": number} for number in range(50))], [*same, {"c": "z"}]
    (found,) = diff_of([dataclasses.replace(change("a", before={"list": before}, after={"list": after}))])
    removed = set(found["before"].splitlines()) - set(found["after"].splitlines())
    assert len(removed) == 40
    assert found["after"].splitlines()[-1] == "… and 11 more lines, see the plan in report.html"
    (found,) = diff_of([dataclasses.replace(change("a", before={"list": []}, after={"list": before}))])
    assert len(found["after"].splitlines()) < 70
    assert found["after"].splitlines()[-1].startswith("… and 82 more lines, see the plan in report.html")


def test_the_difference_of_an_event_pattern_is_shown() -> None:
    def pattern(*names: str) -> dict[str, t.Any]:
        detail = {"eventName": list(names), "eventSource": ["iam.amazonaws.com"], "type": ["a" * 40]}
        return {"pattern": {"source": ["aws.iam"], "detail": detail}, "state": "ENABLED"}

    one = change("a", before=pattern("CreateUser"), after=pattern("CreateUser", "DeleteUser"), operation="PutRule")
    (found,) = diff_of([one])
    removed, added = (set(found[side].splitlines()) for side in ("before", "after"))
    assert removed - added == {'    eventName: ["CreateUser"]'}
    assert added - removed == {'    eventName: ["CreateUser", "DeleteUser"]'}


def test_the_pattern_of_a_new_rule_is_shown() -> None:
    (found,) = diff_of([small("a", {"pattern": {"source": ["aws.iam"]}, "state": "ENABLED"}, operation="PutRule")])
    assert found["after"] == f'{user_arn("a")}: pattern: {{"source": ["aws.iam"]}}, state: ENABLED\n'


def test_states_and_targets_can_not_write_to_the_terminal() -> None:
    hostile = "\x1b[2J\u202etoor"
    (found,) = diff_of([change(hostile, before={hostile: [hostile]}, after={"x": hostile})])
    assert found["after_header"] == f"{user_arn('?[2J?toor')} (after Replace)"
    assert found["before"] == '?[2J?toor: ["\\u001b[2J?toor"]\n'
    assert found["after"] == "x: ?[2J?toor\n"
