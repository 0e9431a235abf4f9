# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""An account at one moment: who can use its break-glass principals, and what these may do."""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence

from .._account.model import CredentialRow, Dataset, Role, Snapshot, User
from .._account.permissions import Permissions
from .._policy.documents.arn import arn_account, root_account
from .._policy.documents.policy import Policy
from .._policy.evaluation.context import Context, Values
from .._policy.evaluation.evaluate import Evaluator, Layers, Outcome, Request
from .._policy.evaluation.narrowing import ANYTHING
from .affects.after import credentials_after, is_of_credential, snapshot_after
from .affects.request import place_of
from .arn import principal_of, resource_of
from .change import Change

# By which action each kind of principal of a trust policy comes in: users and roles, and providers.
_ASSUMING: t.Final = "sts:AssumeRole"
PROVIDERS: t.Final[Mapping[str, tuple[str, Dataset]]] = {
    "saml-provider": ("sts:AssumeRoleWithSAML", Dataset.SAML_PROVIDERS),
    "oidc-provider": ("sts:AssumeRoleWithWebIdentity", Dataset.OIDC_PROVIDERS),
}
# Keys that the caller of a break-glass role has or chooses: an unknown value of these keeps nobody out.
_CHOSEN: t.Final = re.compile(
    r"(?!aws:principal)(aws:(currenttime|epochtime|multifactorauth.*|requesttag/.*|securetransport|source(ip|identity|vpce?)"
    r"|tagkeys|tokenissuetime|useragent|vpcsourceip|viaawsservice|calledvia.*)|saml:.*|sts:.*|.*:(sub|aud|amr|email))"
)
_MEMBERSHIP: t.Final = ("AddUserToGroup", "RemoveUserFromGroup")

# The password and the access keys of a user, read now; None where they can't be read.
SignIns = Callable[[User], t.Optional[CredentialRow]]


class State:
    """The account at one moment, with the questions to it.

    ``sign_ins`` reads what a user signs in with before the changes in ``made``, since the credential report may be four
    hours old; without it the report counts. ``in_doubt`` says whether what is not known lets somebody in.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        sign_ins: t.Optional[SignIns] = None,
        made: Sequence[Change] = (),
        permissions: t.Optional[Permissions] = None,
        in_doubt: bool = False,
    ) -> None:
        self.snapshot = snapshot
        self._sign_ins = sign_ins
        self._made = made
        self._permissions = permissions or Permissions(snapshot)
        self._in_doubt = in_doubt
        self._ways: dict[str, t.Optional[str]] = {}
        self._possible: dict[str, frozenset[str]] = {}

    def after(self, changes: Sequence[Change]) -> State:
        """The account once these changes are made; this one where they change nothing that matters."""
        snapshot = functools.reduce(snapshot_after, changes, self.snapshot)
        of_credentials = [change for change in changes if is_of_credential(change)]
        if snapshot is self.snapshot and not of_credentials:
            return self
        # Credentials change no policy, so none is parsed anew.
        permissions = self._permissions if len(of_credentials) == len(changes) else None
        made = (*self._made, *of_credentials)
        return State(snapshot, sign_ins=self._sign_ins, made=made, permissions=permissions)

    @functools.cached_property
    def _doubtful(self) -> State:
        known: dict[str, t.Any] = {"sign_ins": self._sign_ins, "made": self._made, "permissions": self._permissions}
        return State(self.snapshot, **known, in_doubt=True)

    def possible_ways(self, principal: t.Union[User, Role]) -> frozenset[str]:
        """By whom a break-glass principal can be used, or may be as far as is known: users, services and outsiders."""
        if principal.arn not in self._possible:
            self._possible[principal.arn] = frozenset(self._doubtful.ways(principal))
        return self._possible[principal.arn]

    def ways(self, principal: t.Union[User, Role]) -> Iterator[str]:
        """By whom a break-glass principal can be used."""
        if isinstance(principal, Role):
            yield from self._ways_into(principal, set())
        elif self._without_credential(principal) is None:
            yield principal.arn

    @property
    def broken_policies(self) -> tuple[str, ...]:
        """The names of the organization's policies that do not parse."""
        levels = self.snapshot.organization_policies
        policies = (policy for level in levels for policy in (*level.scps, *level.rcps))
        return tuple(item.name for item in policies if self._permissions.parse(item.document, item.name) is None)

    def users_in_doubt(self, change: Change) -> frozenset[str]:
        """The user whose credential a change takes, where the others of this user are not known."""
        if not is_of_credential(change):
            return frozenset()
        name = str(change.parameters.get("UserName", "")).lower()
        return frozenset(
            user.arn for user in self.snapshot.users if user.name.lower() == name and self._credentials(user) is None
        )

    def may_do_something(self, principal: t.Union[User, Role]) -> bool:
        """Whether a principal has policies, or may have some that are not known."""
        return bool(self._permissions.list_policies(principal.arn))

    def lack(self, principal: t.Union[User, Role], change: Change, *, when: str = "") -> t.Optional[str]:
        """The right that a break-glass principal lacks to take a change back; None if it lacks nothing."""
        closed = self.unusable(principal) or self._not_allowed(principal, change)
        return f"{closed}{when}" if closed else None

    def lack_of(self, principal: t.Union[User, Role], action: str, resource: str) -> t.Optional[str]:
        """The right that a break-glass principal lacks to make a call; without a call, to do anything at all."""
        closed = self.unusable(principal)
        if closed:
            return closed
        if action:
            return self._lack_of_permission(principal, action, resource, {})
        return None if self._permissions.list_policies(principal.arn) else "has no policies"

    # Whether somebody can use it

    def unusable(self, principal: t.Union[User, Role]) -> t.Optional[str]:
        """Why nobody who is known can use a break-glass principal; None where somebody can."""
        if principal.arn not in self._ways:
            self._ways[principal.arn] = self._unusable(principal)
        return self._ways[principal.arn]

    def _unusable(self, principal: t.Union[User, Role]) -> t.Optional[str]:
        if isinstance(principal, User):
            return self._without_credential(principal)
        if next(self._ways_into(principal, set()), None):
            return None
        return "can be used by nobody: its trust policy allows no principal that is known to exist"

    def _row(self, user: User) -> t.Optional[CredentialRow]:
        row = self._rows.get(user.arn)
        return row if row is not None and row.is_about(user) else None

    def _credentials(self, user: User) -> t.Optional[CredentialRow]:
        """The password and the access keys of a user once the changes are made; None where they are not known."""
        if self._sign_ins is None:
            return self._row(user)
        row = self._sign_ins(user)
        return functools.reduce(credentials_after, self._made, row) if row else None

    @functools.cached_property
    def _rows(self) -> Mapping[str, CredentialRow]:
        report = self.snapshot.credential_report
        return {row.arn: row for row in report.users} if report else {}

    def _with_mfa(self, principal: t.Union[User, Role]) -> dict[str, Values]:
        """The MFA values of requests: a user has a device or not, a caller who assumes a role may have one."""
        row = self._row(principal) if isinstance(principal, User) else None
        if row is None or row.mfa_active:
            return {"aws:MultiFactorAuthPresent": True, "aws:MultiFactorAuthAge": 0}
        return {"aws:MultiFactorAuthPresent": False}

    def _without_credential(self, user: User) -> t.Optional[str]:
        row = self._credentials(user)
        if row is None and self._in_doubt:
            return None
        if row is None:
            return "is a user, and it is not known whether it has a password or an active access key"
        return None if row.password_enabled or row.active_keys else "is a user without a password or active access key"

    def _trust(self, role: Role) -> t.Optional[Policy]:
        return self._permissions.parse(role.trust, "trust policy")

    def _ways_into(self, role: Role, visited: set[str]) -> Iterator[str]:
        """By whom a role can be used, maybe through other roles; ``visited`` are those that were asked about."""
        visited.add(role.arn)
        for kind, value in list_trusted(self._trust(role)):
            if kind == "Federated":
                yield from (value,) if self._is_let_in_by_provider(role, value) else ()
            elif kind in ("AWS", "*"):
                yield from self._ways_by(role, value, visited)

    def _ways_by(self, role: Role, value: str, visited: set[str]) -> Iterator[str]:
        """The ways into a role by a principal of its trust policy, as far as somebody exists there."""
        if value == "*" or root_account(value) == self.snapshot.account_id:
            for caller in self._everybody:
                yield from self._ways_through(role, caller, visited)
            yield from (value,) if value == "*" and self._is_open_to_organization(role) else ()
        elif arn_account(value) == self.snapshot.account_id:
            for caller in self._everybody:
                is_named = caller.arn == value or (
                    _is_session(value) and principal_of(caller.arn) == principal_of(value)
                )
                yield from self._ways_through(role, caller, visited, name=value) if is_named else ()
        elif arn_account(value) is not None:
            account = root_account(value)
            caller_arn = self._somebody_of(account) if account else value
            yield from (value,) if self._is_admitted(role, caller_arn, _ASSUMING) else ()

    @property
    def _everybody(self) -> tuple[t.Union[User, Role], ...]:
        return (*self.snapshot.users, *self.snapshot.roles)

    def _ways_through(
        self, role: Role, caller: t.Union[User, Role], visited: set[str], *, name: str = ""
    ) -> Iterator[str]:
        """By whom a role can be used through a caller of the account; ``name`` is that of a session of the caller."""
        if isinstance(caller, User):
            # In this order: what the user signs in with may have to be read.
            if self._is_let_in(role, caller) and self._without_credential(caller) is None:
                yield caller.arn
            return
        if caller.arn in visited or caller.is_service_linked or not self._is_let_in(role, caller, name):
            return
        # The caller is in already. Somebody on a machine comes in by the role of the machine.
        if principal_of(caller.arn) == principal_of(self.snapshot.caller.arn) or self._is_of_service(caller):
            yield caller.arn
        yield from self._ways_into(caller, visited)

    def _is_of_service(self, role: Role) -> bool:
        services = [value for kind, value in list_trusted(self._trust(role)) if kind == "Service"]
        known: dict[str, Values] = {"aws:SourceAccount": self.snapshot.account_id, **self._of_organization}
        return any(self._is_admitted(role, value, _ASSUMING, values=known) for value in services)

    def _is_let_in(self, role: Role, caller: t.Union[User, Role], name: str = "") -> bool:
        if self._not_known(caller):
            return self._in_doubt
        values = {**_tags(caller), **self._of_organization, **self._with_mfa(caller)}
        layers = self._permissions.layers(caller.arn)
        return self._is_admitted(role, name or caller.arn, _ASSUMING, layers=layers, values=values)

    def _is_open_to_organization(self, role: Role) -> bool:
        organization = self.snapshot.organization
        if organization is None:
            return False
        caller = self._somebody_of(organization.management_account_id)
        return self._is_admitted(role, caller, _ASSUMING, values=self._of_organization)

    @property
    def _of_organization(self) -> dict[str, Values]:
        """The condition keys in requests of the organization's members."""
        organization = self.snapshot.organization
        return {"aws:PrincipalOrgID": organization.id} if organization else {}

    def _somebody_of(self, account: str) -> str:
        """A role of an account that is trusted as a whole: its root user can't assume roles."""
        return f"arn:{self.snapshot.partition}:iam::{account}:role/any"

    def _is_let_in_by_provider(self, role: Role, provider: str) -> bool:
        kind = next((kind for kind in PROVIDERS if f":{kind}/" in provider), None)
        if kind is None:
            return False
        action, dataset = PROVIDERS[kind]
        known = (*self.snapshot.saml_provider_arns, *self.snapshot.oidc_provider_arns)
        is_unread = self.snapshot.missing(dataset) is not None
        is_known = self._in_doubt if is_unread else provider in known
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
        """Whether a principal may open a session. It counts as having what it can supply (MFA, an external id)."""
        own = Layers(identity=(ANYTHING,), rcps=self._permissions.limit(()).rcps)
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
            return self._in_doubt or all(_CHOSEN.fullmatch(key.lower()) for key in decision.missing_context)
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
        """The resource that the undo is authorized on: a user who joins or leaves a group is no resource of it.

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


def list_trusted(trust: t.Optional[Policy]) -> Sequence[tuple[str, str]]:
    """List the principals that a trust policy allows; everybody for a statement that allows all but some."""
    found: list[tuple[str, str]] = []
    for statement in trust.statements if trust else ():
        if statement.allow:
            found += statement.principals or ()
            found += [("AWS", "*")] if statement.not_principals is not None else []
    return tuple(dict.fromkeys(found))


def _is_session(arn: str) -> bool:
    """Whether a principal of a trust policy is a session of a role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-role-session
    """
    return resource_of(arn).startswith("assumed-role/")


def _tags(principal: t.Union[User, Role]) -> dict[str, Values]:
    return {f"aws:PrincipalTag/{key}": value for key, value in principal.tags.items()}


def _keys_of(parameters: Mapping[str, t.Any]) -> dict[str, Values]:
    """The condition keys of IAM that a request fills in."""
    keys = {"PolicyArn": "iam:PolicyARN", "PermissionsBoundary": "iam:PermissionsBoundary"}
    return {key: str(parameters[name]) for name, key in keys.items() if name in parameters}
