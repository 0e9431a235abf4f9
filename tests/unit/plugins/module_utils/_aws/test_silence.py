# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endpoints that never answer: asked until the time-out once, and no more."""

from __future__ import annotations

import contextlib
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, Unreachable
from ansible_collections.hardening.iam.plugins.module_utils._aws.silence import Silence
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.lease import Permit
from emulator.client import Emulator

from .conftest import OPERATIONS, MakeAccess

HOME: t.Final = "us-east-1"
TIME_OUT: t.Final = Unreachable("no answer", code="ReadTimeoutError")


def call(silence: Silence, service: str, error: t.Optional[AwsError] = None, *, region: str = HOME) -> bool:
    """Whether a call is made, which then ends with ``error``."""
    try:
        silence.refuse(service, "X", region)
    except Unreachable:
        return False
    with contextlib.suppress(AwsError), silence.note(service, region):
        if error:
            raise error
    return True


def test_a_silent_endpoint_is_asked_once() -> None:
    silence = Silence()
    assert call(silence, "organizations")
    assert [call(silence, "iam", TIME_OUT) for _number in range(3)] == [True, False, False]
    assert call(silence, "iam", region="eu-west-1")
    assert call(silence, "ec2")


@pytest.mark.parametrize("answer", [None, AccessDenied("no")], ids=["answer", "error"])
def test_an_endpoint_that_has_answered_is_asked_again(answer: t.Optional[AwsError]) -> None:
    silence = Silence()
    assert call(silence, "iam", answer)
    assert all(call(silence, "iam", TIME_OUT) for _number in range(3))
    assert not silence.is_suspected


class Growing(set[tuple[str, str]]):
    """A set to which another thread adds while this one walks over it."""

    def __iter__(self) -> t.Iterator[tuple[str, str]]:
        for number, item in enumerate(super().__iter__()):
            self.add((f"service-{number}", HOME))
            yield item


def test_an_answer_to_another_thread_does_not_disturb() -> None:
    silence = Silence()
    silence._answered = Growing()
    assert call(silence, "sts")
    assert call(silence, "ec2", TIME_OUT)
    assert call(silence, "iam", TIME_OUT)
    assert not call(silence, "s3")


def test_where_two_are_silent_and_none_answers_nothing_more_is_asked() -> None:
    silence = Silence()
    # STS answers for the session, not for the account.
    assert call(silence, "sts")
    assert call(silence, "ec2", TIME_OUT)
    assert silence.is_suspected
    assert call(silence, "iam", TIME_OUT)
    assert not call(silence, "s3")


def test_a_dropped_connection_is_no_silence() -> None:
    silence = Silence()
    assert all(call(silence, "iam", Unreachable("x", code="ConnectionClosedError")) for _number in range(3))
    assert not silence.is_suspected


def test_an_account_that_never_answers_costs_its_time_outs_once(make_access: MakeAccess, emulator: Emulator) -> None:
    emulator.faults([{"kind": "hold"}])
    access = make_access(aws_config={"read_timeout": 0.2, "retries": {"mode": "standard", "total_max_attempts": 2}})
    reads = {
        "regions": lambda: access.call("ec2", "DescribeRegions"),
        "summary": lambda: access.call("iam", "GetAccountSummary"),
        "recorders": lambda: access.call("config", "DescribeConfigurationRecorders"),
        "policy": lambda: access.call("iam", "GetAccountPasswordPolicy"),
    }
    results = {name: access.gather({name: read})[name] for name, read in reads.items()}
    emulator.clear_faults()
    assert {type(result) for result in results.values()} == {Unreachable}
    assert "not asked" not in str(results["summary"])
    assert all("not asked, because no service answered" in str(results[name]) for name in ("recorders", "policy"))


def test_a_read_after_a_time_out_needs_no_lease(make_access: MakeAccess, emulator: Emulator) -> None:
    """It makes one attempt, as a write does, and is none."""
    permit = Permit()
    given = make_access(aws_config={"read_timeout": 0.2})
    access = Access(given._options, operations=OPERATIONS, check_mode=False, permit=permit)
    emulator.faults([{"operation": "DescribeConfigurationRecorders", "kind": "hold"}])
    with pytest.raises(Unreachable):
        access.call("config", "DescribeConfigurationRecorders")
    emulator.clear_faults()
    assert access.call("iam", "GetAccountSummary")["SummaryMap"]
