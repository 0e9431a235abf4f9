# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other accounts and foreign buckets that a role is known to have to do with."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers import foreign
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import (
    Coverage,
    Record,
    ServiceCoverage,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use

from .planted import ACCOUNT, OLD, OTHER, target, trust

THIRD: t.Final = "777788889999"


def use(resource: t.Optional[str], action: str = "s3:GetObject", **more: t.Any) -> Use:
    return Use(OLD, action, Source.TRAIL, resource, **more)


def test_accounts_are_found_by_uses_and_by_trusted_principals() -> None:
    trusted = trust(AWS=[f"arn:aws:iam::{THIRD}:root", ACCOUNT, "*"], Service="ec2.amazonaws.com")
    found = foreign.find_foreign_accounts(
        target(trusted),
        [
            use(f"arn:aws:iam::{OTHER}:role/vault", "sts:AssumeRole"),
            use(f"arn:aws:sqs:eu-west-1:{ACCOUNT}:orders"),
            use("arn:aws:iam::aws:policy/ReadOnlyAccess"),
            use("arn:aws:ssm:eu-west-1::parameter/aws/service"),
            use(None),
        ],
    )
    assert found == {
        OTHER: f"the role used sts:AssumeRole on arn:aws:iam::{OTHER}:role/vault there",
        THIRD: "the trust policy of the role names principals of it",
    }


def test_candidates_of_a_use_count_and_denied_principals_do_not() -> None:
    denied = trust({"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": THIRD}})
    candidates = (f"arn:aws:kms:eu-west-1:{OTHER}:key/k-1", f"arn:aws:kms:*:{ACCOUNT}:key/*")
    assert set(foreign.find_foreign_accounts(target(denied), [use(None, candidates=candidates)])) == {OTHER}


def test_buckets_that_no_account_has_block() -> None:
    uses = [
        use("arn:aws:s3:::mine/key"),
        use("arn:aws:s3:::theirs/key"),
        use("arn:aws:s3:::theirs"),
        use("arn:aws:s3:::*"),
    ]
    (found,) = foreign.find_unknown_buckets(uses, {"mine"})
    assert found.blocks and found.reason.endswith("may name it: theirs")
    assert foreign.find_unknown_buckets(uses, {"mine", "theirs"}) == ()
    assert foreign.find_unknown_buckets(uses, None) == (), "the list of buckets failed, which is a sentence of its own"
    (many,) = foreign.find_unknown_buckets([use(f"arn:aws:s3:::b{number}/k") for number in range(9)], ())
    assert many.reason.endswith("b0, b1, b2, b3, b4 and 4 others")


def recorded(status: Status, *uses: Use, is_last_accessed_read: bool = True) -> Record:
    services = {"s3": ServiceCoverage("s3", status, ("the log files were not read",))}
    return Record(OLD, "", Coverage(90, services=services), uses, is_last_accessed_read=is_last_accessed_read)


def test_what_a_whole_record_has_is_all() -> None:
    assert foreign.find_unrecorded(recorded(Status.COMPLETE, use("arn:aws:s3:::mine"))) == ()


@pytest.mark.parametrize(
    ("record", "blocks"),
    [
        (None, True),
        (recorded(Status.BLIND, use(None, "s3:ListBucket")), True),
        (recorded(Status.BLIND, is_last_accessed_read=False), True),
        # AWS says that it has not used S3 at all.
        (recorded(Status.BLIND), False),
        (recorded(Status.BLIND, use(None, "sqs:SendMessage")), False),
        # Most trails leave out the calls on objects: that is said.
        (recorded(Status.PARTIAL, use(None, "s3:ListBucket")), False),
    ],
)
def test_buckets_that_no_record_has_are_not_known(record: t.Optional[Record], blocks: bool) -> None:
    (found,) = foreign.find_unrecorded(record)
    assert found.blocks is blocks
    assert "it is not known which buckets" in found.reason


def test_accounts_without_end_are_not_read() -> None:
    by_target = {OLD: {f"{number:012}": "used" for number in range(30)}}
    wanted, left = foreign.sort_accounts(by_target)
    assert (len(wanted), len(left)) == (foreign.MOST_ACCOUNTS, 10)
    refused = foreign.refuse_account(left[0], "it was used", "too many")
    assert refused.blocks and refused.account_id == left[0]
