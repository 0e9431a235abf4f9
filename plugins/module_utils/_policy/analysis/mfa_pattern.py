# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Denials without MFA that mean people and hit machines: nobody but IAM users can satisfy them.

The condition key is in requests of temporary credentials only, and federated sessions do not have it at all. So
``BoolIfExists … false``, ``Null … true``, a negated operator or ``ForAllValues`` also denies what roles, IAM Identity
Center and CI do, unless something else in the statement leaves them out:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent

Found by asking the statement about sessions of roles that it does not name, not by its shape. An identity policy that
only users and groups have can deny no role: it is not to be asked about.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterator, Mapping

from ..documents.policy import Condition, Policy, Statement
from ..evaluation.conditions import condition_matcher
from ..evaluation.context import Context
from ..evaluation.truth import NO

_MFA: t.Final = frozenset({"aws:multifactorauthpresent", "aws:multifactorauthage"})
_PRINCIPAL: t.Final = "aws:principalarn"
_TAG: t.Final = "aws:principaltag/"
# Only requests of IAM users have a name to put there.
_OWN: t.Final = "${aws:username}"
# A name that no policy has on purpose. It represents every principal that is not named.
_NAME: t.Final = "x7-no-such-name"
_IDENTITY_CENTER: t.Final = "role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_"
_ACCOUNT: t.Final = "111122223333"

WORKLOADS: t.Final = "sessions of roles that workloads run in"
IDENTITY_CENTER: t.Final = "sessions of IAM Identity Center"
FEDERATED: t.Final = "federated sessions, such as CI by OIDC and people by SAML"


@dataclasses.dataclass(frozen=True)
class MfaDenial:
    """A statement that denies roles because their sessions come without MFA.

    ``statement`` is its label, ``conditions`` are the MFA conditions as written, ``cut_off`` says in words who is
    denied besides IAM users. ``everything``: it denies all but some actions, not some actions only.
    """

    statement: str
    conditions: tuple[str, ...]
    cut_off: tuple[str, ...]
    everything: bool

    def __str__(self) -> str:
        what = "all but a few actions" if self.everything else "its actions"
        return (
            f"{self.statement} denies {what} without MFA ({', '.join(self.conditions)}) and is not restricted to IAM "
            f"users: it also cuts off {', '.join(self.cut_off)}"
        )


@dataclasses.dataclass(frozen=True)
class _Session:
    """A session of a role as AWS shows it to a condition; of keys neither given nor absent nothing is known."""

    kind: str
    role: str
    mfa: Mapping[str, str]
    federated: bool = False

    def context(self, tags: Collection[str]) -> Context:
        """The request: without tags, as most roles are."""
        provider = f"{self.role.partition(':role/')[0]}:saml-provider/{_NAME}"
        values = {
            **self.mfa,
            "aws:PrincipalArn": self.role,
            "aws:PrincipalType": "AssumedRole",
            "aws:PrincipalIsAWSService": "false",
            "aws:userid": f"AROAX7EXAMPLE:{_NAME}",
            **({"aws:FederatedProvider": provider} if self.federated else {}),
        }
        given = {key.lower() for key in values}
        absent = [key for key in ("aws:username", "aws:FederatedProvider", *_MFA) if key.lower() not in given]
        return Context(values, complete=False, absent=(*absent, *tags))


def unsafe_mfa_denials(policy: Policy, *, account: str = _ACCOUNT) -> tuple[MfaDenial, ...]:
    """The statements of an SCP or an identity policy that deny roles for want of MFA, in the document's order.

    ``account`` is whose roles they are, for policies that except those of one account.
    """
    found = (_denial(statement, policy.version, account) for statement in policy.statements)
    return tuple(denial for denial in found if denial is not None)


def _denial(statement: Statement, version: str, account: str) -> t.Optional[MfaDenial]:
    asked = tuple(condition for condition in statement.conditions if condition.key.lower() in _MFA)
    if statement.allow or not asked or _speaks_of_nothing(statement) or _is_about_own_user(statement):
        return None
    matcher = condition_matcher(statement.conditions, version=version)
    tags = [condition.key for condition in statement.conditions if condition.key.lower().startswith(_TAG)]
    cut_off = [
        session.kind
        for session in _sessions(statement, account)
        if matcher.evaluate(session.context(tags), set()) is not NO
    ]
    if not cut_off:
        return None
    return MfaDenial(
        statement.label, tuple(map(_text, asked)), tuple(dict.fromkeys(cut_off)), _denies_everything(statement)
    )


def _speaks_of_nothing(statement: Statement) -> bool:
    return "*" in (statement.not_actions or ()) or "*" in (statement.not_resources or ())


def _is_about_own_user(statement: Statement) -> bool:
    """Whether it is about the caller's own user or device, which roles do not have."""
    return bool(statement.resources) and all(_OWN in resource for resource in statement.resources or ())


def _denies_everything(statement: Statement) -> bool:
    return statement.not_actions is not None or any(action in ("*", "*:*") for action in statement.actions or ())


def _sessions(statement: Statement, account: str) -> Iterator[_Session]:
    """Sessions of roles that nobody named, and of those of Identity Center that the statement names."""
    for partition in _partitions(statement):
        arn = f"arn:{partition}:iam::{account}:"
        # A role that is assumed without MFA has the value false; sessions of services may have no value.
        yield _Session(WORKLOADS, f"{arn}role/{_NAME}", {})
        yield _Session(WORKLOADS, f"{arn}role/{_NAME}", {"aws:MultiFactorAuthPresent": "false"})
        yield _Session(IDENTITY_CENTER, f"{arn}{_IDENTITY_CENTER}{_NAME}_0123456789abcdef", {}, federated=True)
        yield _Session(FEDERATED, f"{arn}role/{_NAME}", {}, federated=True)
    for pattern in _principals(statement):
        if "AWSReservedSSO_" in pattern or ":role/aws-reserved/" in pattern:
            yield _Session(IDENTITY_CENTER, _make_matching_arn(pattern, account), {}, federated=True)


def _partitions(statement: Statement) -> list[str]:
    named = (pattern.split(":")[1] for pattern in _principals(statement) if pattern.startswith("arn:"))
    return list(dict.fromkeys(name for name in named if "*" not in name and "?" not in name)) or ["aws"]


def _principals(statement: Statement) -> Iterator[str]:
    for condition in statement.conditions:
        if condition.key.lower() == _PRINCIPAL:
            yield from condition.values


def _make_matching_arn(pattern: str, account: str) -> str:
    """Return an ARN that the pattern matches."""
    parts = pattern.split(":", 5)
    if len(parts) < 6:
        return pattern.replace("*", "x").replace("?", "x")
    head = [
        part if part != "*" else filler for part, filler in zip(parts, ("", "aws", "iam", "", account), strict=False)
    ]
    return ":".join([*head, parts[5]]).replace("*", "x").replace("?", "x")


def _text(condition: Condition) -> str:
    quantifier = f"{condition.quantifier}:" if condition.quantifier else ""
    suffix = "IfExists" if condition.if_exists else ""
    return f"{quantifier}{condition.operator}{suffix} {condition.key} {'/'.join(condition.values)}"
