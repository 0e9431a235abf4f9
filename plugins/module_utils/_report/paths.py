# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Paths of privilege escalation as the reports show them: who can become whom, by which steps, and who shares them.

A finding of the control ``privilege_escalation_path`` is about one principal, and its evidence names the steps as
:meth:`.._policy.paths.Step.record` writes them down.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from .._account.model import Dataset
from .._converge.finding import Severity, Status

CONTROL: t.Final = "privilege_escalation_path"

# More principals than these are counted in a sentence, and named in brackets behind their number.
_SPELLED_OUT = 3
_EXAMPLES = 3

# Steps that create a new principal: the name that the evidence has for it is only an example.
_MAKING: t.Final[Mapping[str, str]] = {"iam:CreateUser": "a new user", "iam:CreateRole": "a new role"}


@dataclasses.dataclass(frozen=True)
class Step:
    """One step: what ``source`` does to become ``target``, and what allows it.

    ``via`` is the ARN of what it goes through, such as a group. ``conditions`` are unknown facts that it depends on:
    condition keys, and sentences.
    """

    source: str
    target: str
    method: str
    name: str
    actions: tuple[str, ...]
    policies: tuple[str, ...]
    via: t.Optional[str] = None
    conditions: tuple[str, ...] = ()

    @property
    def is_own(self) -> bool:
        """Whether the principal raises itself and becomes nobody else."""
        return self.source == self.target

    @property
    def place(self) -> str:
        """Where it leads: to an ARN, to somebody who is made for it, or (empty) to nobody else."""
        return "" if self.is_own else _MAKING.get(next(iter(self.actions), ""), self.target)

    @property
    def edge(self) -> tuple[t.Any, ...]:
        """The key by which it is the same step for another path."""
        return self.place, self.method, self.conditions

    @property
    def text(self) -> str:
        """``iam:CreateAccessKey on ci-deployer``."""
        return f"{' + '.join(self.actions)} {self.preposition} {name_of(self.place) or 'itself'}"

    @property
    def preposition(self) -> str:
        """IAM and STS act on the target; the other services are what it is used through."""
        return "on" if all(action.startswith(("iam:", "sts:")) for action in self.actions) else "for"


@dataclasses.dataclass(frozen=True)
class Path:
    """The steps from the principal that a finding is about to the rights of an administrator."""

    finding: Mapping[str, t.Any]
    steps: tuple[Step, ...]

    @property
    def source(self) -> str:
        return self.steps[0].source

    @property
    def way(self) -> tuple[t.Any, ...]:
        """Equal for principals of a kind that do the same."""
        return kind_of(self.source), tuple(step.edge for step in self.steps)


@dataclasses.dataclass(frozen=True)
class Way:
    """The paths of all principals of a kind that take the same steps."""

    paths: tuple[Path, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.paths[0].steps

    @property
    def end(self) -> str:
        """Where it ends, as :attr:`Step.place` says it."""
        return self.steps[-1].place

    @property
    def conditions(self) -> tuple[str, ...]:
        """All that it depends on, in the order of the steps."""
        return tuple(dict.fromkeys(condition for step in self.steps for condition in step.conditions))

    @property
    def severity(self) -> str:
        """The worst of the findings."""
        return min((str(path.finding["severity"]) for path in self.paths), key=lambda name: Severity(name).rank)

    @property
    def sentence(self) -> str:
        """``dev-alice can become prod-admin: iam:CreateAccessKey on ci-bot, then sts:AssumeRole on prod-admin``."""
        who = principals([path.source for path in self.paths])
        proviso = f", provided: {'; '.join(self.conditions)}" if self.conditions else ""
        steps = ", then ".join(step.text for step in self.steps)
        return f"{who} can become {outcome(self.end)}: {steps}{proviso}"

    def policies(self, place: int) -> tuple[str, ...]:
        """The policies that allow one of the steps to all of the principals; empty if each has a policy of its own."""
        found = {path.steps[place].policies for path in self.paths}
        return found.pop() if len(found) == 1 else ()


def paths(report: Mapping[str, t.Any]) -> tuple[Path, ...]:
    """The paths of the failing findings, in the order of the report."""
    failing = (finding for finding in report["findings"] if finding["status"] == Status.FAIL.value)
    return tuple(found for found in map(path_of, failing) if found is not None)


def caveat(report: Mapping[str, t.Any]) -> str:
    """The facts that the paths of a report don't take into account; empty if there are none."""
    unread = any(error["dataset"] == Dataset.ORGANIZATION_POLICIES.value for error in report["errors"])
    return "Policies of the organization could not be read. They may block some of these paths." if unread else ""


def path_of(finding: Mapping[str, t.Any]) -> t.Optional[Path]:
    """The path that the evidence of a finding shows; None for the findings of every other control."""
    observed = finding["evidence"]["observed"]
    if finding["control"] != CONTROL or not isinstance(observed, Mapping) or not observed.get("path"):
        return None
    steps = tuple(
        Step(
            source=step["from"],
            target=step["to"],
            method=step["method"],
            name=step["name"],
            actions=tuple(step["actions"]),
            policies=tuple(step["policies"]),
            via=step["via"],
            conditions=tuple(step["conditions"]),
        )
        for step in observed["path"]
    )
    return Path(finding, steps)


def ways(found: Iterable[Path]) -> tuple[Way, ...]:
    """Paths that take the same steps together, the more important ones first.

    Important is what is severe, then what no condition holds up, then what many can do, then what takes few steps.
    """
    collected: dict[tuple[t.Any, ...], list[Path]] = {}
    for path in found:
        collected.setdefault(path.way, []).append(path)
    return tuple(sorted((Way(tuple(same)) for same in collected.values()), key=_importance))


def _importance(way: Way) -> tuple[t.Any, ...]:
    rank = Severity(way.severity).rank
    return rank, bool(way.conditions), -len(way.paths), len(way.steps), [path.source for path in way.paths]


def by_end(found: Iterable[Path]) -> tuple[tuple[Way, ...], ...]:
    """The ways that end as the same administrator together, first where it is severe and many can get there."""
    ends: dict[str, list[Way]] = {}
    for way in ways(found):
        ends.setdefault(way.end, []).append(way)
    return tuple(
        sorted(
            map(tuple, ends.values()),
            key=lambda group: (Severity(group[0].severity).rank, -sum(len(way.paths) for way in group)),
        )
    )


def outcome(end: str) -> str:
    """The administrator that a principal can become by a way with this end."""
    if is_arn(end):
        return name_of(end)
    return f"an administrator as {end}" if end else "an administrator"


def principals(arns: Sequence[str]) -> str:
    """Principals by name: a few all of them, of many the number and the first ones."""
    names = [name_of(arn) for arn in arns]
    if len(names) == 1:
        return names[0]
    if len(names) <= _SPELLED_OUT:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{format_count(arns)} ({', '.join(names[:_EXAMPLES])}, …)"


def format_count(arns: Sequence[str]) -> str:
    """Format the number of principals: ``15 roles``; those of several kinds are ``principals``."""
    kinds = {kind_of(arn) for arn in arns}
    kind = kinds.pop() if len(kinds) == 1 else "principal"
    return f"{len(arns)} {kind}{'' if len(arns) == 1 else 's'}"


def is_arn(end: str) -> bool:
    """Whether a way ends as somebody who is there."""
    return end.startswith("arn:")


def name_of(arn: str) -> str:
    """The friendly name in an ARN, without its path."""
    return arn.rpartition(":")[2].rpartition("/")[2]


def kind_of(arn: str) -> str:
    """``user``, ``role`` or ``group``, as the ARN says."""
    return arn.rpartition(":")[2].partition("/")[0]
