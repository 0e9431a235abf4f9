# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The document of a boundary as it is declared: with places that each account fills in for itself."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Collection, Iterable, Mapping

from ..._account.model import Snapshot
from ..._converge.errors import InputError

_PLACEHOLDER: t.Final = re.compile(r"<([a-z_]+)>")


@dataclasses.dataclass(frozen=True)
class Facts:
    """What a document may leave open. The trails are all those that log in the account, an organization's included.

    ``trail_log_groups`` are ARNs of log groups, without the ``:*`` that stands for their streams.
    """

    partition: str
    account_id: str
    boundary_arn: str
    trails: tuple[str, ...] = ()
    trail_buckets: tuple[str, ...] = ()
    trail_log_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, snapshot: Snapshot, boundary_arn: str) -> Facts:
        """The facts of an account, and of one boundary in it."""
        groups = (trail.log_group_arn.removesuffix(":*") for trail in snapshot.trails if trail.log_group_arn)
        return cls(
            partition=snapshot.partition,
            account_id=snapshot.account_id,
            boundary_arn=boundary_arn,
            trails=_sorted(trail.arn for trail in snapshot.trails),
            trail_buckets=_sorted(trail.bucket for trail in snapshot.trails if trail.bucket),
            trail_log_groups=_sorted(groups),
        )

    def values(self, name: str) -> t.Optional[tuple[str, ...]]:
        """What stands in a place: one value, or as many as there are in the account; None for no such place."""
        if name in _SINGLE:
            return (str(getattr(self, name)),)
        return tuple(getattr(self, name)) if name in OF_TRAILS else None


_SINGLE: t.Final = ("account_id", "boundary_arn", "partition")
#: The places that CloudTrail tells; each may have any number of values.
OF_TRAILS: t.Final = ("trail_buckets", "trail_log_groups", "trails")

# To see early whether a document can be one, before any account is known.
SAMPLE: t.Final = Facts(
    partition="aws",
    account_id="111122223333",
    boundary_arn=":".join(("arn", "aws", "iam", "", "111122223333", "policy/boundary")),
    trails=(":".join(("arn", "aws", "cloudtrail", "us-east-1", "111122223333", "trail/sample")),),
    trail_buckets=("sample",),
    trail_log_groups=(":".join(("arn", "aws", "logs", "us-east-1", "111122223333", "log-group", "sample")),),
)


def places(document: t.Any) -> frozenset[str]:
    """The names of the places that a document leaves open."""
    return frozenset(_PLACEHOLDER.findall(repr(document)))


def filled(document: Mapping[str, t.Any], facts: Facts, *, option: str) -> dict[str, t.Any]:
    """The document with every place filled in. A statement all of whose resources are of trails goes without a trail.

    :raises InputError: there is no such place, or one without a value stands elsewhere than in ``Resource``.
    """
    written = {name: _filled(value, facts, option) for name, value in document.items() if name != "Statement"}
    statements = document.get("Statement", ())
    listed = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(listed, Collection):
        return {**written, "Statement": statements}
    kept = (_statement(statement, facts, f"{option}.Statement[{index}]") for index, statement in enumerate(listed))
    return {**written, "Statement": [statement for statement in kept if statement is not None]}


def _statement(statement: t.Any, facts: Facts, place: str) -> t.Any:
    if not isinstance(statement, Mapping):
        return statement
    resources = _filled(statement.get("Resource"), facts, f"{place}.Resource")
    if resources == [] != statement["Resource"]:
        return None
    others = {name: value for name, value in statement.items() if name != "Resource"}
    written = t.cast(dict[str, t.Any], _filled(others, facts, place))
    return {**written, "Resource": resources} if "Resource" in statement else written


def _filled(value: t.Any, facts: Facts, place: str) -> t.Any:
    if isinstance(value, Mapping):
        found = {name: _filled(item, facts, f"{place}.{name}") for name, item in value.items()}
        for name, item in found.items():
            if item == [] != value[name]:
                raise InputError(f"{place}.{name}: nothing is left of {value[name]!r}, since the account has no trail")
        return found
    if isinstance(value, list):
        return [text for item in value for text in _as_list(_filled(item, facts, place))]
    if not isinstance(value, str):
        return value
    texts = [value]
    for name in dict.fromkeys(_PLACEHOLDER.findall(value)):
        values = facts.values(name)
        if values is None:
            allowed = ", ".join(f"<{known}>" for known in (*_SINGLE, *OF_TRAILS))
            raise InputError(f"{place}: there is no <{name}> to fill in; allowed are {allowed}")
        texts = [text.replace(f"<{name}>", item) for text in texts for item in values]
    return texts if places(value) & set(OF_TRAILS) else texts[0]


def _as_list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value]


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def unused_resources(facts: Facts) -> tuple[str, ...]:
    """Patterns of what nobody but AWS and this collection works on: the trails, and the names kept for both."""
    here = facts.partition
    own = (
        f"arn:{here}:iam::*:*/iam-hardening/*",
        f"arn:{here}:cloudwatch:*:*:alarm:iam-hardening-*",
        f"arn:{here}:events:*:*:rule/iam-hardening-*",
        f"arn:{here}:logs:*:*:log-group:/iam-hardening/*",
        f"arn:{here}:logs:*:*:log-group:aws-controltower/*",
        f"arn:{here}:s3:::iam-hardening-*",
        f"arn:{here}:s3:::aws-controltower-*",
        f"arn:{here}:sns:*:*:iam-hardening-*",
        f"arn:{here}:sqs:*:*:iam-hardening-*",
    )
    buckets = (f"arn:{here}:s3:::{bucket}{end}" for bucket in facts.trail_buckets for end in ("", "/*"))
    groups = (f"{group}{end}" for group in facts.trail_log_groups for end in ("", ":*"))
    return (*own, facts.boundary_arn, *facts.trails, *buckets, *groups)
