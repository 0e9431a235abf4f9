# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which further permissions a call needs, by its parameters.

``s3:PutObject`` with an ACL needs ``s3:PutObjectAcl`` as well, a call with tags the permission to tag, a call with a
key of KMS that of using the key. CloudTrail has no event for any of these, except some for KMS. What the reference of
a service says that a call needs is certain; the general rules on tags and keys are not: some services need another
permission, or none.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote

from ..evaluation import catalogue
from ..evaluation.narrowing import build_pattern
from .kinds import list_kinds, localise, sort_by_kind
from .resources import ANYTHING, Subject, Target


@dataclasses.dataclass(frozen=True)
class Further:
    """A further permission. It is needed where the request has one of ``given``, and always where that is empty.

    ``on`` says what it is needed on: the resources of the call (``same``), an object that it reads (``s3bucket s3key``
    are the parameters that name it, ``templateurl`` the one that has its URL), or something that the event does not
    show (``unknown``). ``is_possible``: AWS may ask for it or not.
    """

    action: str
    source: str
    given: tuple[str, ...] = ()
    on: str = "same"
    is_possible: bool = False


_S3: t.Final = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"
_STS_TAGS: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html"
_STS_SOURCE: t.Final = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html"
)
_LAMBDA: t.Final = "https://docs.aws.amazon.com/lambda/latest/dg/permissions-user-function.html"
_LAMBDA_VPC: t.Final = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html"
_LAUNCH: t.Final = (
    "https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html"
)
_SSM: t.Final = "https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html"
_CLOUDFORMATION: t.Final = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html"

_ACL: t.Final = (
    "x-amz-acl", "accesscontrollist", "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp",
    "x-amz-grant-write", "x-amz-grant-write-acp",
)  # fmt: skip
_LOCK: t.Final = ("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date")
_PUT_OBJECT: t.Final = (
    Further("s3:PutObjectAcl", _S3, _ACL),
    Further("s3:PutObjectTagging", _S3, ("x-amz-tagging", "tagging")),
    Further("s3:PutObjectRetention", _S3, _LOCK),
    Further("s3:PutObjectLegalHold", _S3, ("x-amz-object-lock-legal-hold",)),
)
_COPIES: t.Final = (
    *_PUT_OBJECT,
    Further("s3:GetObjectTagging", _S3, on="copy", is_possible=True),
    Further("s3:PutObjectTagging", _S3, is_possible=True),
)
_BYPASS: t.Final = Further("s3:BypassGovernanceRetention", _S3, ("x-amz-bypass-governance-retention",))
_CODE: t.Final = Further("s3:GetObject", _LAMBDA, ("code.s3bucket", "s3bucket"), on="s3bucket s3key")
_LAYERS: t.Final = Further("lambda:GetLayerVersion", _LAMBDA, ("layers",), on="layers")
_VPC: t.Final = tuple(
    Further(f"ec2:Describe{name}", _LAMBDA_VPC, ("vpcconfig.subnetids",), on="unknown")
    for name in ("SecurityGroups", "Subnets", "Vpcs")
)
_LAUNCHES: t.Final = tuple(
    Further(f"ec2:{name}", _LAUNCH, ("launchtemplate", "mixedinstancespolicy"), on="unknown", is_possible=True)
    for name in ("RunInstances", "CreateTags")
)
_DECRYPTS: t.Final = Further("kms:Decrypt", _SSM, ("withdecryption",), on="unknown", is_possible=True)
_TEMPLATE: t.Final = Further("s3:GetObject", _CLOUDFORMATION, ("templateurl",), on="templateurl", is_possible=True)
# The host has the bucket in front, or the path begins with it. A "-" before the Region is the old way to write it.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
_OBJECT_URL: t.Final = re.compile(
    r"https?://(?:(?P<host>[a-z0-9][a-z0-9.-]+)\.)?s3(?:[.-](?!accesspoint|website)[a-z0-9.-]+?)?\.amazonaws\.com"
    r"(?:\.cn)?(?::443)?/(?P<path>[^?#]+)(?P<query>\?[^#]*)?"
)

# By service and event, without the date of Lambda's. Events and actions with other names are in trail_names.
_TABLE: t.Final[Mapping[str, tuple[Further, ...]]] = {
    "autoscaling:createautoscalinggroup": _LAUNCHES,
    "autoscaling:updateautoscalinggroup": _LAUNCHES,
    "cloudformation:createchangeset": (_TEMPLATE,),
    "cloudformation:createstack": (_TEMPLATE,),
    "cloudformation:updatestack": (_TEMPLATE,),
    "lambda:createfunction": (_CODE, _LAYERS, *_VPC),
    "lambda:publishlayerversion": (Further("s3:GetObject", _LAMBDA, ("content.s3bucket",), on="s3bucket s3key"),),
    "lambda:updatefunctioncode": (_CODE,),
    "lambda:updatefunctionconfiguration": (_LAYERS, *_VPC),
    "s3:copyobject": _COPIES,
    "s3:createbucket": (
        Further("s3:PutBucketAcl", _S3, _ACL),
        Further("s3:PutBucketObjectLockConfiguration", _S3, ("x-amz-bucket-object-lock-enabled",)),
        Further("s3:PutBucketVersioning", _S3, ("x-amz-bucket-object-lock-enabled",)),
        Further("s3:PutBucketOwnershipControls", _S3, ("x-amz-object-ownership",)),
    ),
    "s3:createmultipartupload": _PUT_OBJECT,
    "s3:deleteobject": (_BYPASS,),
    "s3:deleteobjects": (_BYPASS, Further("s3:DeleteObjectVersion", _S3, is_possible=True)),
    "s3:getobjectattributes": (Further("s3:GetObject", _S3),),
    "s3:putobject": _PUT_OBJECT,
    "s3:putobjectretention": (_BYPASS,),
    "s3:uploadpartcopy": (),
    "ssm:getparameter": (_DECRYPTS,),
    "ssm:getparameterhistory": (_DECRYPTS,),
    "ssm:getparameters": (_DECRYPTS,),
    "ssm:getparametersbypath": (_DECRYPTS,),
    "sts:assumerole": (
        Further("sts:TagSession", _STS_TAGS, ("tags", "transitivetagkeys")),
        Further("sts:SetSourceIdentity", _STS_SOURCE, ("sourceidentity",)),
        Further("sts:SetContext", _STS_TAGS, ("providedcontexts",), is_possible=True),
    ),
    "sts:getfederationtoken": (Further("sts:TagSession", _STS_TAGS, ("tags",)),),
}

# With a version, S3 asks for the action on versions instead of the other:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
VERSIONED: t.Final[Mapping[str, str]] = {
    "s3:DeleteObject": "s3:DeleteObjectVersion",
    "s3:DeleteObjectTagging": "s3:DeleteObjectVersionTagging",
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:GetObjectAcl": "s3:GetObjectVersionAcl",
    "s3:GetObjectAttributes": "s3:GetObjectVersionAttributes",
    "s3:GetObjectTagging": "s3:GetObjectVersionTagging",
    "s3:GetObjectTorrent": "s3:GetObjectVersionTorrent",
    "s3:PutObjectAcl": "s3:PutObjectVersionAcl",
    "s3:PutObjectTagging": "s3:PutObjectVersionTagging",
}
# S3 asks only who writes an ACL or tags of an object that is there already for the action on versions.
_NOT_OF_NEW: t.Final = frozenset({"copyobject", "createmultipartupload", "putobject", "uploadpart", "uploadpartcopy"})
_COPY_SOURCE: t.Final = "x-amz-copy-source"

# The permission to tag of services that name it otherwise than TagResource.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_TAGGERS: t.Final = (
    "tagresource", "addtagstoresource", "addtags", "createtags", "createorupdatetags", "tagqueue", "addtagstostream",
    "addtagstocertificate", "changetagsforresource", "tagloggroup", "tagdeliverystream", "addtagstovault",
    "tagproject",
)  # fmt: skip
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
_IAM_TAGGERS: t.Final[Mapping[str, str]] = {
    "createinstanceprofile": "TagInstanceProfile",
    "createopenidconnectprovider": "TagOpenIDConnectProvider",
    "createpolicy": "TagPolicy",
    "createrole": "TagRole",
    "createsamlprovider": "TagSAMLProvider",
    "createuser": "TagUser",
    "createvirtualmfadevice": "TagMFADevice",
    "uploadservercertificate": "TagServerCertificate",
}
_TAGS: t.Final = ("tags", "tagset", "taglist", "tag")
_SPECIFIED: t.Final = ("tagspecificationset", "tagspecification", "tagspecifications")
# Calls that services make with a key in the name of the caller.
# https://docs.aws.amazon.com/kms/latest/developerguide/service-integration.html
_KEY_USES: t.Final = (
    "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
)  # fmt: skip
_KEYS: t.Final = ("kmskey", "kmsmaster", "kms-key", "ssekms", "encryptionkey")

Needed = tuple[str, tuple[Target, ...]]


def find_further_permissions(
    subject: Subject, event: str, actions: Sequence[str], shown: Sequence[Target]
) -> Iterator[Needed]:
    """The further permissions that a call needs, with what it needs them on.

    ``event`` is ``service:eventname`` in lower case, ``shown`` what the first of its actions is about.
    """
    parameters = subject.parameters
    for further in _TABLE.get(event, ()):
        if not further.given or any(parameters.has(name) for name in further.given) or not parameters.is_whole:
            is_possible = further.is_possible or (bool(further.given) and not parameters.is_whole)
            yield further.action, _targets(subject, further, shown, is_possible=is_possible)
    yield from _tags(subject, event, actions, shown)
    if not event.startswith("kms:"):
        yield from _keys(subject, event)


def list_derived_actions() -> Iterator[str]:
    """List the actions that requests show, which AWS certainly asks for where the request has what is ``given``."""
    yield from VERSIONED.values()
    yield from (one.action for row in _TABLE.values() for one in row if not one.is_possible)


def read_copy_source(subject: Subject) -> tuple[str, tuple[Target, ...]]:
    """Return the action and the object that a copy in S3 reads. ``x-amz-copy-source`` is ``bucket/key?versionId=…``."""
    text = next(iter(subject.parameters.texts(_COPY_SOURCE)), "")
    path, _mark, query = unquote(text).lstrip("/").partition("?versionId=")
    action = "s3:GetObjectVersion" if query else "s3:GetObject"
    if path.startswith("arn:") or "/" not in path:
        return action, ANYTHING
    return action, (Target(f"arn:{subject.partition}:s3:::{path}"),)


def select_version_action(subject: Subject, event: str, action: str) -> str:
    """The action that S3 asks for: another one, where a request names a version of the object."""
    if event.partition(":")[2] in _NOT_OF_NEW or action not in VERSIONED or not subject.parameters.has("versionid"):
        return action
    return VERSIONED[action]


def _targets(subject: Subject, further: Further, shown: Sequence[Target], *, is_possible: bool) -> tuple[Target, ...]:
    if further.on == "same":
        found: tuple[Target, ...] = _match_kinds(subject, further.action.lower(), shown)
    elif further.on == "copy":
        found = read_copy_source(subject)[1]
    elif further.on == "layers":
        arns = [text for text in subject.parameters.texts("layers") if text.startswith("arn:")]
        found = tuple(Target(arn) for arn in arns) or ANYTHING
    elif further.on == "unknown":
        found = ANYTHING
    elif further.on == "templateurl":
        found = tuple(_read_url(subject, text) for text in subject.parameters.texts(further.on)) or ANYTHING
    else:
        bucket, key = (subject.parameters.find_nested(name) for name in further.on.split())
        known = len(bucket) == len(key) == 1
        found = (Target(f"arn:{subject.partition}:s3:::{bucket[0]}/{key[0]}"),) if known else ANYTHING
    return tuple(dataclasses.replace(target, is_possible=True) for target in found) if is_possible else found


def _read_url(subject: Subject, url: str) -> Target:
    """Read the object that a URL of S3 names. One of another form may be of any object."""
    found = _OBJECT_URL.fullmatch(url)
    if found is None or "versionid=" in (found["query"] or "").lower():
        return Target()
    path = unquote(found["path"])
    bucket, key = (found["host"], path) if found["host"] else path.split("/", 1) if "/" in path else ("", "")
    return Target(f"arn:{subject.partition}:s3:::{bucket}/{key}") if bucket and key else Target()


def _match_kinds(subject: Subject, action: str, shown: Sequence[Target]) -> tuple[Target, ...]:
    """Return the resources of the call that are of a type that the other action has."""
    arns = [target.resource for target in shown if target.resource is not None]
    kinds = list_kinds(action, subject.partition)
    fitting = [arn for found in sort_by_kind(arns, kinds).values() for arn in found]
    if fitting:
        return tuple(Target(arn) for arn in dict.fromkeys(fitting))
    named = {kind.name for kind in kinds}
    patterns = [
        pattern for target in shown for pattern in target.candidates
        if target.resource is None and not target.is_possible and named.issuperset(target.kinds)
    ]  # fmt: skip
    return (Target(None, tuple(dict.fromkeys(patterns))),)


# Tags on what is made


def _tags(subject: Subject, event: str, actions: Sequence[str], shown: Sequence[Target]) -> Iterator[Needed]:
    service, _colon, name = event.partition(":")
    parameters = subject.parameters
    if service == "ec2":
        yield from _find_created_tags(subject, event)
        return
    if service == "sts" or not (parameters.was_cut or any(parameters.has(one) for one in _TAGS)):
        return
    if service == "iam" and name in _IAM_TAGGERS:
        action = f"iam:{_IAM_TAGGERS[name]}"
        yield action, _match_kinds(subject, action.lower(), shown)
        return
    tagger = find_tagger(actions[0].lower()) if actions else None
    if tagger is not None:
        targets = _match_kinds(subject, tagger.lower(), shown)
        yield tagger, tuple(dataclasses.replace(target, is_possible=True) for target in targets)


@functools.lru_cache(maxsize=4096)
def find_tagger(action: str) -> t.Optional[str]:
    """The action that a service may ask for, where a call of ``action`` gives tags; None for one that tags itself."""
    service, _colon, name = action.partition(":")
    known = catalogue.action(service, name)
    if known is None or name.startswith(
        ("tag", "addtag", "untag", "removetag", "createtag", "deletetag", "createorup")
    ):
        return None
    found = (catalogue.action(service, tagger) for tagger in _TAGGERS)
    return next((tagger.full_name for tagger in found if tagger is not None), None)


def _find_created_tags(subject: Subject, event: str) -> Iterator[Needed]:
    """Find the ``ec2:CreateTags`` that EC2 needs on each type of resource that a request gives tags to.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    parameters = subject.parameters
    given = [value for name in _SPECIFIED if parameters.has(name) and (value := parameters.top.get(name))]
    types = catalogue.resource_types("ec2")
    targets: dict[Target, None] = {}
    for value in given:
        for name in _resource_types(value):
            known = types.get(name.lower())
            pattern = (
                tuple(localise(build_pattern(arn, subject.partition), subject.places) for arn in known.formats)
                if known
                else ()
            )
            targets[Target(None, pattern, kinds=(name.lower(),) if known else ())] = None
    if parameters.has("launchtemplate") or (parameters.was_cut and event != "ec2:createtags"):
        targets[Target(None, is_possible=True)] = None
    if targets:
        yield "ec2:CreateTags", tuple(targets)


def _resource_types(value: t.Any) -> Iterator[str]:
    specifications = value.get("items", value) if isinstance(value, Mapping) else value
    for one in specifications if isinstance(specifications, list) else [specifications]:
        if isinstance(one, Mapping):
            lower = {str(key).lower(): member for key, member in one.items()}
            name = lower.get("resourcetype")
            yield name if isinstance(name, str) else ""


# Keys of KMS


def _keys(subject: Subject, event: str) -> Iterator[Needed]:
    # A call that only reads gives no key to encrypt by.
    given = {} if subject.record.get("readOnly") is True else subject.parameters.list_all()
    keys = [text for name, texts in given.items() if any(part in name for part in _KEYS) for text in texts]
    if not keys and not _uses_kms(subject) and not subject.parameters.was_cut:
        return
    targets = tuple(dict.fromkeys(_key(subject, text) for text in keys)) or (Target(None, is_possible=True),)
    for action in _KEY_USES:
        yield action, targets


def _key(subject: Subject, text: str) -> Target:
    (key,) = list_kinds("kms:decrypt", subject.partition) or (None,)
    if text.startswith("arn:"):
        fits = key is not None and key.expression.fullmatch(text)
        return Target(text if fits else None, is_possible=True)
    region, account = subject.places.value("region"), subject.places.value("account")
    if "/" in text or ":" in text or not region or not account:
        return Target(None, is_possible=True)
    return Target(f"arn:{subject.partition}:kms:{region}:{account}:key/{text}", is_possible=True)


def _uses_kms(subject: Subject) -> bool:
    """Whether S3 says that the object is encrypted by a key of KMS.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-understanding-s3-entries.html
    """
    data = subject.record.get("additionalEventData")
    applied = data.get("SSEApplied") if isinstance(data, Mapping) else None
    return isinstance(applied, str) and "KMS" in applied.upper()
