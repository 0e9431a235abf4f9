# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether a boundary may be given to a principal, by the prediction of what it would break."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import date

from ..._account.model import Snapshot
from ..._account.permissions import Permissions
from ..._policy.documents.policy import Policy
from ..._policy.evaluation.evaluate import Layers
from ..._policy.impact.difference import find_lost_actions
from ..._policy.impact.judge import Breakage, Impact, Verdict
from ..._prediction.acceptance import Acceptances, acceptance_of

#: The prediction for every principal, by its ARN, under every boundary, by the ARN of that.
Impacts = Mapping[str, Mapping[str, Impact]]

# A refusal names so many uses.
_NAMED: t.Final = 5


@dataclasses.dataclass(frozen=True)
class Judgement:
    """The prediction for one principal; ``objection`` is empty where the boundary may be given to it."""

    boundary_arn: str
    impact: Impact
    accepted: t.Optional[str] = None
    objection: str = ""

    @property
    def arn(self) -> str:
        """The principal."""
        return self.impact.principal_arn


@dataclasses.dataclass(frozen=True)
class Jury:
    """Says of principals whether they may get a boundary: where it is safe, or somebody accepts what it breaks."""

    impacts: Impacts
    accepted: Acceptances
    today: date

    def judge(self, arn: str, boundary_arn: str) -> Judgement:
        """Whether the principal may get the boundary. One that nobody predicted may not."""
        impact = self.impacts.get(boundary_arn, {}).get(arn) or _make_unpredicted(arn)
        if impact.is_safe:
            return Judgement(boundary_arn, impact)
        acceptance = acceptance_of(arn, self.accepted, self.today)
        if acceptance is not None:
            return Judgement(boundary_arn, impact, accepted=acceptance.reason)
        name = arn.partition(":iam::")[2].partition(":")[2]
        return Judgement(
            boundary_arn,
            impact,
            objection=(
                f"{_explain_breakage(impact)}. Either change the boundary to allow it, or list {name} in "
                "accept_breakage"
            ),
        )


class Replacement:
    """The permissions of an account's principals once one managed policy has another content.

    ``bounded`` get, or keep, the policy as their boundary.
    """

    def __init__(self, snapshot: Snapshot, policy_arn: str) -> None:
        self._permissions = Permissions(snapshot)
        self._policy_arn = policy_arn

    def after(self, layers: Layers, policy: Policy, *, bounded: bool) -> Layers:
        """Layers with ``policy`` in place of what the managed policy says now, wherever they have it."""
        identity = tuple(policy if item.name == self._policy_arn else item for item in layers.identity)
        return dataclasses.replace(layers, identity=identity, boundary=policy if bounded else layers.boundary)

    def find_gained_actions(self, arn: str, policy: Policy) -> tuple[str, ...]:
        """Find some actions that a principal with the policy attached could do in addition; empty if none."""
        before = dataclasses.replace(self._permissions.layers(arn), boundary=None)
        return find_lost_actions(self.after(before, policy, bounded=False), before, arn)


def _explain_breakage(impact: Impact) -> str:
    """Explain the uses that are not safe, the worst first, each with the reason."""
    unsafe = [verdict for verdict in impact.verdicts if verdict.outcome is not Breakage.SAFE]
    texts = [_explain_verdict(verdict) for verdict in unsafe[:_NAMED]]
    return "; ".join(texts) + (f"; and {len(unsafe) - _NAMED} more" if len(unsafe) > _NAMED else "")


def _explain_verdict(verdict: Verdict) -> str:
    outcome = verdict.outcome.value.replace("_", " ")
    if verdict.use is None:
        return f"{outcome}: {verdict.reason}"
    resource = f" on {verdict.use.resource}" if verdict.use.resource else ""
    return f"{outcome}: {verdict.use.action}{resource} ({verdict.reason})"


def _make_unpredicted(arn: str) -> Impact:
    return Impact(arn, (Verdict(arn, Breakage.NO_EVIDENCE, "its use was not read"),))
