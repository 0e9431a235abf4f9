# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is declared of single controls of Security Hub, held against what a region has."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._account.security_hubs import SecurityHubDetails, standard_name
from ..._converge.change import Change, Refusal
from .changes import CONTROL, HubWriter
from .declared import ControlWish

ENABLED: t.Final = "ENABLED"
DISABLED: t.Final = "DISABLED"
# Standards of which AWS tells controls already.
_READY: t.Final = ("READY", "INCOMPLETE")
# AWS takes so many updates of controls in one call.
_UPDATES: t.Final = 100
_TRUTHS: t.Final[Mapping[str, bool]] = {"true": True, "yes": True, "false": False, "no": False}


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter of a control: its type as AWS names it, and its value. None is AWS's default."""

    type: str
    value: t.Any


@dataclasses.dataclass(frozen=True)
class Controls:
    """The declared controls as a region has them. ``problem`` says why they are not known.

    ``parameters`` has an entry for each control that the region knows; ``associations`` one for each pair of a control
    and the ARN of a standard that it belongs to and that is enabled.
    """

    parameters: Mapping[str, Mapping[str, Parameter]] = dataclasses.field(default_factory=dict)
    associations: Mapping[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    problem: str = ""


def list_standards(details: SecurityHubDetails) -> tuple[str, ...]:
    """List the ARNs of the standards whose controls can be read."""
    return tuple(item.standard for item in details.subscriptions if item.status in _READY)


def list_declared_pairs(wishes: Iterable[ControlWish], details: SecurityHubDetails) -> tuple[tuple[str, str], ...]:
    """List the pairs of control and standard that are declared in a region."""
    names = [(arn, name) for arn in list_standards(details) if (name := standard_name(arn))]
    return tuple(
        dict.fromkeys(
            (wish.id, arn)
            for wish in wishes
            if wish.enabled is not None and wish.holds_in(details.region)
            for arn, name in names
            if wish.fits(name)
        )
    )


@dataclasses.dataclass
class Outcome:
    """The outcome of planning the controls of a region."""

    changes: list[Change] = dataclasses.field(default_factory=list)
    refused: list[Refusal] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)


def plan_controls(
    wishes: Sequence[ControlWish], details: SecurityHubDetails, controls: Controls, writer: HubWriter
) -> Outcome:
    """The changes by which the controls of a region become as declared."""
    outcome = Outcome()
    here = [wish for wish in wishes if wish.holds_in(details.region)]
    if not here:
        return outcome
    if controls.problem:
        outcome.refused.append(Refusal("unread", f"its controls are not known: {controls.problem}", writer.arn))
        return outcome
    for wish in here:
        if wish.parameters:
            _set_parameters(wish, controls, writer, outcome)
    for standard in list_standards(details):
        _associate(here, standard, controls, writer, outcome)
    return outcome


def _set_parameters(wish: ControlWish, controls: Controls, writer: HubWriter, outcome: Outcome) -> None:
    known = controls.parameters.get(wish.id)
    if known is None:
        outcome.warnings.append(f"{writer.region}: Security Hub has no control {wish.id} here")
        return
    wanted: dict[str, t.Any] = {}
    for name, given in wish.parameters.items():
        problem = ""
        if name not in known:
            problem = f"can't be set; parameters of {wish.id} that can be set: {', '.join(sorted(known)) or 'none'}"
        else:
            try:
                wanted[name] = None if given is None else convert_value(given, known[name].type)
            except ValueError:
                problem = f"is {given!r}; allowed is a value of the type {known[name].type}"
        if problem:
            target = f"{writer.arn}{CONTROL}{wish.id}"
            outcome.refused.append(Refusal("parameter", f"{name} {problem}", target, "UpdateSecurityControl"))
    after = {name: value for name, value in wanted.items() if value != known[name].value}
    if after:
        before = {name: known[name].value for name in after}
        types = {name: known[name].type for name in after}
        outcome.changes.append(
            writer.set_parameters(wish.id, before=before, after=after, types=types, reason=wish.reason)
        )


def _associate(
    wishes: Sequence[ControlWish], standard: str, controls: Controls, writer: HubWriter, outcome: Outcome
) -> None:
    """One change for a standard. A control that others disabled is left so, unless it is declared enabled."""
    name = standard_name(standard)
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for wish in wishes:
        status = controls.associations.get((wish.id, standard))
        if status is None or wish.enabled is None or name is None or not wish.fits(name):
            continue
        wanted = ENABLED if wish.enabled else DISABLED
        if status != wanted:
            before[wish.id], after[wish.id], reasons[wish.id] = status, wanted, wish.reason
    names = list(after)
    for start in range(0, len(names), _UPDATES):
        some = names[start : start + _UPDATES]
        change = writer.associate(
            standard,
            before={name: before[name] for name in some},
            after={name: after[name] for name in some},
            reasons=reasons,
        )
        outcome.changes.append(change)


def convert_value(value: t.Any, kind: str) -> t.Any:
    """Convert a declared value to the type that AWS names; lists are sorted, since AWS answers them in another order.

    :raises ValueError: it is none of this type.
    """
    if kind.endswith("List"):
        items = value if isinstance(value, (list, tuple)) else str(value).split(",")
        return sorted(convert_value(item, kind.removesuffix("List")) for item in items)
    if kind == "Boolean":
        if isinstance(value, bool):
            return value
        if str(value).lower() not in _TRUTHS:
            raise ValueError(value)
        return _TRUTHS[str(value).lower()]
    if isinstance(value, bool):
        raise ValueError(value)
    if kind == "Integer":
        return int(str(value).strip())
    return float(value) if kind == "Double" else str(value).strip()
