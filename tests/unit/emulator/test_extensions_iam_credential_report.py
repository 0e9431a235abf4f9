# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from emulator.extensions.iam_credential_report import COLUMNS
from unit.emulator.seeded import Seeded, account, later, serving

#: a root user with everything, and users in every state that the report can show
ACCOUNT = account(
    root={
        "mfa": "virtual",
        "access_keys": [{"age_days": 10, "last_used_days": 1, "service": "iam"}],
        "last_used_days": 5,
    },
    password_policy={"max_age": 90},
    users={
        "nothing": {},
        "never-signed-in": {"password": {"age_days": 20, "last_used_days": None}},
        "busy": {
            "password": {"age_days": 100, "last_used_days": 2},
            "mfa": ["hardware"],
            "access_keys": [
                {"age_days": 50, "last_used_days": 3, "service": "s3", "region": "N/A"},
                {"age_days": 80, "status": "Inactive", "last_used_days": None},
            ],
        },
    },
)


@pytest.fixture
def one() -> t.Iterator[Seeded]:
    with serving(ACCOUNT) as seeded:
        yield seeded


def generate(iam: t.Any) -> dict[str, dict[str, str]]:
    while iam.generate_credential_report()["State"] != "COMPLETE":
        pass
    return {row["user"]: row for row in csv.DictReader(iam.get_credential_report()["Content"].decode().splitlines())}


def ago(value: str) -> int:
    return round((datetime.now(UTC) - datetime.fromisoformat(value)) / timedelta(days=1))


def test_a_fresh_account_has_no_report_and_the_first_takes_a_moment(one: Seeded) -> None:
    iam = one.client("iam")
    with pytest.raises(iam.exceptions.CredentialReportNotPresentException):
        iam.get_credential_report()
    assert iam.generate_credential_report()["State"] == "STARTED"
    with pytest.raises(iam.exceptions.CredentialReportNotReadyException):
        iam.get_credential_report()
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    assert report["Content"].decode().splitlines()[0] == ",".join(COLUMNS)
    assert abs(report["GeneratedTime"] - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_report_is_four_hours_old_before_there_is_a_new_one(one: Seeded) -> None:
    iam = one.client("iam")
    assert "later-comer" not in generate(iam)
    iam.create_user(UserName="later-comer")
    with later(hours=3, minutes=50):
        assert "later-comer" not in generate(iam)
    with later(hours=4, minutes=10):
        assert iam.generate_credential_report()["State"] == "STARTED"
        assert "later-comer" in generate(iam)
        assert abs(iam.get_credential_report()["GeneratedTime"] - datetime.now(UTC)) > timedelta(hours=4)


def test_the_root_row_comes_first_and_says_what_is_not_supported(one: Seeded) -> None:
    rows = generate(one.client("iam"))
    assert next(iter(rows)) == "<root_account>"
    root = rows["<root_account>"]
    assert root["arn"] == "arn:aws:iam::123456789012:root"
    assert (root["password_enabled"], root["mfa_active"], root["access_key_1_active"]) == ("true", "true", "true")
    assert (root["password_last_changed"], root["password_next_rotation"]) == ("not_supported", "not_supported")
    assert (ago(root["password_last_used"]), ago(root["access_key_1_last_used_date"])) == (5, 1)
    assert root["access_key_1_last_used_service"] == "iam"
    assert (root["access_key_2_active"], root["access_key_2_last_rotated"]) == ("false", "N/A")


def test_absent_credentials_are_n_a(one: Seeded) -> None:
    row = generate(one.client("iam"))["nothing"]
    assert [row[column] for column in COLUMNS[3:8]] == ["false", "N/A", "N/A", "N/A", "false"]
    assert [row[column] for column in COLUMNS[8:]] == ["false", "N/A", "N/A", "N/A", "N/A"] * 2 + ["false", "N/A"] * 2


def test_a_password_without_use_has_no_information(one: Seeded) -> None:
    row = generate(one.client("iam"))["never-signed-in"]
    assert (row["password_enabled"], row["password_last_used"]) == ("true", "no_information")
    assert (ago(row["password_last_changed"]), ago(row["password_next_rotation"])) == (20, -70)


def test_keys_come_oldest_first_with_their_own_last_use(one: Seeded) -> None:
    row = generate(one.client("iam"))["busy"]
    assert (row["access_key_1_active"], ago(row["access_key_1_last_rotated"])) == ("false", 80)
    assert [row[f"access_key_1_last_used_{part}"] for part in ("date", "region", "service")] == ["N/A"] * 3
    assert (row["access_key_2_active"], ago(row["access_key_2_last_rotated"])) == ("true", 50)
    assert ago(row["access_key_2_last_used_date"]) == 3
    assert (row["access_key_2_last_used_region"], row["access_key_2_last_used_service"]) == ("N/A", "s3")
    assert ago(row["password_next_rotation"]) == 10


def test_a_new_password_counts_from_today(one: Seeded) -> None:
    iam = one.client("iam")
    iam.update_login_profile(UserName="busy", Password="Another-1-password")
    row = generate(iam)["busy"]
    assert (ago(row["password_last_changed"]), ago(row["password_next_rotation"])) == (0, -90)


def test_without_expiry_there_is_no_rotation(one: Seeded) -> None:
    iam = one.client("iam")
    iam.delete_account_password_policy()
    assert generate(iam)["busy"]["password_next_rotation"] == "N/A"


def test_a_root_user_without_credentials() -> None:
    with serving(account(root={"password": False, "mfa": "none"})) as seeded:
        row = generate(seeded.client("iam"))["<root_account>"]
    assert [row[column] for column in COLUMNS[3:8]] == ["false", "N/A", "not_supported", "not_supported", "false"]
    assert (row["access_key_1_active"], row["access_key_2_active"]) == ("false", "false")


def test_a_deleted_user_leaves_the_next_report(one: Seeded) -> None:
    iam = one.client("iam")
    with pytest.raises(ClientError, match="DeleteConflict"):
        iam.delete_user(UserName="busy")
    iam.delete_user(UserName="nothing")
    assert "nothing" not in generate(iam)
