# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A decision in words."""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from .verdict import Layer


class Why(enum.Enum):
    """The kind of reason that a decision has."""

    # A statement denies, a statement allows, or no statement does.
    DENIED = enum.auto()
    ALLOWED = enum.auto()
    NOT_ALLOWED = enum.auto()
    # It is not known whether a statement denies, or whether it allows.
    MAYBE_DENIED = enum.auto()
    MAYBE_ALLOWED = enum.auto()
    # The policy of the resource was not given.
    POLICY_NEEDED = enum.auto()
    # Rules of AWS that no policy changes.
    NO_PERMISSION_NEEDED = enum.auto()
    ROOT_USER = enum.auto()
    ROOT_CANNOT_ASSUME = enum.auto()


@dataclasses.dataclass(frozen=True)
class Reason:
    """The facts of an explanation, besides the decision itself.

    ``level`` is a level of the organization in words. ``crosses`` says that the resource is another account's,
    ``apart`` that its policy has to allow even within an account; ``bypasses`` are the layers that do not allow what
    the statement allows.
    """

    why: Why
    action: str
    resource: str
    level: str = ""
    crosses: bool = False
    apart: bool = False
    bypasses: tuple[str, ...] = ()


_ONE: t.Final = {
    Layer.IDENTITY: "the identity-based policy",
    Layer.BOUNDARY: "the permissions boundary",
    Layer.SESSION: "the session policy",
    Layer.SCP: "the SCP",
    Layer.RCP: "the RCP",
    Layer.ENDPOINT: "the policy of the VPC endpoint",
}
_ALL: t.Final = {
    Layer.IDENTITY: "the identity-based policies",
    Layer.BOUNDARY: "the permissions boundary",
    Layer.SESSION: "the session policies",
    Layer.SCP: "the SCPs",
    Layer.RCP: "the RCPs",
    Layer.ENDPOINT: "the policy of the VPC endpoint",
}
_FIXED: t.Final = {
    Why.NO_PERMISSION_NEEDED: "Allowed: {action} needs no permission, and no policy can deny it.",
    Why.ROOT_USER: "Allowed: the root user of an account may do everything in it that no policy denies.",
    Why.ROOT_CANNOT_ASSUME: "Denied: AWS does not let a root user call {action}, under any policy.",
}


def explain(
    reason: Reason,
    *,
    layer: t.Optional[str],
    policy: t.Optional[str],
    statement: t.Optional[str],
    missing: tuple[str, ...],
) -> str:
    """One or two sentences for people; the arguments are the fields of the decision."""
    if reason.why in _FIXED:
        return _FIXED[reason.why].format(action=reason.action)
    of = Layer(layer or Layer.IDENTITY)
    what = reason.action if reason.resource == "*" else f"{reason.action} on {reason.resource}"
    source = _source(of, policy, reason, single=statement is not None)
    by = f"{_describe_statement(statement)} of {source}"
    if reason.why is Why.DENIED:
        return f"Denied: {by} explicitly denies {what}."
    if reason.why is Why.ALLOWED:
        return f"Allowed: {by} allows {what}{_explain_bypasses(reason)}."
    if reason.why is Why.NOT_ALLOWED:
        return f"Denied: no statement of {source} allows {what}.{_rule(of, reason)}"
    if reason.why is Why.POLICY_NEEDED:
        return f"Unknown: {what} must be allowed by {source}, which was not given."
    verb = "denies" if reason.why is Why.MAYBE_DENIED else "allows"
    return f"Unknown: whether {by} {verb} {what} depends on {_keys(missing)}."


def _describe_statement(statement: t.Optional[str]) -> str:
    # A statement without an id is called by its place.
    text = statement or "a statement"
    return text if text.startswith(("statement ", "a ")) else f"statement {text}"


def _source(layer: Layer, policy: t.Optional[str], reason: Reason, *, single: bool) -> str:
    """The policies of a layer, or the one that is named or meant."""
    if layer is Layer.RESOURCE:
        return f"{_of_resource(reason)}{f' ({policy})' if policy else ''}"
    name = _ONE[layer] if policy or single else _ALL[layer]
    return f"{name}{f' {policy}' if policy else ''}{f' at {reason.level}' if reason.level else ''}"


def _of_resource(reason: Reason) -> str:
    if not reason.apart:
        return "the policy of the resource"
    return "the key policy" if reason.action.lower().startswith("kms:") else "the trust policy of the role"


def _rule(layer: Layer, reason: Reason) -> str:
    """The rule that makes it matter, where people often do not know it."""
    if layer is Layer.SCP:
        return " At every level from the organization's root down to the account, an SCP must allow a request."
    if layer is Layer.ENDPOINT:
        return " The endpoint's policy must also allow a request that uses it."
    if layer is Layer.BOUNDARY:
        return " No identity-based policy can grant an action that the boundary does not allow."
    if layer is Layer.SESSION:
        return " Its session policies must also allow a request of a session."
    if reason.crosses:
        return " Between accounts, both sides must allow a request."
    if layer is Layer.IDENTITY:
        return ""
    if reason.apart:
        return " Without its consent, identity-based policies have no effect."
    return " Nothing else can allow a caller without identity-based policies."


def _explain_bypasses(reason: Reason) -> str:
    if not reason.bypasses:
        return ""
    names = [_ALL[Layer(name)] for name in reason.bypasses]
    return f", and such a direct grant is not limited by {' and '.join(names)}"


def _keys(missing: tuple[str, ...]) -> str:
    if not missing:
        return "the meaning of its principals, which their names alone do not show"
    listed = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
    return f"{listed}, which the request does not have"
