# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""New policies of a principal as templates of CloudFormation and Terraform."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Mapping

from .._converge.ownership.patches import write_block, write_hcl, write_json_call

Item = Mapping[str, t.Any]

PATH: t.Final = "/iam-hardening/lp/"
_NO_NAME: t.Final = re.compile(r"[^A-Za-z0-9]+")
_TARGETS: t.Final = {"role": "Roles", "user": "Users", "group": "Groups"}
_SET: t.Final = "permission_set"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
_REFERENCE: t.Final = "{{resolve:"
NO_TEMPLATE: t.Final = (
    "A name in these policies has {{resolve: in it. CloudFormation would replace it by a secret or a parameter, and "
    "has no way to write it as text. So there is no template. Find out who chose the name. Then use the JSON files or "
    "policies.tf."
)
MANAGED: t.Final = "managed"
_OF_SET: t.Final = {
    "instance_arn": "aws_ssoadmin_permission_set.this.instance_arn",
    "permission_set_arn": "aws_ssoadmin_permission_set.this.arn",
}


def render_cloudformation(item: Item) -> str:
    """A template of CloudFormation with the policies of one principal, as JSON; a note if that is not safe.

    Others choose the keys of objects. With a dynamic reference in one, the policy would show a secret.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html
    """
    # A permission set names its managed policies, and is no target of theirs.
    target = {_TARGETS[item["kind"]]: [_name(item)]} if item["kind"] in _TARGETS else {}
    resources = {make_logical_id(one["name"]): make_resource(one, target) for one in _list_own(item)}
    template: dict[str, t.Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Least privilege for {_name(item)}"[:1024],
    }
    if item["kind"] == _SET:
        template["Parameters"] = {
            "InstanceArn": {"Type": "String", "Description": "The instance of IAM Identity Center"}
        }
        resources["PermissionSet"] = _make_permission_set(item)
    text = json.dumps({**template, "Resources": resources}, indent=2) + "\n"
    return json.dumps({"note": NO_TEMPLATE}, indent=2) + "\n" if has_reference(text) else text


def has_reference(text: str) -> bool:
    """Whether CloudFormation would replace a part of a template by a secret or a parameter."""
    return _REFERENCE in text


def _list_own(item: Item) -> list[Item]:
    """The documents that are resources of their own. The inline policy of a permission set is a part of it."""
    return [one for one in item["documents"] if item["kind"] != _SET or one["kind"] == MANAGED]


def _make_permission_set(item: Item) -> dict[str, t.Any]:
    """A permission set has one inline policy. Managed policies are named, and have to exist in each account.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sso-permissionset.html
    """
    properties: dict[str, t.Any] = {"InstanceArn": {"Ref": "InstanceArn"}, "Name": item["permission_set"]}
    inline = [one["document"] for one in item["documents"] if one["kind"] != MANAGED]
    if inline:
        properties["InlinePolicy"] = inline[0]
    managed = [{"Name": one["name"], "Path": PATH} for one in _list_own(item)]
    if managed:
        properties["CustomerManagedPolicyReferences"] = managed
    return {"Type": "AWS::SSO::PermissionSet", "Properties": properties}


def make_resource(one: Item, target: Item) -> dict[str, t.Any]:
    """The resource of one document; ``target`` is the property that names its principal, if it has one."""
    if one["kind"] == MANAGED:
        path = one.get("path", PATH)
        properties = {"ManagedPolicyName": one["name"], "Path": path, "PolicyDocument": one["document"], **target}
        return {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}
    properties = {"PolicyName": one["name"], "PolicyDocument": one["document"], **target}
    return {"Type": "AWS::IAM::Policy", "Properties": properties}


def render_terraform(item: Item) -> str:
    """The policies of one principal as resources of Terraform.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_policy
    """
    return "\n".join(write_resource(item, one) for one in item["documents"])


def write_resource(item: Item, one: Item) -> str:
    """One document as resources. ``reference`` of the item is the expression for its principal, where that is known."""
    label = make_label(one["name"])
    kind, document = item["kind"], write_json_call(one["document"])
    if one["kind"] != MANAGED and kind == _SET:
        arguments = {**_OF_SET, "inline_policy": document}
        return write_block("aws_ssoadmin_permission_set_inline_policy", label, arguments)
    if one["kind"] != MANAGED:
        arguments = {"name": write_hcl(one["name"]), kind: _refer(item), "policy": document}
        return write_block(f"aws_iam_{kind}_policy", label, arguments)
    path = write_hcl(one.get("path", PATH))
    policy = write_block("aws_iam_policy", label, {"name": write_hcl(one["name"]), "path": path, "policy": document})
    return policy + "\n" + _write_attachment(item, one, label)


def _write_attachment(item: Item, one: Item, label: str) -> str:
    if item["kind"] == _SET:
        lines = [f"  {name} = {value}" for name, value in _OF_SET.items()]
        lines += ["  customer_managed_policy_reference {"]
        lines += [f"    name = {write_hcl(one['name'])}", f"    path = {write_hcl(PATH)}", "  }"]
        head = f'resource "aws_ssoadmin_customer_managed_policy_attachment" "{label}" {{'
        return "\n".join([head, *lines, "}"]) + "\n"
    attachment = {item["kind"]: _refer(item), "policy_arn": f"aws_iam_policy.{label}.arn"}
    return write_block(f"aws_iam_{item['kind']}_policy_attachment", label, attachment)


def _refer(item: Item) -> str:
    return str(item.get("reference") or write_hcl(_name(item)))


def make_label(name: str) -> str:
    """A name in the configuration: letters, digits and underscores, and a letter at its start."""
    plain = _NO_NAME.sub("_", name).strip("_").lower()
    return plain if plain[:1].isalpha() else f"lp_{plain}"


def _name(item: Item) -> str:
    return str(item["principal"]).rpartition("/")[2]


def make_logical_id(name: str) -> str:
    """The logical id of a policy, of letters and digits alone.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html
    """
    parts = [part[:1].upper() + part[1:] for part in _NO_NAME.split(name) if part]
    return f"{''.join(parts)}Policy"[:255]
