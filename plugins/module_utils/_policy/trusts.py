# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whom a role's trust policy lets in: everybody, foreign accounts, federated subjects, services, people without MFA.

Conditions are put to the evaluator with what an outsider's request would say. What outsiders choose for themselves
(names of their principals, their tags, the name of the session) they choose so that it fits.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import typing as t
from collections.abc import Iterable, Iterator

from .analysis import WITHOUT_MFA
from .arn import arn_account, root_account
from .caller import EVERY_AWS, EVERYONE, Caller, Reach, caller_of, excepted
from .compiled import CompiledStatement, Facts, compile_policies
from .context import Context, Values
from .operators import NEGATED
from .policy import Condition, Policy, Statement
from .truth import NO, YES

# They run only what was given the role by iam:PassRole, which never crosses accounts, and no source context is
# documented for the moment in which they assume it: a condition on it could stop instances and functions.
_WITHOUT_SOURCE: t.Final = frozenset({"ec2", "lambda"})
# Unique ids of deleted users and roles, which AWS leaves in a trust policy in place of the ARN.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_UNIQUE_ID: t.Final = re.compile(r"A[IR][DO]A[A-Z0-9]{12,124}(:.*)?")

_ASSUMING: t.Final = ("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity")

# Nobody's: what a condition on one of these asks for, an outsider can't give.
_NOBODYS_ACCOUNT: t.Final = "000000000000"
_NOBODYS_NAME: t.Final = "named-by-0-policies"
_NOBODYS_ORGANIZATION: t.Final = "o-nobodys0000"
_NOBODYS_PATH: t.Final = f"{_NOBODYS_ORGANIZATION}/r-none/ou-none-nobodys0/"

# Conditions on these name principals, as the element Principal does.
_NAMES_CALLER: t.Final = frozenset({"aws:principalaccount", "aws:principalarn"})

# Claims have to be asked for by an operator that doesn't hold for a token without them.
_CLAIM_OPERATORS: t.Final = frozenset({"StringEquals", "StringEqualsIgnoreCase", "StringLike"})

_WILD: t.Final = frozenset("*?")
ANY_OWNER: t.Final = "any owner"
_ANY_REPOSITORY: t.Final = "any repository of an owner"


@dataclasses.dataclass(frozen=True)
class OpenSubject:
    """What a trust leaves open at an identity provider; ``pattern`` is the condition's, None where there is none."""

    issuer: str
    left: str
    pattern: t.Optional[str] = None


class Trust:
    """Questions to the trust policy of one role.

    ``rcps`` are the resource control policies of the role's account: what they deny is not open. ``organization`` is
    the id of the account's own organization, where it is known.
    """

    def __init__(
        self, policy: Policy, role_arn: str, *, rcps: tuple[Policy, ...] = (), organization: t.Optional[str] = None
    ) -> None:
        self._role = role_arn
        self._partition = role_arn.split(":")[1]
        self._account = arn_account(role_arn) or ""
        own = _spoken((policy,))
        self._allowing = tuple(item for item in own if item.allow)
        # What AWS's RCPFullAWSAccess allows lets nobody in by itself.
        self._denying = tuple(item for item in (*own, *_spoken(rcps)) if not item.allow)
        self._resource = {"aws:ResourceAccount": self._account}
        if organization is not None:
            self._resource["aws:ResourceOrgID"] = organization

    def lets_anybody_in(self) -> bool:
        """Whether principals of any account whatever may assume the role."""
        return any(
            self._is_open(item, _NOBODYS_ACCOUNT) for item in self._allowing if _is_for_everybody(item.statement)
        )

    def foreign_accounts(self, known: Iterable[str]) -> tuple[str, ...]:
        """The ids of the accounts that are named as principals: neither the role's own nor one of ``known``."""
        found = {account for item in self._allowing for account in _accounts(item.statement)}
        return tuple(sorted(found - {self._account, *known}))

    def lets_in_unbound(self, account: str) -> bool:
        """Whether principals of a foreign account may assume the role with no external id or organization asked for."""
        for item in self._allowing:
            named = [value for value in _of_type(item.statement, "AWS") if arn_account(value) == account]
            arns = tuple(value for value in named if root_account(value) is None)
            only = arns if len(arns) == len(named) else ()
            if account in _accounts(item.statement) and self._is_open(item, account, only):
                return True
        return False

    def unbound_services(self) -> tuple[str, ...]:
        """The services that may assume the role on behalf of whichever account (the confused deputy).

        https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
        """
        found = [
            service
            for item in self._allowing
            for service in _of_type(item.statement, "Service")
            if service.partition(".")[0] not in _WITHOUT_SOURCE and self._is_unbound(item, service)
        ]
        return tuple(dict.fromkeys(found))

    def open_subjects(self) -> tuple[OpenSubject, ...]:
        """What OIDC providers may let in beyond subjects that somebody chose."""
        found = (subject for item in self._allowing for subject in _open_subjects(item.statement))
        return tuple(dict.fromkeys(found))

    def gone(self) -> tuple[str, ...]:
        """The unique ids of users and roles that were trusted and deleted."""
        found = (value for item in self._allowing for value in _of_type(item.statement, "AWS"))
        return tuple(value for value in dict.fromkeys(found) if _UNIQUE_ID.fullmatch(value))

    def people_without_mfa(self) -> tuple[str, ...]:
        """The users of the role's own account, or its root for all of them, that may come in without MFA."""
        found = [
            value
            for item in self._allowing
            for value in _of_type(item.statement, "AWS")
            if arn_account(value) == self._account and ":role/" not in value and self._needs_no_mfa(item, value)
        ]
        return tuple(dict.fromkeys(found))

    def lets_people_in(self) -> bool:
        """Whether anyone but AWS services may assume the role, under whatever conditions."""
        kinds = {kind for item in self._allowing for kind, _value in item.statement.principals or ()}
        excepting = any(item.statement.not_principals is not None for item in self._allowing)
        return excepting or bool(kinds & {"*", "AWS", "Federated"})

    def _is_open(self, item: CompiledStatement, account: str, arns: tuple[str, ...] = ()) -> bool:
        """Whether a principal of ``account`` can make a request that the statement allows and nothing denies.

        ``arns``: the principals that come into question; none for any.
        """
        for arn in arns or self._principals(account):
            caller = caller_of(arn)
            for context in self._requests(account, arn):
                if self._may_allow(item, context) and not self._is_denied(caller, context):
                    return True
        return False

    def _principals(self, account: str) -> tuple[str, ...]:
        """Principals that the owner of an account may make: one of no special name, and those that conditions want."""
        some = f"arn:{self._partition}:iam::{account}:role/{_NOBODYS_NAME}"
        fitting = (_fitting(value, account, self._partition) for value in self._patterns("aws:principalarn"))
        return tuple(dict.fromkeys(arn for arn in (some, *fitting) if arn is not None))

    def _requests(self, account: str, arn: str) -> Iterator[Context]:
        """What requests of an outsider may look like: in an organization or in none, with an external id or without."""
        values: dict[str, Values] = {
            **self._resource,
            "aws:SecureTransport": True,
            "aws:MultiFactorAuthPresent": True,
            "aws:MultiFactorAuthAge": 0,
            "aws:PrincipalAccount": account,
            "aws:PrincipalArn": caller_of(arn).role_arn or arn,
            "aws:PrincipalIsAWSService": False,
        }
        organization: dict[str, Values] = {
            "aws:PrincipalOrgID": _NOBODYS_ORGANIZATION,
            "aws:PrincipalOrgPaths": [_NOBODYS_PATH],
        }
        external: dict[str, Values] = {"sts:ExternalId": _NOBODYS_NAME}
        for given in itertools.product((organization, {}), (external, {})):
            chosen = {**given[0], **given[1]}
            absent = [key for key in (*organization, *external) if key not in chosen]
            absent += ["aws:PrincipalServiceName", "aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID"]
            yield Context({**values, **chosen}, complete=False, absent=absent)

    def _is_unbound(self, item: CompiledStatement, service: str) -> bool:
        values: dict[str, Values] = {
            **self._resource,
            "aws:SecureTransport": True,
            "aws:PrincipalIsAWSService": True,
            "aws:PrincipalServiceName": service,
        }
        source: dict[str, Values] = {
            "aws:SourceAccount": _NOBODYS_ACCOUNT,
            "aws:SourceOrgID": _NOBODYS_ORGANIZATION,
            "aws:SourceOrgPaths": [_NOBODYS_PATH],
        }
        patterns = self._patterns("aws:sourcearn")
        fitting = (arn for value in patterns if (arn := _fitting(value, _NOBODYS_ACCOUNT, self._partition)))
        nobodys = f"arn:{self._partition}:{service.partition('.')[0]}:xx-nowhere-0:{_NOBODYS_ACCOUNT}:{_NOBODYS_NAME}"
        requests = [
            Context({**values, **source, "aws:SourceArn": arn}, complete=False)
            for arn in dict.fromkeys((nobodys, *fitting))
        ]
        # Not every service says for whom it acts: IfExists would let those in.
        silent = Context(values, complete=False, absent=[*source, "aws:SourceArn"])
        caller = caller_of(service)
        admitted = any(self._may_allow(item, context) for context in (*requests, silent))
        return admitted and not all(self._is_denied(caller, context) for context in requests)

    def _needs_no_mfa(self, item: CompiledStatement, principal: str) -> bool:
        caller = caller_of(principal if principal.startswith("arn:") else None, self._account)
        base = Context({**self._resource, "aws:PrincipalAccount": self._account}, complete=False)
        for values, absent in WITHOUT_MFA:
            context = base.with_(values, absent=absent)
            if self._may_allow(item, context) and not self._is_denied(caller, context):
                return True
        return False

    def _may_allow(self, item: CompiledStatement, context: Context) -> bool:
        return item.holds(self._facts(context), set()) is not NO

    def _facts(self, context: Context) -> Facts:
        return Facts(_ASSUMING[0], self._role, lambda: context)

    def _is_denied(self, caller: Caller, context: Context) -> bool:
        """Whether a Deny of the trust policy or of an RCP is sure to be about the request."""
        facts = self._facts(context)
        return any(_is_about(item.statement, caller) and item.applies(facts, set()) is YES for item in self._denying)

    def _patterns(self, key: str) -> tuple[str, ...]:
        """What conditions on a key compare with, anywhere in the policies."""
        return tuple(
            value
            for item in (*self._allowing, *self._denying)
            for condition in item.statement.conditions
            if condition.key.lower() == key
            for value in condition.values
        )


def _spoken(policies: tuple[Policy, ...]) -> tuple[CompiledStatement, ...]:
    """The statements that speak of assuming a role, by whichever action."""
    compiled = compile_policies(policies)
    return tuple(dict.fromkeys(item for action in _ASSUMING for item in compiled.statements_for(action)))


def _is_for_everybody(statement: Statement) -> bool:
    principals = statement.principals or ()
    return EVERYONE in principals or EVERY_AWS in principals or statement.not_principals is not None


def _accounts(statement: Statement) -> set[str]:
    """The accounts that a statement names: as principals or, of everybody, by a condition on who calls."""
    values = [*_of_type(statement, "AWS")]
    if _is_for_everybody(statement):
        for condition in statement.conditions:
            if condition.key.lower() in _NAMES_CALLER and condition.operator not in NEGATED:
                values += condition.values
    return {account for value in values if (account := arn_account(value)) is not None}


def _of_type(statement: Statement, wanted: str) -> tuple[str, ...]:
    return tuple(value for kind, value in statement.principals or () if kind == wanted)


def _is_about(statement: Statement, caller: Caller) -> bool:
    """Whether a statement is sure to name the caller."""
    if statement.not_principals is not None:
        return excepted(statement.not_principals, caller, set()) is NO
    if statement.principals is None:
        return True
    return any(caller.reached_by(pair, set())[0] > Reach.NONE for pair in statement.principals)


def _fitting(pattern: str, account: str, partition: str) -> t.Optional[str]:
    """An ARN in ``account`` that a pattern is about; None where its owner can't have one."""
    parts = pattern.split(":", 5)
    if len(parts) < 6 or "$" in pattern:
        return None
    if parts[4] and not re.fullmatch(re.escape(parts[4]).replace(r"\*", ".*").replace(r"\?", "."), account):
        return None
    if not parts[4] and not set(parts[5]) & set("*?"):
        # Without an account, as the ARNs of buckets are: the name tells whose it is.
        return None
    owner = account if parts[4] else ""
    free = [part.replace("*", "x").replace("?", "x") for part in parts]
    return ":".join((free[0], partition, *free[2:4], owner, free[5]))


def _issuers(statement: Statement) -> Iterator[tuple[str, bool]]:
    """The OIDC issuers that a statement trusts, and whether they are built into IAM and have no provider there."""
    for value in _of_type(statement, "Federated"):
        if ":oidc-provider/" in value:
            yield value.partition(":oidc-provider/")[2], False
        elif not value.startswith("arn:"):
            yield value, True


def _open_subjects(statement: Statement) -> Iterator[OpenSubject]:
    for issuer, built_in in _issuers(statement):
        # Issuers built into IAM have no provider that would check the audience, so it may stand in for sub.
        keys = {f"{issuer.lower()}:{claim}" for claim in (("sub", "aud") if built_in else ("sub",))}
        claims = [item for item in statement.conditions if item.key.lower() in keys and _asks_for_claim(item)]
        if not claims:
            yield OpenSubject(issuer, ANY_OWNER)
        # Conditions hold together: one exact value closes what a pattern beside it leaves open.
        if all(item.operator == "StringLike" for item in claims):
            for pattern in (value for item in claims for value in item.values):
                if left := _openness(pattern):
                    yield OpenSubject(issuer, left, pattern)


def _asks_for_claim(condition: Condition) -> bool:
    quantified = condition.quantifier == "ForAllValues"
    return condition.operator in _CLAIM_OPERATORS and not condition.if_exists and not quantified


def _openness(subject: str) -> str:
    """What a subject leaves open: the owner (``*``, ``repo:*``), the repository (``repo:acme/*``), or nothing."""
    # Kubernetes names the namespace third: system:serviceaccount:namespace:name.
    parts = subject.removeprefix("system:").split(":")
    owner, _slash, repository = (parts[1] if len(parts) > 1 else subject).partition("/")
    # A wildcard before the owner goes over all that follows: others choose what stands there.
    if not owner or _WILD & set(parts[0] + owner):
        return ANY_OWNER
    return _ANY_REPOSITORY if "*" in repository and _WILD.issuperset(repository) else ""
