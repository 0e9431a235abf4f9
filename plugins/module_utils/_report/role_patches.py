# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The patch for the owner of a role that gets other policies, in CloudFormation or Terraform.

Nobody knows how the owner gives the role its policies. So what is to be added is a valid snippet, and comments list
what is to be removed: a snippet that is pasted as a whole gives nothing but what it is meant to give. First comes what
is given, then what is taken, in an update of its own. Names may be hostile, as in patches of single changes.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .._converge.change import Change
from .._converge.ownership.owner import Place, object_of
from .._converge.ownership.patches import find_logical_id, make_patch, refer, write_block, write_hcl, write_yaml
from .least_privilege_templates import (
    MANAGED,
    Item,
    has_reference,
    make_label,
    make_logical_id,
    make_resource,
    write_resource,
)
from .plain import printable

_ROLE: t.Final = "AWS::IAM::Role"


@dataclasses.dataclass(frozen=True)
class RolePatch:
    """The policies that a role is to get, and those that it is to lose.

    ``documents`` are policies to be made, each with ``name``, ``kind``, ``document`` and ``path``; ``attached`` are the
    ARNs of managed policies that exist and are to be attached. ``removed`` are the changes that take the others, in
    their order, and ``deleted`` are the names of managed policies that nobody needs any more. ``managed`` and
    ``inline`` are what the role has in the end beside ``documents``. ``head`` are sentences on what the patch is for.
    """

    role_arn: str
    place: Place
    head: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    documents: tuple[Item, ...] = ()
    attached: tuple[str, ...] = ()
    removed: tuple[Change, ...] = ()
    deleted: tuple[str, ...] = ()
    managed: tuple[str, ...] = ()
    inline: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


# Terraform


def render_terraform(patch: RolePatch) -> str:
    """The patch as resources of Terraform to add, and as comments with those to remove."""
    place = dataclasses.replace(patch.place, language="terraform")
    lines = [*_comment(patch.head), "#"]
    lines += _comment(
        [
            "Step 1: add these resources, and apply. If the role has the argument managed_policy_arns or",
            "inline_policy, add the policies there instead of an attachment.",
        ]
    )
    blocks = ["\n".join(lines) + "\n", *_list_added(patch, place)]
    removed = list(_list_removed(patch, place))
    if removed:
        text = [
            "Step 2: after step 1 is applied, remove these in their order, and apply again. They may have other",
            "labels in your configuration, or be entries of managed_policy_arns and inline_policy of the role.",
        ]
        blocks.append("\n".join([*_comment(text), *(line for block in removed for line in ["#", *block])]) + "\n")
    return "\n".join(blocks)


def _list_added(patch: RolePatch, place: Place) -> Iterator[str]:
    role = object_of(patch.role_arn)
    if role is None:
        raise ValueError(f"{patch.role_arn} is not the ARN of a role")
    reference = refer(role, place)
    item = {"kind": "role", "principal": patch.role_arn, "reference": reference}
    for one in patch.documents:
        yield write_resource(item, one)
    for arn in patch.attached:
        label = make_label(f"{role.name} {arn.rpartition('/')[2]}")
        yield write_block("aws_iam_role_policy_attachment", label, {"role": reference, "policy_arn": write_hcl(arn)})


def _list_removed(patch: RolePatch, place: Place) -> Iterator[list[str]]:
    """List the resources to remove, each as lines of comments: none of them would be what the owner wants to add."""
    gone = set(patch.deleted)
    for change in patch.removed:
        name = str(change.parameters.get("PolicyName") or change.parameters.get("PolicyArn")).rpartition("/")[2]
        text = make_patch(change, place, label=make_label(name) if name in gone else "")
        if text:
            yield [f"# {line}" for line in text.splitlines()]
    for name in patch.deleted:
        text = write_block("aws_iam_policy", make_label(name), {"name": write_hcl(name)}, "remove this resource")
        yield [f"# {line}" for line in text.splitlines()]


# CloudFormation


def render_cloudformation(patch: RolePatch) -> str:
    """The patch as resources of a template, in YAML; empty if that is not safe.

    The properties of the role are whole lists, as a template has them.
    """
    managed = [one for one in patch.documents if one["kind"] == MANAGED]
    inline = {one["name"]: one["document"] for one in patch.documents if one["kind"] != MANAGED}
    resources = {make_logical_id(one["name"]): make_resource(one, {}) for one in managed}
    arns: list[t.Any] = [*patch.managed, *({"Ref": name} for name in resources)]
    policies = [{"PolicyName": name, "PolicyDocument": one} for name, one in {**patch.inline, **inline}.items()]
    lines = [*_comment([*patch.head, *patch.notes]), "#", *_comment(_list_steps(patch)), "Resources:"]
    for name, resource in resources.items():
        lines += _write_resource(name, str(resource["Type"]), resource["Properties"])
    # A reference makes the policies before they are attached.
    properties = {"ManagedPolicyArns": arns, "Policies": policies}
    lines += _write_resource(find_logical_id(patch.place), _ROLE, properties)
    text = "\n".join(lines) + "\n"
    return "" if has_reference(text) else text


def _list_steps(patch: RolePatch) -> Iterator[str]:
    yield "Step 1: add the new resources and their entries at the role, beside the old entries. Update the stack, with"
    yield "CAPABILITY_NAMED_IAM. Properties that are not named here stay as they are."
    if not patch.removed and not patch.deleted:
        return
    yield "Step 2: remove the old entries in this order, so that the role is as below. Update the stack again."
    for change in patch.removed:
        if "PolicyName" in change.parameters:
            yield f"  remove the inline policy {json.dumps(change.parameters['PolicyName'])}"
        else:
            yield f"  remove the managed policy {json.dumps(change.parameters.get('PolicyArn'))}"
    for name in patch.deleted:
        yield f"  remove the resource {make_logical_id(name)}"
    if patch.removed:
        yield "Another resource may give the role a policy, by its Roles or as AWS::IAM::RolePolicy: remove it there."


def _write_resource(logical_id: str, kind: str, properties: Mapping[str, t.Any]) -> Iterator[str]:
    yield f"  {logical_id}:"
    yield f"    Type: {kind}"
    yield "    Properties:"
    for name, value in properties.items():
        yield f"      {name}: {write_yaml(value, depth=4)}"


def _comment(texts: Iterable[str]) -> Sequence[str]:
    """Sentences as comments. Nothing in them ends a line."""
    return [f"# {_flatten(text)}".rstrip() for text in texts]


def _flatten(text: str) -> str:
    # The indentation of a list stays.
    return text[: len(text) - len(text.lstrip(" "))] + printable(text, ascii_only=True)
