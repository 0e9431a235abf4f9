# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import io
import typing as t
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._account.credential_report import (
    CredentialReportError,
    parse,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import CredentialReport, CredentialRow

GENERATED = datetime(2026, 11, 25, 10, tzinfo=UTC)
MOMENT = datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)
# The columns of a live report, in AWS's order.
_KEY = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
COLUMNS = [
    *("user", "arn", "user_creation_time"),
    *(f"password_{name}" for name in ("enabled", "last_used", "last_changed", "next_rotation")),
    "mfa_active",
    *(f"access_key_{slot}_{name}" for slot in (1, 2) for name in _KEY),
    *(f"cert_{slot}_{name}" for slot in (1, 2) for name in ("active", "last_rotated")),
]
NOBODY = {
    **dict.fromkeys(COLUMNS, "N/A"),
    **dict.fromkeys(("password_enabled", "mfa_active", "access_key_1_active", "access_key_2_active"), "false"),
    **dict.fromkeys(("cert_1_active", "cert_2_active"), "false"),
    "user": "bob",
    "arn": "arn:aws:iam::111122223333:user/bob",
    "user_creation_time": "2025-03-04T05:06:07+00:00",
}


def table(*rows: t.Mapping[str, str], columns: t.Sequence[str] = COLUMNS, newline: str = "\n") -> str:
    """A report with these rows."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator=newline)
    writer.writeheader()
    writer.writerows({**NOBODY, **row} for row in rows)
    return out.getvalue()


def report(*rows: t.Mapping[str, str], **options: t.Any) -> CredentialReport:
    return parse(table(*rows, **options), generated=GENERATED)


def row(**cells: str) -> CredentialRow:
    (found,) = report(cells).users
    return found


def test_a_user_without_credentials() -> None:
    assert row() == CredentialRow(
        user="bob",
        arn="arn:aws:iam::111122223333:user/bob",
        created=MOMENT,
        password_enabled=False,
        password_last_used=None,
        password_last_changed=None,
        password_next_rotation=None,
        mfa_active=False,
        access_keys=(),
        certificates=(),
    )


def test_root_stands_apart() -> None:
    root = {"user": "<root_account>", "arn": "arn:aws:iam::111122223333:root", "password_enabled": "not_supported"}
    found = report({}, {**root, "mfa_active": "TRUE", "password_last_used": "2025-03-04T05:06:07Z"})
    assert found.generated == GENERATED
    assert found.root is not None and found.root.is_root
    assert (found.root.password_enabled, found.root.password_last_used, found.root.mfa_active) == (None, MOMENT, True)
    assert [user.user for user in found.users] == ["bob"]


def test_a_report_without_root() -> None:
    assert report({}).root is None


@pytest.mark.parametrize(("word", "value"), [("TRUE", True), ("true", True), ("False", False), ("FALSE", False)])
def test_flags_in_any_case(word: str, value: bool) -> None:
    found = row(password_enabled=word, mfa_active=word)
    assert (found.password_enabled, found.mfa_active) == (value, value)


@pytest.mark.parametrize("word", ["N/A", "n/a", "no_information", "not_supported", ""])
def test_words_for_none_are_no_dates(word: str) -> None:
    found = row(password_enabled="true", password_last_used=word, password_next_rotation=word)
    assert found.password_last_used is None
    assert found.password_next_rotation is None


@pytest.mark.parametrize("text", ["2025-03-04T05:06:07Z", "2025-03-04T05:06:07+00:00", "2025-03-04T06:06:07+01:00"])
def test_dates(text: str) -> None:
    assert row(password_last_changed=text).password_last_changed == MOMENT


def test_access_keys() -> None:
    found = row(
        access_key_1_active="true",
        access_key_1_last_rotated="2025-03-04T05:06:07Z",
        access_key_2_active="false",
        access_key_2_last_rotated="2025-03-04T05:06:07Z",
        access_key_2_last_used_date="2025-03-04T05:06:07Z",
        access_key_2_last_used_region="N/A",
        access_key_2_last_used_service="s3",
    )
    first, second = found.access_keys
    assert (first.slot, first.active, first.last_rotated, first.last_used) == (1, True, MOMENT, None)
    assert (second.slot, second.active, second.last_used, second.last_used_service) == (2, False, MOMENT, "s3")
    assert second.last_used_region is None
    assert found.active_keys == (first,)


def test_an_active_key_without_a_date_is_a_key() -> None:
    (key,) = row(access_key_2_active="TRUE").access_keys
    assert (key.slot, key.active, key.last_rotated) == (2, True, None)


def test_certificates() -> None:
    found = row(cert_1_active="true", cert_1_last_rotated="2025-03-04T05:06:07Z")
    assert [(item.slot, item.active, item.last_rotated) for item in found.certificates] == [(1, True, MOMENT)]


def test_names_with_commas_and_crlf() -> None:
    found = report({"user": "smith,john", "arn": "arn:aws:iam::111122223333:user/smith,john"}, newline="\r\n")
    assert [user.user for user in found.users] == ["smith,john"]


def test_more_fewer_and_reordered_columns() -> None:
    columns = ["additional_credentials_info", *reversed([name for name in COLUMNS if not name.startswith("cert_")])]
    found = report({"mfa_active": "true", "additional_credentials_info": "3 keys"}, columns=columns)
    assert found.users[0].mfa_active
    assert found.users[0].certificates == ()


def test_bytes_with_a_byte_order_mark() -> None:
    found = parse(b"\xef\xbb\xbf" + table({}).encode(), generated=GENERATED)
    assert len(found.users) == 1


def test_users_are_in_the_order_of_their_arns() -> None:
    rows = [{"user": name, "arn": f"arn:aws:iam::111122223333:user/{name}"} for name in ("zoe", "adam", "mia")]
    assert [user.user for user in report(*rows).users] == ["adam", "mia", "zoe"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "columns are missing: "),
        (b"<html>login</html>", "columns are missing: "),
        (b"\xff\xfe", "not UTF-8"),
        (table({}, columns=[name for name in COLUMNS if name != "mfa_active"]), "columns are missing: mfa_active"),
        (table({"mfa_active": "maybe"}), "bob: mfa_active is 'maybe'"),
        (table({"password_last_used": "yesterday"}), "bob: password_last_used is 'yesterday'"),
        (table({"arn": ""}), "a row has no arn"),
        (table({}).rpartition(",N/A")[0][:-40], "the row of 'bob' ends early"),
        (table({}) + '"unfinished', "line "),
    ],
)
def test_what_is_no_report(content: str | bytes, reason: str) -> None:
    with pytest.raises(CredentialReportError, match=reason):
        parse(content, generated=GENERATED)


@given(st.text() | st.binary())
def test_any_other_content_is_an_error_and_no_crash(content: str | bytes) -> None:
    with pytest.raises(CredentialReportError):
        parse(content, generated=GENERATED)
