# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way that AWS's own files lead to credentials, against the emulator: botocore really goes it."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import boto3
import pytest
from intruders.tokens import make_token

from ansible_collections.hardening.iam.plugins.module_utils._aws.base_chain import BaseChain, base_chain
from ansible_collections.hardening.iam.plugins.module_utils._aws.sdk import new_session
from emulator.client import Emulator

from .conftest import ASSESSOR, EXTERNAL_ID, MakeAccess, operations_of

ACCOUNT = "111122223333"
HUB, SPOKE, BUILDS = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("hub", "spoke", "builds"))
ISSUER = "id.builds.example"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:user/emulator-administrator"
KEYS = "aws_access_key_id = administrator\naws_secret_access_key = very-secret-key\n"
CHAINED = f"""
[profile work]
role_arn = {SPOKE}
source_profile = hub
[profile hub]
role_arn = {HUB}
source_profile = people
[profile people]
{KEYS}
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emulator: Emulator) -> t.Callable[[str], None]:
    """Sets AWS's configuration file, with no credentials in the environment; the roles that it names are there."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    client: t.Callable[..., t.Any] = boto3.client
    iam = client("iam", aws_access_key_id="administrator", aws_secret_access_key="x", region_name="us-east-1")
    people = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
    builds = {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": provider}}
    there = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    if "builds" not in there:
        iam.create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"])
    for name, statement in {"hub": people, "spoke": people, "builds": builds}.items():
        if name not in there:
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    emulator.clear_log()

    def write(content: str) -> None:
        path = tmp_path / "config"
        path.write_text(content, encoding="utf-8")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(path))

    return write


def from_files(make_access: MakeAccess, profile: str = "work", **options: t.Any) -> t.Any:
    return make_access(access_key="", secret_key="", profile=profile, **options)


def test_every_role_of_a_profile_and_the_owner_of_the_keys_are_in_the_chain(
    files: t.Callable[[str], None], make_access: MakeAccess
) -> None:
    files(CHAINED)
    chain = from_files(make_access).chain
    assert chain[0].startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/spoke/")
    assert chain[1:] == (SPOKE, HUB, ADMINISTRATOR)


def test_they_come_after_the_role_that_is_declared(files: t.Callable[[str], None], make_access: MakeAccess) -> None:
    files(CHAINED)
    chain = from_files(make_access, assessor_role_arn=ASSESSOR, assume_role_external_id=EXTERNAL_ID).chain
    # The first is who assumes the declared role.
    assert chain[0].startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/spoke/")
    assert chain[1] == ASSESSOR
    assert chain[3:] == (SPOKE, HUB, ADMINISTRATOR)


def test_keys_that_are_given_go_by_no_profile(
    files: t.Callable[[str], None], make_access: MakeAccess, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(CHAINED)
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert make_access().chain == (ADMINISTRATOR,)
    assert operations_of(emulator) == ["sts:GetCallerIdentity"]


def test_a_profile_of_the_environment_counts_as_one_that_is_given(
    files: t.Callable[[str], None], make_access: MakeAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(CHAINED)
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert from_files(make_access, profile="").chain[1:] == (SPOKE, HUB, ADMINISTRATOR)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CHAINED, BaseChain((SPOKE, HUB), "people")),
        # A profile that assumes its role with its own keys.
        (f"[profile work]\nrole_arn = {SPOKE}\nsource_profile = work\n{KEYS}", BaseChain((SPOKE,), "work")),
        # As a source, keys count and not the role beside them.
        (
            f"[profile work]\nrole_arn = {SPOKE}\nsource_profile = b\n[profile b]\nrole_arn = {HUB}\n"
            f"source_profile = c\n{KEYS}[profile c]\n{KEYS}",
            BaseChain((SPOKE,), "b"),
        ),
        # Who an instance or a container is, botocore is not asked.
        (f"[profile work]\nrole_arn = {SPOKE}\ncredential_source = Environment\n", BaseChain((SPOKE,))),
        # A web identity is nobody of an account.
        (
            f"[profile work]\nrole_arn = {SPOKE}\nsource_profile = b\n"
            f"[profile b]\nrole_arn = {HUB}\nweb_identity_token_file = /dev/null\n",
            BaseChain((SPOKE, HUB)),
        ),
        (f"[profile work]\n{KEYS}", BaseChain()),
    ],
    ids=["chained", "own keys", "keys of a source", "credential source", "web identity", "no role"],
)
def test_what_the_files_say(
    content: str, expected: BaseChain, files: t.Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    files(content)
    if "Environment" in content:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "administrator")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert base_chain(new_session("work")) == expected


def test_the_role_of_a_web_identity_is_who_the_credentials_belong_to(
    files: t.Callable[[str], None], make_access: MakeAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_ROLE_ARN: botocore asks for the session without any other credentials, and the session names its role."""
    files("")
    token = tmp_path / "token"
    token.write_text(make_token(ISSUER, "repo:shop"), encoding="utf-8")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", BUILDS)
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "pipeline")
    assert from_files(make_access, profile="").chain == (f"arn:aws:sts::{ACCOUNT}:assumed-role/builds/pipeline",)


def test_without_credentials_there_is_no_way(files: t.Callable[[str], None]) -> None:
    files("")
    assert base_chain(new_session()) == BaseChain()
