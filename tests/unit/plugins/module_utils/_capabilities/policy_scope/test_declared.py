# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declarations that can't be used are refused with the option, the value and what is allowed."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import LogClass

from ..user_permissions.people import NOW, allow, document
from .scopes import Record, declare, target

SPLIT: t.Final[Record] = {"policies": ["Data"], "split": True}
NETWORK: t.Final[Record] = {"ip_ranges": ["203.0.113.0/24"], "vpcs": ["vpc-0abc1234"], "vpc_endpoints": []}


@pytest.mark.parametrize(
    ("fields", "place", "reason"),
    [
        ({"split": True}, "targets[0]", "it selects no policy"),
        ({"policies": ["Data"]}, "targets[0]", "nothing is declared"),
        ({"inline_policies": ["data"], "split": True}, "targets[0].inline_policies", "users, groups, roles"),
        ({**SPLIT, "copy": {"name": "x", "path": "/"}}, "targets[0].copy", "users, groups, roles"),
        ({**SPLIT, "document": document(allow("s3:*"))}, "targets[0].document", "can't be combined with split"),
        ({"policies": ["Data"], "document": {"Statement": []}}, "targets[0].document", "not a policy that IAM accepts"),
        ({"policies": ["Data"], "resources": [{"arns": []}]}, "targets[0].resources[0].arns", "at least one ARN"),
        ({"policies": ["Data"], "resources": [{"arns": ["bucket"]}]}, "targets[0].resources[0].arns", "'bucket'"),
        (
            {"policies": ["Data"], "resources": [{"arns": ["arn:aws:s3"]}]},
            "targets[0].resources[0].arns",
            "all its parts",
        ),
        ({"policies": ["Data"], "mfa": {"max_age": 0}}, "targets[0].mfa.max_age", "from 1 to 129600"),
        ({"policies": ["Data"], "network": {**NETWORK, "vpcs": []}}, "targets[0].network", "vpcs and vpc_endpoints"),
        ({"policies": ["Data"], "network": {**NETWORK, "ip_ranges": []}}, "targets[0].network", "ip_ranges"),
        (
            {"policies": ["Data"], "network": {**NETWORK, "ip_ranges": ["::/0"]}},
            "targets[0].network.ip_ranges",
            "larger than any network",
        ),
        ({"policies": ["Data"], "network": {**NETWORK, "ip_ranges": ["x"]}}, "targets[0].network.ip_ranges", "'x'"),
        ({"policies": ["Data"], "network": {**NETWORK, "vpcs": ["x"]}}, "targets[0].network.vpcs", "vpc-0abc1234"),
        ({"policies": ["Data"], "time_window": {}}, "targets[0].time_window", "start and end"),
        ({"policies": ["Data"], "time_window": {"end": "soon"}}, "targets[0].time_window.end", "'soon'"),
        ({"policies": ["Data"], "conditions": {"Boolean": {}}}, "targets[0].conditions", "condition block"),
        ({"policies": ["Data"], "conditions": {"Bool": {}}}, "targets[0].conditions", "no condition key"),
        *(
            ({"policies": ["Data"], "network": {**NETWORK, "ip_ranges": [text]}}, "targets[0].network.ip_ranges", text)
            for text in ("203.0.113.0/255.255.255.0", "203.0.113.0/0.0.0.255", "2600::1%eth0")
        ),
        (
            {"policies": ["Data"], "network": {**NETWORK, "ip_ranges": ["0.0.0.0/1", "128.0.0.0/1"]}},
            "targets[0].network.ip_ranges",
            "0.0.0.0/0 is no known network",
        ),
        *(
            (
                {"policies": ["Data"], "time_window": {"start": text, "end": "2026-12-09"}},
                "targets[0].time_window.start",
                text,
            )
            for text in ("20261201", "2026-12-01 00:00:00", "2026-W49-1", "١٧٩٦٠٨٣٢٠٠")
        ),
        *(
            ({"policies": ["Data"], "resources": [{"arns": [text]}]}, "targets[0].resources[0].arns", "for one service")
            for text in ("arn:*:*:*:*:*", "arn:aws::::x", "arn:aws:s?:::x", "arn:aws:s3:::a\nb")
        ),
        *(
            (
                {"policies": ["Data"], "resources": [{"actions": given, "arns": ["arn:aws:s3:::x"]}]},
                "targets[0].resources[0].actions",
                reason,
            )
            for given, reason in (([], "no action"), ([" "], "no action"), (["s3"], "'s3'"), (["s3:Gét"], "'s3:Gét'"))
        ),
        ({**SPLIT, "statements": [""]}, "targets[0].statements", "names no statement"),
        ({**SPLIT, "users": ["alice"]}, "targets[0].users", "changes for all who have it"),
        ({**SPLIT, "roles": ["x"], "copy": {"name": "a b", "path": "/"}}, "targets[0].copy.name", "'a b'"),
        ({**SPLIT, "roles": ["x"], "copy": {"name": "x", "path": "x"}}, "targets[0].copy.path", "'x'"),
        *(
            ({**SPLIT, "roles": ["x"], "copy": {"name": "x", "path": path}}, "targets[0].copy.path", "uses it")
            for path in ("/iam-hardening/lp/", "/aws-reserved/")
        ),
    ],
)
def test_errors_name_the_option_the_value_and_what_is_allowed(fields: Record, place: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        declare(target(**fields))
    assert str(caught.value).startswith(f"{place}: ") and reason in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (
            {"policy": "Data*", "reason": "x", "expires": "2026-12-31"},
            "accept_unproven[0].policy: 'Data*' is a pattern",
        ),
        ({"policy": "Data", "reason": "x", "expires": "2030-01-01"}, "more than 365 days ahead"),
        ({"policy": "Data", "reason": " ", "expires": "2026-12-31"}, "reason missing or empty"),
    ],
)
def test_unproven_documents_are_accepted_by_name_with_reason_and_date(entry: Record, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        declare(target(**SPLIT), accept_unproven=[entry])
    assert "accept_unproven[0]" in str(caught.value) and reason in str(caught.value)


def test_a_window_with_one_end_is_no_error_but_refused_later_with_its_correct_form() -> None:
    (found,) = declare(target(policies=["Data"], time_window={"end": "2026-12-08T00:00:00Z", "start": None})).targets
    assert found.window == ("", "2026-12-08T00:00:00Z")


def test_nothing_declared_is_nothing_to_do() -> None:
    assert Declared.from_options({}, [], today=NOW.date()) == Declared()
    assert declare(assume_logged=["data"]).assume_logged == {LogClass.DATA}
