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

from .._converge.ownership.patches import write_hcl

Item = Mapping[str, t.Any]

PATH: t.Final = "/iam-hardening/lp/"
_NO_NAME: t.Final = re.compile(r"[^A-Za-z0-9]+")
_TARGETS: t.Final = {"role": "Roles", "user": "Users", "group": "Groups"}
# A permission set has its inline policy by itself:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sso-permissionset.html
_SET: t.Final = "permission_set"


def render_cloudformation(item: Item) -> str:
    """A template of CloudFormation with the policies of one principal, as JSON.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html
    """
    resources = {_make_logical_id(one["name"], "Policy"): _make_resource(item, one) for one in item["documents"]}
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Least privilege for {_name(item)}"[:1024],
        "Resources": resources,
    }
    return json.dumps(template, indent=2) + "\n"


def _make_resource(item: Item, one: Item) -> dict[str, t.Any]:
    kind = item["kind"]
    if kind == _SET:
        properties = {"Name": item["permission_set"], "InlinePolicy": one["document"]}
        return {"Type": "AWS::SSO::PermissionSet", "Properties": properties}
    target = {_TARGETS[kind]: [_name(item)]}
    if one["kind"] == "managed":
        properties = {"ManagedPolicyName": one["name"], "Path": PATH, "PolicyDocument": one["document"], **target}
        return {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}
    properties = {"PolicyName": one["name"], "PolicyDocument": one["document"], **target}
    return {"Type": "AWS::IAM::Policy", "Properties": properties}


def render_terraform(item: Item) -> str:
    """The policies of one principal as resources of Terraform.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_policy
    """
    return "\n".join(_write_resource(item, one) for one in item["documents"])


def _write_resource(item: Item, one: Item) -> str:
    label = f"lp_{_NO_NAME.sub('_', one['name']).strip('_').lower()}"
    kind, document = item["kind"], f"jsonencode({write_hcl(one['document'], depth=1)})"
    if kind == _SET:
        return _write_block(
            "aws_ssoadmin_permission_set_inline_policy",
            label,
            {
                "instance_arn": "aws_ssoadmin_permission_set.this.instance_arn",
                "permission_set_arn": "aws_ssoadmin_permission_set.this.arn",
                "inline_policy": document,
            },
        )
    if one["kind"] != "managed":
        arguments = {"name": write_hcl(one["name"]), kind: write_hcl(_name(item)), "policy": document}
        return _write_block(f"aws_iam_{kind}_policy", label, arguments)
    policy = _write_block(
        "aws_iam_policy", label, {"name": write_hcl(one["name"]), "path": write_hcl(PATH), "policy": document}
    )
    attachment = {kind: write_hcl(_name(item)), "policy_arn": f"aws_iam_policy.{label}.arn"}
    return policy + "\n" + _write_block(f"aws_iam_{kind}_policy_attachment", label, attachment)


def _write_block(kind: str, label: str, arguments: Mapping[str, str]) -> str:
    lines = [f"  {name} = {value}" for name, value in arguments.items()]
    return "\n".join([f'resource "{kind}" "{label}" {{', *lines, "}"]) + "\n"


def _name(item: Item) -> str:
    return str(item["principal"]).rpartition("/")[2]


def _make_logical_id(name: str, suffix: str) -> str:
    """A logical id, of letters and digits alone: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html"""
    parts = [part[:1].upper() + part[1:] for part in _NO_NAME.split(name) if part]
    return f"{''.join(parts)}{suffix}"[:255]
