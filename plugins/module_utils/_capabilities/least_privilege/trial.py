# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The boundary of a trial: the new policies of a role in one document. Pure.

A boundary gives nothing: the role keeps its old policies, and loses what the boundary does not allow. So where the new
policies are too large for one document, the boundary may allow more than they do, which tests less of them. The actions
that CloudTrail never logs take thousands of characters, and nobody would see their denials anyway: they are written
shorter first.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Collection, Iterable, Sequence

from ..._policy.documents.canonical import document as document_of
from ..._policy.documents.limits import LIMITS, size
from ..._policy.documents.policy import Kind, Policy, Statement
from .changes import TRIAL_SUFFIX, NewPolicy

_ANY: t.Final = ("*",)


@dataclasses.dataclass(frozen=True)
class Trial:
    """The boundary of a trial. ``untested`` are the services of which it allows more than the new policies do."""

    policy: NewPolicy
    untested: tuple[str, ...] = ()


def is_trial(policies: str, arn: str) -> bool:
    """Whether an ARN has the form of a trial boundary; ``policies`` is the start of the ARNs of our policies."""
    return arn.startswith(policies) and arn.endswith(f"-{TRIAL_SUFFIX}")


def make_trial(name: str, policies: Sequence[Policy], unknown: Collection[str] = ()) -> t.Union[Trial, str]:
    """Combine policies into the one document of a boundary; the reason where they do not fit in one.

    ``unknown`` are actions, in lower case, that are kept since nobody knows whether they are used. A boundary is a
    single policy of at most 6,144 characters:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    versions = sorted({policy.version for policy in policies})
    if len(versions) > 1:
        return f"they have different versions ({', '.join(versions)}), which mean different things"
    statements = [statement for policy in policies for statement in policy.statements]
    needed, limit = 0, LIMITS[Kind.BOUNDARY]
    for widen in (_keep, _widen_unknown_services, _widen_unknown, _widen_resources):
        written, untested = widen(statements, frozenset(unknown))
        combined = Policy(tuple(_name_apart(written)), versions[0], name=name)
        needed = size(combined, Kind.BOUNDARY)
        if needed <= limit:
            return Trial(NewPolicy(name, document_of(combined)), tuple(sorted(untested)))
    return f"together they have at least {needed:,} characters, and a boundary may have {limit:,}"


_Widened = tuple[list[Statement], set[str]]


def _keep(statements: Sequence[Statement], _unknown: frozenset[str]) -> _Widened:
    return list(statements), set()


def _widen_unknown_services(statements: Sequence[Statement], unknown: frozenset[str]) -> _Widened:
    """Allow the whole of each service of which only unknown actions are kept."""
    known = {service for one in statements if not _is_unknown(one, unknown) for service in _list_services(one)}

    def is_wide(one: Statement) -> bool:
        return _is_unknown(one, unknown) and not _list_services(one) & known

    services = {service for one in statements if is_wide(one) for service in _list_services(one)}
    actions = tuple(f"{service}:*" for service in sorted(services))
    return _merge(statements, is_wide, actions), services


def _widen_unknown(statements: Sequence[Statement], unknown: frozenset[str]) -> _Widened:
    """Allow the other unknown actions on all resources besides."""
    written, services = _widen_unknown_services(statements, unknown)
    wide = [one for one in written if _is_unknown(one, unknown)]
    actions = tuple(sorted({action for one in wide for action in one.actions or ()}))
    merged = _merge(written, functools.partial(_is_unknown, unknown=unknown), actions)
    return merged, services.union(*map(_list_services, wide))


def _widen_resources(statements: Sequence[Statement], unknown: frozenset[str]) -> _Widened:
    """Allow all actions on all resources: then the trial only tests which actions are needed."""
    written, services = _widen_unknown_services(statements, unknown)
    wide = [one for one in written if _is_plain(one)]
    actions = tuple(sorted({action for one in wide for action in one.actions or ()}))
    return _merge(written, _is_plain, actions), services.union(*map(_list_services, wide))


def _is_plain(statement: Statement) -> bool:
    return statement.allow and statement.actions is not None and statement.not_resources is None


def _is_unknown(statement: Statement, unknown: frozenset[str]) -> bool:
    return _is_plain(statement) and all(action.lower() in unknown for action in statement.actions or ())


def _list_services(statement: Statement) -> set[str]:
    return {action.partition(":")[0].lower() for action in statement.actions or ()}


def _merge(
    statements: Sequence[Statement], is_wide: Callable[[Statement], bool], actions: tuple[str, ...]
) -> list[Statement]:
    """Replace statements by one that allows actions on all resources."""
    rest = [one for one in statements if not is_wide(one)]
    return [*rest, Statement(0, True, "Untested", actions=actions, resources=_ANY)] if actions else rest


def _name_apart(statements: Iterable[Statement]) -> list[Statement]:
    """List statements under ids that no other of them has."""
    taken: set[str] = set()
    found: list[Statement] = []
    for statement in statements:
        sid, number = statement.sid, 1
        while sid is not None and sid in taken:
            number += 1
            sid = f"{statement.sid}{number}"
        taken.add(sid or "")
        found.append(dataclasses.replace(statement, sid=sid, index=len(found)))
    return found
