# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The trust policies of an account's roles, as an attacker among its principals sees them."""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Iterator, Mapping

from ..documents.policy import Policy, Statement
from ..evaluation.context import Context
from ..evaluation.evaluate import Evaluator, Layers, Outcome, Request
from .landscape import Landscape, Subject, SubjectKind
from .questions import CERTAIN, Actor, Doubts

#: The name of a role's trust policy among its policies.
TRUST_POLICY: t.Final = "trust policy"

_REGIONAL: t.Final = re.compile(r"(?P<service>[a-z0-9-]+)\.[a-z]{2}(-[a-z]+)+-\d\.(?P<domain>amazonaws\.com)")
_ROLE_OR_SESSION: t.Final = re.compile(r"(role/(.*/)?|assumed-role/)(?P<name>[^/]+)(/.*)?")
_SAML: t.Final = ":saml-provider/"


class RoleTrusts:
    """The roles of an account by whom their trust policies name."""

    def __init__(self, landscape: Landscape) -> None:
        self._account = landscape.account_id
        self._roles = tuple(item for item in landscape.subjects if item.kind is SubjectKind.ROLE)
        self._by_session: dict[str, set[str]] = {}
        self._by_user: dict[str, set[str]] = {}
        self._everyone: set[str] = set()
        self._account_wide: set[str] = set()
        self._admissions: dict[tuple[str, str], t.Optional[Doubts]] = {}
        for role in self._roles:
            for statement in _list_allows(role):
                self._note(role, statement)

    def _note(self, role: Subject, statement: Statement) -> None:
        if statement.not_principals is not None:
            self._everyone.add(role.arn)
        for kind, value in statement.principals or ():
            if value == "*" and kind in ("*", "AWS"):
                self._everyone.add(role.arn)
            elif kind == "AWS":
                self._note_principal(role, value)

    def _note_principal(self, role: Subject, principal: str) -> None:
        parts = principal.split(":", 5)
        if len(parts) < 6 or parts[5] == "root":
            self._account_wide.add(role.arn)
        elif parts[5].startswith("user/"):
            self._by_user.setdefault(principal, set()).add(role.arn)
        elif match := _ROLE_OR_SESSION.fullmatch(parts[5]):
            self._by_session.setdefault(match["name"], set()).add(role.arn)

    def find_naming_roles(self, actor: Actor) -> frozenset[str]:
        """Find the roles whose trust policies may let the actor in whatever its own policies say."""
        if actor.subject.kind is SubjectKind.USER:
            named = self._by_user.get(actor.arn, ())
        else:
            named = self._by_session.get(actor.subject.name, ())
        return frozenset(named).union(self._everyone)

    @functools.cached_property
    def account_wide(self) -> frozenset[str]:
        """The roles whose trust policies leave it to an account who may assume them."""
        return frozenset(self._account_wide)

    @functools.cached_property
    def by_service(self) -> Mapping[str, frozenset[str]]:
        """The roles that services may assume, by the name of the service without region."""
        found: dict[str, set[str]] = {}
        for role in self._roles:
            for name in _services(role):
                found.setdefault(_global_name(name), set()).add(role.arn)
        return {name: frozenset(arns) for name, arns in found.items()}

    @functools.cached_property
    def by_provider(self) -> Mapping[str, frozenset[str]]:
        """The roles that the account's SAML providers let people into, by the ARN of the provider."""
        found: dict[str, set[str]] = {}
        for role in self._roles:
            for statement in _list_allows(role):
                for kind, value in statement.principals or ():
                    if kind == "Federated" and _SAML in value:
                        found.setdefault(value, set()).add(role.arn)
        return {arn: frozenset(roles) for arn, roles in found.items()}

    def admits(self, role: Subject, service: str) -> t.Optional[Doubts]:
        """Return the doubts whether a service may assume ``role`` for this account; None if it may not."""
        key = (role.arn, service)
        if key not in self._admissions:
            names = [name for name in _services(role) if _global_name(name) == service]
            answers = [answer for name in names if (answer := self._admits(role, name)) is not None]
            self._admissions[key] = min(answers, key=len, default=None)
        return self._admissions[key]

    def _admits(self, role: Subject, service: str) -> t.Optional[Doubts]:
        # The service says for whom it works. https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
        context = Context({"aws:SourceAccount": self._account}, complete=False)
        request = Request(
            "sts:AssumeRole",
            role.arn,
            principal=service,
            context=context,
            resource_policy=role.trust,
            resource_account=self._account,
        )
        decision = Evaluator(Layers(rcps=role.layers.rcps)).decide(request)
        if decision.outcome is Outcome.ALLOWED:
            return CERTAIN
        return frozenset(decision.missing_context) if decision.outcome is Outcome.UNKNOWN else None


def _list_allows(role: Subject) -> Iterator[Statement]:
    return (statement for statement in (role.trust.statements if role.trust else ()) if statement.allow)


def _services(role: Subject) -> tuple[str, ...]:
    names = (
        value for statement in _list_allows(role) for kind, value in statement.principals or () if kind == "Service"
    )
    return tuple(dict.fromkeys(names))


def _global_name(service: str) -> str:
    """``lambda.amazonaws.com`` for ``lambda.eu-west-1.amazonaws.com`` and, in China, ``….amazonaws.com.cn``."""
    name = service.removesuffix(".cn")
    match = _REGIONAL.fullmatch(name)
    return f"{match['service']}.{match['domain']}" if match else name


def make_trust_policy(arn: str) -> Policy:
    """Make the trust policy that an attacker would give a role, so that it may assume it."""
    statement = Statement(index=0, allow=True, actions=("sts:AssumeRole",), principals=(("AWS", arn),))
    return Policy((statement,), version="2012-10-17", name=TRUST_POLICY)
