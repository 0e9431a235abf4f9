# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import Trail
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.document import (
    SAMPLE,
    fill_places,
    find_places,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._prediction.unused_resources import AccountFacts

from ..password_policy.passwords import account

ACCOUNT = "111122223333"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/b"


def trail(name: str, *, group: bool = True) -> Trail:
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{name}:*" if group else None
    return Trail(
        name=name,
        arn=f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{name}",
        home_region="us-east-1",
        is_multi_region=True,
        is_organization=False,
        is_logging=True,
        log_file_validation=True,
        kms_key_id=None,
        bucket=f"{name}-bucket",
        log_group_arn=arn,
        last_delivery=None,
    )


def snapshot(*trails: Trail) -> Snapshot:
    return dataclasses.replace(account(None), trails=trails)


TWO = AccountFacts.of(snapshot(trail("b"), trail("a"), trail("c", group=False)), BOUNDARY)


def fill(document: t.Any, facts: AccountFacts = TWO) -> t.Any:
    return fill_places(document, facts, option="document")


def statement(**elements: t.Any) -> dict[str, t.Any]:
    return {"Statement": [{"Effect": "Deny", "Action": "*", **elements}]}


def test_facts_are_those_of_the_trails() -> None:
    assert TWO.trail_buckets == ("a-bucket", "b-bucket", "c-bucket")
    groups = [f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{name}" for name in ("a", "b")]
    assert TWO.trail_log_groups == tuple(groups)
    assert [arn.rpartition("/")[2] for arn in TWO.trails] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("arn:<partition>:iam::<account_id>:role/x", f"arn:aws:iam::{ACCOUNT}:role/x"),
        (["<boundary_arn>"], [BOUNDARY]),
        ("arn:aws:s3:::<trail_buckets>", [f"arn:aws:s3:::{name}-bucket" for name in "abc"]),
        (["x", "<trail_log_groups>:*"], ["x", *(f"{group}:*" for group in TWO.trail_log_groups)]),
        ("*", "*"),
        (["${aws:username}", "a<b", 3, True], ["${aws:username}", "a<b", 3, True]),
    ],
)
def test_places_are_filled_in(given: t.Any, expected: t.Any) -> None:
    assert fill(statement(Resource=given))["Statement"][0]["Resource"] == expected


def test_conditions_are_filled_in_too_and_a_lone_statement_is_a_list() -> None:
    condition = {"StringNotEquals": {"iam:PermissionsBoundary": "<boundary_arn>"}}
    whole = fill(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition},
        }
    )
    assert whole["Statement"][0]["Condition"] == {"StringNotEquals": {"iam:PermissionsBoundary": BOUNDARY}}


def test_a_statement_about_trails_alone_goes_without_one() -> None:
    none = AccountFacts.of(snapshot(), BOUNDARY)
    document = {
        "Statement": [*statement(Resource="<trails>")["Statement"], *statement(Resource=["<trails>", "x"])["Statement"]]
    }
    assert [item["Resource"] for item in fill(document, none)["Statement"]] == [["x"]]


@pytest.mark.parametrize("element", ["NotResource", "Condition"])
def test_elsewhere_a_place_without_a_value_is_refused(element: str) -> None:
    """A Deny on all but nothing would deny everything."""
    value: t.Any = "<trails>" if element == "NotResource" else {"ArnEquals": {"aws:SourceArn": "<trails>"}}
    with pytest.raises(InputError, match=r"document.Statement\[0\].* account has no trail"):
        fill(statement(**{element: value}), AccountFacts.of(snapshot(), BOUNDARY))


def test_a_place_that_nobody_knows_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"document.Statement\[0\].Resource: there is no <region>.*<trail_buckets>"):
        fill(statement(Resource=["x", "<region>"]))


@pytest.mark.parametrize("content", [{"Statement": "x"}, {"Statement": ["x", 1]}, {"Statement": None}, {}])
def test_what_is_no_policy_is_left_to_the_parser(content: t.Any) -> None:
    fill(content)


def test_places_of_a_document() -> None:
    assert find_places(statement(Resource=["<trails>", "a<partition>b"], Sid="<No>")) == {"trails", "partition"}
    names = ("partition", "account_id", "trails", "trail_buckets", "trail_log_groups")
    assert all(fill(statement(Resource=[f"<{name}>"]), SAMPLE)["Statement"][0]["Resource"] for name in names)
