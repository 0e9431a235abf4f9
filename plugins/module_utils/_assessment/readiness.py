# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The readiness of each capability in an account: ready, short of permissions, or without an object here. Pure."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from .._account.model import REGIONAL, Dataset, Snapshot, Unread, UnreadKind
from .._prediction.denials.blame import read_reason
from .._report.plain import list_action_notes

# GetCallerIdentity and an assumed role don't show whether a write would be allowed.
_UNVERIFIED = "writes not verified"
# What AWS calls the policies of the role itself. That none of them allows an action, its owner can change.
_OWN: t.Final = "identity-based policy"


class State(enum.StrEnum):
    """Whether a capability can be used in an account."""

    READY = "READY"
    MISSING = "MISSING"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"
    NOT_APPLICABLE = "NOT_APPLICABLE"


@dataclasses.dataclass(frozen=True)
class Readiness:
    """A row of the preflight: a capability, its state, why, and the IAM actions that it lacks.

    No policy of the role allows ``missing_actions``. Another policy refuses ``refused_actions``, whatever those of the
    role allow. Of ``unknown_actions`` AWS gave no answer: they may be allowed.
    """

    capability: str
    state: State
    reason: str = ""
    missing_actions: tuple[str, ...] = ()
    refused_actions: tuple[str, ...] = ()
    unknown_actions: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        return {
            "capability": self.capability,
            "state": self.state.value,
            "reason": self.reason,
            "missing_actions": list(self.missing_actions),
            "refused_actions": list(self.refused_actions),
            "unknown_actions": list(self.unknown_actions),
        }


@dataclasses.dataclass(frozen=True)
class Obstacles:
    """The actions that hinder a capability, by what is known of them, and sentences about them.

    ``refused`` has the policy of each action. ``problem`` is what is missing besides permissions.
    """

    missing: frozenset[str] = frozenset()
    refused: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    reasons: tuple[str, ...] = ()
    problem: str = ""

    @property
    def state(self) -> t.Optional[State]:
        """The worst that is known; None if nothing hinders the capability."""
        if self.missing or self.problem:
            return State.MISSING
        if self.refused:
            return State.REFUSED
        return State.UNKNOWN if self.unknown or self.reasons else None

    def as_row(self, name: str, state: State) -> Readiness:
        """The row of a capability in this state."""
        policies: dict[str, list[str]] = {}
        for action, policy in sorted(self.refused.items()):
            policies.setdefault(policy, []).append(action)
        refusing = tuple(f"refused by {policy}" for policy in policies)
        return Readiness(
            name,
            state,
            "; ".join(filter(None, dict.fromkeys((*self.reasons, self.problem, *refusing)))),
            tuple(sorted(self.missing)),
            tuple(sorted(self.refused)),
            tuple(sorted(self.unknown - self.missing - self.refused.keys())),
        )


@dataclasses.dataclass(frozen=True)
class Simulation:
    """Which writes are denied in the role that each capability writes in, with the policy that refuses each.

    A capability that is not in ``denied`` was not simulated. ``failed`` has the actions of which the simulation gave no
    answer, and why. ``lacking`` says of a capability why there is no such role.
    """

    denied: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    failed: Mapping[str, tuple[Collection[str], str]] = dataclasses.field(default_factory=dict)
    lacking: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def find_obstacles(self, capability: Capability) -> Obstacles:
        """Find what hinders the writes of a capability."""
        denied, name = self.denied.get(capability.name, {}), capability.name
        actions, reason = self.failed.get(name, ((), ""))
        own = {action: policy for action, policy in denied.items() if action in capability.writes}
        return Obstacles(
            frozenset(action for action, policy in own.items() if not policy),
            {action: policy for action, policy in own.items() if policy},
            capability.writes & frozenset(actions),
            (reason,) if capability.writes & frozenset(actions) else (),
            self.lacking.get(name, "") if capability.writes else "",
        )

    def note(self, capability: Capability) -> str:
        """Note that the writes of a capability could not be asked about at all; empty where they were."""
        known = {*self.denied, *self.failed, *self.lacking}
        return "" if not capability.writes or capability.name in known else _UNVERIFIED


@dataclasses.dataclass(frozen=True)
class Capability:
    """The reads and writes of a capability, and how a snapshot shows that there is nothing for it here.

    ``absent`` returns why the capability has no object in a region (regional datasets) or in the account, else None.
    A capability ``in_organization`` has no row of its own in an account that is in none: that is said already.
    """

    name: str
    datasets: tuple[Dataset, ...] = ()
    writes: frozenset[str] = frozenset()
    absent: t.Optional[Callable[[Snapshot, str], t.Optional[str]]] = None
    in_organization: bool = False

    @property
    def is_regional(self) -> bool:
        return any(dataset in REGIONAL for dataset in self.datasets)


def _explain_no_organization(snapshot: Snapshot, _region: str) -> t.Optional[str]:
    return None if snapshot.organization else "the account is in no organization"


def _explain_no_trail(snapshot: Snapshot, _region: str) -> t.Optional[str]:
    return None if snapshot.trails else "no trail"


def with_evidence(first: Iterable[Capability], last: Iterable[Capability]) -> tuple[Capability, ...]:
    """The whole table in its order: what an assessment reads, and between it the rows of the roles that write."""
    identity = (
        Dataset.AUTHORIZATION_DETAILS,
        Dataset.CREDENTIAL_REPORT,
        Dataset.ACCOUNT_SUMMARY,
        Dataset.VIRTUAL_MFA_DEVICES,
        Dataset.SERVICE_SPECIFIC_CREDENTIALS,
    )
    return (
        Capability("identity assessment", identity),
        *first,
        Capability("account contacts", (Dataset.CONTACT_INFORMATION, Dataset.ALTERNATE_CONTACTS)),
        Capability("organization", (Dataset.ORGANIZATION,), absent=_explain_no_organization),
        Capability("central root access", (Dataset.ORGANIZATION_FEATURES,), in_organization=True),
        Capability("CloudTrail evidence", (Dataset.TRAILS,), absent=_explain_no_trail),
        *last,
    )


def assess_readiness(
    snapshot: Snapshot,
    *,
    probed: Sequence[Unread],
    table: Iterable[Capability],
    actions: Mapping[Dataset, Collection[str]],
    writes: Simulation,
) -> tuple[Readiness, ...]:
    """The rows of the preflight: regions that can't be used first, then every capability.

    :arg probed: datasets that were only probed, not read into the snapshot, and could not be.
    :arg actions: the IAM actions that each dataset is read with.
    """
    regions = tuple(
        Readiness(f"region {region}", State.NOT_APPLICABLE, reason)
        for region, reason in sorted(snapshot.denied_regions.items())
    )
    silent = (UnreadKind.NOT_REQUESTED, UnreadKind.REGION_DENIED)
    gaps = [*probed, *(gap for gap in snapshot.unread if gap.kind not in silent)]
    alone = snapshot.organization is None and not any(gap.dataset is Dataset.ORGANIZATION for gap in gaps)
    capabilities = [capability for capability in table if not (alone and capability.in_organization)]
    return regions + tuple(
        _assess_capability(snapshot, gaps, capability, actions, writes) for capability in capabilities
    )


def _assess_capability(
    snapshot: Snapshot,
    gaps: Sequence[Unread],
    capability: Capability,
    actions: Mapping[Dataset, Collection[str]],
    writes: Simulation,
) -> Readiness:
    unread = [gap for gap in gaps if gap.dataset in capability.datasets]
    failed = [gap for gap in unread if gap.kind is not UnreadKind.UNSUPPORTED]
    obstacles = _join_obstacles(failed, actions, writes.find_obstacles(capability))
    if obstacles.state:
        return obstacles.as_row(capability.name, obstacles.state)
    if capability.datasets and all(_is_unsupported(snapshot, dataset, unread) for dataset in capability.datasets):
        return Readiness(capability.name, State.NOT_APPLICABLE, _join_reasons(unread))
    absent = _explain_absence(snapshot, capability)
    if absent:
        return Readiness(capability.name, State.NOT_APPLICABLE, absent)
    # A dataset that AWS does not offer here removes its own part only.
    without = f"without {_describe_gaps(unread)}" if unread else ""
    return Readiness(capability.name, State.READY, "; ".join(filter(None, (without, writes.note(capability)))))


def _is_unsupported(snapshot: Snapshot, dataset: Dataset, unsupported: Iterable[Unread]) -> bool:
    """Whether AWS does not offer a dataset in this account: of a regional one in none of its regions."""
    places = {gap.region for gap in unsupported if gap.dataset is dataset}
    regions = {region for region in snapshot.regions if region not in snapshot.denied_regions}
    return None in places or (dataset in REGIONAL and bool(regions) and regions <= places)


def _describe_gaps(gaps: Sequence[Unread]) -> str:
    """Name the datasets that a capability lacks, each with its reasons."""
    names = dict.fromkeys(gap.dataset for gap in gaps)
    reasons = {name: _join_reasons([gap for gap in gaps if gap.dataset is name]) for name in names}
    return "; ".join(f"{name.value.replace('_', ' ')} ({reason})" for name, reason in reasons.items())


def _explain_absence(snapshot: Snapshot, capability: Capability) -> str:
    """Explain why there is nothing for the capability: for a regional one, only if that holds in every region."""
    if capability.absent is None:
        return ""
    regions = [region for region in snapshot.regions if region not in snapshot.denied_regions]
    if not capability.is_regional:
        regions = [snapshot.home_region]
    reasons = [capability.absent(snapshot, region) for region in regions]
    return "; ".join(sorted(set(filter(None, reasons)))) if reasons and all(reasons) else ""


def _join_obstacles(
    failed: Sequence[Unread], actions: Mapping[Dataset, Collection[str]], writes: Obstacles
) -> Obstacles:
    """Join the obstacles to the reads of a capability with those to its writes."""
    missing, unknown, refused = set(writes.missing), set(writes.unknown), dict(writes.refused)
    for gap in failed:
        named = _list_actions(gap, actions)
        policy = _name_refusing(gap)
        if gap.kind is not UnreadKind.DENIED:
            unknown.update(named)
        elif policy:
            refused.update(dict.fromkeys(named, policy))
        else:
            missing.update(named)
    reasons = (_join_reasons(failed), *writes.reasons)
    return Obstacles(frozenset(missing), refused, frozenset(unknown), tuple(filter(None, reasons)), writes.problem)


def _name_refusing(gap: Unread) -> str:
    """Name the policy that refuses a read, as AWS's message has it; empty if no policy of the reader allows it."""
    reason = read_reason({}, gap.reason) if gap.kind is UnreadKind.DENIED else None
    if reason is None or (reason.kind == _OWN and not reason.is_explicit):
        return ""
    return f"an explicit deny in the {reason.kind}" if reason.is_explicit else f"the {reason.kind}"


def _list_actions(gap: Unread, actions: Mapping[Dataset, Collection[str]]) -> Collection[str]:
    """List the actions of a read that failed: the one that AWS named, else all that the dataset is read with."""
    known = actions.get(gap.dataset, ())
    refused = [action for action in known if gap.operation and action.endswith(f":{gap.operation.rpartition(':')[2]}")]
    return refused or known


def _join_reasons(gaps: Iterable[Unread]) -> str:
    return "; ".join(dict.fromkeys(f"{gap.region}: {gap.reason}" if gap.region else gap.reason for gap in gaps))


def render_table(account_id: str, rows: Iterable[Readiness]) -> str:
    """The rows as a table for the terminal."""
    cells = [
        (row.capability, row.state.value, "; ".join(filter(None, (row.reason, *list_action_notes(row.as_dict())))))
        for row in rows
    ]
    width = max((len(name) for name, _state, _note in cells), default=0)
    lines = [f"{name:<{width}}  {state:<14}  {note}".rstrip() for name, state, note in cells]
    return "\n".join([f"Preflight of account {account_id}", *lines])
