# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""By what the credentials of a run are known: nothing secret, no call, and all that leads to other ones."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._aws.notes import NoNotes, NotesElsewhere
from emulator.client import Emulator

from .conftest import MakeAccess

PROFILES: t.Final = """\
[default]
region = us-east-1
[profile audit]
region = us-east-1
aws_access_key_id = AKIAAUDIT
aws_secret_access_key = secret-of-audit
aws_session_token = token-of-audit
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config"
    path.write_text(PROFILES, encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    return path


def test_an_origin_has_key_ids_and_no_secret(
    make_access: MakeAccess, emulator: Emulator, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-environment")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-environment")
    origins = [make_access().origin, make_access(profile="audit", access_key=None, secret_key=None).origin]
    assert "administrator" in origins[0]
    assert "AKIAAUDIT" in origins[1]
    for told in ("secret-of", "token-of", "very-secret-key"):
        assert told not in "".join(origins)
    assert emulator.log() == []


def test_another_way_to_credentials_is_another_origin(
    make_access: MakeAccess, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain: dict[str, t.Any] = {"access_key": None, "secret_key": None}
    origins = [
        make_access().origin,
        make_access(access_key="another").origin,
        make_access(endpoint_url="http://127.0.0.1:1").origin,
        make_access(**plain).origin,
        make_access(profile="audit", **plain).origin,
    ]
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAOTHER",
        "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/web",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/other",
    }.items():
        monkeypatch.setenv(name, value)
        origins.append(make_access(**plain).origin)
    config.write_text(PROFILES.replace("AKIAAUDIT", "AKIANEW"), encoding="utf-8")
    origins.append(make_access(profile="audit", **plain).origin)
    assert len(set(origins)) == len(origins)
    assert make_access(profile="audit", **plain).origin == origins[-1]


def test_the_role_does_not_belong_to_the_origin(make_access: MakeAccess) -> None:
    role = "arn:aws:iam::222233334444:role/iam-hardening/assessor"
    assert make_access().origin == make_access(assume_role_arn=role).origin


def test_a_profile_that_is_missing_is_said(make_access: MakeAccess, config: Path) -> None:
    with pytest.raises(AwsError, match="nowhere"):
        _origin = make_access(profile="nowhere", access_key=None, secret_key=None).origin


def test_without_notes_nothing_is_known() -> None:
    notes = NoNotes()
    notes.note("a", 1)
    notes.wrote("iam:CreateUser")
    assert notes.recall("a") is None


def test_another_account_notes_only_that_something_was_written() -> None:
    class Noted(NoNotes):
        def __init__(self) -> None:
            self.writes: list[str] = []

        def wrote(self, operation: str) -> None:
            self.writes.append(operation)

    noted = Noted()
    elsewhere = NotesElsewhere(noted)
    elsewhere.note("a", 1)
    elsewhere.wrote("iam:DeleteLoginProfile")
    assert elsewhere.recall("a") is None
    assert noted.writes == [""]
