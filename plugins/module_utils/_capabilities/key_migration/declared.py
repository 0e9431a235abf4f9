# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the play declares about workloads: whose key each uses, where it runs, and the role that it gets.

Names go into trust policies and into commands for people. So each is held against the form that its service allows, and
none may have a wildcard, a policy variable or a character of a shell.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import typing as t
from collections.abc import Mapping

from ..._converge.errors import InputError
from ..._converge.user_keys import DELETE_FLOOR, VERIFY_FLOOR, parse_days
from ..._prediction.acceptance import Acceptances, acceptance_of, parse_acceptances
from .model import EKS, Stage, Target

_NAME: t.Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_User.html
_USER: t.Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_PATH: t.Final = re.compile(r"/([\w+=,.@-]+/)+", re.ASCII)
_LONGEST_PATH: t.Final = 512
#: Paths of AWS and of this collection.
_RESERVED: t.Final = ("/aws-reserved/", "/aws-service-role/", "/iam-hardening/", "/service-role/")
_REGION: t.Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
# https://docs.github.com/en/actions/reference/security/oidc: the owner and the name, each perhaps with an immutable id.
_GITHUB: t.Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}(@\d{1,20})?/[A-Za-z0-9_.-]{1,100}(@\d{1,20})?")
_BRANCH: t.Final = re.compile(r"(?![-/.])(?!.*(\.\.|//|/\.))[A-Za-z0-9._/-]{1,200}(?<![/.])")


@dataclasses.dataclass(frozen=True)
class _Field:
    """A member of a workload: its form, what that is called, and the platforms that it is for; none for all."""

    form: re.Pattern[str]
    allowed: str
    targets: frozenset[Target] = frozenset()


_FIELDS: t.Final[Mapping[str, _Field]] = {
    "key": _Field(re.compile(r"AKIA[A-Z0-9]{12,124}"), "the id of an access key"),
    "role": _Field(_USER, "the name of a role, without its path"),
    "boundary": _Field(
        re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]{1,576}", re.ASCII), "the ARN of a policy"
    ),
    "region": _Field(_REGION, "the name of a region"),
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
    "task_definition": _Field(
        re.compile(r"[A-Za-z0-9_-]{1,255}"), "the family of a task definition", frozenset({Target.ECS})
    ),
    # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
    "function": _Field(re.compile(r"[A-Za-z0-9_-]{1,64}"), "the name of a function", frozenset({Target.LAMBDA})),
    # https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
    "cluster": _Field(re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}"), "the name of a cluster", EKS),
    # https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
    "namespace": _Field(re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"), "the name of a namespace", EKS),
    "service_account": _Field(
        re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"), "the name of a service account", EKS
    ),
    "repository": _Field(_GITHUB, "one repository as owner/name, without wildcards", frozenset({Target.GITHUB})),
    "branch": _Field(_BRANCH, "the name of one branch, without wildcards", frozenset({Target.GITHUB})),
    "environment": _Field(
        re.compile(r"[A-Za-z0-9_.-]{1,255}"),
        "the name of one environment, without wildcards",
        frozenset({Target.GITHUB}),
    ),
}
_INSTANCE: t.Final = re.compile(r"i-[0-9a-f]{8,17}")
#: The members without which the trust policy of a platform can't be written.
REQUIRED: t.Final[Mapping[Target, tuple[str, ...]]] = {
    **dict.fromkeys(EKS, ("cluster", "namespace", "service_account")),
    Target.GITHUB: ("repository",),
}


def is_allowed(field: str, value: str) -> bool:
    """Whether a value has the form that a member of a workload may have."""
    return bool(_FIELDS[field].form.fullmatch(value))


@dataclasses.dataclass(frozen=True)
class Workload:
    """One workload. What is not declared is empty; ``platform`` is then found out."""

    name: str
    user: str
    platform: t.Optional[Target] = None
    instances: tuple[str, ...] = ()
    key: str = ""
    role: str = ""
    boundary: str = ""
    region: str = ""
    task_definition: str = ""
    function: str = ""
    cluster: str = ""
    namespace: str = ""
    service_account: str = ""
    repository: str = ""
    branch: str = ""
    environment: str = ""

    def find_lack(self, platform: Target) -> str:
        """Find what the trust policy of a platform needs and the declaration lacks; empty if nothing."""
        missing = [name for name in REQUIRED.get(platform, ()) if not getattr(self, name)]
        if platform is Target.GITHUB and bool(self.branch) == bool(self.environment):
            missing.append("either branch or environment")
        return " and ".join(missing)


@dataclasses.dataclass(frozen=True)
class Declared:
    """A declaration, checked. ``delete_after`` is None where no key is deleted."""

    stage: Stage
    workloads: tuple[Workload, ...]
    today: dt.date
    path: str = "/workload/"
    boundary: str = ""
    verify: int = 14
    delete_after: t.Optional[int] = None
    accept_unproven: Acceptances = ()
    revert: frozenset[str] = frozenset()

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any], *, today: dt.date) -> Declared:
        """The declaration in a module's options.

        :raises InputError: a value that is not allowed.
        """
        workloads = tuple(map(_parse_workload, options["workloads"]))
        _refuse_repeats(workloads)
        delete_after = str(options.get("delete_after_days") or "").strip()
        stage = Stage(str(options["stage"] or Stage.ASSESS))
        return cls(
            stage,
            workloads,
            today,
            path=_parse_path(options["role_path"]),
            boundary=_parse_field("boundary", options.get("boundary"), "boundary"),
            verify=parse_days(options, "verify_days", VERIFY_FLOOR),
            delete_after=parse_days(options, "delete_after_days", DELETE_FLOOR) if delete_after else None,
            accept_unproven=parse_acceptances(
                options.get("accept_unproven"), today=today, option="accept_unproven", named="principal"
            ),
            revert=_parse_revert(stage, options.get("revert") or (), workloads),
        )

    def name_role(self, workload: Workload) -> str:
        """Name the role of a workload with its path, as behind ``role`` in an ARN."""
        return f"{self.path}{workload.role or workload.name}"

    def boundary_of(self, workload: Workload) -> str:
        """The permissions boundary of the role of a workload; empty for none."""
        return workload.boundary or self.boundary

    def accepts_unproven(self, user_arn: str) -> bool:
        """Whether somebody accepted that the proof for a user leaves something open."""
        return acceptance_of(user_arn, self.accept_unproven, self.today) is not None

    def reverts(self, workload: Workload) -> bool:
        """Whether this run takes the move of a workload back."""
        return self.stage is Stage.REVERT and workload.name in self.revert


def _parse_workload(given: Mapping[str, t.Any]) -> Workload:
    name = str(given.get("name") or "").strip()
    if not _NAME.fullmatch(name):
        raise InputError(
            f"workloads: {name!r} is not allowed as a name; allowed are up to 64 letters, digits, '.', '_' and '-'"
        )
    user = str(given.get("user") or "").strip()
    if not _USER.fullmatch(user):
        raise InputError(f"workloads: {user!r} of {name} is not the name of a user; allowed are names without path")
    text = str(given.get("platform") or "").strip()
    if text and text not in set(Target):
        raise InputError(f"workloads: platform {text!r} of {name} is not allowed; allowed are {', '.join(Target)}")
    platform = Target(text) if text else None
    values = {field: _parse_field(field, given.get(field), f"{field} of {name}") for field in _FIELDS}
    workload = Workload(name, user, platform, _parse_instances(given, name), **values)
    _check_platform(workload)
    return workload


def _parse_field(field: str, value: t.Any, place: str) -> str:
    text = str(value or "").strip()
    if text and not is_allowed(field, text):
        raise InputError(f"workloads: {place} {text!r} is not allowed; allowed is {_FIELDS[field].allowed}")
    return text


def _parse_instances(given: Mapping[str, t.Any], name: str) -> tuple[str, ...]:
    instances = tuple(str(one).strip() for one in given.get("instances") or ())
    wrong = [one for one in instances if not _INSTANCE.fullmatch(one)]
    if wrong:
        raise InputError(f"workloads: {wrong[0]!r} of {name} is not the id of an instance, such as i-0123456789abcdef0")
    return instances


def _check_platform(workload: Workload) -> None:
    """Refuse members of other platforms, and a platform whose trust policy lacks something."""
    platform = workload.platform
    if platform is None:
        return
    for name, field in _FIELDS.items():
        if getattr(workload, name) and field.targets and platform not in field.targets:
            raise InputError(f"workloads: {name} of {workload.name} is not for the platform {platform}; remove it")
    if workload.instances and platform is not Target.EC2:
        raise InputError(f"workloads: instances of {workload.name} are not for the platform {platform}; remove them")
    lack = workload.find_lack(platform)
    if lack:
        raise InputError(f"workloads: {workload.name} on {platform} also needs {lack}")


def _refuse_repeats(workloads: tuple[Workload, ...]) -> None:
    for what in ("name", "role"):
        seen: set[str] = set()
        for workload in workloads:
            # Names of roles have no case.
            name = (workload.name if what == "name" else workload.role or workload.name).lower()
            if name in seen:
                raise InputError(f"workloads: the {what} {name} is there twice; allowed is once")
            seen.add(name)


def _parse_path(value: t.Any) -> str:
    path = str(value or "").strip()
    if not _PATH.fullmatch(path) or len(path) > _LONGEST_PATH or path.startswith(_RESERVED):
        allowed = f"a path such as /workload/, below none of {', '.join(_RESERVED)}"
        raise InputError(f"role_path: {path!r} is not allowed; allowed is {allowed}")
    return path


def _parse_revert(stage: Stage, value: t.Any, workloads: tuple[Workload, ...]) -> frozenset[str]:
    names = frozenset(str(one).strip() for one in value)
    if (stage is Stage.REVERT) != bool(names):
        raise InputError("revert: the names of the workloads to revert are needed with stage revert, and only with it")
    unknown = sorted(names - {workload.name for workload in workloads})
    if unknown:
        raise InputError(f"revert: {unknown[0]!r} is not allowed; allowed are names of workloads")
    return names
