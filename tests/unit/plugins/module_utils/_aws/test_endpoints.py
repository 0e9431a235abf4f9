# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.endpoints import stays_on_this_machine

LOCAL = "http://127.0.0.1:5055"
REAL = "https://iam.amazonaws.com"


@pytest.mark.parametrize("url", [LOCAL, "http://localhost:5055/x", "http://[::1]:1", "https://127.8.0.1"])
def test_a_loopback_address_stays_here(url: str) -> None:
    assert stays_on_this_machine(url, {})
    assert stays_on_this_machine(None, {"AWS_ENDPOINT_URL": url})


@pytest.mark.parametrize(
    "url",
    [
        REAL,
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://example.com/127.0.0.1",
        "localhost",
        "http://[::1",
    ],
)
def test_any_other_address_leaves_this_machine(url: str) -> None:
    assert not stays_on_this_machine(url, {"AWS_ENDPOINT_URL": LOCAL})
    assert not stays_on_this_machine(None, {"AWS_ENDPOINT_URL": url})


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"AWS_ENDPOINT_URL_IAM": LOCAL},
        {"AWS_ENDPOINT_URL": LOCAL, "AWS_ENDPOINT_URL_ORGANIZATIONS": "https://organizations.us-east-1.amazonaws.com"},
        {"AWS_ENDPOINT_URL": LOCAL, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    ],
)
def test_one_service_elsewhere_is_enough(environment: dict[str, t.Any]) -> None:
    assert not stays_on_this_machine(None, environment)


def test_the_option_wins() -> None:
    assert stays_on_this_machine(LOCAL, {"AWS_ENDPOINT_URL": REAL, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"})
