# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The verdict of a gate of a staged rollout, and its words. Pure."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections.abc import Iterable
from datetime import datetime, timedelta

from ..._account.moments import format_utc
from ..._policy.analysis.principal_matrix import DeniedPair

# "CloudTrail typically delivers logs within an average of about 5 minutes of an API call. This time is not guaranteed";
# a gate that is judged sooner has not seen the end of the soak.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
DELIVERY: t.Final = timedelta(minutes=15)
_MOST_NAMED: t.Final = 10


@dataclasses.dataclass(frozen=True)
class Loss:
    """A denial that nobody foresaw, of what the principal had done before: how often, and what AWS said of the last."""

    pair: DeniedPair
    count: int
    first: datetime
    last: datetime
    message: str

    def as_dict(self) -> dict[str, t.Any]:
        """For results."""
        return {
            **dataclasses.asdict(self.pair),
            "count": self.count,
            "first": format_utc(self.first),
            "last": format_utc(self.last),
            "message": self.message,
        }


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The verdict of the evidence. ``failure`` says why there is none; then the gate is not passed.

    ``losses`` are of denials that name the policy, ``unknown`` of those that name none. ``foreseen`` and
    ``of_outsiders`` count the denied pairs that do not move the gate, ``of_other_policies`` the denials. ``silent`` are
    the accounts of which there is no event.
    """

    losses: tuple[Loss, ...] = ()
    unknown: tuple[Loss, ...] = ()
    failure: str = ""
    source: str = ""
    events: int = 0
    foreseen: int = 0
    of_outsiders: int = 0
    of_other_policies: int = 0
    blind_spots: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def has_passed(self) -> bool:
        """Whether there is evidence, and nothing in it that speaks against going on."""
        return not (self.failure or self.losses or self.unknown)

    @property
    def pairs(self) -> tuple[DeniedPair, ...]:
        """The denied pairs of the losses."""
        return tuple(loss.pair for loss in self.losses)

    @property
    def unknown_pairs(self) -> tuple[DeniedPair, ...]:
        """The denied pairs for which AWS does not name the policy."""
        return tuple(loss.pair for loss in self.unknown)

    def as_dict(self) -> dict[str, t.Any]:
        """For results."""
        return {
            "passed": self.has_passed,
            "failure": self.failure or None,
            "losses": [loss.as_dict() for loss in self.losses],
            "unknown": [loss.as_dict() for loss in self.unknown],
            "source": self.source,
            "events": self.events,
            "foreseen": self.foreseen,
            "of_outsiders": self.of_outsiders,
            "of_other_policies": self.of_other_policies,
            "blind_spots": list(self.blind_spots),
        }


def describe_losses(pairs: Iterable[DeniedPair]) -> str:
    """Describe losses in one clause: ``in 111122223333 role/app lost s3:GetObject``."""
    ordered = sorted(pairs, key=dataclasses.astuple)
    clauses = []
    for (account_id, principal), group in itertools.groupby(
        ordered, key=lambda pair: (pair.account_id, pair.principal)
    ):
        actions = list(dict.fromkeys(pair.action for pair in group))
        clauses.append(f"in {account_id} {principal} lost {_join_some(actions)}")
    return _join_some(clauses, separator="; ")


def _join_some(texts: list[str], *, separator: str = ", ") -> str:
    rest = len(texts) - _MOST_NAMED
    text = separator.join(texts[:_MOST_NAMED])
    return f"{text}{separator}and {rest} more" if rest > 0 else text
