# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The answer of a resource's policy to a request: a bucket's, a key's, or the trust policy of a role.

How far an Allow reaches depends on how its Principal names the caller:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

from __future__ import annotations

import typing as t

from .caller import WITHOUT_IDENTITY, Caller, CallerKind, Reach, is_excepted
from .compiled import CompiledPolicies, CompiledStatement, Facts
from .truth import NO, UNKNOWN, YES, Truth
from .verdict import Layer, Verdict

# The actions that a role's trust policy has to allow.
_ASSUMING: t.Final = frozenset({"sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"})
_TRUST_ACTIONS: t.Final = _ASSUMING | {"sts:setsourceidentity", "sts:tagsession"}
# "This permission is not effective in a key policy":
# https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
_BEYOND_KEY_POLICY: t.Final = "kms:retiregrant"
# The actions of KMS that are about no key.
_WITHOUT_KEY: t.Final = frozenset(
    {
        *("kms:createkey", "kms:generaterandom", "kms:listaliases", "kms:listkeys", "kms:listretirablegrants"),
        *("kms:createcustomkeystore", "kms:describecustomkeystores", "kms:updatecustomkeystore"),
        *("kms:connectcustomkeystore", "kms:disconnectcustomkeystore", "kms:deletecustomkeystore"),
        _BEYOND_KEY_POLICY,
    }
)
_ON_ALIASES: t.Final = frozenset({"kms:createalias", "kms:deletealias", "kms:updatealias"})
# The resource of a request that does not say what it is about. What can only be about a role still is.
_UNSAID: t.Final = "*"


def must_allow(action: str, resource: str) -> bool:
    """Whether the resource's own policy has to allow, or to leave it to the account: role trust and KMS key policies.

    ``action`` is in lower case.
    """
    if action in _TRUST_ACTIONS:
        return ":role/" in resource or (resource == _UNSAID and action in _ASSUMING)
    if not action.startswith("kms:") or action in _WITHOUT_KEY:
        return False
    # Every other action is about a key, also where the request calls it by an alias or not at all.
    return ":alias/" not in resource or action not in _ON_ALIASES


class Grants(t.NamedTuple):
    """The verdicts on a resource's policy by how far its Allow statements reach; ``anyhow`` also holds its denials."""

    direct: Verdict
    limited: Verdict
    anyhow: Verdict


def no_policy(*, needed: bool) -> Grants:
    """The verdicts where no policy was given; of one that is ``needed``, what it says is unknown."""
    verdict = Verdict(Layer.RESOURCE, UNKNOWN if needed else NO)
    return Grants(verdict, verdict, verdict)


def judge_resource(
    policies: CompiledPolicies, caller: Caller, *, bounded: bool, facts: Facts, layer: Layer = Layer.RESOURCE
) -> Grants:
    """Hold a request against the policy of its resource. ``bounded``: the caller has a permissions boundary."""
    grants = Grants(*(Verdict(layer, policies=policies) for _reach in Grants._fields))
    for statement in policies.statements_for(facts.action):
        missing: set[str] = set()
        least, most = _reach(statement, caller, bounded, missing)
        if most is Reach.NONE:
            continue
        answer = statement.applies(facts, missing)
        if answer is NO:
            continue
        if not statement.allow:
            least, most = (Reach.ACCOUNT if least else least), Reach.ACCOUNT
        for verdict, needed in zip(grants, (Reach.DIRECT, Reach.LIMITED, Reach.ACCOUNT), strict=True):
            if most >= needed:
                verdict.take(statement, answer if least >= needed else UNKNOWN, frozenset(missing))
    return grants


def _reach(statement: CompiledStatement, caller: Caller, bounded: bool, missing: set[str]) -> tuple[Reach, Reach]:
    """How far a statement reaches the caller: at least and at most."""
    element = statement.statement
    if element.not_principals is not None:
        return _REACHES[_is_about(statement, caller, bounded, missing)]
    reaches = [caller.find_reach(pair, missing) for pair in element.principals or ()]
    least = max((reach for reach, _most in reaches), default=Reach.NONE)
    return least, max((most for _least, most in reaches), default=Reach.NONE)


_REACHES: t.Final[t.Mapping[Truth, tuple[Reach, Reach]]] = {
    YES: (Reach.DIRECT, Reach.DIRECT),
    UNKNOWN: (Reach.NONE, Reach.DIRECT),
    NO: (Reach.NONE, Reach.NONE),
}


def _is_about(statement: CompiledStatement, caller: Caller, bounded: bool, missing: set[str]) -> Truth:
    """Whether a statement with NotPrincipal is about the caller.

    With Deny it "will always deny any IAM principal that has a permissions boundary policy attached", even if it
    is listed: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    can_be_bounded = caller.kind not in WITHOUT_IDENTITY and caller.kind is not CallerKind.ROOT
    if bounded and can_be_bounded and not statement.allow:
        return YES
    return is_excepted(statement.statement.not_principals or (), caller, missing).negated
