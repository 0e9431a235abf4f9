# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether somebody could take back a change that locks everybody else out.

A break-glass principal counts if somebody can use it, and if it may undo the change, both before and after the change.
What is not known does not count.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from .._account.model import CredentialRow, Dataset, Role, Snapshot, User
from .._account.permissions import Permissions
from .._policy.arn import arn_account, root_account
from .._policy.context import Context, Values
from .._policy.evaluation import Evaluator, Layers, Outcome, Request
from .._policy.narrowing import ANYTHING
from .._policy.policy import Policy
from .affects.after import snapshot_after
from .affects.request import place_of
from .arn import is_break_glass, principal_of
from .change import Change

# By which action each kind of principal of a trust policy comes in: users and roles, and providers.
_ASSUMING: t.Final = "sts:AssumeRole"
_PROVIDERS: t.Final[Mapping[str, tuple[str, Dataset]]] = {
    "saml-provider": ("sts:AssumeRoleWithSAML", Dataset.SAML_PROVIDERS),
    "oidc-provider": ("sts:AssumeRoleWithWebIdentity", Dataset.OIDC_PROVIDERS),
}
# What the caller of a break-glass role brings along or chooses: an unknown value of these hinders nobody.
_CHOSEN: t.Final = re.compile(
    r"(?!aws:principal)(aws:(currenttime|epochtime|multifactorauth.*|requesttag/.*|securetransport|source(ip|identity|vpce?)"
    r"|tagkeys|tokenissuetime|useragent|vpcsourceip|viaawsservice|calledvia.*)|saml:.*|sts:.*|.*:(sub|aud|amr|email))"
)
_MEMBERSHIP: t.Final = ("AddUserToGroup", "RemoveUserFromGroup")
_MOST_TOLD: t.Final = 3


def principals_for_emergencies(snapshot: Snapshot, patterns: Sequence[str]) -> tuple[t.Union[User, Role], ...]:
    """The users and roles that are declared as break-glass, or that their paths tell."""
    principals: tuple[t.Union[User, Role], ...] = (*snapshot.users, *snapshot.roles)
    return tuple(item for item in principals if is_break_glass(item.arn, patterns))


def facts_needed(snapshot: Snapshot, patterns: Sequence[str]) -> frozenset[Dataset]:
    """What has to be read beside users and roles to say who can use the break-glass principals of an account."""
    needed: set[Dataset] = set()
    permissions = Permissions(snapshot)
    for principal in principals_for_emergencies(snapshot, patterns):
        if isinstance(principal, User):
            needed.add(Dataset.CREDENTIAL_REPORT)
            continue
        for kind, value in _trusted(permissions.parsed(principal.trust, "trust policy")):
            if kind == "Federated":
                needed.update(_facts_of_provider(value))
            elif value == "*" or arn_account(value) == snapshot.account_id:
                needed.add(Dataset.CREDENTIAL_REPORT)
                needed.update(_facts_of_roles(permissions))
                needed.update({Dataset.ORGANIZATION} if value == "*" else ())
    return frozenset(needed)


def _facts_of_provider(provider: str) -> Iterator[Dataset]:
    yield from (dataset for kind, (_action, dataset) in _PROVIDERS.items() if f":{kind}/" in provider)


def _facts_of_roles(permissions: Permissions) -> Iterator[Dataset]:
    """What says whether somebody gets into the roles of an account, which may be the way into another one."""
    for role in permissions.snapshot.roles:
        for kind, value in _trusted(permissions.parsed(role.trust, "trust policy")):
            if kind == "Federated":
                yield from _facts_of_provider(value)


#: What :func:`facts_needed` may name, as fields of a snapshot.
FACTS: t.Final[Mapping[Dataset, str]] = {
    Dataset.CREDENTIAL_REPORT: "credential_report",
    Dataset.SAML_PROVIDERS: "saml_provider_arns",
    Dataset.OIDC_PROVIDERS: "oidc_provider_arns",
    Dataset.ORGANIZATION: "organization",
}


@dataclasses.dataclass
class Rescue:
    """The break-glass principals of an account; ``patterns`` are those that are declared, as ARN globs.

    A plan is held against it change by change: each change that is let through is expected to be made.
    """

    snapshot: Snapshot
    patterns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._now = _State(self.snapshot)
        self._expected: list[Change] = []

    def expect(self, change: Change) -> None:
        """Take a change into account that is going to be made."""
        self._expected.append(change)

    def _present(self) -> _State:
        """The account with the expected changes made, as far as they matter here."""
        after = functools.reduce(snapshot_after, self._expected, self._now.snapshot)
        self._expected.clear()
        if after is not self._now.snapshot:
            self._now = _State(after)
        return self._now

    def objection(self, change: Change) -> t.Optional[str]:
        """Why no break-glass principal could take ``change`` back; None where one could."""
        unread = self.snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
        if unread:
            return f"users and roles are not known: {unread.reason}"
        found = self._found
        if not found:
            return f"{', '.join(self.patterns)} matches no user or role" if self.patterns else "the account has none"
        present = self._present()
        after = _State(snapshot_after(present.snapshot, change))
        lacks = []
        for principal in found:
            lack = present.lack(principal, change) or after.lack(principal, change, when=" once it is made")
            if lack is None:
                return None
            lacks.append(f"{principal.name} {lack}")
        more = f"; and {len(lacks) - _MOST_TOLD} more" if len(lacks) > _MOST_TOLD else ""
        return "; ".join(lacks[:_MOST_TOLD]) + more

    def lacks(self, action: str = "", resource: str = "*") -> dict[str, str]:
        """Who of them could not help, and why: nobody can use it, or it may not do ``action``, or nothing at all."""
        found = {item.arn: self._now.lack_of(item, action, resource) for item in self._found}
        return {arn: lack for arn, lack in found.items() if lack}

    @functools.cached_property
    def _found(self) -> tuple[t.Union[User, Role], ...]:
        return principals_for_emergencies(self.snapshot, self.patterns)


class _State:
    """The account at one moment, with the questions to it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._permissions = Permissions(snapshot)
        self._ways: dict[str, t.Optional[str]] = {}

    def lack(self, principal: t.Union[User, Role], change: Change, *, when: str = "") -> t.Optional[str]:
        """What a break-glass principal lacks to take a change back; None where it lacks nothing."""
        closed = self._closed(principal) or self._not_allowed(principal, change)
        return f"{closed}{when}" if closed else None

    def lack_of(self, principal: t.Union[User, Role], action: str, resource: str) -> t.Optional[str]:
        """What a break-glass principal lacks to make a call; of no call it is asked whether it may do anything."""
        closed = self._closed(principal)
        if closed:
            return closed
        if action:
            return self._lack_of_permission(principal, action, resource, {})
        return None if self._permissions.held(principal.arn) else "has no policies"

    # Whether somebody can use it

    def _closed(self, principal: t.Union[User, Role]) -> t.Optional[str]:
        """Why nobody can use a principal, found once."""
        if principal.arn not in self._ways:
            self._ways[principal.arn] = self._unusable(principal)
        return self._ways[principal.arn]

    def _unusable(self, principal: t.Union[User, Role]) -> t.Optional[str]:
        if isinstance(principal, User):
            return self._without_credential(principal)
        if self._is_open(principal, set()):
            return None
        return "can be used by nobody: its trust policy lets no principal in that is known to exist"

    def _row(self, user: User) -> t.Optional[CredentialRow]:
        row = self._rows.get(user.arn)
        return row if row is not None and row.is_about(user) else None

    @functools.cached_property
    def _rows(self) -> Mapping[str, CredentialRow]:
        report = self.snapshot.credential_report
        return {row.arn: row for row in report.users} if report else {}

    def _with_mfa(self, principal: t.Union[User, Role]) -> dict[str, Values]:
        """What requests say of MFA: a user has a device or not, whoever opens the session of a role may have one."""
        row = self._row(principal) if isinstance(principal, User) else None
        if row is None or row.mfa_active:
            return {"aws:MultiFactorAuthPresent": True, "aws:MultiFactorAuthAge": 0}
        return {"aws:MultiFactorAuthPresent": False}

    def _without_credential(self, user: User) -> t.Optional[str]:
        row = self._row(user)
        if row is None:
            return "is a user of whom is not known whether it has a password or an active access key"
        return None if row.password_enabled or row.active_keys else "is a user without a password or active access key"

    def _trust(self, role: Role) -> t.Optional[Policy]:
        return self._permissions.parsed(role.trust, "trust policy")

    def _is_open(self, role: Role, visited: set[str]) -> bool:
        """Whether somebody gets into a role, maybe through other roles; ``visited`` are those that were asked about."""
        visited.add(role.arn)
        return any(self._lets_in(role, kind, value, visited) for kind, value in _trusted(self._trust(role)))

    def _lets_in(self, role: Role, kind: str, value: str, visited: set[str]) -> bool:
        """Whether a principal of the trust policy of a role exists and gets in."""
        if kind == "Federated":
            return self._is_let_in_by_provider(role, value)
        if kind not in ("AWS", "*"):
            return False
        if value == "*" or root_account(value) == self.snapshot.account_id:
            is_open = any(self._comes_in(role, caller, visited) for caller in self._everybody)
            return is_open or (value == "*" and self._is_open_to_organization(role))
        if arn_account(value) == self.snapshot.account_id:
            named = [caller for caller in self._everybody if caller.arn == value]
            return any(self._comes_in(role, caller, visited) for caller in named)
        account = root_account(value)
        caller = self._somebody_of(account) if account else value
        return arn_account(value) is not None and self._is_admitted(role, caller, _ASSUMING)

    @property
    def _everybody(self) -> tuple[t.Union[User, Role], ...]:
        return (*self.snapshot.users, *self.snapshot.roles)

    def _comes_in(self, role: Role, caller: t.Union[User, Role], visited: set[str]) -> bool:
        """Whether a caller of the account gets into a role, and is one that somebody can use."""
        if isinstance(caller, User):
            return self._without_credential(caller) is None and self._is_let_in(role, caller)
        if caller.arn in visited or caller.is_service_linked or not self._is_let_in(role, caller):
            return False
        # Who reads all this has come in. Who is on a machine comes in by the role of the machine.
        is_own = principal_of(caller.arn) == principal_of(self.snapshot.caller.arn)
        return is_own or self._is_of_service(caller) or self._is_open(caller, visited)

    def _is_of_service(self, role: Role) -> bool:
        trusted = [value for kind, value in _trusted(self._trust(role)) if kind == "Service"]
        known: dict[str, Values] = {"aws:SourceAccount": self.snapshot.account_id, **self._of_organization}
        return any(self._is_admitted(role, value, _ASSUMING, values=known) for value in trusted)

    def _is_let_in(self, role: Role, caller: t.Union[User, Role]) -> bool:
        if self._not_known(caller):
            return False
        values = {**_tags(caller), **self._of_organization, **self._with_mfa(caller)}
        layers = self._permissions.layers(caller.arn)
        return self._is_admitted(role, caller.arn, _ASSUMING, layers=layers, values=values)

    def _is_open_to_organization(self, role: Role) -> bool:
        organization = self.snapshot.organization
        if organization is None:
            return False
        caller = self._somebody_of(organization.management_account_id)
        return self._is_admitted(role, caller, _ASSUMING, values=self._of_organization)

    @property
    def _of_organization(self) -> dict[str, Values]:
        """What requests of the organization's members say."""
        organization = self.snapshot.organization
        return {"aws:PrincipalOrgID": organization.id} if organization else {}

    def _somebody_of(self, account: str) -> str:
        """A role of an account that is trusted as a whole: its root user can't assume roles."""
        return f"arn:{self.snapshot.partition}:iam::{account}:role/any"

    def _is_let_in_by_provider(self, role: Role, provider: str) -> bool:
        kind = next((kind for kind in _PROVIDERS if f":{kind}/" in provider), None)
        if kind is None:
            return False
        action, dataset = _PROVIDERS[kind]
        known = (*self.snapshot.saml_provider_arns, *self.snapshot.oidc_provider_arns)
        is_known = self.snapshot.missing(dataset) is None and provider in known
        return is_known and self._is_admitted(role, provider, action)

    def _is_admitted(
        self,
        role: Role,
        principal: str,
        action: str,
        *,
        layers: t.Optional[Layers] = None,
        values: t.Optional[Mapping[str, Values]] = None,
    ) -> bool:
        """Whether a principal may open a session. What it brings along, such as MFA or an external id, it has."""
        own = Layers(identity=(ANYTHING,), rcps=self._permissions.limited(()).rcps)
        request = Request(
            action,
            role.arn,
            principal=principal,
            context=self._context(values or {}),
            resource_policy=self._trust(role),
            resource_account=self.snapshot.account_id,
        )
        decision = Evaluator(layers or own).decide(request)
        if decision.outcome is Outcome.UNKNOWN:
            return all(_CHOSEN.fullmatch(key.lower()) for key in decision.missing_context)
        return decision.outcome is Outcome.ALLOWED

    def _context(self, values: Mapping[str, Values]) -> Context:
        moment = self.snapshot.observed_at
        known: dict[str, Values] = {
            "aws:CurrentTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:EpochTime": int(moment.timestamp()),
            "aws:SecureTransport": True,
        }
        return Context({**known, **values}, complete=False)

    # Whether it may undo the change

    def _not_allowed(self, principal: t.Union[User, Role], change: Change) -> t.Optional[str]:
        undo = change.undo
        if undo is None:
            return None
        action, asked = f"{change.service}:{undo.operation}", _keys_of(undo.parameters)
        lack = self._lack_of_permission(principal, action, self._place(change), asked)
        return f"may not undo it: {lack}" if lack else None

    def _lack_of_permission(
        self, principal: t.Union[User, Role], action: str, resource: str, asked: Mapping[str, Values]
    ) -> t.Optional[str]:
        unread = self._not_known(principal)
        if unread:
            return f"it has policies that are not known: {', '.join(unread)}"
        values = {**asked, **_tags(principal), **self._of_organization, **self._with_mfa(principal)}
        request = Request(action, resource, principal=principal.arn, context=self._context(values))
        decision = Evaluator(self._permissions.layers(principal.arn)).decide(request)
        if decision.outcome is Outcome.ALLOWED:
            return None
        return f"{action} on {resource} is not allowed to it ({decision.explanation.rstrip('.')})"

    def _place(self, change: Change) -> str:
        """What the undo is authorized on: who is put into a group, or taken out, is no resource of it.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_identityandaccessmanagement.html
        """
        if change.operation not in _MEMBERSHIP:
            return place_of(change)
        name = str(change.parameters.get("GroupName", ""))
        groups = self.snapshot.groups
        plain = f"arn:{self.snapshot.partition}:iam::{self.snapshot.account_id}:group/{name}"
        return next((group.arn for group in groups if group.name.lower() == name.lower()), plain)

    def _not_known(self, principal: t.Union[User, Role]) -> list[str]:
        """The policies of a principal that could keep it from anything, but were not read or don't parse."""
        unread = [*self._permissions.unknown(principal.arn), self._permissions.unknown_boundary(principal.arn)]
        return [name for name in unread if name]


def _trusted(trust: t.Optional[Policy]) -> Sequence[tuple[str, str]]:
    """The principals that the statements of a trust policy let in; everybody for one that lets in all but some."""
    found: list[tuple[str, str]] = []
    for statement in trust.statements if trust else ():
        if statement.allow:
            found += statement.principals or ()
            found += [("AWS", "*")] if statement.not_principals is not None else []
    return tuple(dict.fromkeys(found))


def _tags(principal: t.Union[User, Role]) -> dict[str, Values]:
    return {f"aws:PrincipalTag/{key}": value for key, value in principal.tags.items()}


def _keys_of(parameters: Mapping[str, t.Any]) -> dict[str, Values]:
    """The condition keys of IAM that a request fills in."""
    keys = {"PolicyArn": "iam:PolicyARN", "PermissionsBoundary": "iam:PermissionsBoundary"}
    return {key: str(parameters[name]) for name, key in keys.items() if name in parameters}
