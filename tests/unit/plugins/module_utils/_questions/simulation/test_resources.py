# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that say no single resource: a denial of some resources must not go unseen."""

from __future__ import annotations

import typing as t

import pytest

from .simulating import EVERYTHING, simulate, statement

SECRET: t.Final = "arn:aws:s3:::data/secret/*"
HIDDEN: t.Final = statement("Deny", "s3:GetObject", Sid="Hidden", Resource=SECRET)
ALL_BUT: t.Final = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::data/public/*"},
}


def decision(resource: str, action: str = "s3:GetObject", **layers: t.Any) -> t.Any:
    request = {"id": "it", "action": action, "resource": resource}
    (found,) = simulate(requests=[request], layers={"identity": [EVERYTHING], **layers})["results"]
    return found


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        pytest.param("*", "unknown", id="any object"),
        pytest.param("arn:aws:s3:::data/*", "unknown", id="some of them are denied"),
        pytest.param("arn:aws:s3:::data/s?cret/x", "unknown", id="may be one of those"),
        pytest.param("arn:aws:s3:::data/secret/*", "explicit_deny", id="all of them are denied"),
        pytest.param("arn:aws:s3:::data/public/*", "allowed", id="none of them is denied"),
        pytest.param("arn:aws:s3:::data/public/x", "allowed", id="one object"),
    ],
)
def test_a_denial_of_some_resources(resource: str, expected: str) -> None:
    """A Deny for a resource is about requests on it: reference_policies_elements_resource.html"""
    assert decision(resource, identity=[EVERYTHING, HIDDEN])["decision"] == expected


@pytest.mark.parametrize("layer", ["boundary", "scps", "session", "endpoint"])
def test_in_every_layer(layer: str) -> None:
    limit = {"Version": "2012-10-17", "Statement": [EVERYTHING["Statement"], HIDDEN["Statement"]]}
    anybody = [{**one, "Principal": "*"} for one in limit["Statement"]]
    given: dict[str, t.Any] = {"boundary": limit, "scps": [[limit]], "session": [limit]}
    given["endpoint"] = {**limit, "Statement": anybody}
    found = decision("arn:aws:s3:::data/*", **{layer: given[layer]})
    assert (found["decision"], found["layer"]) == ("unknown", layer.removesuffix("s") if layer == "scps" else layer)
    assert found["statement"] == "Hidden"
    assert found["missing_context"] == []
    assert "depends on which resource it is" in found["explanation"]


def test_a_denial_of_all_but_some() -> None:
    assert decision("arn:aws:s3:::data/p*", identity=[EVERYTHING, ALL_BUT])["decision"] == "explicit_deny"
    assert decision("arn:aws:s3:::data/public/*", identity=[EVERYTHING, ALL_BUT])["decision"] == "allowed"


def test_an_action_that_is_about_no_resource() -> None:
    """ListAllMyBuckets has no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html"""
    hidden = statement("Deny", "s3:*", Resource=SECRET)
    assert decision("*", "s3:ListAllMyBuckets", identity=[EVERYTHING, hidden])["decision"] == "allowed"


def test_the_policy_of_the_resource() -> None:
    policy = statement("Deny", "s3:GetObject", Resource=SECRET, Principal="*")
    request = {"action": "s3:GetObject", "resource": "arn:aws:s3:::data/*", "resource_policy": policy}
    (found,) = simulate(requests=[request], layers={"identity": [EVERYTHING]})["results"]
    assert (found["decision"], found["layer"]) == ("unknown", "resource")


ADMIN: t.Final = "arn:aws:iam::111122223333:role/admin"


@pytest.mark.parametrize(
    ("action", "resource", "allowed_on", "expected"),
    [
        pytest.param("iam:PassRole", "*", ADMIN, "unknown", id="which role is not said"),
        pytest.param("iam:PassRole", "arn:aws:iam::111122223333:role/*", ADMIN, "unknown", id="one of these roles"),
        pytest.param("iam:PassRole", ADMIN, ADMIN, "allowed", id="this role"),
        pytest.param(
            "iam:PassRole", "arn:aws:iam::111122223333:role/dev-*", ADMIN, "implicit_deny", id="none of these"
        ),
        pytest.param("iam:PassRole", "*", "*", "allowed", id="every role"),
        pytest.param("iam:GetUser", "*", ADMIN, "implicit_deny", id="another action"),
        pytest.param("iam:ListUsers", "*", ADMIN, "implicit_deny", id="an action without resources"),
        pytest.param("nobody:Knows", "*", ADMIN, "unknown", id="an action that may have resources"),
    ],
)
def test_an_allow_for_some_resources(action: str, resource: str, allowed_on: str, expected: str) -> None:
    """The mirror of a denial for some: no statement is about ``*``, and the request is about one resource."""
    other = "iam:PassRole" if action == "iam:GetUser" else action
    found = decision(resource, action, identity=[statement("Allow", other, Sid="Some", Resource=allowed_on)])
    assert found["decision"] == expected
    if expected == "unknown":
        assert (found["layer"], found["statement"], found["missing_context"]) == ("identity", "Some", [])
        assert "allows" in found["explanation"] and "depends on which resource it is" in found["explanation"]


def test_a_denial_of_all_decides_before_an_allow_for_some() -> None:
    rules = [statement("Allow", "iam:PassRole", Resource=ADMIN), statement("Deny", "iam:PassRole")]
    assert decision("*", "iam:PassRole", identity=rules)["decision"] == "explicit_deny"
