# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The policy that Access Analyzer generated from CloudTrail, beside the policies of today. It is never applied.

AWS goes by the ARN of the principal, knows no passed role and no call on data, and names no resource. Its pages do not
say that denied calls are ignored. https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-policy-generation.html
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from ..documents.parse import parse
from ..documents.policy import Policy
from ..evaluation.pass_role import find_passed_role
from ..trail.coverage import LogClass
from ..trail.log_classes import log_class
from .ceiling import Ceiling
from .needs import PASS_ROLE

# ``${BucketName}`` is to be filled in. A policy variable has a colon: ``${aws:username}``; ``${*}`` is an escape.
_PLACEHOLDER: t.Final = re.compile(r"\$\{[A-Za-z]\w*\}")
# So many names are in a sentence.
_NAMED: t.Final = 5


@dataclasses.dataclass(frozen=True)
class Generation:
    """What AWS generated. ``is_complete`` is None where AWS does not say it, the dates are those of the calls."""

    documents: tuple[str, ...]
    is_complete: t.Optional[bool] = None
    trails: tuple[str, ...] = ()
    since: t.Optional[datetime] = None
    until: t.Optional[datetime] = None


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The actions of today that AWS would keep and remove, and those beyond today's; all sorted.

    ``placeholders`` are texts in the place of resources or actions that are to be filled in: no valid ones.
    """

    granted: int
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    beyond: tuple[str, ...]
    placeholders: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Expected:
    """The source that is expected of a job. Anybody who may start one chooses its trails and its window.

    ``created`` is when the principal was made, ``days`` the window that is wanted. ``trails`` are all trails of the
    account in ``regions``; those of other regions are not known.
    """

    days: int
    created: t.Optional[datetime] = None
    trails: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()

    def list_foreign(self, trail_arns: Iterable[str]) -> list[str]:
        """List the trails that are known not to be of the account."""
        return sorted(arn for arn in trail_arns if arn not in self.trails and arn.split(":")[3] in self.regions)


def compare(generation: Generation, policies: Sequence[Policy], principal_arn: str, expected: Expected) -> Comparison:
    """Compare what AWS generated with the policies of today, action by action.

    :raises PolicyError: AWS's document is none.
    """
    theirs = [parse(text, name="generated policy") for text in generation.documents]
    today = Ceiling(policies, principal_arn).granted
    granted = {action.lower() for action in today}
    named = (action for action in Ceiling(theirs, principal_arn).granted if not _PLACEHOLDER.search(action))
    allowed = {action.lower(): action for action in named}
    kept = tuple(action for action in today if action.lower() in allowed)
    removed = tuple(action for action in today if action.lower() not in allowed)
    beyond = tuple(sorted(action for name, action in allowed.items() if name not in granted))
    placeholders = tuple(sorted(set(_find_placeholders(theirs))))
    left_out = (
        *_describe_source(generation, expected),
        *_describe_actions(kept, removed, beyond),
        *_describe_documents(generation, placeholders),
    )
    return Comparison(len(today), kept, removed, beyond, placeholders, left_out)


def _find_placeholders(policies: Iterable[Policy]) -> Iterator[str]:
    for policy in policies:
        for statement in policy.statements:
            texts = (*(statement.resources or ()), *(statement.actions or ()))
            yield from (text for text in texts if _PLACEHOLDER.search(text))


def _describe_source(generation: Generation, expected: Expected) -> Iterator[str]:
    """Describe the calls that AWS looked at, where they are others than expected."""
    days, created = expected.days, expected.created
    if generation.since is None or generation.until is None:
        yield "AWS does not say which time it looked at"
    else:
        covered = (generation.until - generation.since).days
        if covered < days:
            yield f"AWS looked at {covered} days, and not at {days}: what is done more rarely is missing"
        if created is not None and generation.since < created:
            yield (
                f"AWS goes by the ARN: calls before {created:%Y-%m-%dT%H:%M:%SZ}, when this principal was made, are of "
                "an earlier one and count too"
            )
    foreign = expected.list_foreign(generation.trails)
    if foreign:
        yield f"AWS read {', '.join(foreign)}, which the account does not have: ask who started the job"


def _describe_actions(kept: Sequence[str], removed: Sequence[str], beyond: Sequence[str]) -> Iterator[str]:
    if any(action.lower() == PASS_ROLE for action in removed):
        text = "iam:PassRole is not included, since CloudTrail records no event of it"
        takers = [action for action in kept if find_passed_role(action) is not None]
        yield f"{text}. Calls that pass a role fail: {_name(takers)}" if takers else text
    data = [action for action in removed if log_class(action) is LogClass.DATA]
    if data:
        yield f"calls on data are not looked at, so they are missing whether used or not: {_name(data)}"
    never = [action for action in removed if log_class(action) is LogClass.NEVER]
    if never:
        yield f"CloudTrail never records these, so they are missing whether used or not: {_name(never)}"
    if beyond:
        yield (
            f"today's policies do not grant {_name(beyond)}: AWS does not say that it ignores denied calls, and the "
            "policy of a resource may have allowed others"
        )


def _describe_documents(generation: Generation, placeholders: Sequence[str]) -> Iterator[str]:
    if generation.is_complete is not True:
        said = "isComplete is false" if generation.is_complete is False else "isComplete is missing"
        yield f"{said}: AWS found services in use whose single actions it does not know, and they are missing"
    if not generation.documents:
        yield "AWS generated no policy, since it found no call"
    elif placeholders:
        yield f"these are no valid resources or actions until somebody fills them in: {_name(placeholders)}"
    else:
        yield "the generated policy names no resource that was seen"


def _name(items: Sequence[str]) -> str:
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return f"{', '.join(items[:_NAMED])}{more}"
