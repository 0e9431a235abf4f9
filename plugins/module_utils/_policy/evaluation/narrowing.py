# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that a change of layers can take away from one action, and on which resources.

A call that was made got past every layer of its time. So a layer that says the same of its action as before lets it
pass again, whatever conditions it has; only what the changed layers say has to be found out.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ..documents.policy import Condition, Policy, Statement
from . import catalogue
from .compiled import compile_policy
from .evaluate import Layers
from .matching import covers, overlaps
from .variables import Variable, generalize, template

#: The key that stands for a resource of which nothing is known but a pattern.
RESOURCE_KEY: t.Final = "hardening:resource"

ANYTHING: t.Final = Policy(
    (Statement(0, allow=True, actions=("*",), resources=("*",)),), version="2012-10-17", name="unchanged"
)
_PLACEHOLDER: t.Final = re.compile(r"\$\{[^}]*\}")
# A "*" before a colon would reach beyond it: all names of regions end like "-1", and accounts have twelve digits.
_PLACES: t.Final = {"${Region}": "*-?", "${Account}": "?" * 12}
# Types of which AWS itself owns some: their ARNs have no account, or "aws" in its place.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-ssm-sharing.html,
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html,
# https://docs.aws.amazon.com/imagebuilder/latest/userguide/security_iam_service-with-iam.html
_OF_AWS: t.Final = ("${Account}:document/", "${Account}:automation-definition/", "iam::${Account}:policy/")
_SERVICE_OF_AWS: t.Final = "${Partition}:imagebuilder:"
_PARTS: t.Final = 6
# Services whose names and ids hold no colon.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html,
# https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html,
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html,
# https://docs.aws.amazon.com/ARG/latest/APIReference/API_CreateGroup.html,
# https://docs.aws.amazon.com/license-manager/latest/APIReference/API_CreateLicenseConfiguration.html
_WITHOUT_COLONS: t.Final = frozenset({"ec2", "iam", "kms", "license-manager", "resource-groups", "ssm"})
_BUCKETS: t.Final = ":s3:::*"
# How condition keys begin whose value depends on the principal.
_OF_PRINCIPALS: t.Final = ("aws:principal", "aws:userid", "aws:username")
# Above so many patterns of resources the types of resources have to do.
_MOST_PATTERNS: t.Final = 60

# Services whose calls are about one of several types of resources, though the reference calls none of the types
# required: object or access point, rule of a bus or of another one, a path of API Gateway, all databases.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_ALWAYS_ABOUT_ONE: t.Final = frozenset(
    {
        "account", "apigateway", "directconnect", "ec2", "elasticache", "elasticloadbalancing", "es", "events",
        "execute-api", "iam", "iot", "lambda", "lex", "opsworks", "organizations", "rds", "redshift", "s3",
        "securityhub", "ssm", "sts",
    }
)  # fmt: skip
# Actions of many services that are about a resource whatever the service.
_NAMING_ONE: t.Final = (
    "tag", "untag", "listtags", "addtags", "removetags", "allowvendedlogdelivery", "getresourcepolic",
    "putresourcepolicy", "deleteresourcepolicy",
)  # fmt: skip

Policies = t.Optional[tuple[Policy, ...]]
Levels = t.Optional[tuple[tuple[Policy, ...], ...]]


def find_narrowed_layers(before: Layers, after: Layers, action: t.Optional[str] = None) -> frozenset[str]:
    """Return the names of the fields of ``Layers`` that may allow less of ``action`` (in lower case), or of any."""
    narrows = {
        "identity": _narrows(before.identity, after.identity, action),
        "boundary": _narrows(_limit(before.boundary), _limit(after.boundary), action),
        "session": _narrows(before.session or None, after.session or None, action),
        "scps": _narrows_levels(before.scps, after.scps, action),
        "rcps": _narrows_levels(before.rcps, after.rcps, action),
    }
    return frozenset(name for name, narrowed in narrows.items() if narrowed)


def keep_layers(layers: Layers, names: frozenset[str]) -> Layers:
    """Keep the layers in ``names``, the fields of ``Layers``, and open all others."""
    return dataclasses.replace(
        layers,
        identity=layers.identity if "identity" in names else (ANYTHING,),
        boundary=layers.boundary if "boundary" in names else None,
        session=layers.session if "session" in names else (),
        scps=layers.scps if "scps" in names else None,
        rcps=layers.rcps if "rcps" in names else None,
    )


def _limit(boundary: t.Optional[Policy]) -> Policies:
    return None if boundary is None else (boundary,)


def _narrows_levels(before: Levels, after: Levels, action: t.Optional[str]) -> bool:
    # A level that is not there limits nothing.
    pairs = itertools.zip_longest(before or (), after or ())
    return any(_narrows(old, new, action) for old, new in pairs)


def _narrows(before: Policies, after: Policies, action: t.Optional[str]) -> bool:
    """Whether the policies of a layer may allow less than before, of an action or of any; None limits nothing."""
    if after is None or before == after:
        return False
    if before is None:
        return True
    allowed, denied = _split_by_effect(before) if action is None else _split_statements_of(before, action)
    still_allowed, now_denied = _split_by_effect(after) if action is None else _split_statements_of(after, action)
    return not (allowed <= still_allowed and now_denied <= denied)


def _split_statements_of(
    policies: tuple[Policy, ...], action: str
) -> tuple[frozenset[t.Hashable], frozenset[t.Hashable]]:
    """Split the statements about an action into those that allow and those that deny, without their ids."""
    allowing: set[t.Hashable] = set()
    denying: set[t.Hashable] = set()
    for policy in policies:
        for compiled in compile_policy(policy).statements_for(action):
            found = (
                policy.version,
                dataclasses.replace(compiled.statement, index=0, sid=None, actions=(), not_actions=None),
            )
            (allowing if compiled.allow else denying).add(found)
    return frozenset(allowing), frozenset(denying)


def _split_by_effect(policies: tuple[Policy, ...]) -> tuple[frozenset[t.Hashable], frozenset[t.Hashable]]:
    """Split statements into what they allow and what they deny, by one action pattern and one resource."""
    allowing: set[t.Hashable] = set()
    denying: set[t.Hashable] = set()
    for policy in policies:
        for statement in policy.statements:
            actions = [pattern.lower() for pattern in statement.actions or ("",)]
            rest = dataclasses.replace(statement, index=0, sid=None, actions=None, resources=None)
            pairs = itertools.product(actions, statement.resources or ("",))
            (allowing if statement.allow else denying).update((policy.version, rest, *pair) for pair in pairs)
    return frozenset(allowing), frozenset(denying)


def policies_of(layers: Layers) -> tuple[Policy, ...]:
    """Every policy of the layers."""
    boundary = () if layers.boundary is None else (layers.boundary,)
    levels = (policy for level in (*(layers.scps or ()), *(layers.rcps or ())) for policy in level)
    return (*layers.identity, *boundary, *layers.session, *levels)


def depends_on_principal(layers: Layers) -> bool:
    """Whether a policy speaks of who calls, so that what holds for one principal need not hold for another."""
    statements = (statement for policy in policies_of(layers) for statement in policy.statements)
    return any(_speaks_of_principal(statement) for statement in statements)


def _texts(statement: Statement) -> tuple[str, ...]:
    """All in a statement that may hold a variable."""
    values = (text for condition in statement.conditions for text in condition.values)
    return (*(statement.resources or ()), *(statement.not_resources or ()), *values)


def _speaks_of_principal(statement: Statement) -> bool:
    texts = _texts(statement)
    keys = (condition.key.lower() for condition in statement.conditions)
    return any("${" in text for text in texts) or any(key.startswith(_OF_PRINCIPALS) for key in keys)


def condition_keys(layers: Iterable[Layers]) -> frozenset[str]:
    """The condition keys, in lower case, that any policy of the layers speaks of, in variables as well."""
    found: set[str] = set()
    for policy in {id(policy): policy for each in layers for policy in policies_of(each)}.values():
        for statement in policy.statements:
            found.update(condition.key.lower() for condition in statement.conditions)
            for text in _texts(statement):
                pieces = template(text, version=policy.version)
                found.update(piece.key for piece in pieces if isinstance(piece, Variable))
    return frozenset(found)


# Resources that are missing in the evidence


@functools.lru_cache(maxsize=16384)
def resource_types(action: str, partition: str) -> tuple[str, ...]:
    """Patterns of all resources that an action, given in lower case, can be about; ``*`` where that is not known.

    Empty for an action that is about no resource: only statements on ``*`` speak of it. An action all of whose types
    are optional may be about ``*`` too.
    """
    if may_be_about_nothing(action):
        return ("*",)
    service, _colon, name = action.partition(":")
    known = catalogue.action(service, name)
    if known is None:
        return ("*",)
    types = catalogue.resource_types(service)
    kinds = (types[name.lower()] for name in known.resources if name.lower() in types)
    found = [arn for kind in kinds for arn in kind.formats]
    # No other partition than the account's own can be reached.
    patterns = (build_pattern(arn, partition) for arn in found)
    return tuple(dict.fromkeys(patterns)) or (("*",) if known.resources else ())


@functools.lru_cache(maxsize=16384)
def may_be_about_nothing(action: str) -> bool:
    """Whether AWS may ask about ``*`` for an action (in lower case) that has resource types, as all are optional.

    "If the action has no required resource, you can choose one of the optional ones" - a call that names none, such as
    ``cloudwatch:ListMetrics``, is authorized on ``*``.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    """
    service, _colon, name = action.partition(":")
    known = catalogue.action(service, name)
    if known is None or not known.resources or known.required:
        return False
    return service not in _ALWAYS_ABOUT_ONE and not name.startswith(_NAMING_ONE)


def build_pattern(arn: str, partition: str) -> str:
    """A pattern of all ARNs of one format, with ``${Region}`` and the like in it, in one partition."""
    places = {**_PLACES, "${Partition}": partition}
    if any(part in arn for part in _OF_AWS) or _SERVICE_OF_AWS in arn:
        places["${Account}"] = "*"
    return _PLACEHOLDER.sub(lambda found: places.get(found[0], "*"), arn)


def possible_resources(
    action: str, identity: Sequence[Policy], partition: str, patterns: Sequence[str] = ()
) -> tuple[str, ...]:
    """Patterns of the resources that a call of ``action`` (lower case) may have been about, since policies allow it.

    They are ``patterns``, without any the types of resources that the action has, narrowed to what ``identity``
    allows. Where it allows more patterns than can be looked at, or nothing, they are not narrowed. Empty for an action
    that is about no resource.
    """
    types = tuple(patterns) or resource_types(action, partition)
    if types in ((), ("*",)):
        return types
    allowed = list(itertools.islice(_list_allowed_patterns(action, identity), _MOST_PATTERNS + 1))
    if len(allowed) > _MOST_PATTERNS:
        return types
    pairs = itertools.product(types, allowed)
    shared = ((kind, item) for kind, item in pairs if _share(item, kind) and not names_no_bucket(item, kind))
    narrowed = (kind if covers(pattern, kind) else pattern for kind, pattern in shared)
    return tuple(dict.fromkeys(narrowed)) or types


def names_no_bucket(pattern: str, kind: str) -> bool:
    """Whether ``kind`` are buckets and a pattern is about none, since no name of a bucket has a slash.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    return kind.endswith(_BUCKETS) and "/" in pattern


def _list_allowed_patterns(action: str, policies: Iterable[Policy]) -> Iterator[str]:
    for policy in policies:
        for compiled in compile_policy(policy).statements_for(action):
            if compiled.allow:
                resources = compiled.statement.resources
                for pattern in ("*",) if resources is None else resources:
                    yield generalize(pattern, version=policy.version)


def resources_in_question(statement: Statement, version: str, patterns: Sequence[str]) -> tuple[str, ...]:
    """The resources that a statement names, of those that ``patterns`` may be about."""
    named = statement.resources or statement.not_resources or ()
    return tuple(
        item for item in named if any(_share(generalize(item, version=version), pattern) for pattern in patterns)
    )


def open_resources(layers: Layers, resources: str, unused: tuple[str, ...]) -> Layers:
    """Rewrite the layers for a resource of which only the pattern ``resources`` is known.

    Ask about the resource ``*``, in an incomplete context: an answer that depends on the resource depends on
    ``RESOURCE_KEY``. Denials of resources that one of ``unused`` covers are left out.
    """

    def open_all(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
        return tuple(_open_policy(policy, resources, unused) for policy in policies)

    return dataclasses.replace(
        layers,
        identity=open_all(layers.identity),
        boundary=None if layers.boundary is None else _open_policy(layers.boundary, resources, unused),
        session=open_all(layers.session),
        scps=None if layers.scps is None else tuple(map(open_all, layers.scps)),
        rcps=None if layers.rcps is None else tuple(map(open_all, layers.rcps)),
        endpoint=None if layers.endpoint is None else _open_policy(layers.endpoint, resources, unused),
    )


@functools.lru_cache(maxsize=4096)
def _open_policy(policy: Policy, resources: str, unused: tuple[str, ...]) -> Policy:
    if policy is ANYTHING:
        return policy
    statements = (_open_statement(item, policy.version, resources, unused) for item in policy.statements)
    return dataclasses.replace(policy, statements=tuple(item for item in statements if item is not None))


def _open_statement(
    statement: Statement, version: str, resources: str, unused: tuple[str, ...]
) -> t.Optional[Statement]:
    """Rewrite a statement for every resource, its resources as a condition; None if it is about none of them."""
    if statement.not_resources is not None:
        whole, some = _compare_patterns(statement.not_resources, version, resources)
        if whole:
            return None
        return _put_on_everything(statement, some, "StringNotEquals")
    if statement.resources is None:
        return statement
    meant = statement.resources
    if not statement.allow and unused:
        meant = tuple(pattern for pattern in meant if not any(covers(wide, pattern) for wide in unused))
    whole, some = _compare_patterns(meant, version, resources)
    if whole:
        return _put_on_everything(statement, (), "")
    return _put_on_everything(statement, some, "StringEquals") if some else None


def _compare_patterns(patterns: Sequence[str], version: str, resources: str) -> tuple[bool, tuple[str, ...]]:
    """Return whether one of the patterns covers all of ``resources``, and those that may be about some of them."""
    if any("${" not in pattern and covers(pattern, resources) for pattern in patterns):
        return True, ()
    return False, tuple(item for item in patterns if _share(generalize(item, version=version), resources))


def _share(pattern: str, resources: str) -> bool:
    """Whether a pattern may be about some of the resources of another one.

    A ``*`` can reach beyond a colon. But some services have no colon in any name: what ``resources`` covers then has
    as many colons as it has itself, and a pattern for a user is none for a role, nor one for an instance one for a
    volume, whatever their accounts.
    """
    if resources == "*":
        return True
    ours, theirs = pattern.split(":"), resources.split(":")
    if len(theirs) >= _PARTS and theirs[2] in _WITHOUT_COLONS and len(ours) >= _PARTS:
        return _matches_parts(tuple(ours), tuple(theirs))
    return overlaps(pattern, resources)


def _matches_parts(pattern: tuple[str, ...], resources: tuple[str, ...]) -> bool:
    """Whether a pattern may match a text of just these parts. Its part ``*``, and the last, may take several."""
    if not pattern or not resources:
        return not pattern and not resources
    first, rest = pattern[0], pattern[1:]
    if not rest and "*" in first:
        return overlaps(first, ":".join(resources))
    if first == "*":
        return any(_matches_parts(rest, resources[taken:]) for taken in range(1, len(resources) + 1))
    return overlaps(first, resources[0]) and _matches_parts(rest, resources[1:])


def _put_on_everything(statement: Statement, some: tuple[str, ...], operator: str) -> Statement:
    condition = (Condition(operator, RESOURCE_KEY, some),) if some else ()
    return dataclasses.replace(
        statement, resources=("*",), not_resources=None, conditions=(*statement.conditions, *condition)
    )
