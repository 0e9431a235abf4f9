# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An oracle for the affected principals of a run: it knows the states before and after, and nothing of how they came.

Two questions are asked. Is every caller whose decisions changed among the affected? Does everybody among the affected
hold, inherit or find itself named by the thing that the change is about? The second is answered from the states alone.
The first needs decisions: the evaluator of the collection makes them, which public suites hold.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import random
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Request,
)

from .affected_state import Account, Document, State, dumped

ANYBODY: t.Final = "*"
DRAWN: t.Final = 200
_SEED: t.Final = 20260101
_SESSION_POLICY: t.Final = dumped(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "sqs:*"], "Resource": "*"}]}
)
_CLOSED: t.Final = "closed"
_NO_STATEMENTS: t.Final = Policy((), version="2012-10-17", name="none")

Names = frozenset[str]


@dataclasses.dataclass(frozen=True)
class Made:
    """A change that was made, as the result of a run shows it."""

    operation: str
    target: str
    affects: Names


@dataclasses.dataclass(frozen=True)
class Run:
    """A real run: the state before and after it, read from AWS, and the changes that it says it made."""

    name: str
    before: State
    after: State
    changes: tuple[Made, ...]

    def with_affects(self, edit: Callable[[Made], Names]) -> Run:
        """The same run whose changes name others."""
        made = tuple(dataclasses.replace(item, affects=edit(item)) for item in self.changes)
        copy = dataclasses.replace(self, changes=made)
        # The states are the same, so the decisions are.
        copy.__dict__.update(changed=self.changed, about=self.about)
        return copy

    @functools.cached_property
    def changed(self) -> Mapping[str, Caller]:
        """The callers of which a decision, or what they hold, is not as before."""
        return _changed(self.before, self.after)

    @functools.cached_property
    def about(self) -> Mapping[str, Names]:
        """The principals that hold, inherit or are named by each thing that changed."""
        nodes = {_thing(change.target) for change in self.changes} & {*self.before.nodes, *self.after.nodes}
        return {
            **_things(self.before, self.after),
            **_control_policies(self.before, self.after),
            **{node: _attached_anew(self.before, self.after, node) for node in nodes},
        }

    @property
    def affected(self) -> Names:
        """All that the changes name."""
        return frozenset[str]().union(*(change.affects for change in self.changes))


def missing(run: Run) -> tuple[str, ...]:
    """The callers whose decisions changed and whom no change names."""
    affected = run.affected
    return tuple(sorted(name for name, caller in run.changed.items() if not caller.entries & affected))


def unnamed(run: Run) -> tuple[tuple[str, str], ...]:
    """The affected whom no change of the thing names that affects them: the thing and the name.

    That another change of the run names them is not enough here: it could be refused, and this one made.
    """
    about = run.about
    affects: dict[str, set[str]] = {}
    for change in run.changes:
        affects.setdefault(_thing(change.target), set()).update(change.affects)
    return tuple(
        (thing, name) for thing, names in affects.items() for name in sorted(_required(thing, about, run) - names)
    )


def surplus(run: Run) -> tuple[tuple[str, str], ...]:
    """The affected who have nothing to do with the change that names them: its target and the name."""
    about = run.about
    return tuple(
        (change.target, name)
        for change in run.changes
        for name in sorted(change.affects - about.get(_thing(change.target), frozenset()))
    )


def everybody(run: Run) -> Names:
    """All names that the changes of a run could give, right or wrong."""
    callers = (*_callers(run.before).values(), *_callers(run.after).values())
    return frozenset[str]().union(*(caller.entries for caller in callers))


# The callers


@dataclasses.dataclass(frozen=True)
class Caller:
    """Somebody who calls, with the inputs of all decisions on it that do not depend on the resource.

    ``entries`` are the names by which the affected may name it. A key that is inactive is not ``open``: AWS refuses it
    before it looks at any policy.
    """

    name: str
    principal: str
    account: str
    entries: Names
    issuer: t.Optional[str] = None
    identity: tuple[str, ...] = ()
    boundary: t.Optional[str] = None
    session: tuple[str, ...] = ()
    scps: t.Optional[tuple[tuple[str, ...], ...]] = None
    is_open: bool = True
    holds: str = ""


def _callers(state: State) -> dict[str, Caller]:
    found: dict[str, Caller] = {}
    for account in state.accounts.values():
        for caller in (*_users(state, account), *_roles(state, account), _root(state, account)):
            found[caller.name] = caller
    for caller in _strangers(state):
        found.setdefault(caller.name, caller)
    return found


def _users(state: State, account: Account) -> Iterator[Caller]:
    for arn, user in account.users.items():
        own = [*_policies(account, user)]
        for group in user["groups"]:
            own += _policies(account, account.group(group))
        caller = Caller(
            arn,
            arn,
            account.id,
            frozenset({arn, account.id, ANYBODY}),
            identity=tuple(own),
            boundary=account.policies.get(user["boundary"] or ""),
            scps=state.levels("SERVICE_CONTROL_POLICY", account.id),
            holds=dumped(user),
        )
        name = arn.rpartition("/")[2]
        federated = f"arn:aws:sts::{account.id}:federated-user/{name}"
        # It has no more than the session policy and the user both allow.
        yield dataclasses.replace(
            caller, name=federated, principal=federated, issuer=arn, session=(_SESSION_POLICY,), holds=""
        )
        if account.may_change_passwords:
            caller = dataclasses.replace(caller, identity=(*caller.identity, _password_policy(arn)))
        yield caller
        for key, status in user["keys"].items():
            yield dataclasses.replace(caller, name=f"{arn} by {key}", is_open=status == "Active", holds="")
        yield dataclasses.replace(caller, name=f"{arn} by password", is_open=user["has_password"], holds="")


def _password_policy(arn: str) -> str:
    """What "allow users to change their own password" gives to every user of the account.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
    """
    own = {"Effect": "Allow", "Action": "iam:ChangePassword", "Resource": arn}
    read = {"Effect": "Allow", "Action": "iam:GetAccountPasswordPolicy", "Resource": "*"}
    return dumped({"Version": "2012-10-17", "Statement": [own, read]})


def _roles(state: State, account: Account) -> Iterator[Caller]:
    for arn, role in account.roles.items():
        caller = Caller(
            arn,
            arn,
            account.id,
            frozenset({arn, account.id, ANYBODY}),
            identity=tuple(_policies(account, role)),
            boundary=account.policies.get(role["boundary"] or ""),
            scps=state.levels("SERVICE_CONTROL_POLICY", account.id),
            holds=dumped(role),
        )
        session = f"arn:aws:sts::{account.id}:assumed-role/{arn.rpartition('/')[2]}/oracle"
        opened = dataclasses.replace(caller, name=session, principal=session, issuer=arn, holds="")
        yield from (caller, opened)
        yield dataclasses.replace(opened, name=f"{session} with a session policy", session=(_SESSION_POLICY,))


def _root(state: State, account: Account) -> Caller:
    arn = f"arn:aws:iam::{account.id}:root"
    levels = state.levels("SERVICE_CONTROL_POLICY", account.id)
    return Caller(arn, arn, account.id, frozenset({arn, account.id, ANYBODY}), scps=levels)


def _strangers(state: State) -> Iterator[Caller]:
    """Callers whose own side nobody here knows: other accounts, services, identity providers, anybody."""
    allow_all = (dumped({"Version": "2012-10-17", "Statement": [_allow_all()]}),)
    yield Caller(ANYBODY, ANYBODY, "", frozenset({ANYBODY}))
    for name in {"999900001111", *(entry for text in state.documents.values() for entry in _named(text))}:
        if name.isdigit() and name not in state.accounts:
            arn = f"arn:aws:iam::{name}:role/stranger"
            yield Caller(arn, arn, name, frozenset({arn, name, ANYBODY}), identity=allow_all)
    services = {"cloudtrail.amazonaws.com", "config.amazonaws.com", "ec2.amazonaws.com", "events.amazonaws.com"}
    for document in state.documents.values():
        services |= {name for name in _named(document) if name.endswith(".amazonaws.com") or "-provider/" in name}
    for service in services:
        yield Caller(service, service, "", frozenset({service, ANYBODY}))


def _allow_all() -> Document:
    return {"Effect": "Allow", "Action": "*", "Resource": "*"}


def _policies(account: Account, owner: Mapping[str, t.Any]) -> Iterator[str]:
    """The documents that a user, a role or a group holds itself."""
    for arn in owner["attached"]:
        yield account.policies[arn]
    yield from owner["inline"].values()


# The requests


@dataclasses.dataclass(frozen=True)
class Ask:
    """One request, whoever makes it."""

    action: str
    resource: str
    keys: tuple[tuple[str, str], ...] = ()
    is_complete: bool = True


def _asks(before: State, after: State) -> list[Ask]:
    """Every action that a document names, on the resources named with it and on one that nobody names, and 200 drawn.

    Those of documents that changed come first: they find a difference soonest.
    """
    old, new = set(before.documents.items()), set(after.documents.items())
    users = sorted({arn.rpartition("/")[2] for state in (before, after) for arn in state.principals("users")})
    found: dict[Ask, None] = {}
    for (thing, _kind), text in (*sorted(old ^ new), *sorted(old & new)):
        for statement in json.loads(text)["Statement"]:
            found.update(dict.fromkeys(_asks_of(statement, thing, users)))
    for state in (before, after):
        found.update(dict.fromkeys(_about_principals(state)))
    return [*found, *_drawn(before, after)]


def _asks_of(statement: Document, thing: str, users: Sequence[str]) -> Iterator[Ask]:
    resources = [
        concrete
        for resource in (*_listed(statement.get("Resource")), *_listed(statement.get("NotResource")))
        if resource != ANYBODY
        for concrete in _concrete(resource, users)
    ]
    if "Principal" in statement or "NotPrincipal" in statement:
        resources.append(thing)
    keys = tuple(_keys(statement.get("Condition", {})))
    for pattern in (*_listed(statement.get("Action")), *_listed(statement.get("NotAction"))):
        for action in _actions(pattern):
            nobody = f"arn:aws:{action.partition(':')[0]}:::nobody-names-this"
            for resource in (*resources, nobody):
                yield Ask(action, resource)
                yield Ask(action, resource, is_complete=False)
                if keys:
                    yield Ask(action, resource, keys)


@functools.cache
def _actions(pattern: str) -> tuple[str, ...]:
    """The actions that a pattern names. A bare asterisk names none: the drawn requests are for it."""
    if pattern == ANYBODY:
        return ()
    known = tuple(action.full_name for action in catalogue.expand(pattern))
    return known or (pattern.replace("*", "x"),)


def _concrete(resource: str, users: Sequence[str]) -> Iterator[str]:
    plain = resource.replace("*", "x").replace("?", "x")
    for user in users if "${aws:username}" in plain else users[:1]:
        yield plain.replace("${aws:username}", user)


def _keys(conditions: Mapping[str, Mapping[str, t.Any]]) -> Iterator[tuple[str, str]]:
    """Keys with the first value that a condition asks for."""
    for values in conditions.values():
        for key, wanted in values.items():
            yield key, str(_listed(wanted)[0]).replace("*", "x").replace("?", "x")


def _about_principals(state: State) -> Iterator[Ask]:
    """What nobody needs a policy to name: the own password, and the roles that somebody may assume or pass."""
    for user in state.principals("users"):
        yield Ask("iam:ChangePassword", user)
    for role in state.principals("roles"):
        yield Ask("sts:AssumeRole", role)
        yield Ask("sts:AssumeRole", role, is_complete=False)
        yield Ask("iam:PassRole", role)


def _drawn(before: State, after: State) -> Iterator[Ask]:
    draw = random.Random(_SEED)
    services = sorted(catalogue.services())
    resources = sorted({*before.resources, *after.resources, *before.principals("roles"), *after.principals("roles")})
    contexts = ((), (("aws:MultiFactorAuthPresent", "true"),), (("aws:SourceIp", "203.0.113.9"),))
    for _number in range(DRAWN):
        service = draw.choice(services)
        names = sorted(action.full_name for action in catalogue.actions(service).values())
        own = f"arn:aws:{service}:::drawn-{draw.randrange(1000)}"
        yield Ask(
            draw.choice(names) if names else f"{service}:Draw", draw.choice([own, *resources]), draw.choice(contexts)
        )


# Decisions


class _Judge:
    """Decides on requests in one state."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._callers = _callers(state)
        self._evaluators: dict[tuple[str, str], Evaluator] = {}

    def caller(self, name: str) -> t.Optional[Caller]:
        return self._callers.get(name)

    def names(self) -> Iterable[str]:
        return self._callers

    def around(self, ask: Ask, caller: Caller) -> tuple[t.Any, ...]:
        """What a decision depends on beside the caller: the resource's policy, and the RCPs of its account."""
        owner = self._owner(ask, caller)
        levels = self._state.levels("RESOURCE_CONTROL_POLICY", owner)
        return self._state.policy_of(ask.resource, ask.action), levels

    def outcome(self, name: str, ask: Ask) -> str:
        caller = self._callers.get(name)
        if caller is None or not caller.is_open:
            return _CLOSED
        owner = self._owner(ask, caller)
        text = self._state.policy_of(ask.resource, ask.action)
        request = Request(
            ask.action,
            ask.resource,
            principal=caller.principal,
            issuer=caller.issuer,
            context=dict(ask.keys),
            context_complete=ask.is_complete,
            resource_policy=_parsed(text) if text else _none_for(ask.action),
            resource_account=owner or None,
        )
        return self._evaluator(caller, owner).decide(request).outcome.value

    @staticmethod
    def _owner(ask: Ask, caller: Caller) -> str:
        return ask.resource.split(":")[4] or caller.account

    def _evaluator(self, caller: Caller, owner: str) -> Evaluator:
        if (caller.name, owner) not in self._evaluators:
            layers = Layers(
                identity=tuple(map(_parsed, caller.identity)),
                boundary=_parsed(caller.boundary) if caller.boundary else None,
                session=tuple(map(_parsed, caller.session)),
                scps=_levels(caller.scps),
                rcps=_levels(self._state.levels("RESOURCE_CONTROL_POLICY", owner)),
            )
            self._evaluators[caller.name, owner] = Evaluator(layers)
        return self._evaluators[caller.name, owner]


@functools.cache
def _parsed(text: str) -> Policy:
    return parse(text)


def _none_for(action: str) -> t.Optional[Policy]:
    """What a resource without a policy says: nothing. Every KMS key has a policy, which nobody read here."""
    return None if action.startswith("kms:") else _NO_STATEMENTS


def _levels(levels: t.Optional[tuple[tuple[str, ...], ...]]) -> t.Optional[tuple[tuple[Policy, ...], ...]]:
    return None if levels is None else tuple(tuple(map(_parsed, level)) for level in levels)


def _changed(before: State, after: State) -> dict[str, Caller]:
    """The callers with another decision, or who hold something else themselves.

    Decisions follow from their inputs: where those of a caller and of the resource are as before, so is the decision.
    """
    old, new = _Judge(before), _Judge(after)
    asks = _asks(before, after)
    found = {}
    for name in {**dict.fromkeys(old.names()), **dict.fromkeys(new.names())}:
        one, other = old.caller(name), new.caller(name)
        either = t.cast(Caller, other or one)
        is_same = one == other
        wanted = (ask for ask in asks if not is_same or old.around(ask, either) != new.around(ask, either))
        holds_other = (one.holds if one else "") != (other.holds if other else "")
        if holds_other or any(_differs(old.outcome(name, ask), new.outcome(name, ask)) for ask in wanted):
            found[name] = either
    return found


def _differs(before: str, after: str) -> bool:
    """Compare what the caller sees: an explicit deny, an implicit deny and a closed key are all refusals."""
    alike = {_CLOSED: "denied", "implicit_deny": "denied", "explicit_deny": "denied"}
    return alike.get(before, before) != alike.get(after, after)


# The principals that a thing concerns


def _things(before: State, after: State) -> dict[str, Names]:
    """The users, roles, groups, policies and resources that changed, each with the principals that it concerns."""
    found: dict[str, set[str]] = {}
    for identifier in {**before.accounts, **after.accounts}:
        pair = [state.accounts[identifier] for state in (before, after)]
        for arn in _differing(*(account.users for account in pair)):
            found.setdefault(arn, set()).add(arn)
        for arn in _differing(*(account.roles for account in pair)):
            found.setdefault(arn, set()).add(arn)
        for arn in _differing(*(account.groups for account in pair)):
            found.setdefault(arn, set()).update(*(account.members(arn) for account in pair))
        for arn in _differing(*(account.policies for account in pair)):
            found.setdefault(arn, set()).update(*(account.holders(arn) for account in pair))
        if pair[0].password_policy != pair[1].password_policy:
            found[f"arn:aws:iam::{identifier}:account-password-policy"] = {identifier}
    for thing, kind in {key for state in (before, after) for key in state.documents}:
        if kind == "names callers":
            texts = [state.documents.get((thing, kind)) for state in (before, after)]
            if texts[0] != texts[1]:
                found.setdefault(thing, set()).update(_named_by_difference(*texts))
    return {thing: frozenset(names) for thing, names in found.items()}


def _differing(before: Mapping[str, t.Any], after: Mapping[str, t.Any]) -> Iterator[str]:
    return (key for key in {**before, **after} if before.get(key) != after.get(key))


def _named_by_difference(before: t.Optional[str], after: t.Optional[str]) -> Names:
    """The principals in the statements that only one of two documents has."""
    pair = [{dumped(one) for one in json.loads(text)["Statement"]} if text else set() for text in (before, after)]
    return frozenset(name for statement in pair[0] ^ pair[1] for name in _of_statement(json.loads(statement)))


def _named(text: str) -> Iterator[str]:
    for statement in json.loads(text)["Statement"]:
        yield from _of_statement(statement)


def _of_statement(statement: Document) -> Iterator[str]:
    if "NotPrincipal" in statement:
        yield ANYBODY
    principal = statement.get("Principal", {})
    for name in [principal] if isinstance(principal, str) else [n for v in principal.values() for n in _listed(v)]:
        # A root user in a policy stands for its account.
        yield name.split(":")[4] if name.endswith(":root") else name


def _listed(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _control_policies(before: State, after: State) -> dict[str, Names]:
    """The policies of the organization whose content or targets changed, and everybody below these targets."""
    found = {}
    for arn in {**before.controls, **after.controls}:
        one, other = before.controls.get(arn), after.controls.get(arn)
        pair = [item.targets if item else frozenset[str]() for item in (one, other)]
        is_same_text = one is not None and other is not None and one.content == other.content
        nodes = pair[0] ^ pair[1] if is_same_text else pair[0] | pair[1]
        kind = t.cast(t.Any, one or other).kind
        if nodes:
            found[arn] = _below(before, kind, nodes) | _below(after, kind, nodes)
    return found


def _below(state: State, kind: str, nodes: Iterable[str]) -> Names:
    """The accounts below nodes, without the management account; of resources there anybody may be the caller.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
    """
    found = {account for node in nodes for account in state.below(node)} - {state.management}
    return frozenset(found | ({ANYBODY} if found and kind == "RESOURCE_CONTROL_POLICY" else set()))


def _thing(target: str) -> str:
    """What a target is about: the ARN of a thing, or the node that a policy of the organization is attached to."""
    thing, _on, node = target.partition(" on ")
    return node or thing.partition(" ")[0]


def _required(thing: str, about: Mapping[str, Names], run: Run) -> Names:
    """The names that the changes of a thing must have. Nobody holds a group or policy that is new or gone."""
    related = about.get(thing, frozenset())
    if ":group/" not in thing and ":policy/" not in thing:
        return related
    if not all(thing in state.things for state in (run.before, run.after)):
        return frozenset()
    changed = frozenset[str]().union(*(caller.entries for caller in run.changed.values()))
    return related & changed


def _attached_anew(before: State, after: State, node: str) -> Names:
    """Everybody below a node at which another policy is attached than before."""
    pair = [{arn for arn, item in state.controls.items() if node in item.targets} for state in (before, after)]
    kinds = {
        state.controls[arn].kind for state in (before, after) for arn in pair[0] ^ pair[1] if arn in state.controls
    }
    return frozenset[str]().union(*(_below(state, kind, (node,)) for state in (before, after) for kind in kinds))
