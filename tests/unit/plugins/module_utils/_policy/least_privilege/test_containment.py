# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.containment import Cover, Gap

from ..samples import load_managed_policies
from .test_proof import DATA, DESK, LOGS, OFFICE, allow, deny, policy, prove_statements


def load(name: str) -> Policy:
    return parse(load_managed_policies()[name], name=name)


def find_gaps(old: list[t.Any], new: list[t.Any], *, is_allow: bool = True) -> list[Gap]:
    return list(Cover([policy(*old)], allow=is_allow).find_gaps([policy(*new)]))


def test_each_action_on_each_resource_is_a_gap_of_its_own() -> None:
    gaps = find_gaps([allow(["s3:Get*", "s3:PutObject"], DATA)], [allow(["s3:GetObject", "sqs:*"], [DATA, LOGS])])
    assert [(gap.action, gap.resource.text) for gap in gaps] == [
        ("s3:GetObject", LOGS),
        ("sqs:*", DATA),
        ("sqs:*", LOGS),
    ]


def test_a_gap_names_actions_that_exist_and_those_to_come() -> None:
    (gap,) = find_gaps([allow("sqs:*Message")], [allow("sqs:*e")])
    assert "sqs:DeleteQueue" in gap.actions and "sqs:SendMessage" not in gap.actions
    (gap,) = find_gaps([allow(["sqs:SendMessage", "sqs:SendMessageBatch"])], [allow("sqs:SendMessage*")])
    assert gap.actions == ("sqs:SendMessageAnyActionThatEverWillBe", "sqs:SendMessageQuiteAnotherAction")


def test_a_gap_tells_resources_from_conditions() -> None:
    (gap,) = find_gaps([allow("s3:*", DATA, DESK)], [allow("s3:GetObject", DATA, OFFICE)])
    assert [(item.operator, item.key) for item in gap.why.conditions] == [("IpAddress", "aws:SourceIp")]
    (gap,) = find_gaps([allow("s3:*", DATA)], [allow("s3:GetObject", LOGS)])
    assert (gap.why.conditions, [each.place for each in gap.why.near]) == ((), ["statement 1 of p"])
    (gap,) = find_gaps([allow("s3:*", DATA)], [allow("sqs:SendMessage", DATA)])
    assert gap.why.near == ()


def test_what_takes_too_long_is_undecided() -> None:
    hostile, narrower = ("arn:aws:s3:::*a" + "?" * 18, "arn:aws:s3:::*ab" + "?" * 17)
    (gap,) = find_gaps([allow("s3:*", hostile)], [allow("s3:GetObject", narrower)])
    assert gap.why.is_undecided
    proof = prove_statements([allow("s3:*", hostile)], [allow("s3:GetObject", narrower)])
    assert proof.beyond == () and "too intertwined" in proof.unproven[0].why


def test_denials_and_grants_are_apart() -> None:
    old, new = [allow("s3:*"), deny("sqs:*")], [allow("s3:Get*"), deny("s3:*")]
    assert find_gaps(old, new) == []
    (gap,) = find_gaps(new, old, is_allow=False)
    assert gap.action == "sqs:*"


def test_policies_of_aws_contain_themselves_and_narrower_ones() -> None:
    for name in ("ReadOnlyAccess", "PowerUserAccess", "SecurityAudit", "AmazonEC2FullAccess"):
        assert not list(Cover([load(name)], allow=True).find_gaps([load(name)]))
    pairs = [
        ("AdministratorAccess", "ReadOnlyAccess"),
        ("AmazonEC2FullAccess", "AmazonEC2ReadOnlyAccess"),
        ("IAMFullAccess", "IAMReadOnlyAccess"),
    ]
    for wide, narrow in pairs:
        assert not list(Cover([load(wide)], allow=True).find_gaps([load(narrow)]))
        assert list(Cover([load(narrow)], allow=True).find_gaps([load(wide)]))
