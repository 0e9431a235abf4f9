# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Networks of addresses, and families of user agents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.callers import (
    SERVICE,
    find_build,
    find_family,
    find_network,
    find_tool,
    is_address,
    is_attack_tool,
)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.10", "203.0.113.0/24"),
        ("2001:db8:1:200::5", "2001:db8:1:200::/56"),
        ("cloudformation.amazonaws.com", SERVICE),
        ("AWS Internal", SERVICE),
        ("evil.amazonaws.com.example", "evil.amazonaws.com.example"),
        ("", ""),
    ],
)
def test_network(address: str, network: str) -> None:
    assert find_network(address) == network


def test_a_service_is_no_address() -> None:
    assert is_address("203.0.113.10")
    assert not is_address("ec2.amazonaws.com")
    assert not is_address("")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Boto3/1.34 md/exec-env/AWS_ECS_FARGATE", "Boto3/1.40.1 md/exec-env/AWS_ECS_FARGATE"),
        ("aws-cli/2.31.0 os/macos#24.5.0 md/command#iam.list-users", "aws-cli/2.32.1 os/macos#25.0 md/command#sts.x"),
        ("python-requests/2.32", "python-requests/2.31"),
        ("Mozilla/5.0 (Macintosh; Intel) Safari/605", "Mozilla/5.0 (Macintosh; Intel) Chrome/130"),
        (
            "aws-cli/2.17.3 exec-env/grimoire_f7d7ebda-1205-4f68-b2a3-da10e4efec0e md/command#sts.x",
            "aws-cli/2.17.3 exec-env/grimoire_00000000-1205-4f68-b2a3-da10e4efec0e md/command#iam.x",
        ),
        ("[S3Console/0.4, aws-internal/3 x]", "console.amazonaws.com/s3"),
    ],
)
def test_versions_and_commands_do_not_matter(one: str, other: str) -> None:
    assert find_family(one) == find_family(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Boto3/1.34 md/exec-env/AWS_ECS_FARGATE", "Boto3/1.34 os/linux#6"),
        ("aws-cli/2.31.0 os/macos#24.5.0", "aws-cli/2.31.0 os/linux#6.6"),
        ("python-requests/2.32", "Boto3/1.34"),
        ("Mozilla/5.0 (Macintosh) Safari/605", "Mozilla/5.0 (X11; Linux) Firefox/128"),
    ],
)
def test_products_and_platforms_matter(one: str, other: str) -> None:
    assert find_family(one) != find_family(other)


def test_a_build_is_the_same_for_all_calls_and_another_for_each_version() -> None:
    agent = "aws-cli/2.17.3 md/awscrt#0.22.0 os/linux#6.8 cfg/retry-mode#standard md/command#{}"
    assert find_build(agent.format("sts.get-caller-identity")) == find_build(f"[{agent.format('s3.ls')}]")
    assert find_build(agent) != find_build(agent.replace("2.17.3", "2.9.19"))


def test_the_tool_is_the_first_product() -> None:
    assert find_tool("aws-cli/2.31.0 os/macos#24") == "aws-cli"


@pytest.mark.parametrize("agent", ["Boto3/1.2 Linux/6.6-kali5", "pacu/1.6", "aws-cli/2 ParrotOS"])
def test_tools_for_attacks_are_known(agent: str) -> None:
    assert is_attack_tool(agent)
    assert not is_attack_tool("Boto3/1.34 alkaline pacuare")


@given(st.text())
def test_any_text_has_a_network_and_a_family(text: str) -> None:
    assert isinstance(find_network(text), str)
    assert isinstance(find_family(text), str)
