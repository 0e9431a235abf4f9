# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether an account is prepared for an incident: the role of containment, its permissions, and who may assume it."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Collection, Iterator, Mapping

from .._account.model import Snapshot
from .._aws.errors import AwsError, NotFound
from .._aws.operations import Operations
from .._capabilities.registry import OF_INCIDENTS
from .._module.connection import Connection
from .._module.roles import read_role
from .._module.writers import Writer
from .._policy.analysis.trust_patterns import fill_wildcards
from .._policy.analysis.trust_statements import find_wanted_values, principals_of_type
from .._policy.documents.arn import root_account
from .._policy.documents.parse import parse
from .._policy.documents.policy import Policy
from .._policy.evaluation.evaluate import Evaluator, Layers, Outcome, Request
from .._policy.evaluation.narrowing import ANYTHING
from .readiness import Obstacles, Readiness, State
from .simulating import About, fill_placeholders, find_denied, find_simulatable

#: The row of the preflight. It has the name of the role that contains.
CONTAINMENT: t.Final = "compromise_response"
_ASSUMING: t.Final = "sts:AssumeRole"
_CALLER: t.Final = "aws:principalarn"
_ORGANIZATION: t.Final = "aws:principalorgid"
# What a job could set for itself.
_SOURCE_IDENTITY: t.Final = "incident-preflight"
_BOUNDARY_OF_USERS: t.Final = ("iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary")
_SAMPLES: t.Final = {"Role": "role/iam-hardening-preflight", "User": "user/iam-hardening-preflight"}
_SHARED: t.Final = "it writes with the role of scheduled jobs; add the class containment to aws_assume_role_arns"


@dataclasses.dataclass(frozen=True)
class _Answers:
    """What was found out: what hinders, other problems, and further notes."""

    obstacles: Obstacles = Obstacles()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_row(self) -> Readiness:
        found = dataclasses.replace(self.obstacles, problem="; ".join(self.problems))
        row = found.as_row(CONTAINMENT, found.state or State.READY)
        return dataclasses.replace(row, reason="; ".join(filter(None, (row.reason, *self.notes))))


def list_requests() -> dict[About, list[str]]:
    """List the writes of a containment and its release in an account, by what a request of them is about.

    Root of member accounts is left out: a simulation knows no session as root.
    """
    found: dict[About, list[str]] = {}
    for grants, switches in OF_INCIDENTS:
        for action in sorted({one for actions in switches.values() for one in actions if one.startswith("iam:")}):
            (resource, *_others) = grants.resources_of(action) or (_make_usual_resource(action),)
            about = fill_wildcards(resource), tuple(_list_context(action, grants.condition_of(action) or {}))
            found.setdefault(about, []).append(action)
    return found


def _make_usual_resource(action: str) -> str:
    sample = next((sample for kind, sample in _SAMPLES.items() if kind in action), _SAMPLES["User"])
    return f"arn:${{Partition}}:iam::${{Account}}:{sample}"


def _list_context(action: str, condition: Mapping[str, Mapping[str, t.Any]]) -> Iterator[tuple[str, str]]:
    for operator, keys in condition.items():
        if operator != "Null":
            yield from ((key, fill_wildcards(values[0])) for key, values in keys.items())
    if action in _BOUNDARY_OF_USERS and not condition:
        yield "iam:PermissionsBoundary", "arn:${Partition}:iam::aws:policy/AWSDenyAll"


def assess_containment(connection: Connection, snapshot: Snapshot) -> Readiness:
    """The row of containment: its role is declared, may do it, and is there for people alone.

    Nothing of it is part of a containment, which has no time for it.
    """
    access, roles = connection.access, connection.roles
    lack = roles.explain_lack(Writer.CONTAINMENT)
    if lack:
        return _Answers(problems=(lack,)).as_row()
    arn = roles.of(Writer.CONTAINMENT)
    writer = arn or find_simulatable(access.caller.arn)
    if writer is None:
        return _Answers(notes=("writes not verified",)).as_row()
    found = [_simulate(connection, writer)]
    if arn and arn == roles.by_class.get(Writer.CONTAINMENT) and not found[0].problems:
        found.append(_ask_trust(connection, arn, snapshot))
    elif arn and not found[0].problems:
        found.append(_Answers(notes=(_SHARED,)))
    return _Answers(
        found[0].obstacles,
        tuple(problem for one in found for problem in one.problems),
        tuple(note for one in found for note in one.notes),
    ).as_row()


def _simulate(connection: Connection, writer: str) -> _Answers:
    access = connection.access
    account = f"arn:{access.partition}:iam::{access.caller.account_id}"
    fill = functools.partial(fill_placeholders, account=account, region=access.home_region)
    questions = {
        (fill(resource), tuple((key, fill(value)) for key, value in context)): actions
        for (resource, context), actions in list_requests().items()
    }
    answers = access.gather(
        {about: functools.partial(find_denied, access, writer, actions, about) for about, actions in questions.items()}
    )
    if any(isinstance(answer, NotFound) for answer in answers.values()):
        return _Answers(problems=(f"there is no {'user' if ':user/' in writer else 'role'} {writer}",))
    failed = {about: answer for about, answer in answers.items() if isinstance(answer, AwsError)}
    denied = {
        action: policy
        for about, answer in answers.items()
        if not isinstance(answer, AwsError)
        for action, policy in answer.items()
        if action in questions[about]
    }
    return _Answers(
        Obstacles(
            frozenset(action for action, policy in denied.items() if not policy),
            {action: policy for action, policy in denied.items() if policy},
            frozenset(action for about in failed for action in questions[about]),
            tuple(dict.fromkeys(f"writes not verified: {error}" for error in failed.values())),
        )
    )


def _ask_trust(connection: Connection, arn: str, snapshot: Snapshot) -> _Answers:
    """Ask the trust policy whether scheduled jobs are kept out, and whether the caller of this run comes in."""
    access, roles = connection.access, connection.roles
    try:
        trust = _read_trust(connection, arn)
        others = {other: _read_trust(connection, other) for other in roles.writing if other != arn}
    except AwsError as error:
        return _Answers(notes=(f"who may assume {arn} is not known: {error}",))
    if trust is None:
        return _Answers(problems=(f"there is no role {arn}",))
    judge = _Judge(arn, trust, connection, snapshot)
    jobs = dict.fromkeys(name for other in others.values() if other for name in _list_admitted(other))
    admitted = [name for name in jobs if judge.admits(fill_wildcards(name), _SOURCE_IDENTITY)]
    problems = [f"{name} may assume {arn}, as it may the roles of scheduled jobs; deny it there" for name in admitted]
    (owner, *_others) = access.chain
    if not judge.admits(owner, connection.options.assume_role_source_identity):
        return _Answers(problems=tuple(problems), notes=(f"{owner} may not assume it, so that was not tried",))
    try:
        _caller = connection.read_as(arn, Operations()).caller
    except AwsError as error:
        problems.append(f"{arn} can't be assumed: {error}")
    return _Answers(problems=tuple(problems))


def _read_trust(connection: Connection, arn: str) -> t.Optional[Policy]:
    role = read_role(connection.access, arn)
    return parse(role.trust) if role else None


def _list_admitted(trust: Policy) -> Iterator[str]:
    """List the principals that a trust policy lets in, as far as it names them. They may be patterns."""
    for statement in trust.statements:
        if statement.allow:
            named = find_wanted_values(statement, _CALLER)
            aws = principals_of_type(statement, "AWS")
            yield from named or (name for name in aws if name != "*" and root_account(name) is None)


@dataclasses.dataclass(frozen=True)
class _Judge:
    """Who comes into the role of containment, by its trust policy. It does not know the policies of the callers."""

    arn: str
    trust: Policy
    connection: Connection
    snapshot: Snapshot

    def admits(self, principal: str, source_identity: t.Optional[str]) -> bool:
        """Whether the policy is sure to let a principal in, which is in the organization that it asks for."""
        options = self.connection.options
        given = {
            "sts:ExternalId": options.assume_role_external_id,
            "sts:RoleSessionName": options.assume_role_session_name or "iam-hardening",
            "sts:SourceIdentity": source_identity,
            "aws:PrincipalOrgID": self._find_organization(),
        }
        request = Request(
            _ASSUMING,
            self.arn,
            principal=principal,
            context={key: value for key, value in given.items() if value},
            resource_policy=self.trust,
            resource_account=self.snapshot.account_id,
        )
        return Evaluator(Layers(identity=(ANYTHING,))).decide(request).outcome is Outcome.ALLOWED

    def _find_organization(self) -> t.Optional[str]:
        if self.snapshot.organization:
            return self.snapshot.organization.id
        wanted: Collection[str] = [
            value for statement in self.trust.statements for value in find_wanted_values(statement, _ORGANIZATION)
        ]
        return next(iter(wanted), None)
