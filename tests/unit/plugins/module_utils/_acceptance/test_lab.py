# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the acceptance removes: everything of its own, and nothing of a run that began at the same time."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._acceptance import lab as lab_module
from ansible_collections.hardening.iam.plugins.module_utils._acceptance.lab import PATH, Lab, list_objects, outcome
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.lease import LeaseError

Record = dict[str, t.Any]


class Iam:
    """An IAM that knows users only. Each request is known in its lists at once."""

    def __init__(self) -> None:
        self.users: dict[str, Record] = {}

    def call(self, _service: str, operation: str, parameters: Record) -> Record:
        name = parameters["UserName"]
        if operation == "CreateUser":
            arn = f"arn:aws:iam::555566667777:user{parameters['Path']}{name}"
            self.users[name] = {"UserName": name, "Path": parameters["Path"], "Arn": arn}
            return {"User": self.users[name]}
        assert operation == "DeleteUser"
        return self.users.pop(name)

    def items(self, _service: str, operation: str, _key: str, _parameters: Record) -> list[Record]:
        return list(self.users.values()) if operation == "ListUsers" else []


def lab(iam: Iam, renew: t.Callable[[], None] = lambda: None, patience: float = 0) -> Lab:
    return Lab(t.cast(Access, iam), patience=patience, renew=renew, find_ignored_condition=str)


def test_the_lease_is_renewed_before_each_call_and_while_something_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A long patience could outlast the lease. Then another job would write, and nothing could be removed."""
    iam, renewed = Iam(), []
    one = lab(iam, lambda: renewed.append(len(iam.users)), patience=3600)
    one.user()
    assert renewed == [0]
    monkeypatch.setattr(lab_module, "time", Clock())
    seen = iter(["no", "no", *["yes"] * 9999])
    assert one.confirm(lambda: next(seen), "yes") == "yes"
    assert len(renewed) > 3


class Clock:
    """Time that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


PATIENCE: t.Final = 60


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(lab_module, "time", clock)
    return clock


def test_an_observation_is_confirmed_only_after_some_looks_over_some_time(clock: Clock) -> None:
    looks: list[float] = []

    def observe() -> str:
        looks.append(clock.now)
        return "yes"

    assert lab(Iam(), patience=PATIENCE).confirm(observe, "yes") == "yes"
    assert len(looks) >= lab_module.MATCHES
    assert looks[-1] - looks[0] >= PATIENCE / 3


@pytest.mark.parametrize("period", [2, 3, 5])
def test_an_observation_that_comes_and_goes_is_never_confirmed(clock: Clock, period: int) -> None:
    looks = itertools.count(1)
    seen = lab(Iam(), patience=PATIENCE).confirm(lambda: "no" if next(looks) % period == 0 else "yes", "yes")
    assert seen == "no"
    assert clock.now >= PATIENCE


def test_looks_that_match_at_first_only_are_no_proof(clock: Clock) -> None:
    """The denial of a key that is not known yet looks like the denial that is expected."""
    assert lab(Iam(), patience=PATIENCE).confirm(lambda: "yes" if clock.now < 10 else "no", "yes") == "no"


def test_an_observation_counts_only_while_its_twin_is_allowed(clock: Clock) -> None:
    def observe_twin() -> str:
        return "AccessDenied" if clock.now < 30 else "allowed"

    one = lab(Iam(), patience=PATIENCE)
    assert one.confirm(lambda: "AccessDenied", "AccessDenied", twin=observe_twin) == "AccessDenied"
    assert clock.now >= 30 + PATIENCE / 3
    seen = one.confirm(lambda: "AccessDenied", "AccessDenied", twin=lambda: "AccessDenied")
    assert seen == "AccessDenied, but the same call that nothing forbids returns AccessDenied"


def test_what_can_not_be_tried_again_ends_the_experiment(clock: Clock) -> None:
    looks: list[str] = []
    one = lab(Iam(), patience=PATIENCE)
    seen = one.confirm(lambda: looks.append("") or "allowed", "DeleteConflict", refuted_by="allowed")
    assert (seen, len(looks), clock.now) == ("allowed", 1, 0)


def test_the_preparation_is_awaited_and_its_failure_is_an_error(clock: Clock) -> None:
    one = lab(Iam(), patience=PATIENCE)
    one.wait_until_allowed(lambda: "AccessDenied" if clock.now < 20 else "allowed")
    with pytest.raises(AwsError, match="still returns AccessDenied after 60 seconds"):
        one.wait_until_allowed(lambda: "AccessDenied")


def test_a_denial_counts_only_with_the_reason_that_is_expected() -> None:
    def call(message: str) -> t.Callable[[], object]:
        def deny() -> object:
            raise AwsError(message, code="AccessDenied")

        return deny

    reason = "with an explicit deny in an identity-based policy"
    assert outcome(call(f"not authorized {reason}"), denied_with=reason) == "AccessDenied"
    assert outcome(call("because no identity-based policy allows"), denied_with=reason) != "AccessDenied"
    assert outcome(call("anything")) == "AccessDenied"
    assert outcome(lambda: None, denied_with=reason) == "allowed"


def test_nothing_more_is_written_once_the_lease_is_lost() -> None:
    iam = Iam()

    def lose() -> None:
        raise LeaseError("somebody took over the lease")

    with pytest.raises(LeaseError):
        lab(iam, lose).user()
    assert iam.users == {}


def test_of_two_runs_at_once_each_removes_its_own_objects() -> None:
    iam = Iam()
    one, other = lab(iam), lab(iam)
    mine, theirs = one.user(), other.user()
    assert one.remove(one.own_objects()) == {}
    assert list(iam.users) == [theirs["UserName"]] != [mine["UserName"]]


def test_an_object_is_removed_though_the_answer_to_its_request_was_lost() -> None:
    iam = Iam()
    one = lab(iam)
    name = str(one.user()["UserName"])
    lost = f"{name[:-2]}02"
    iam.call("iam", "CreateUser", {"UserName": lost, "Path": PATH})
    iam.call("iam", "CreateUser", {"UserName": lost.upper(), "Path": "/"})
    assert one.remove(one.own_objects()) == {}
    assert list(iam.users) == [lost.upper()]


def test_what_an_earlier_run_left_is_known_by_path_and_name() -> None:
    iam = Iam()
    left = str(lab(iam).user()["UserName"])
    for name, path in (
        ("bob", "/people/"),
        ("break-glass", PATH),
        ("acceptance", PATH),
        ("acceptance-team-01", PATH),
        (f"{left}-copy", PATH),
        (left.upper(), PATH),
        (left.replace("acceptance-", "acceptance-0"), PATH),
        (left[:-1] + "\u0661", PATH),
        (f"{left}0", f"{PATH}deeper/"),
        (f"{left}1", "/iam-hardening/acceptance-of-others/"),
    ):
        iam.call("iam", "CreateUser", {"UserName": name, "Path": path})
    one = lab(iam)
    assert [item["UserName"] for item in list_objects(t.cast(Access, iam))] == [left]
    assert one.own_objects() == ()
