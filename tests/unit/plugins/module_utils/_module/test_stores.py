# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of places of files name the option, and the next step."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    InvalidRequest,
    NotFound,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._aws.s3_store import S3Store
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError
from ansible_collections.hardening.iam.plugins.module_utils._module.options import StoreOptions
from ansible_collections.hardening.iam.plugins.module_utils._module.stores import open_store

BUCKET: t.Final = StoreOptions("s3://acme-reports/iam", option="report_dir", prefix="report")


def plain() -> AccessOptions:
    return AccessOptions(region="us-east-1", access_key="AKIA", secret_key="x")


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (NotFound("none", code="NoSuchBucket"), "Create the bucket acme-reports, or correct report_dir."),
        (InvalidRequest("no key", code="KMS.NotFoundException"), "Check report_kms_key_id: the key must exist"),
        (InvalidRequest("disabled", code="KMS.DisabledException"), "Check report_kms_key_id"),
        (InvalidRequest("moved", code="PermanentRedirect"), "The bucket acme-reports is in another region"),
        (
            AccessDenied("not authorized to perform: kms:GenerateDataKey on resource", code="AccessDenied"),
            "Allow kms:GenerateDataKey and kms:Decrypt on the key",
        ),
        (AccessDenied("Access Denied", code="AccessDenied"), "Allow s3:PutObject, s3:GetObject and s3:ListBucket"),
    ],
)
def test_a_place_in_s3(monkeypatch: pytest.MonkeyPatch, error: AwsError, step: str) -> None:
    def fail(*_arguments: t.Any) -> t.NoReturn:
        raise error

    monkeypatch.setattr(S3Store, "put", fail)
    with pytest.raises(StoreError) as caught:
        open_store(BUCKET, plain).put("a", b"one")
    first, second = str(caught.value).splitlines()
    assert first.startswith("report_dir: s3://acme-reports/iam: ")
    assert error.message in first
    assert second.startswith(step)


def test_other_errors_have_no_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: t.Any) -> t.NoReturn:
        raise AwsError("slow", code="SlowDown")

    monkeypatch.setattr(S3Store, "get", fail)
    with pytest.raises(StoreError, match="^report_dir: s3://acme-reports/iam: SlowDown: slow$"):
        open_store(BUCKET, plain).get("a")


@pytest.mark.parametrize("location", ["s3:/bucket/x", "S3://bucket/x", "https://bucket.s3.amazonaws.com/x"])
def test_what_looks_like_a_url_is_no_directory(location: str) -> None:
    with pytest.raises(StoreError, match="journal: .* is neither a directory nor a place in S3"):
        open_store(StoreOptions(location, option="journal", prefix="journal"), plain)


def test_a_malformed_place_in_s3_names_the_option() -> None:
    with pytest.raises(InvalidRequest, match="report_dir: 's3://Acme/x' is not a place in S3"):
        open_store(StoreOptions("s3://Acme/x", option="report_dir"), plain)


def test_a_directory_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    store = open_store(StoreOptions(str(tmp_path / "file"), option="report_dir"), plain)
    with pytest.raises(StoreError, match="report_dir: can't write .*\n.*file is a file. Set report_dir to a"):
        store.put("a", b"one")
