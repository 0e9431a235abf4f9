# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The canary, against an account whose policy takes its time."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Answer, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.canary import observe

BY_SCP: t.Final = AccessDenied("with an explicit deny in a service control policy", code="AccessDenied")
BY_IDENTITY: t.Final = AccessDenied("because no identity-based policy allows it", code="AccessDenied")
GONE: t.Final = NotFound("no such role", code="NoSuchEntity")


class Account:
    """An account in which a control policy holds after so many seconds. ``other`` is the answer without it."""

    def __init__(self, after: float, other: t.Optional[Exception] = GONE) -> None:
        self.after, self.other, self.seconds = after, other, 0.0
        self.asked: list[str] = []

    def call(self, service: str, operation: str, parameters: dict[str, str]) -> dict[str, str]:
        assert (service, operation) == ("iam", "GetRole")
        self.asked.append(parameters["RoleName"])
        if parameters["RoleName"] == "canary" and self.seconds >= self.after:
            raise BY_SCP
        if self.other:
            raise self.other
        return parameters

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def measure(self) -> Answer[float]:
        make: t.Any = lambda: self  # noqa: E731
        return observe.measure_safely(make, "canary", clock=lambda: 1000 + self.seconds, sleep=self.sleep)


@pytest.mark.parametrize(("after", "measured"), [(0, 0), (3, 4), (180, 180)])
def test_the_policy_is_seen_once_it_denies_the_canary(after: float, measured: float) -> None:
    assert Account(after).measure() == Yes(measured)


def test_what_does_not_show_in_time_is_not_known() -> None:
    account = Account(10_000)
    assert account.measure() == Unknown("it did not show within 180 seconds")
    assert account.seconds == observe.MOST_SECONDS and account.asked.count("iam-hardening-canary-none") == 1


def test_a_role_that_can_be_looked_at_is_not_denied() -> None:
    assert Account(4, other=None).measure() == Yes(4)


@pytest.mark.parametrize(
    ("other", "reason"),
    [(BY_SCP, "another control policy"), (BY_IDENTITY, "no identity-based policy allows it")],
)
def test_a_denial_from_elsewhere_measures_nothing(other: Exception, reason: str) -> None:
    found = Account(0, other).measure()
    assert isinstance(found, Unknown) and reason in found.reason


def test_a_role_that_can_not_be_assumed_measures_nothing() -> None:
    def fail() -> t.NoReturn:
        raise BY_IDENTITY

    assert isinstance(observe.measure_safely(fail, "canary", clock=lambda: 0.0, sleep=lambda _seconds: None), Unknown)
