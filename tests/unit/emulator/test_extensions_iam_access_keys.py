# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import io
import typing as t

import pytest

from unit.emulator.seeded import account, later, serving


@pytest.fixture
def iam() -> t.Iterator[t.Any]:
    keys = [{"age_days": 100, "last_used_days": 60}, {"age_days": 50}]
    with serving(account(users={"svc": {"access_keys": keys}})) as seeded:
        yield seeded.client("iam")


def ids(iam: t.Any) -> list[str]:
    found = iam.list_access_keys(UserName="svc")["AccessKeyMetadata"]
    return [key["AccessKeyId"] for key in sorted(found, key=lambda key: key["CreateDate"])]


def report(iam: t.Any) -> dict[str, str]:
    for _twice in range(2):
        iam.generate_credential_report()
    rows = csv.DictReader(io.StringIO(iam.get_credential_report()["Content"].decode()))
    return next(row for row in rows if row["user"] == "svc")


def test_the_last_use_is_told_and_a_key_never_used_has_no_date(iam: t.Any) -> None:
    used, unused = (iam.get_access_key_last_used(AccessKeyId=key) for key in ids(iam))
    assert used["UserName"] == "svc"
    assert used["AccessKeyLastUsed"].keys() == {"LastUsedDate", "Region", "ServiceName"}
    assert unused["AccessKeyLastUsed"] == {"Region": "N/A", "ServiceName": "N/A"}
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_access_key_last_used(AccessKeyId="AKIAIOSFODNN7EXAMPLE")


def test_a_change_of_status_is_what_the_report_calls_rotated(iam: t.Any) -> None:
    older, _younger = ids(iam)
    created = report(iam)["access_key_1_last_rotated"]
    iam.update_access_key(UserName="svc", AccessKeyId=older, Status="Active")
    with later(days=1):
        assert report(iam)["access_key_1_last_rotated"] == created
        iam.update_access_key(UserName="svc", AccessKeyId=older, Status="Inactive")
    with later(days=2):
        row = report(iam)
        assert row["access_key_1_last_rotated"] > created and row["access_key_1_active"] == "false"


def test_other_states_are_refused(iam: t.Any) -> None:
    with pytest.raises(iam.exceptions.ClientError, match="enum value set"):
        iam.update_access_key(UserName="svc", AccessKeyId=ids(iam)[0], Status="Paused")


def test_a_user_has_fifty_tags_at_most(iam: t.Any) -> None:
    tags = [{"Key": f"tag-{number}", "Value": ""} for number in range(50)]
    iam.tag_user(UserName="svc", Tags=tags)
    iam.tag_user(UserName="svc", Tags=[{"Key": "tag-1", "Value": "again"}])
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.tag_user(UserName="svc", Tags=[{"Key": "one-more", "Value": ""}])
