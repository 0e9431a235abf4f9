# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Breakage is accepted by name, with a reason, until a date."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._prediction.acceptance import (
    acceptance_of,
    acceptance_warnings,
    parse_acceptances,
)

pytestmark = pytest.mark.dated

TODAY = dt.date(2026, 11, 25)
ARN = "arn:aws:iam::111122223333:role/app/deployer"


def entry(**fields: t.Any) -> dict[str, t.Any]:
    return {"principal": ARN, "reason": "agreed, ACME-1", "expires": "2026-12-31", **fields}


@pytest.mark.parametrize(
    ("principal", "covered"),
    [
        (ARN, True),
        ("role/app/deployer", True),
        ("role/deployer", True),
        ("deployer", True),
        ("user/deployer", False),
        ("Deployer", False),
        ("deploy", False),
        ("arn:aws:iam::999988887777:role/app/deployer", False),
    ],
)
def test_whom_an_acceptance_is_about(principal: str, covered: bool) -> None:
    (acceptance,) = parse_acceptances([entry(principal=principal)], today=TODAY)
    assert acceptance.covers(ARN) is covered


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("deployer", "accept_breakage: a list of mappings"),
        (["deployer"], r"accept_breakage\[0\]: a mapping with principal, reason, expires is expected"),
        ([entry(), entry(principle="x")], r"accept_breakage\[1\]: there is no key 'principle'"),
        ([entry(reason=" ")], r"accept_breakage\[0\]: reason missing or empty"),
        ([{"principal": ARN}], r"accept_breakage\[0\]: reason, expires missing"),
        ([entry(principal="*")], r"principal: '\*' is a pattern; only names are accepted"),
        ([entry(principal="dev-team-??-role")], "is a pattern"),
        ([entry(expires="soon")], r"expires: 'soon' is not a date such as 2026-12-31"),
        ([entry(expires="2026-02-30")], "is not a date"),
        ([entry(expires="2027-11-26")], "2027-11-26 is more than 365 days ahead; the latest is 2027-11-25"),
    ],
)
def test_what_can_not_be_used_is_refused_with_its_place(value: t.Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_acceptances(value, today=TODAY)


def test_dates_of_yaml_and_none_at_all() -> None:
    (acceptance,) = parse_acceptances([entry(expires=dt.date(2026, 12, 31))], today=TODAY)
    assert acceptance.as_dict() == {"principal": ARN, "reason": "agreed, ACME-1", "expires": "2026-12-31"}
    assert parse_acceptances(None, today=TODAY) == ()


@pytest.mark.parametrize(("today", "holds"), [(dt.date(2026, 12, 31), True), (dt.date(2027, 1, 1), False)])
def test_the_last_day_counts(today: dt.date, holds: bool) -> None:
    acceptances = parse_acceptances([entry()], today=TODAY)
    assert (acceptance_of(ARN, acceptances, today) is not None) is holds


def test_the_acceptance_that_holds_longest_is_the_one() -> None:
    acceptances = parse_acceptances([entry(), entry(expires="2027-01-31", principal="deployer")], today=TODAY)
    found = acceptance_of(ARN, acceptances, TODAY)
    assert found is not None
    assert found.index == 1
    assert acceptance_of("arn:aws:iam::111122223333:role/other", acceptances, TODAY) is None


def test_expired_and_idle_acceptances_are_told_of() -> None:
    acceptances = parse_acceptances([entry(), entry(principal="other"), entry(expires="2026-11-01")], today=TODAY)
    assert acceptance_warnings(acceptances, [ARN], TODAY) == [
        "accept_breakage[1]: other is not a principal that the change may break",
        f"accept_breakage[2]: the acceptance for {ARN} expired on 2026-11-01",
    ]
