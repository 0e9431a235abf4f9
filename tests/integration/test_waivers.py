# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accepted findings, by playbooks/assess.yml: in force, about to expire, expired, and about nothing."""

from __future__ import annotations

import pytest

from dates import date_in, noon_in

from .conftest import DEV, PROD, MakeAnsible, Outcome, Record

pytestmark = pytest.mark.dated

TODAY = 1000
NOW = noon_in(TODAY)
LATER, LAST_DAY, YESTERDAY = date_in(TODAY + 150), date_in(TODAY), date_in(TODAY - 1)
OWNER = "platform@acme.example"
# An unquoted date is a date of YAML's, a quoted one a string; an id without quotes is a number.
WAIVERS = f"""
- &complete
  control: role_admin
  accounts: [333344445555]
  resources: ["arn:*:role/dev-team-*"]
  reason: the team is being reorganized
  owner: {OWNER}
  ticket: ACME-1
  approved_by: ciso@acme.example
  reason_fingerprint: "*"
  expires: {LATER}
- <<: *complete
  control: user_admin
  accounts: ["2222*"]
  resources: [user/deploy-bot]
  severity: critical
  ticket: ACME-2
  expires: "{LAST_DAY}"
- <<: *complete
  control: policy_sensitive_wildcard
  accounts: ["*"]
  resources: [policy/DevPolicy, policy/CIPolicy]
  ticket: ACME-3
  expires: {YESTERDAY}
- <<: *complete
  control: root_no_access_key
  accounts: ["222233334444"]
  resources: ["*"]
  ticket: ACME-4
"""


@pytest.fixture(scope="module")
def waived(make_ansible: MakeAnsible) -> Outcome:
    """Two accounts assessed at noon of the day on which one waiver expires."""
    ansible = make_ansible()
    (ansible.directory / "waivers.yml").write_text(WAIVERS, encoding="utf-8")
    limit = ("--limit", "acme-dev,acme-prod,localhost")
    return ansible.playbook(
        "assess", "--check", *limit, hardening_waivers="./waivers.yml", hardening_now=NOW
    ).succeeded()


def of_control(outcome: Outcome, account: str, control: str) -> dict[str, Record]:
    return {
        finding["resource"].rpartition("/")[2]: finding
        for finding in outcome.report(account)["findings"]
        if finding["control"] == control
    }


def test_waiver_in_force(waived: Outcome) -> None:
    found = of_control(waived, DEV, "role_admin")
    accepted = {name: finding for name, finding in found.items() if finding["status"] == "WAIVED"}
    assert set(accepted) == {f"dev-team-{number:02d}-role" for number in range(1, 16)}
    for finding in accepted.values():
        assert finding["waiver"]["ticket"] == "ACME-1"
        assert finding["waiver"]["expires"] == LATER
    assert waived.report(DEV)["summary"]["high"] == sum(
        finding["severity"] == "high" and finding["status"] == "FAIL" for finding in waived.report(DEV)["findings"]
    )


def test_last_day_is_included(waived: Outcome) -> None:
    assert of_control(waived, PROD, "user_admin")["deploy-bot"]["status"] == "WAIVED"


def test_expired_waiver_fails_again_and_says_so(waived: Outcome) -> None:
    found = of_control(waived, PROD, "policy_sensitive_wildcard")
    for policy in ("DevPolicy", "CIPolicy"):
        assert found[policy]["status"] == "FAIL"
        assert f"expired on {YESTERDAY}" in found[policy]["detail"]
    assert "expired" not in found["LegacyAdminPolicy"]["detail"]


@pytest.mark.parametrize(
    "warning",
    [
        f"(user_admin, ACME-2 of {OWNER}) expires on {LAST_DAY}, in 0 days",
        f"(policy_sensitive_wildcard, ACME-3 of {OWNER}) expired on {YESTERDAY}: its 2 findings fail again",
        f"(root_no_access_key, ACME-4 of {OWNER}) matches no failed finding",
    ],
    ids=["last_day", "expired", "unused"],
)
def test_warnings(waived: Outcome, warning: str) -> None:
    assert warning in " ".join(waived.output.split())


def test_good_waiver_is_not_warned_of(waived: Outcome) -> None:
    assert "ACME-1 of" not in waived.output.partition("PLAY [Report on the run]")[0].replace("ticket ACME-1", "")


def test_waivers_of_other_accounts_are_none_of_a_report_s_business(waived: Outcome) -> None:
    tickets = {record["ticket"] for record in waived.report(DEV)["waivers"]}
    assert tickets == {"ACME-1", "ACME-3"}


def test_waived_findings_are_outside_the_percentage(waived: Outcome) -> None:
    (score,) = [score for score in waived.report(PROD)["scores"] if score["benchmark"] == "cis_7.0"]
    assert score["percent"] == round(100 * score["passed"] / (score["passed"] + score["failed"]), 1)
    text = (waived.reports / DEV / "report.txt").read_text(encoding="utf-8")
    assert "ACME-1" in text
