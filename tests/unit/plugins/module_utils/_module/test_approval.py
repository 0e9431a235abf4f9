# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown is what is hashed is what is applied, whatever variables a run and a run under its hash are given.

The real walk: plan, guard, plan document, approval and writes, with an account and a capability in memory.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import typing as t
from pathlib import Path

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.affected import UNKNOWN
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan
from ansible_collections.hardening.iam.plugins.module_utils._module.task import TaskError
from ansible_collections.hardening.iam.plugins.module_utils._report.parts import check_part
from ansible_collections.hardening.iam.plugins.module_utils._report.states import changes_of

from .._converge.fakes import ACCOUNT, NOW, change, set_dates, user_arn
from .test_converging import Bench

NAMES = "abcdefgh"
GLASS = user_arn("b*")
KINDS = ("replace", "other", "needing")


@dataclasses.dataclass(frozen=True)
class World:
    """The variables of one run, and what its capability sees: which changes exist, and who refuses which of them.

    ``planner`` has the changes that the plan itself refuses, such as those that would break something. ``unknown``
    affect nobody knows whom. ``pairs`` are changes that do not come without another one.
    """

    planned: frozenset[str]
    narrowing: frozenset[str]
    kinds: tuple[str, ...]
    planner: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    glass: bool = False
    pairs: frozenset[tuple[str, str]] = frozenset()
    max_changes: int = 10

    def change(self, name: str) -> Change:
        kind = self.kinds[NAMES.index(name)]
        impact = Impact.NARROWING if name in self.narrowing else Impact.ADDITIVE
        affects = (f"{UNKNOWN}denied",) if name in self.unknown else ()
        return change(name, kind=kind, impact=impact, affects=affects)

    def plan(self, _state: t.Any, _findings: t.Any) -> Plan:
        refused = [Refusal("prediction", "will break", user_arn(name)) for name in sorted(self.planner & self.planned)]
        changes = [self.change(name) for name in sorted(self.planned - self.planner)]
        return Plan(changes=tuple(changes), refused=tuple(refused))

    def stays_with(self, one: Change, other: Change) -> bool:
        return (str(one.parameters["Name"]), str(other.parameters["Name"])) in self.pairs


def sets(most: int = len(NAMES)) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(NAMES), max_size=most)


WORLDS = st.builds(
    World,
    planned=st.frozensets(st.sampled_from(NAMES), min_size=1),
    narrowing=sets(),
    kinds=st.tuples(*[st.sampled_from(KINDS)] * len(NAMES)),
    planner=sets(2),
    unknown=sets(2),
    glass=st.booleans(),
    pairs=st.frozensets(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda p: p[0] != p[1]), max_size=3
    ),
    max_changes=st.integers(0, 4),
)


class Account:
    """One account: a check, and a run that is meant to write."""

    def __init__(self, directory: Path) -> None:
        self.bench = Bench(directory)
        self.bench.aws.states = {user_arn(name): "old" for name in NAMES}

    def run(self, world: World, *, check_mode: bool = False, approved: t.Optional[str] = None) -> dict[str, t.Any]:
        """The part of the report that a run leaves; its plan is what would be approved."""
        self.bench.methods = {
            "plan": world.plan,
            "stays_with": world.stays_with,
            "approval_kinds": frozenset({"needing"}),
            "rescue": lambda _state: None,
        }
        options = {
            "max_changes": world.max_changes,
            "max_percent": 100,
            "break_glass": [GLASS] if world.glass else [],
            "approved_plan": approved,
            "run_id": "checked" if check_mode else "applied",
        }
        set_dates(self.bench.reports, NOW)
        self.bench.run(check_mode=check_mode, **options)
        return self.read_part(str(options["run_id"]))

    def read_part(self, run_id: str) -> dict[str, t.Any]:
        """The part of a run, as the report accepts it."""
        (place,) = self.bench.reports.glob(f"{ACCOUNT}/parts/{run_id}/*/replace.json")
        part: dict[str, t.Any] = json.loads(place.read_text(encoding="utf-8"))
        check_part(part, ACCOUNT)
        return part


def names(changes: t.Iterable[t.Mapping[str, t.Any]]) -> set[str]:
    return {str(item["target"]).rpartition("/")[2] for item in changes}


def check(world: World, other: World) -> tuple[set[str], set[str], set[str]]:
    """What a check in one world shows, what its hash covers, and what a run under the hash in the other applies."""
    with tempfile.TemporaryDirectory() as directory:
        account = Account(Path(directory))
        part = account.run(world, check_mode=True)
        assert account.bench.writes == []
        shown = names(item for item in changes_of(part) if item["state"] in ("planned", "applied if approved"))
        plan = part["plan"]
        hashed = names(plan["changes"])
        assert (plan["plan_sha256"] is None) is (not hashed)
        assert (plan["no_hash_reason"] is None) is bool(hashed)
        if not hashed:
            return shown, hashed, set()
        account.run(other, approved=plan["plan_sha256"])
        return shown, hashed, set(account.bench.writes)


@given(WORLDS)
def test_the_changes_shown_are_those_hashed_and_those_applied_under_the_hash(world: World) -> None:
    shown, hashed, applied = check(world, world)
    event(f"{len(hashed)} of {len(world.planned)}")
    assert shown == hashed == applied


@given(WORLDS, WORLDS)
def test_other_variables_apply_a_part_of_what_was_hashed_at_most(world: World, other: World) -> None:
    shown, hashed, applied = check(world, other)
    assert shown == hashed
    assert applied <= hashed


@given(WORLDS)
def test_what_another_guard_refuses_is_applied_under_no_approval(world: World) -> None:
    """Everything that refused it is gone in the run under the hash."""
    everything = frozenset(NAMES)
    freed = dataclasses.replace(
        world,
        planned=everything,
        planner=frozenset(),
        unknown=frozenset(),
        glass=False,
        pairs=frozenset(),
        max_changes=99,
    )
    glass = {"b"} if world.glass else set()
    refused = (world.planner | (world.unknown & world.narrowing) | glass) & world.planned
    assume(refused)
    _shown, hashed, applied = check(world, freed)
    assert not refused & hashed
    assert not refused & applied
    # What depends on a refused change is refused as well.
    tied = {one for one, two in world.pairs if two in refused - world.planner and one in world.planned}
    assert not tied & applied


def test_a_cap_holds_back_what_an_approval_applies() -> None:
    world = World(frozenset("abc"), frozenset("abc"), ("replace",) * len(NAMES), max_changes=2)
    assert check(world, world) == (set("abc"), set("abc"), set("abc"))
    assert check(world, dataclasses.replace(world, max_changes=0))[2] == set("abc")


def test_a_plan_that_failed_has_no_hash(tmp_path: Path) -> None:
    account = Account(tmp_path)

    def deny(*_given: t.Any, **_named: t.Any) -> t.NoReturn:
        raise AwsError("AccessDenied")

    account.bench.aws.__dict__["call"] = deny
    world = World(frozenset("ab"), frozenset(), ("replace",) * len(NAMES))
    with pytest.raises(TaskError):
        account.run(world)
    part = account.read_part("applied")
    assert part["plan"]["plan_sha256"] is None
    assert "AccessDenied" in part["plan"]["no_hash_reason"]
    assert not list(account.bench.reports.glob(f"{ACCOUNT}/plans/*"))
