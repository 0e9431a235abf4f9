# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The resources that a CloudTrail event is about, and the roles that its request hands to a service.

AWS authorizes a call on every resource that it is about, each of a type that the action has. Few events list them; for
the others an ARN in the request does, or the names in the request, put in the place of the placeholders of
the type, or an ARN in the answer. A type without an ARN stays unknown, unless ``trail_absent`` rules it out.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ..documents.arn import arn_account, arn_parts
from ..evaluation.narrowing import may_be_about_nothing
from ..evaluation.pass_role import PassedRole
from .absent import rule_out
from .api_paths import find_path_arn
from .chosen import Chosen, choose_kinds, list_unchosen_kinds
from .kinds import Kind, Places, build_patterns, fill, list_kinds, names_resource, sort_by_kind
from .models import read_models
from .parameters import Parameters, list_texts, list_texts_below

Record = Mapping[str, t.Any]
# The ARN of ``role/NAME``, ``user/NAME`` or ``group/NAME``: requests and events call IAM's entities without their path.
Names = Mapping[str, str]

# A text message has no topic. https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html
_PUBLISH: t.Final = "sns:publish"
_ENTITIES: t.Final = ("role", "user", "group")
# Types of which there is one an account, that all actions that have them are about, besides their other types.
# https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
_ALWAYS: t.Final = frozenset({("glue", "rootcatalog")})
# What AWS or another account may own, and a request names by its id alone: the ARN that AWS asks about has the owner's
# account, or "aws". https://docs.aws.amazon.com/vpc/latest/userguide/sharing-managed-prefix-lists.html,
# https://docs.aws.amazon.com/vpc/latest/ipam/share-pool-ipam.html
_PREFIX_LIST: t.Final = ("ec2", "prefix-list")
_POOL: t.Final = ("ec2", "ipam-pool")
_USING_POOLS: t.Final = frozenset(
    {
        "ec2:allocateaddress", "ec2:allocateipampoolcidr", "ec2:associatesubnetcidrblock",
        "ec2:associatevpccidrblock", "ec2:createsubnet", "ec2:createvpc", "ec2:getipampoolallocations",
        "ec2:releaseipampoolallocation",
    }
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Target:
    """One thing that AWS authorizes a call on.

    ``resource`` is None where the event does not show it; then it is one of those that the patterns ``candidates``
    cover, and without these any. With a resource, ``candidates`` are the ARNs that policies know it by, if not by that
    one. ``is_possible``: the call may as well not be about it. ``kinds`` are its resource types.
    """

    resource: t.Optional[str] = None
    candidates: tuple[str, ...] = ()
    is_possible: bool = False
    kinds: tuple[str, ...] = ()


ANYTHING: t.Final = (Target(),)
# AWS asks about "*", so that only a statement on "*" allows the call.
EVERYTHING: t.Final = (Target(None, ("*",)),)


class Subject:
    """One event: what is read of it once, for however many actions."""

    __slots__ = ("_answered", "_listed", "_requested", "names", "parameters", "partition", "places", "record")

    def __init__(self, record: Record, names: Names) -> None:
        arn = record["userIdentity"].get("arn")
        parts = arn_parts(arn) if isinstance(arn, str) else None
        self.record: t.Final = record
        self.names: t.Final = names
        self.partition: t.Final = parts.partition if parts else "aws"
        self.parameters: t.Final = Parameters(record.get("requestParameters"))
        self.places: t.Final = Places(self.partition, record.get("awsRegion"), record.get("recipientAccountId"))
        self._listed: t.Optional[list[str]] = None
        self._requested: t.Optional[list[str]] = None
        self._answered: t.Optional[list[str]] = None

    @property
    def listed(self) -> list[str]:
        """The ARNs that the event lists as its resources."""
        if self._listed is None:
            self._listed = list(_list_resources(self.record))
        return self._listed

    @property
    def is_answer_read(self) -> bool:
        """Whether the answer was looked at."""
        return self._answered is not None

    def find_request_arns(self, *, directly: bool) -> list[str]:
        """Find the ARNs in the request: those that are parameters themselves, or all."""
        if directly:
            return [text for text in self.parameters.list_direct_texts() if _is_arn(text)]
        if self._requested is None:
            every = self.parameters.list_all().values()
            self._requested = [text for texts in every for text in texts if _is_arn(text)]
        return self._requested

    @property
    def answered(self) -> list[str]:
        """The ARNs in the answer."""
        if self._answered is None:
            self._answered = [text for text in list_texts(self.record.get("responseElements")) if _is_arn(text)]
        return self._answered


def _is_arn(text: str) -> bool:
    return text.startswith("arn:")


def find_targets(subject: Subject, action: str) -> tuple[Target, ...]:
    """All that AWS authorizes a call of ``action`` (lower case) on, as far as the event shows it; never empty."""
    kinds = list_kinds(action, subject.partition)
    if not kinds:
        return ANYTHING
    if action == _PUBLISH and subject.parameters.is_given("phonenumber"):
        return EVERYTHING
    path = _find_path(subject, action)
    if path is not None:
        named = tuple(sort_by_kind([path], kinds))
        return (Target(None, (path,), kinds=named) if "*" in path else Target(path, kinds=named),)
    models = read_models(subject.parameters, action, subject.places)
    if models is not None:
        return tuple(_name_target(kind, arn) for kind, arn in models)
    chosen = choose_kinds(subject.parameters, action, kinds)
    found = _find_resources(subject, kinds, chosen)
    _qualify_functions(subject, action, kinds, found)
    out = {*rule_out(action, kinds, subject.parameters, found), *list_unchosen_kinds(chosen, kinds, found)}
    shown = [
        _name_target(kind.name, pattern)
        if (pattern := _open_account(subject, action, kind, arn))
        else Target(arn, _list_policy_names(action, kind, arn), kinds=(kind.name,))
        for kind in kinds
        for arn in found.get(kind.name, ())
    ]
    unshown = tuple(_find_unshown(subject, kinds, found, out))
    if not shown and may_be_about_nothing(action) and not _is_named(subject, kinds):
        return EVERYTHING
    return (*_merge_targets(shown), *unshown) or ANYTHING


def _find_path(subject: Subject, action: str) -> t.Optional[str]:
    if not action.startswith("apigateway:"):
        return None
    return find_path_arn(subject.record["eventName"], subject.parameters, subject.places)


def _name_target(kind: str, arn: str) -> Target:
    return Target(None, (arn,), kinds=(kind,)) if "*" in arn else Target(arn, kinds=(kind,))


def _open_account(subject: Subject, action: str, kind: Kind, arn: str) -> str:
    """Return a pattern of an ARN in any account, where the event does not tell whose it is; else an empty text."""
    name = (kind.service, kind.name)
    is_open = name == _PREFIX_LIST or (name == _POOL and action in _USING_POOLS)
    if not is_open or arn in subject.listed or arn in subject.find_request_arns(directly=False):
        return ""
    fields = arn.split(":", 5)
    return ":".join((*fields[:4], "*", fields[5]))


def _is_named(subject: Subject, kinds: Sequence[Kind]) -> bool:
    """Whether a request names a resource of one of the types, at least in part."""
    return any(names_resource(kind, subject.parameters) for kind in kinds)


def is_ruled_out(record: Record, action: str, kind: str) -> bool:
    """Whether a table rules out that an event is about a resource type of its action, both in lower case."""
    subject = Subject(record, {})
    kinds = list_kinds(action, subject.partition)
    chosen = choose_kinds(subject.parameters, action, kinds)
    found = _find_resources(subject, kinds, chosen)
    return kind in {*rule_out(action, kinds, subject.parameters, found), *list_unchosen_kinds(chosen, kinds, found)}


def _merge_targets(targets: Sequence[Target]) -> list[Target]:
    """The targets without a resource for the second time: an ARN may be of two types that look alike."""
    found: dict[str | tuple[str, ...], Target] = {}
    for target in targets:
        name = target.resource or target.candidates
        known = found.get(name)
        if known is not None:
            target = dataclasses.replace(target, kinds=(*known.kinds, *target.kinds))
        found[name] = target
    return list(found.values())


def _find_resources(subject: Subject, kinds: Sequence[Kind], chosen: Chosen) -> dict[str, list[str]]:
    """The ARNs that an event shows, by type: from the best source that has any of this type."""
    found = sort_by_kind(subject.listed, kinds)
    if found and subject.parameters.has_list:
        _add_unlisted(subject, kinds, found)
    requested = subject.find_request_arns(directly=True)
    if requested:
        _complete(found, sort_by_kind(requested, kinds))
    for kind in kinds:
        if kind.name not in found:
            ids = chosen.get(kind.name, ()) if chosen is not None else ()
            arns = (
                _find_named_entity(subject, kind, is_alone=len(kinds) == 1)
                or _fill_fixed_arn(subject, kind, is_alone=len(kinds) == 1)
                or fill(kind, subject.parameters, subject.places, chosen=ids)
            )
            if arns:
                found[kind.name] = arns
    missing = [kind for kind in kinds if kind.name not in found]
    if missing and (further := subject.find_request_arns(directly=False)):
        _complete(found, _of(sort_by_kind(further, kinds), missing))
    # The next secret of this name has an ARN of its own.
    missing = [kind for kind in missing if kind.action != "secretsmanager:createsecret"]
    if missing and subject.answered:
        _complete(found, _of(sort_by_kind(subject.answered, kinds), missing))
    return found


def _add_unlisted(subject: Subject, kinds: Sequence[Kind], found: dict[str, list[str]]) -> None:
    """Add what a request names besides what the event lists: of several parameters SSM lists those that exist."""
    for kind in kinds:
        if kind.name in found:
            named = fill(kind, subject.parameters, subject.places)
            if len(named) > len(found[kind.name]):
                found[kind.name] = list(dict.fromkeys((*found[kind.name], *named)))


def _complete(found: dict[str, list[str]], more: Mapping[str, list[str]]) -> None:
    for kind, arns in more.items():
        found.setdefault(kind, arns)


def _of(arns: Mapping[str, list[str]], kinds: Sequence[Kind]) -> dict[str, list[str]]:
    names = {kind.name for kind in kinds}
    return {kind: found for kind, found in arns.items() if kind in names}


def _find_named_entity(subject: Subject, kind: Kind, *, is_alone: bool) -> list[str]:
    if kind.name not in _ENTITIES:
        return []
    texts = subject.parameters.texts(f"{kind.name}name")
    if not texts and kind.service == "iam" and kind.name == "user" and is_alone:
        return _caller(subject)
    return [
        arn for text in texts if (arn := subject.names.get(f"{kind.name}/{text}")) and kind.expression.fullmatch(arn)
    ]


def _caller(subject: Subject) -> list[str]:
    """The user who calls: IAM takes it where a request about a user names none.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
    """
    identity = subject.record["userIdentity"]
    arn = identity.get("arn")
    by_itself = identity.get("type") == "IAMUser" and isinstance(arn, str) and not subject.parameters.was_cut
    return [arn] if by_itself and not subject.parameters.is_given("username") else []


def _fill_fixed_arn(subject: Subject, kind: Kind, *, is_alone: bool) -> list[str]:
    """Return the ARN of a type with one resource per account, if the action is always about it."""
    if kind.places or not kind.is_required or not (is_alone or (kind.service, kind.name) in _ALWAYS):
        return []
    return fill(kind, subject.parameters, subject.places)


def _find_unshown(
    subject: Subject, kinds: Sequence[Kind], found: Mapping[str, Sequence[str]], out: t.Collection[str]
) -> Iterator[Target]:
    """Return further resources that the call is about, or may be, of which the event shows no ARN.

    The reference calls types required that are alternatives to each other (the listeners of three kinds of load
    balancers): those that are named by the same parameters count as one. An action of which no type is required is
    about one of them.
    """
    left = [kind for kind in kinds if kind.name not in found and kind.name not in out]
    shown = {kind.places for kind in kinds if kind.name in found}
    families: dict[tuple[str, ...], list[Kind]] = {}
    for kind in left:
        if kind.is_required and kind.places not in shown:
            families.setdefault(kind.places, []).append(kind)
    for family in families.values():
        yield _target(subject, family)
    certain = {kind.name for family in families.values() for kind in family}
    possible = [kind for kind in left if kind.name not in certain]
    if possible:
        yield _target(subject, possible, is_possible=bool(found or families))


def _target(subject: Subject, kinds: Sequence[Kind], *, is_possible: bool = False) -> Target:
    patterns = (pattern for kind in kinds for pattern in build_patterns(kind, subject.parameters, subject.places))
    return Target(None, tuple(dict.fromkeys(patterns)), is_possible, tuple(kind.name for kind in kinds))


# The ways in which policies name a resource


_TAGGING_LOGS: t.Final = frozenset({"logs:tagresource", "logs:untagresource", "logs:listtagsforresource"})


def _list_policy_names(action: str, kind: Kind, arn: str) -> tuple[str, ...]:
    """The ARNs that policies know a resource by, if not by its own.

    For all actions but those on tags, a policy must name a log group with ``:*`` behind it: what AWS asks about ends in
    ``:log-stream:`` then. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    """
    if kind.service == "logs" and kind.name == "log-group" and action not in _TAGGING_LOGS:
        return (f"{arn.removesuffix(':*')}:log-stream:",)
    return ()


def _qualify_functions(subject: Subject, action: str, kinds: Sequence[Kind], found: dict[str, list[str]]) -> None:
    """Give a function that a request names with a version or an alias the ARN of these.

    "Actions that operate on a function can be restricted to a specific function by function, version, or alias ARN."
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
    """
    if not action.startswith("lambda:") or "function" not in found:
        return
    qualifier = _qualifier(subject.parameters)
    if qualifier:
        found["function"] = [arn if arn.count(":") > 6 else f"{arn}:{qualifier}" for arn in found["function"]]


def _qualifier(parameters: Parameters) -> str:
    given = parameters.texts("qualifier")
    if given:
        return given[0]
    name = next(iter(parameters.texts("functionname")), "")
    bare = name.rpartition(":function:")[2] if name.startswith("arn:") else name.rpartition("function:")[2]
    return bare.partition(":")[2]


# Roles that are handed to a service


# Parameters that name an instance profile, also where they are called a role:
# https://docs.aws.amazon.com/emr/latest/APIReference/API_JobFlowInstancesDetail.html,
# https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
_PROFILES: t.Final = frozenset(
    {"iaminstanceprofile", "iaminstanceprofilearn", "instanceprofilename", "instancerole", "jobflowrole"}
)


Passed = tuple[t.Optional[str], tuple[str, ...]]


def find_passed_roles(record: Record, role: PassedRole, names: Names, partition: str) -> tuple[Passed, ...]:
    """Find the ARNs of the roles that a request passes, each with the services that it may have been passed to.

    The ARN is None for a role that the request does not name by one. Instance profiles hold roles that the request
    does not name: ``names`` has them as ``instance-profile/NAME``. Empty if no role is passed.
    """
    parameters = record.get("requestParameters")
    if not isinstance(parameters, dict):
        return ()
    if "omitted" in parameters:
        return ((None, role.services),)
    if not role.parameters:
        texts = (text for text in list_texts(parameters) if ":iam::" in text and ":role/" in text)
        return tuple((text, role.services) for text in dict.fromkeys(texts))
    found: dict[t.Optional[str], dict[str, None]] = {}
    for name in role.parameters:
        kind = "instance-profile" if name.lower() in _PROFILES else "role"
        for text in list_texts_below(parameters, frozenset({name.lower()})):
            arn = _find_role(text, names, partition, kind)
            found.setdefault(arn, {}).update(dict.fromkeys(role.find_services(name)))
    return tuple((arn, tuple(sorted(services))) for arn, services in found.items())


def _find_role(text: str, names: Names, partition: str, kind: str) -> t.Optional[str]:
    """Find a role by its ARN, or by its name or that of an instance profile. A profile and a role may share a name."""
    parts = arn_parts(text)
    if parts is None:
        return names.get(f"{kind}/{text.rpartition('/')[2]}")
    if parts.partition == partition and parts.resource.startswith("role/"):
        return text
    found = names.get(f"{kind}/{text.rpartition('/')[2]}") if parts.resource.startswith("instance-profile/") else None
    return found if found and arn_account(found) == parts.account else None


def _list_resources(record: Record) -> Iterator[str]:
    resources = record.get("resources")
    for resource in resources if isinstance(resources, list) else ():
        if isinstance(resource, dict) and isinstance(resource.get("ARN"), str):
            yield resource["ARN"]
