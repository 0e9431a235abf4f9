# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.difference import find_lost_actions

ALICE = "arn:aws:iam::111122223333:user/alice"
OBJECT = "arn:aws:s3:::acme/*"
OWN = "arn:aws:s3:::acme/${aws:username}/*"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
OFFICE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


def policy(*statements: t.Any, version: str = "2012-10-17") -> Policy:
    return parse({"Version": version, "Statement": list(statements)})


def allow(action: t.Any, resource: t.Any = "*", condition: t.Any = None) -> dict[str, t.Any]:
    return _statement("Allow", action, resource, condition)


def deny(action: t.Any, resource: t.Any = "*", condition: t.Any = None) -> dict[str, t.Any]:
    return _statement("Deny", action, resource, condition)


def _statement(effect: str, action: t.Any, resource: t.Any, condition: t.Any) -> dict[str, t.Any]:
    said = {"Effect": effect, "Action": action, "Resource": resource}
    return {**said, "Condition": condition} if condition else said


def layers(*statements: t.Any, boundary: t.Optional[Policy] = None, scp: t.Optional[Policy] = None) -> Layers:
    return Layers(
        identity=tuple(policy(item) for item in statements), boundary=boundary, scps=((scp,),) if scp else None
    )


READ = allow("s3:GetObject", OBJECT)
EVERYTHING = allow("*")

SAME = [
    pytest.param([READ], [READ], id="the same"),
    pytest.param([READ, EVERYTHING], [EVERYTHING, READ], id="another order"),
    pytest.param([allow(["s3:GetObject"], [OBJECT])], [allow("S3:getobject", OBJECT)], id="another spelling"),
    pytest.param([READ], [READ, allow("s3:PutObject")], id="more is allowed"),
    pytest.param([READ], [allow("s3:Get*")], id="within wider patterns"),
    pytest.param([READ], [EVERYTHING], id="within everything"),
    pytest.param([READ], [allow("*", "arn:aws:s3:::*")], id="within all of a service"),
    pytest.param([allow("s3:GetObject", OBJECT, MFA)], [READ], id="without the condition that it had"),
    pytest.param(
        [allow("s3:GetObject", OBJECT, {**MFA, **OFFICE})], [allow("s3:*", "*", MFA)], id="one condition less"
    ),
    pytest.param([allow("s3:GetObject", OWN)], [READ], id="a variable within a wildcard"),
    pytest.param(
        [allow(["s3:GetObject", "s3:PutObject"], OBJECT)], [READ, allow("s3:Put*", OBJECT)], id="by two together"
    ),
    pytest.param(
        [allow("s3:GetObject", [OBJECT, "arn:aws:s3:::b/*"])],
        [READ, allow("s3:GetObject", "arn:aws:s3:::b/*")],
        id="on two resources by two",
    ),
    pytest.param([READ, deny("s3:*")], [READ, deny("s3:*")], id="denied as before"),
    pytest.param([READ, deny("s3:*")], [READ], id="denied no longer"),
    pytest.param([READ, deny("s3:*", OBJECT)], [READ, deny("s3:GetObject", "arn:aws:s3:::acme/x")], id="denied less"),
    pytest.param([READ], [READ, deny("ec2:*")], id="denied what was not allowed"),
    pytest.param([READ], [READ, deny("s3:GetObject", "arn:aws:s3:::other/*")], id="denied on another resource"),
    pytest.param([READ, deny("s3:*")], [deny("s3:*")], id="what was denied anyway"),
]
LESS = [
    pytest.param([READ], [], ["s3:GetObject"], id="all of it"),
    pytest.param([READ], [allow("s3:GetObject", "arn:aws:s3:::acme/public/*")], ["s3:GetObject"], id="some resources"),
    pytest.param([READ], [allow("s3:GetObject", OBJECT, MFA)], ["s3:GetObject"], id="under a condition only"),
    pytest.param(
        [allow("s3:GetObject", OBJECT, OFFICE)], [allow("s3:GetObject", OBJECT, MFA)], ["s3:GetObject"], id="other ones"
    ),
    pytest.param([READ], [allow("s3:GetObject", OWN)], ["s3:GetObject"], id="one's own only"),
    pytest.param(
        [allow("s3:GetObject", OWN)],
        [allow("s3:GetObject", "arn:aws:s3:::acme/bob/*")],
        ["s3:GetObject"],
        id="another's",
    ),
    pytest.param([READ], [READ, deny("s3:*")], ["s3:GetObject"], id="denied now"),
    pytest.param([READ], [READ, deny("s3:*", "*", OFFICE)], ["s3:GetObject"], id="denied under a condition"),
    pytest.param([READ, deny("s3:*", "*", MFA)], [READ, deny("s3:*")], ["s3:GetObject"], id="denied without condition"),
    pytest.param(
        [READ], [READ, {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}], ["s3:GetObject"], id="NotAction"
    ),
    pytest.param(
        [READ],
        [READ, {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b/*"}],
        ["s3:GetObject"],
        id="NotResource",
    ),
    pytest.param(
        [EVERYTHING],
        [{"Effect": "Allow", "NotAction": "sts:*", "Resource": "*"}],
        ["sts:AssumeRole"],
        id="but one service",
    ),
]


@pytest.mark.parametrize(("before", "after"), SAME)
def test_nothing_is_lost(before: list[t.Any], after: list[t.Any]) -> None:
    assert find_lost_actions(layers(*before), layers(*after), ALICE) == ()


@pytest.mark.parametrize(("before", "after", "names"), LESS)
def test_what_is_lost_is_named(before: list[t.Any], after: list[t.Any], names: list[str]) -> None:
    found = find_lost_actions(layers(*before), layers(*after), ALICE)
    assert set(names) <= set(found) if len(found) < 3 else found


def test_few_are_named_of_many() -> None:
    assert len(find_lost_actions(layers(EVERYTHING), layers(READ), ALICE)) == 3


def test_a_wildcard_promises_what_is_to_come() -> None:
    """``service:*`` takes in actions that AWS adds later: the list of all that there are is not the same."""
    listed = allow(["sts:Get*", "sts:A*", "sts:D*", "sts:S*", "sts:T*"])
    assert find_lost_actions(layers(allow("sts:*")), layers(listed), ALICE)
    assert find_lost_actions(layers(listed), layers(allow("sts:*")), ALICE) == ()


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param({"boundary": policy(allow("ec2:*"))}, id="boundary"),
        pytest.param({"boundary": policy(EVERYTHING, deny("s3:*"))}, id="boundary that denies"),
        pytest.param({"scp": policy(EVERYTHING, deny("s3:*"))}, id="SCP"),
    ],
)
def test_what_a_limit_forbids_today_is_not_lost(limit: dict[str, t.Any]) -> None:
    assert find_lost_actions(layers(READ, **limit), layers(**limit), ALICE) == ()


def test_what_a_limit_leaves_is_lost() -> None:
    boundary = policy(allow("s3:*"))
    assert find_lost_actions(layers(READ, boundary=boundary), layers(boundary=boundary), ALICE) == ("s3:GetObject",)


@pytest.mark.parametrize(("older", "lost_names"), [("2012-10-17", ()), ("2008-10-17", ("s3:GetObject",))])
def test_versions_read_variables_differently(older: str, lost_names: tuple[str, ...]) -> None:
    """Variables are a language of 2012-10-17: in an older document they are plain text.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    """
    own = allow("s3:GetObject", OWN)
    before = Layers(identity=(policy(own),))
    assert find_lost_actions(before, Layers(identity=(policy(own, version=older),)), ALICE) == lost_names
