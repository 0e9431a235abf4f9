# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nobody skips a grace, a soak or an expiry date by setting the clock of a run that writes."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from .conftest import PROD, Ansible


@pytest.fixture
def elsewhere(ansible: Ansible) -> Ansible:
    """The emulated AWS under a name that is no loopback address, as AWS has one.

    A proxy leads there, so that an address of AWS itself can be given and nothing leaves this machine.
    """
    endpoint = ansible.environment["AWS_ENDPOINT_URL"]
    return ansible.with_environment(
        AWS_ENDPOINT_URL="http://aws.example.com", HTTP_PROXY=endpoint, http_proxy=endpoint, NO_PROXY="", no_proxy=""
    )


def in_three_months() -> str:
    return (datetime.now(UTC) + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")


def harden(ansible: Ansible, *arguments: str, **variables: t.Any) -> t.Any:
    return ansible.playbook("harden", "--limit", "acme-prod", *arguments, hardening_now=in_three_months(), **variables)


def test_a_run_that_writes_refuses_another_clock(elsewhere: Ansible) -> None:
    run = harden(elsewhere, access_keys_mode="enforce", access_keys_notify="none")
    assert run.status != 0
    assert "is more than a minute from the clock" in run.output
    assert "Remove hardening_now, or audit with --check" in run.output
    assert run.writes == []


def test_an_audit_takes_another_clock_and_says_so(elsewhere: Ansible) -> None:
    moment = in_three_months()
    run = elsewhere.playbook("harden", "--limit", "acme-prod", "--check", hardening_now=moment).succeeded()
    assert run.writes == []
    assert run.report(PROD)["run"]["clock_set_to"] == moment
    text = (run.reports / PROD / "report.txt").read_text(encoding="utf-8")
    assert f"Clock: ages are counted from {moment} (hardening_now)" in text
    assert f"ages are counted from {moment} (hardening_now)" in run.output
