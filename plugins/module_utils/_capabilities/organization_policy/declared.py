# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which organization policies a play declares, and what each is to be attached to."""

from __future__ import annotations

import dataclasses
import re
import types
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.organization_tree import RCP, SCP
from ..._converge.change import content_hash
from ..._converge.errors import InputError
from ..._policy.documents.canonical import are_equivalent, fingerprint, minify
from ..._policy.documents.canonical import document as document_of
from ..._policy.documents.limits import ATTACHMENTS, LIMITS
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Kind, Policy, PolicyError
from ..._policy.documents.syntax import compact, decode
from ..._policy.validation.rules import Severity
from ..._policy.validation.validate import validate

TYPES: t.Final = (
    SCP,
    RCP,
    "TAG_POLICY",
    "BACKUP_POLICY",
    "AISERVICES_OPT_OUT_POLICY",
    "CHATBOT_POLICY",
    "DECLARATIVE_POLICY_EC2",
    "SECURITYHUB_POLICY",
    "SECURITYHUB_CSPM_POLICY",
    "INSPECTOR_POLICY",
    "UPGRADE_ROLLOUT_POLICY",
    "BEDROCK_POLICY",
    "S3_POLICY",
    "NETWORK_SECURITY_DIRECTOR_POLICY",
    "GUARDDUTY_POLICY",
)
KINDS: t.Final[Mapping[str, Kind]] = types.MappingProxyType({SCP: Kind.SCP, RCP: Kind.RCP})
FULL_ACCESS: t.Final[Mapping[str, str]] = types.MappingProxyType({SCP: "FullAWSAccess", RCP: "RCPFullAWSAccess"})
#: The quotas of AWS, by type: the characters of a policy, and the policies attached to one root, unit or account.
#: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
SIZES: t.Final[Mapping[str, int]] = types.MappingProxyType(
    {SCP: LIMITS[Kind.SCP], RCP: LIMITS[Kind.RCP], "AISERVICES_OPT_OUT_POLICY": 2_500}
)
SLOTS: t.Final[Mapping[str, int]] = types.MappingProxyType(
    {
        SCP: ATTACHMENTS["scp"].default,
        RCP: ATTACHMENTS["rcp"].default,
        "AISERVICES_OPT_OUT_POLICY": 5,
        "CHATBOT_POLICY": 5,
    }
)
_OTHER_SIZE: t.Final = 10_000
_OTHER_SLOTS: t.Final = 10
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreatePolicy.html
_LONGEST_NAME: t.Final = 128
_LONGEST_DESCRIPTION: t.Final = 512
_ID: t.Final = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|\d{12}", re.ASCII)
_FORMS: t.Final = ("ou", "account", "id", "tag", "root")


@dataclasses.dataclass(frozen=True)
class Target:
    """One form of naming what a policy is attached to: exactly one field is set.

    ``ou`` is a path from the root, ``account`` a name or an id, ``tag`` has globs for the values of account tags.
    """

    ou: str = ""
    account: str = ""
    id: str = ""
    tag: Mapping[str, str] = dataclasses.field(default_factory=dict)
    root: bool = False

    @classmethod
    def of(cls, value: t.Any, place: str) -> Target:
        """A target as an option has it.

        :raises InputError: it names nothing, or two things at once.
        """
        if not isinstance(value, Mapping):
            raise InputError(f"{place}: {value!r} is not a target; allowed is a mapping with {', '.join(_FORMS)}")
        given = {key: item for key, item in value.items() if item not in (None, "", {}, False)}
        if len(given) != 1 or not set(given) <= set(_FORMS):
            raise InputError(f"{place}: {dict(given)!r} is not a target; allowed is exactly one of {', '.join(_FORMS)}")
        form, item = next(iter(given.items()))
        if form == "tag":
            return cls(tag=_parse_tags(item, f"{place}.tag"))
        if form == "root":
            return cls(root=True)
        text = str(item).strip()
        if form == "ou" and not text.startswith("/"):
            raise InputError(
                f"{place}.ou: {text!r} is not a path of units from the root, such as /Workloads/Production"
            )
        if form == "id" and not _ID.fullmatch(text):
            raise InputError(f"{place}.id: {text!r} is no id of a root (r-…), a unit (ou-…) or an account (12 digits)")
        return cls(ou=text) if form == "ou" else cls(account=text) if form == "account" else cls(id=text)

    def __str__(self) -> str:
        if self.tag:
            return "tag " + ", ".join(f"{key}={value}" for key, value in self.tag.items())
        return "root" if self.root else self.ou or self.account or self.id


def _parse_tags(value: t.Any, place: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise InputError(f"{place}: {value!r} is not a mapping of tags")
    return {str(key): str(item) for key, item in value.items()}


def parse_targets(values: t.Any, place: str) -> tuple[Target, ...]:
    """Parse an option that lists targets. Raises InputError as :meth:`Target.of` does."""
    return tuple(Target.of(item, f"{place}[{index}]") for index, item in enumerate(values or ()))


@dataclasses.dataclass(frozen=True)
class Content:
    """The content of a policy: ``text`` is sent to AWS; ``policy`` is set for the types in IAM's policy language."""

    document: Mapping[str, t.Any]
    text: str
    policy: t.Optional[Policy] = None

    @classmethod
    def of(cls, source: t.Union[str, bytes, Mapping[str, t.Any]], policy_type: str, place: str) -> Content:
        """The content of a policy of a type.

        :raises InputError: AWS would not take it, or it could have no effect.
        """
        kind = KINDS.get(policy_type)
        if kind is None:
            structure = _parse_structure(source, place)
            return cls(structure, compact(structure))
        # The size is held against an option of its own, and against what is sent, not what was written.
        issues = [issue for issue in validate(source, kind=kind) if issue.code != "policy_too_large"]
        errors = [issue for issue in issues if issue.severity is Severity.ERROR]
        if errors:
            problems = "; ".join(f"{issue.path or 'document'}: {issue.message} ({issue.code})" for issue in errors)
            raise InputError(f"{place}: not valid content of a {policy_type}: {problems}")
        policy = parse(source, kind=kind)
        return cls(document_of(policy), minify(policy), policy)

    @property
    def size(self) -> int:
        """The number of characters that AWS counts: it keeps the text as it gets it."""
        return len(self.text)

    @property
    def sha256(self) -> str:
        """Shared by two contents if and only if they mean the same."""
        return content_hash(self.document) if self.policy is None else fingerprint(self.policy)

    @property
    def grants(self) -> bool:
        """Whether it allows something, so that it can replace full access."""
        return self.policy is not None and any(statement.allow for statement in self.policy.statements)

    def matches(self, document: t.Any, policy_type: str) -> bool:
        """Whether a live document means the same."""
        if self.policy is None or not isinstance(document, Mapping):
            return content_hash(document) == content_hash(self.document)
        try:
            return are_equivalent(parse(document, kind=KINDS[policy_type]), self.policy)
        except PolicyError:
            return False


def _parse_structure(source: t.Union[str, bytes, Mapping[str, t.Any]], place: str) -> Mapping[str, t.Any]:
    if isinstance(source, Mapping):
        return source
    try:
        value, _text = decode(source)
    except PolicyError as error:
        raise InputError(f"{place}: not JSON: {error}") from error
    if not isinstance(value, Mapping):
        raise InputError(f"{place}: the content of a policy is an object, not {value!r}")
    return value


def find_warnings(content: Content, policy_type: str) -> tuple[str, ...]:
    """Find the warnings of our linter on a document that AWS would take."""
    kind = KINDS.get(policy_type)
    if kind is None:
        return ()
    severities = (Severity.SECURITY_WARNING, Severity.WARNING)
    return tuple(
        f"{issue.path or 'document'}: {issue.message} ({issue.code})"
        for issue in validate(content.document, kind=kind)
        if issue.severity in severities
    )


@dataclasses.dataclass(frozen=True)
class DeclaredPolicy:
    """One declared policy. ``content`` is None only where it is to be gone; ``description`` where it may be any."""

    name: str
    content: t.Optional[Content]
    description: t.Optional[str] = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    exclude: tuple[Target, ...] = ()
    place: str = "policies[0]"


@dataclasses.dataclass(frozen=True)
class Declared:
    """The declared policies, all of one type. A policy that is created gets ``own_tags`` besides its own.

    ``validates`` says whether Access Analyzer is asked about contents before they are written.
    """

    type: str
    policies: tuple[DeclaredPolicy, ...]
    present: bool = True
    max_size: int = LIMITS[Kind.SCP]
    max_attached: int = ATTACHMENTS["scp"].default
    allow_root: bool = False
    purge: bool = False
    adopt: bool = False
    loosen: bool = False
    remove_full_access: bool = False
    validates: bool = False
    own_tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def guards_access(self) -> bool:
        """Whether policies of the type can deny, and so lock out; the others only configure services."""
        return self.type in KINDS

    @property
    def needs_tags(self) -> bool:
        """Whether accounts are chosen by their tags, which cost a call for each."""
        targets = (target for policy in self.policies for target in (*policy.targets, *policy.exclude))
        return self.present and any(target.tag for target in targets)

    @classmethod
    def from_options(
        cls, options: Mapping[str, t.Any], contents: Sequence[t.Any], *, own_tags: Mapping[str, str]
    ) -> Declared:
        """The declaration in a module's options; ``contents`` are the sources of the policies' contents.

        :raises InputError: something can't be used, such as a content that is too long.
        """
        policy_type = options["type"]
        present = options["state"] == "present"
        given = options.get("policies") or []
        policies = tuple(
            _parse_policy(value, source, policy_type, f"policies[{index}]", present)
            for index, (value, source) in enumerate(zip(given, contents, strict=True))
        )
        names = [policy.name for policy in policies]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise InputError(f"policies: {twice} is declared twice")
        declared = cls(
            type=policy_type,
            policies=policies,
            present=present,
            max_size=_parse_limit(options, "max_policy_size", SIZES.get(policy_type, _OTHER_SIZE)),
            max_attached=_parse_limit(options, "max_policies_per_target", SLOTS.get(policy_type, _OTHER_SLOTS)),
            allow_root=bool(options.get("allow_root_attachment")),
            purge=bool(options.get("purge_attachments")),
            adopt=bool(options.get("adopt")),
            loosen=bool(options.get("allow_loosen")),
            remove_full_access=_removes_full_access(options.get("remove_full_access") or (), policy_type),
            validates=bool(options.get("access_analyzer")),
            own_tags=own_tags,
        )
        for policy in declared.policies:
            _check_size(policy, declared.max_size)
        return declared


def _parse_limit(options: Mapping[str, t.Any], name: str, default: int) -> int:
    given = options.get(name)
    if given is None:
        return default
    if given < 1:
        raise InputError(f"{name}: {given} is not allowed; allowed is 1 or more")
    return int(given)


def _removes_full_access(names: Sequence[str], policy_type: str) -> bool:
    """Whether AWS's policy that allows everything is to go; RCPFullAWSAccess can't be detached.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
    """
    wrong = [name for name in names if policy_type != SCP or name != FULL_ACCESS[SCP]]
    if wrong:
        raise InputError(f"remove_full_access: {wrong[0]!r} can't be removed; allowed is {FULL_ACCESS[SCP]} of SCPs")
    return bool(names)


def _parse_policy(
    value: Mapping[str, t.Any], source: t.Any, policy_type: str, place: str, present: bool
) -> DeclaredPolicy:
    name = value["name"]
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise InputError(f"{place}.name: {name!r} is not the name of a policy: 1 to {_LONGEST_NAME} characters")
    if name in FULL_ACCESS.values():
        raise InputError(f"{place}.name: {name} is AWS's own policy, which nobody can change")
    description = value.get("description")
    if description is not None and len(description) > _LONGEST_DESCRIPTION:
        raise InputError(
            f"{place}.description: it has {len(description)} characters; AWS allows {_LONGEST_DESCRIPTION}"
        )
    return DeclaredPolicy(
        name=name,
        content=Content.of(source, policy_type, f"{place}.content") if present else None,
        description=description,
        tags=_parse_tags(value.get("tags") or {}, f"{place}.tags"),
        targets=parse_targets(value.get("targets"), f"{place}.targets"),
        exclude=parse_targets(value.get("exclude"), f"{place}.exclude"),
        place=place,
    )


def _check_size(policy: DeclaredPolicy, most: int) -> None:
    if policy.content is not None and policy.content.size > most:
        raise InputError(
            f"{policy.place}.content: {policy.name} has {policy.content.size:,} characters without whitespace; "
            f"max_policy_size is {most:,}"
        )
