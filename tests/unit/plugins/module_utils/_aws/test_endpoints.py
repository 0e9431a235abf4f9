# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.endpoints import stays_on_this_machine
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions

LOCAL = "http://127.0.0.1:5055"
REAL = "https://iam.amazonaws.com"
OPERATIONS = Operations(
    reads=frozenset({"iam:GetUser", "organizations:ListRoots"}), writes=frozenset({"iam:DeleteUser"})
)
IGNORE = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Nothing is configured but what a test configures."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", IGNORE, "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return monkeypatch


def stays(**options: t.Any) -> bool:
    return stays_on_this_machine(AccessOptions(**options), OPERATIONS)


@pytest.mark.parametrize("url", [LOCAL, "http://localhost:5055/x", "http://[::1]:1", "https://127.8.0.1"])
def test_a_loopback_address_stays_here(environment: pytest.MonkeyPatch, url: str) -> None:
    assert stays(endpoint_url=url)
    environment.setenv("AWS_ENDPOINT_URL", url)
    assert stays()


@pytest.mark.parametrize(
    "url",
    [
        REAL,
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://example.com/127.0.0.1",
    ],
)
def test_any_other_address_leaves_this_machine(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("AWS_ENDPOINT_URL", LOCAL)
    assert not stays(endpoint_url=url)
    environment.setenv("AWS_ENDPOINT_URL", url)
    assert not stays()


@pytest.mark.parametrize("url", ["localhost", "http://[::1"])
def test_what_is_no_address_stays_nowhere(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("AWS_ENDPOINT_URL", url)
    assert not stays()


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"AWS_ENDPOINT_URL_IAM": LOCAL},
        {"AWS_ENDPOINT_URL": LOCAL, "AWS_ENDPOINT_URL_ORGANIZATIONS": "https://organizations.us-east-1.amazonaws.com"},
        {"AWS_ENDPOINT_URL": LOCAL, IGNORE: "true"},
        {"AWS_ENDPOINT_URL": LOCAL, IGNORE: "TRUE"},
        {"AWS_ENDPOINT_URL": LOCAL, "AWS_PROFILE": "missing"},
    ],
)
def test_one_service_elsewhere_is_enough(environment: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)
    assert not stays()


def test_a_service_that_is_not_called_may_be_elsewhere(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_ENDPOINT_URL", LOCAL)
    environment.setenv("AWS_ENDPOINT_URL_SNS", "https://sns.us-east-1.amazonaws.com")
    assert stays()


def test_the_option_wins(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_ENDPOINT_URL", REAL)
    environment.setenv(IGNORE, "true")
    assert stays(endpoint_url=LOCAL)


IGNORED = "ignore_configured_endpoint_urls"


def test_options_can_have_configured_endpoints_ignored(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_ENDPOINT_URL", LOCAL)
    assert not stays(aws_config={IGNORED: True})
    assert stays(aws_config={IGNORED: False})
    assert stays(aws_config={IGNORED: True}, endpoint_url=LOCAL)
    environment.setenv(IGNORE, "true")
    assert stays(aws_config={IGNORED: False})


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (f"[default]\n{IGNORED} = true\n[profile local]\n", {None: False, "local": True}),
        (f"[default]\n[profile local]\n{IGNORED} = true\n", {None: True, "local": False}),
        ("[profile local]\nservices = elsewhere\n[services elsewhere]\niam =\n  endpoint_url = X\n", {"local": True}),
    ],
)
def test_a_profile_can_have_configured_endpoints_ignored(
    environment: pytest.MonkeyPatch, tmp_path: Path, config: str, expected: dict[t.Optional[str], bool]
) -> None:
    environment.setenv("AWS_ENDPOINT_URL", LOCAL)
    (tmp_path / "config").write_text(config.replace("X", REAL), encoding="utf-8")
    assert {profile: stays(profile=profile) for profile in expected} == expected


def test_a_profile_can_name_the_endpoint(tmp_path: Path) -> None:
    services = "services = mixed\n[services mixed]\niam =\n  endpoint_url = X\n"
    for more, local in (("", True), (services, False)):
        config = f"[profile local]\nendpoint_url = {LOCAL}\n{more.replace('X', REAL)}"
        (tmp_path / "config").write_text(config, encoding="utf-8")
        assert stays(profile="local") is local
