# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The change that ``policy_impact_info`` is asked about: options in, the layers that each principal would have out."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Mapping

from ..._account.model import Group
from ..._account.permissions import Permissions
from ..._aws.access import Access
from ..._aws.errors import AwsError, NotFound
from ..._aws.operations import Operations
from ..._module.arguments import ArgumentSpec
from ..._module.documents import absolute, policy_of
from ..._module.task import TaskError
from ..._policy.documents.policy import Kind, Policy
from ..._policy.evaluation.evaluate import Layers
from ..._policy.evaluation.narrowing import ANYTHING

CHANGE_ARGUMENTS: t.Final[ArgumentSpec] = {
    "boundary": {"type": "raw"},
    "attach_policies": {"type": "list", "elements": "raw", "default": []},
    "detach_policies": {"type": "list", "elements": "str", "default": []},
    "replace_policies": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"policy": {"type": "str", "required": True}, "document": {"type": "raw", "required": True}},
    },
    "session_policies": {"type": "list", "elements": "raw", "default": []},
    "scps": {"type": "list", "elements": "raw", "default": []},
}
CHANGE_OPERATIONS: t.Final = Operations(reads=frozenset({"iam:GetPolicy", "iam:GetPolicyVersion"}))


def absolute_documents(arguments: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The task arguments that name documents, with paths made absolute; for the action plugin."""
    names = ("boundary", "attach_policies", "documents", "session_policies", "scps")
    found = {name: _make_absolute(arguments[name]) for name in names if name in arguments}
    if isinstance(arguments.get("replace_policies"), list):
        found["replace_policies"] = [_make_replacement_absolute(item) for item in arguments["replace_policies"]]
    return found


def _make_replacement_absolute(item: t.Any) -> t.Any:
    given = isinstance(item, Mapping) and "document" in item
    return {**item, "document": absolute(item["document"])} if given else item


def _make_absolute(value: t.Any) -> t.Any:
    if isinstance(value, list):
        return [_make_absolute(member) for member in value]
    return value if _is_arn(value) else absolute(value)


def _is_arn(value: object) -> bool:
    return isinstance(value, str) and value.startswith("arn:")


class ChangeOptions:
    """The options of the change, parsed before anything is called, as far as they hold documents.

    :raises TaskError: no change is asked for, or a document is none that IAM would take.
    """

    def __init__(self, options: Mapping[str, t.Any]) -> None:
        self.boundary: t.Final = self._parse_document(options["boundary"], "boundary", Kind.BOUNDARY)
        self.attached: t.Final = [
            self._parse_document(value, f"attach_policies[{index}]", Kind.MANAGED)
            for index, value in enumerate(options["attach_policies"])
        ]
        self.detached: t.Final[list[str]] = options["detach_policies"]
        self.replaced: t.Final = {
            item["policy"]: policy_of(
                item["document"], option=f"replace_policies[{index}].document", name=f"{_name(item['policy'])} (new)"
            )
            for index, item in enumerate(options["replace_policies"])
        }
        self.session: t.Final = tuple(
            policy_of(value, option=f"session_policies[{index}]", kind=Kind.SESSION)
            for index, value in enumerate(options["session_policies"])
        )
        self.scps: t.Final = tuple(
            policy_of(value, option=f"scps[{index}]", kind=Kind.SCP) for index, value in enumerate(options["scps"])
        )
        if not any((self.boundary, self.attached, self.detached, self.replaced, self.session, self.scps)):
            raise TaskError(f"no change is given; one of {', '.join(CHANGE_ARGUMENTS)} is needed")

    @staticmethod
    def _parse_document(value: t.Any, option: str, kind: Kind) -> t.Union[None, str, Policy]:
        """Parse a policy, or keep the ARN of one that is to be read."""
        if value is None or value == "":
            return None
        return str(value) if _is_arn(value) else policy_of(value, option=option, kind=kind)


class Change:
    """The change, ready to be put on principals; policies that are named by ARN were read.

    :raises TaskError: a policy that is named does not exist, or can't be read.
    """

    def __init__(self, access: Access, options: ChangeOptions, permissions: Permissions) -> None:
        self._access = access
        self._permissions = permissions
        self._options = options
        boundary = options.boundary
        self._boundary = self._read(boundary, "boundary") if isinstance(boundary, str) else boundary
        self._attached = tuple(
            self._read(item, f"attach_policies[{index}]") if isinstance(item, str) else item
            for index, item in enumerate(options.attached)
            if item is not None
        )
        self._found: t.Final[set[str]] = set()
        self._made: dict[t.Hashable, Layers] = {}

    @property
    def texts(self) -> list[str]:
        """The change in words, one text a part."""
        parts = []
        if self._boundary is not None:
            parts.append(f"the permissions boundary {self._boundary.name} is attached")
        parts += [f"the policy {policy.name} is attached" for policy in self._attached]
        parts += [f"the policy {name} is detached" for name in self._options.detached]
        parts += [f"the policy {name} is replaced" for name in self._options.replaced]
        if self._options.session:
            parts.append(f"sessions are limited by {', '.join(policy.name for policy in self._options.session)}")
        parts += [f"the SCP {policy.name} is attached to the account" for policy in self._options.scps]
        return parts

    def after(self, arn: str, before: Layers) -> Layers:
        """The layers that a principal would have; the same object for principals whose layers are the same."""
        identity = self._change_identity(arn, before)
        key = (id(before), tuple(map(id, identity)))
        if key not in self._made:
            self._made[key] = dataclasses.replace(
                before,
                identity=identity,
                boundary=self._change_boundary(arn, before),
                session=(*before.session, *self._options.session),
                scps=self._change_scps(before),
            )
        return self._made[key]

    def find_missed(self) -> list[str]:
        """Find the policies to detach or replace that none of the principals has."""
        wanted = [*self._options.detached, *self._options.replaced]
        return [name for name in wanted if name not in self._found]

    def _change_identity(self, arn: str, before: Layers) -> tuple[Policy, ...]:
        options = self._options
        if not (options.detached or options.replaced or self._attached):
            return before.identity
        kept: list[Policy] = []
        for held in self._permissions.list_policies(arn):
            # A managed policy is named by its ARN, or, like an inline one, by its bare name.
            names = (held.label, held.policy.name if held.policy else held.label)
            # A policy of a group is not the principal's own, and stays.
            detached = [] if held.way.startswith("group ") else [name for name in names if name in options.detached]
            replaced = [name for name in names if name in options.replaced]
            self._found.update(detached or replaced)
            policy = options.replaced[replaced[0]] if replaced else held.policy
            kept += [policy] if policy is not None and not detached else []
        unknown = (item for item in before.identity if item is ANYTHING)
        return tuple(dict.fromkeys((*kept, *self._attached, *unknown)))

    def _change_boundary(self, arn: str, before: Layers) -> t.Optional[Policy]:
        entity = self._permissions.entities[arn]
        current = None if isinstance(entity, Group) else entity.boundary
        if current in self._options.replaced:
            self._found.add(str(current))
        return self._boundary or self._options.replaced.get(current or "") or before.boundary

    def _change_scps(self, before: Layers) -> t.Optional[tuple[tuple[Policy, ...], ...]]:
        if not self._options.scps:
            return before.scps
        # If nothing is known of the live SCPs, AWS's FullAWSAccess is assumed, which is attached everywhere.
        *above, own = before.scps or ((ANYTHING,),)
        return (*above, (*own, *self._options.scps))

    def _read(self, arn: str, option: str) -> Policy:
        """Read the default version of a managed policy: from the snapshot if it is in use, else from AWS."""
        known = self._permissions.policy(arn)
        if known is not None:
            return dataclasses.replace(known, name=_name(arn))
        try:
            version = self._access.call("iam", "GetPolicy", {"PolicyArn": arn})["Policy"]["DefaultVersionId"]
            parameters = {"PolicyArn": arn, "VersionId": version}
            document = self._access.call("iam", "GetPolicyVersion", parameters)["PolicyVersion"]["Document"]
        except NotFound as error:
            raise TaskError(f"{option}: there is no policy {arn}") from error
        except AwsError as error:
            raise TaskError(f"{option}: {arn} can't be read: {error}") from error
        text = document if isinstance(document, str) else json.dumps(document)
        return policy_of(text, option=option, name=_name(arn))


def _name(policy: str) -> str:
    return policy.rpartition("/")[2] if _is_arn(policy) else policy
