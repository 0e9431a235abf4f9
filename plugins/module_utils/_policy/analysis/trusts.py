# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The callers that a role's trust policy lets in: everybody, foreign accounts and organizations, services, no MFA.

Inside are the role's own account, the accounts that the caller names and the account's own organization; everybody
else is foreign. Conditions are put to the evaluator with the requests that outsiders can make: of an account in no
organization, in somebody else's, and in each one that a condition names. What outsiders choose for themselves (names
of their principals, their tags, the name of the session) they choose so that it fits.
"""

from __future__ import annotations

import functools
import itertools
import re
import typing as t
from collections.abc import Iterable, Iterator

from ..documents.arn import arn_account, root_account
from ..documents.policy import Policy, Statement
from ..evaluation.caller import EVERYONE, Pair, caller_of
from ..evaluation.compiled import CompiledStatement
from ..evaluation.context import Context, Values
from ..evaluation.truth import NO, UNKNOWN, YES, Truth
from .power import WITHOUT_MFA
from .trust_patterns import account_of, accounts_like, fill_wildcards, make_matching_arns
from .trust_statements import (
    ASSUME,
    NAMES_CALLER,
    TrustStatements,
    conditions_on,
    find_wanted_values,
    is_for_everybody,
    principals_of_type,
)
from .web_identities import OpenSubject, open_subjects

# They run only what was given the role by iam:PassRole, which never crosses accounts, and no source context is
# documented for the moment in which they assume it: a condition on it could stop instances and functions.
_WITHOUT_SOURCE: t.Final = frozenset(
    {"ec2.amazonaws.com", "ec2.amazonaws.com.cn", "lambda.amazonaws.com", "lambda.amazonaws.com.cn"}
)
# Unique ids of deleted users and roles, which AWS leaves in a trust policy in place of the ARN.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_UNIQUE_ID: t.Final = re.compile(r"A[IR][DO]A[A-Z0-9]{12,124}(:.*)?")

# An account, a name and an organization that no policy names.
_UNNAMED_ACCOUNT: t.Final = "000000000000"
_UNNAMED: t.Final = "named-by-0-policies"
_UNNAMED_ORGANIZATION: t.Final = "o-nobodys0000"
# Stands for the role's own organization where it has none, or where it was not read.
_OTHER_ORGANIZATION: t.Final = "o-unread00000"

_ORGANIZATIONS: t.Final = ("aws:principalorgid", "aws:principalorgpaths")
_SOURCE_ORGANIZATIONS: t.Final = ("aws:sourceorgid", "aws:sourceorgpaths")
_UNNAMED_SERVICE: t.Final = "every service"
# Keys that requests of services have, and those of nobody else.
_OF_SERVICES: t.Final = (
    *("aws:principalisawsservice", "aws:principalservicename", "aws:sourceaccount", "aws:sourcearn"),
    *_SOURCE_ORGANIZATIONS,
)
# A service that calls has none of them.
_OF_PRINCIPALS: t.Final = (
    *("aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalType"),
    *("aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:username", "sts:ExternalId"),
)


# Condition keys of requests that users make, and those that these lack.
_Requests = t.Sequence[tuple[t.Mapping[str, Values], tuple[str, ...]]]


class _Membership(t.NamedTuple):
    """The organization of a caller: its id and the path of the account in it, None for no organization.

    Not ``certain``: it may be the account's own, whose id is not known.
    """

    id: t.Optional[str]
    path: str = ""
    certain: bool = True


class Trust:
    """Questions to the trust policy of one role.

    ``rcps`` are the resource control policies of the role's account: what they deny is not open. ``organization`` is
    the id of the account's own organization; None where it has none or, not ``organization_known``, where that was not
    read. Answers of three values are UNKNOWN where only the missing id would decide.
    """

    def __init__(
        self,
        policy: Policy,
        role_arn: str,
        *,
        rcps: tuple[Policy, ...] = (),
        organization: t.Optional[str] = None,
        organization_known: bool = True,
    ) -> None:
        self._partition = role_arn.split(":")[1]
        self._account = arn_account(role_arn) or ""
        self._statements = TrustStatements(policy, role_arn, rcps)
        self._allowing = self._statements.find_allows()
        self._organization = organization
        self._organization_known = organization_known or organization is not None
        self._resource: dict[str, Values] = {"aws:ResourceAccount": self._account}
        if organization is not None:
            self._resource["aws:ResourceOrgID"] = organization

    # Accounts and organizations

    @functools.cached_property
    def lets_anybody_in(self) -> bool:
        """Whether principals of any account whatever may assume the role, by an external id of their choice too.

        An external id is no secret, and does not say who calls:
        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
        """
        anywhere = (_Membership(None), _make_unnamed_membership())
        return any(
            self._admission(item, account, anywhere, self._external_ids()) is YES
            for item in self._allowing
            if is_for_everybody(item.statement)
            for account in self._strangers(item.statement)
        )

    def _strangers(self, statement: Statement) -> tuple[str, ...]:
        """An account that nobody names, and some for each pattern of account ids."""
        arns = (value.split(":") for value in find_wanted_values(statement, "aws:principalarn"))
        patterns = [*find_wanted_values(statement, "aws:principalaccount"), *(parts[4] for parts in arns if parts[5:])]
        return tuple(dict.fromkeys((_UNNAMED_ACCOUNT, *accounts_like(patterns))))

    def foreign_organizations(self) -> tuple[tuple[str, Truth], ...]:
        """The organizations other than the account's own all of whose accounts may come in.

        UNKNOWN where it may be the account's own.
        """
        found: dict[str, Truth] = {}
        for member in self._find_named_organizations(_ORGANIZATIONS):
            for item in self._allowing:
                if member.id is None or not is_for_everybody(item.statement):
                    continue
                answer = self._admission(item, _UNNAMED_ACCOUNT, (member,), self._external_ids())
                if answer is not NO:
                    found[member.id] = answer
        return tuple(sorted(found.items()))

    def foreign_accounts(self, known: Iterable[str]) -> tuple[str, ...]:
        """The ids of the accounts that the policy names: neither the role's own nor one of ``known``."""
        found = {account for item in self._allowing for account in self._accounts(item.statement)}
        return tuple(sorted(found - {self._account, *known}))

    def _accounts(self, statement: Statement) -> set[str]:
        """The accounts that a statement names or, of everybody, conditions on who calls and what a Deny excepts."""
        values = [*principals_of_type(statement, "AWS")]
        if is_for_everybody(statement):
            values += [*find_wanted_values(statement, *NAMES_CALLER), *self._statements.excepted]
        return {account for value in values if (account := account_of(value)) is not None}

    def lets_in(self, account: str) -> Truth:
        """Whether principals of a named account may assume the role though it is outside the own organization."""
        return self._judge_named_account(account, self._external_ids())

    def lets_in_unbound(self, account: str) -> Truth:
        """Whether principals of a foreign account may assume the role with no external id asked for."""
        return self._judge_named_account(account, (None, _UNNAMED))

    def _judge_named_account(self, account: str, external_ids: tuple[t.Optional[str], ...]) -> Truth:
        answers = [NO]
        for item in self._allowing:
            if account in self._accounts(item.statement):
                named = [value for value in principals_of_type(item.statement, "AWS") if arn_account(value) == account]
                arns = tuple(value for value in named if root_account(value) is None)
                only = arns if len(arns) == len(named) else ()
                answers.append(self._admission(item, account, self._outside, external_ids, only))
        return _most(answers)

    def find_deleted_principals(self) -> tuple[str, ...]:
        """Return the unique ids of users and roles that were trusted and deleted."""
        found = (value for item in self._allowing for value in principals_of_type(item.statement, "AWS"))
        return tuple(value for value in dict.fromkeys(found) if _UNIQUE_ID.fullmatch(value))

    @property
    def principals(self) -> t.Optional[tuple[Pair, ...]]:
        """The principals that the Allow statements name; None where one names those that it does not mean."""
        if any(item.statement.not_principals is not None for item in self._allowing):
            return None
        return tuple(pair for item in self._allowing for pair in item.statement.principals or ())

    def _admission(
        self,
        item: CompiledStatement,
        account: str,
        memberships: Iterable[_Membership],
        external_ids: tuple[t.Optional[str], ...],
        arns: tuple[str, ...] = (),
    ) -> Truth:
        """Whether a principal of ``account`` can make a request that the statement allows and nothing denies.

        ``arns``: the principals that come into question; none for any.
        """
        answer = NO
        for member, external, arn in itertools.product(memberships, external_ids, arns or self._callers(account)):
            context = self._request(account, arn, member, external)
            # The outsider is in another organization than the role, whichever that is. A Deny has to be sure.
            other = context if self._organization else context.with_({"aws:ResourceOrgID": _OTHER_ORGANIZATION})
            if self._statements.admits(item, caller_of(arn), other, denied=context):
                if member.certain:
                    return YES
                answer = UNKNOWN
        return answer

    def _callers(self, account: str) -> tuple[str, ...]:
        """Principals that the owner of an account may make: one of no special name, and those that conditions want."""
        some = f"arn:{self._partition}:iam::{account}:role/{_UNNAMED}"
        wanted = self._statements.values("aws:principalarn")
        head = f"arn:{self._partition}:iam::{account}:"
        heads = (f"{head}role/", f"{head}user/")
        made = (arn for value in wanted for arn in make_matching_arns(value, account, heads))
        excepted = (value for value in self._statements.excepted if arn_account(value) == account != value)
        return tuple(dict.fromkeys((some, *made, *(arn for arn in excepted if root_account(arn) is None))))

    def _external_ids(self) -> tuple[t.Optional[str], ...]:
        """No external id, one of somebody's own, and those that conditions want."""
        wanted = (fill_wildcards(value) for value in self._statements.values("sts:externalid"))
        return tuple(dict.fromkeys((None, _UNNAMED, *wanted)))

    @functools.cached_property
    def _outside(self) -> tuple[_Membership, ...]:
        """No organization, somebody else's, and each one that conditions name and that is not the account's own."""
        return (_Membership(None), _make_unnamed_membership(), *self._find_named_organizations(_ORGANIZATIONS))

    def _find_named_organizations(self, keys: tuple[str, str]) -> tuple[_Membership, ...]:
        """Find the organizations that conditions on an id and on paths name, except the account's own."""
        by_id, by_path = keys
        ids = [fill_wildcards(value) for value in self._statements.values(by_id)]
        paths = [fill_wildcards(value) for value in self._statements.values(by_path)]
        pairs = [(name, f"{name}/r-none/ou-none-nobodys0/") for name in ids]
        pairs += [(path.partition("/")[0], path) for path in paths]
        return tuple(
            _Membership(name, path, self._organization_known)
            for name, path in dict.fromkeys(pairs)
            if name.lower() != self._organization
        )

    def _request(self, account: str, arn: str, member: _Membership, external: t.Optional[str]) -> Context:
        """A request of an outsider. Everything else is the outsider's choice: with MFA or without, for one."""
        values: dict[str, Values] = {
            **self._resource,
            "aws:SecureTransport": True,
            "aws:PrincipalAccount": account,
            "aws:PrincipalArn": caller_of(arn).role_arn or arn,
            "aws:PrincipalIsAWSService": False,
        }
        absent = ["aws:PrincipalServiceName", "aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID"]
        if member.id is None:
            absent += ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"]
        else:
            values |= {"aws:PrincipalOrgID": member.id, "aws:PrincipalOrgPaths": [member.path]}
        if external is None:
            absent.append("sts:ExternalId")
        else:
            values["sts:ExternalId"] = external
        return Context(values, complete=False, absent=absent)

    # Services

    def unbound_services(self, known: Iterable[str] = ()) -> tuple[tuple[str, Truth], ...]:
        """The services that may assume the role on behalf of a foreign account (the confused deputy).

        ``known`` are further accounts of ours. https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
        """
        found: dict[str, Truth] = {}
        for item in self._statements.find_allows(ASSUME):
            for service in self._services(item.statement):
                if service not in _WITHOUT_SOURCE:
                    answer = self._acts_for_others(item, service, {self._account, *known})
                    found[service] = _most([found.get(service, NO), answer])
        return tuple((service, answer) for service, answer in found.items() if answer is not NO)

    def _services(self, statement: Statement) -> tuple[str, ...]:
        """The services that a statement names or, where it is for everybody, that conditions ask for.

        "*" means services too. Where anybody comes in without one, the report says so already.
        """
        if EVERYONE not in (statement.principals or ()) and statement.not_principals is None:
            return principals_of_type(statement, "Service")
        asked = conditions_on(statement, *_OF_SERVICES)
        wanted = (fill_wildcards(value) for value in find_wanted_values(statement, "aws:principalservicename"))
        return tuple(dict.fromkeys((_UNNAMED_SERVICE, *wanted))) if asked else ()

    def _acts_for_others(self, item: CompiledStatement, service: str, own: set[str]) -> Truth:
        values: dict[str, Values] = {
            **self._resource,
            "aws:SecureTransport": True,
            "aws:PrincipalIsAWSService": True,
            "aws:PrincipalServiceName": service,
        }
        # Not every service says for whom it acts: IfExists would let those in.
        keys = ("aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceArn")
        base = Context(values, complete=False, absent=_OF_PRINCIPALS)
        silent = self._statements.may_allow(item, base.with_({}, absent=keys))
        caller = caller_of(service)
        answer = NO
        for source, certain in self._sources(service, own):
            context = base.with_(source)
            allowed = silent or self._statements.may_allow(item, context)
            if allowed and not self._statements.is_denied(caller, context):
                if certain:
                    return YES
                answer = UNKNOWN
        return answer

    def _sources(self, service: str, own: set[str]) -> Iterator[tuple[dict[str, Values], bool]]:
        """For whom a service may act: foreign accounts, in organizations that are not the account's own."""
        arns = self._statements.values("aws:sourcearn")
        of_arns = (parts[4] for parts in (value.split(":") for value in arns) if parts[5:] and parts[4])
        patterns = [*self._statements.values("aws:sourceaccount"), *of_arns]
        wanted = {*filter(None, map(account_of, (*patterns, *arns))), *accounts_like(patterns)}
        accounts = (_UNNAMED_ACCOUNT, *sorted(wanted - own))
        members = (_make_unnamed_membership(), *self._find_named_organizations(_SOURCE_ORGANIZATIONS))
        for account, member in itertools.product(accounts, members):
            head = f"arn:{self._partition}:{service.partition('.')[0]}:xx-nowhere-0:{account}:"
            some = f"{head}{_UNNAMED}"
            made = (arn for value in arns for arn in make_matching_arns(value, account, (head,)))
            for arn in dict.fromkeys((some, *made)):
                source: dict[str, Values] = {
                    "aws:SourceAccount": account,
                    "aws:SourceOrgID": str(member.id),
                    "aws:SourceOrgPaths": [member.path],
                    "aws:SourceArn": arn,
                }
                yield source, member.certain

    # People

    def people_without_mfa(self) -> tuple[str, ...]:
        """The users of the role's own account, or its root for all of them, that may come in without MFA.

        Where a statement names everybody, users of the account are among them.
        """
        return self._people(WITHOUT_MFA)

    def lets_users_in(self) -> bool:
        """Whether users of the role's own account may come in without MFA and without an external id asked for."""
        unbound = ((values, (*absent, "sts:ExternalId")) for values, absent in WITHOUT_MFA)
        other = (({**values, "sts:ExternalId": _UNNAMED}, absent) for values, absent in WITHOUT_MFA)
        return bool(self._people((*unbound, *other)))

    def _people(self, requests: _Requests) -> tuple[str, ...]:
        found: list[str] = []
        for item in self._statements.find_allows(ASSUME):
            for value in principals_of_type(item.statement, "AWS"):
                if arn_account(value) == self._account and not _is_role(value):
                    found += self._find_entries(item, value, requests)
            if is_for_everybody(item.statement):
                found += self._find_entries(item, f"arn:{self._partition}:iam::{self._account}:root", requests)
        return tuple(dict.fromkeys(found))

    def _find_entries(self, item: CompiledStatement, value: str, requests: _Requests) -> list[str]:
        """Return the entry if any user that it stands for comes in, else the users that conditions name."""
        if root_account(value) is None:
            return [value] if self._comes_in(item, value, requests) else []
        prefix = f"arn:{self._partition}:iam::{self._account}:user/"
        if self._comes_in(item, prefix + _UNNAMED, requests):
            return [value]
        users = (arn for arn in self._callers(self._account) if arn.startswith(prefix))
        return [arn for arn in users if self._comes_in(item, arn, requests)]

    def _comes_in(self, item: CompiledStatement, user: str, requests: _Requests) -> bool:
        # The answer is left open for a value that is no user (a session, a federated user).
        is_user = ":user/" in user
        caller = caller_of(user, self._account)
        values: dict[str, Values] = {**self._resource, "aws:PrincipalAccount": self._account}
        values |= {"aws:PrincipalArn": user, "aws:PrincipalType": "User"} if is_user else {}
        absent: tuple[str, ...] = ()
        if self._organization is not None:
            values["aws:PrincipalOrgID"] = self._organization
        elif self._organization_known:
            absent = ("aws:PrincipalOrgID", "aws:PrincipalOrgPaths")
        base = Context(values, complete=False, absent=absent)
        contexts = (base.with_(without, absent=missing) for without, missing in requests)
        return any(self._statements.admits(item, caller, context) for context in contexts)

    # Others

    def open_subjects(self) -> tuple[OpenSubject, ...]:
        """Find the tokens of identity providers that may come in beyond subjects that somebody chose."""
        return open_subjects(self._statements, self._resource)

    def lets_people_in(self) -> bool:
        """Whether anyone but AWS services may assume the role, under whatever conditions."""
        named = self.principals
        return named is None or any(kind in ("*", "AWS", "Federated") for kind, _value in named)


def _make_unnamed_membership() -> _Membership:
    """Make a membership in an organization that no policy names."""
    return _Membership(_UNNAMED_ORGANIZATION, f"{_UNNAMED_ORGANIZATION}/r-none/ou-none-nobodys0/")


def _is_role(principal: str) -> bool:
    return ":role/" in principal or ":assumed-role/" in principal


def _most(answers: Iterable[Truth]) -> Truth:
    """YES before UNKNOWN before NO."""
    found = set(answers)
    return YES if YES in found else UNKNOWN if UNKNOWN in found else NO
