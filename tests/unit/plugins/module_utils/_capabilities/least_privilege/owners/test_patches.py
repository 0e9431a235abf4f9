# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What owners of roles are handed out, read again by the parsers of their languages."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Mapping

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument, Role
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.changes import NewPolicy
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.patches import (
    CLOUDFORMATION,
    TERRAFORM,
    Handout,
    OwnedRole,
    hand_out_new,
    hand_out_old,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.owner import Confidence, Owner, Place

from ..samples import ADMIN, DEVELOPER, OLD, allow
from .test_before import APPLIED, CONTENTS, DOSSIER, NEW, make_role

pytest.importorskip("hcl2", reason="python-hcl2 is not installed; make test installs it")
terraform = pytest.importorskip("terraform_text")

Record = dict[str, t.Any]
STATE: t.Final = Owner(
    "Terraform",
    "Terraform",
    Confidence.CERTAIN,
    Place("Terraform, address aws_iam_role.dev", TERRAFORM, "dev", "module.a.aws_iam_role.dev"),
)
STACK: t.Final = Owner(
    "stack shop", "CloudFormation", Confidence.CERTAIN, Place("stack shop", CLOUDFORMATION, "DevRole")
)
EVENT: t.Final = Owner("anna", "Terraform", Confidence.LIKELY, Place("Terraform, run by anna"))


def own(owner: Owner = STATE, role: Role = DEVELOPER, **fields: t.Any) -> OwnedRole:
    given: Record = {"contents": CONTENTS, "dossier": DOSSIER, "campaign": "developers", "last": ADMIN, "folder": "f"}
    return OwnedRole(role, owner=owner, **{**given, **fields})


def read_template(handout: Handout) -> tuple[Record, Record]:
    """The properties of the role in a patch, and those of the new policies by their logical ids."""
    resources = yaml.safe_load(handout.texts[CLOUDFORMATION])["Resources"]
    role = {name: one["Properties"] for name, one in resources.items() if one["Type"] == "AWS::IAM::Role"}
    policies = {name: one["Properties"] for name, one in resources.items() if one["Type"] == "AWS::IAM::ManagedPolicy"}
    return role, policies


def list_steps(text: str) -> list[str]:
    return [line.removeprefix("#   remove the ") for line in text.splitlines() if line.startswith("#   remove the ")]


# The new policies


def test_terraform_gives_the_new_policies_and_removes_the_old_ones_in_comments() -> None:
    text = hand_out_new(own()).texts[TERRAFORM]
    added = terraform.read_resources(text)
    policies = [one for one in DOSSIER.policies if one.is_managed]
    made = [values for kind, _label, values in added if kind == "aws_iam_policy"]
    assert made == [{"name": one.name, "path": "/iam-hardening/lp/", "policy": one.content} for one in policies]
    attached = [values for kind, _label, values in added if kind == "aws_iam_role_policy_attachment"]
    assert {values["role"] for values in attached} == {"${aws_iam_role.dev.name}"}
    assert len(attached) == len(policies)
    (inline,) = [values for kind, _label, values in added if kind == "aws_iam_role_policy"]
    assert (inline["name"], inline["policy"]) == ("lp-dev-shop-3", allow("kms:Decrypt"))
    removed = terraform.read_resources(terraform.uncomment(text))
    assert [values.get("policy_arn", values.get("name")) for _kind, _label, values in removed] == ["extra", OLD, ADMIN]


def test_cloudformation_has_the_whole_lists_of_the_role() -> None:
    handout = hand_out_new(own(STACK))
    role, policies = read_template(handout)
    assert role == {
        "DevRole": {
            "ManagedPolicyArns": [{"Ref": "LpDevShop1Policy"}, {"Ref": "LpDevShop2Policy"}],
            "Policies": [{"PolicyName": "lp-dev-shop-3", "PolicyDocument": allow("kms:Decrypt")}],
        }
    }
    assert policies["LpDevShop1Policy"] == {
        "ManagedPolicyName": "lp-dev-shop-1",
        "Path": "/iam-hardening/lp/",
        "PolicyDocument": allow("s3:GetObject"),
    }
    assert list_steps(handout.texts[CLOUDFORMATION]) == [
        'inline policy "extra"',
        f'managed policy "{OLD}"',
        f'managed policy "{ADMIN}"',
    ]


def test_a_role_that_has_the_new_policies_already_only_loses_the_others() -> None:
    half = dataclasses.replace(APPLIED, attached_policies=(ADMIN, *NEW))
    text = hand_out_new(own(role=half)).texts[TERRAFORM]
    removed = terraform.read_resources(terraform.uncomment(text))
    assert [values.get("policy_arn") for _kind, _label, values in removed] == [ADMIN]


def test_a_policy_of_earlier_documents_goes_as_a_whole() -> None:
    earlier = next(iter(NEW)).replace("-1", "-7")
    text = hand_out_new(own(role=make_role(ADMIN, earlier))).texts[TERRAFORM]
    removed = terraform.read_resources(terraform.uncomment(text))
    assert [(kind, label) for kind, label, _values in removed] == [
        ("aws_iam_role_policy_attachment", "lp_dev_shop_7"),
        ("aws_iam_role_policy_attachment", "dev"),
        ("aws_iam_policy", "lp_dev_shop_7"),
    ]


def test_of_what_is_taken_only_a_policy_of_the_campaign_is_deleted_as_well() -> None:
    """Others may be attached to the role of somebody else."""
    path = "arn:aws:iam::111122223333:policy"
    others = [f"{path}/iam-hardening/lp/lp-dev-other-7", f"{path}/lp-dev-shop-7"]
    removed = terraform.read_resources(terraform.uncomment(hand_out_new(own(role=make_role(*others))).texts[TERRAFORM]))
    assert [kind for kind, _label, _values in removed] == ["aws_iam_role_policy_attachment"] * 2


def test_an_inline_policy_with_the_name_of_a_new_managed_one_goes() -> None:
    found = hand_out_new(own(role=make_role(lp_dev_shop_1=allow("dynamodb:*"))))
    removed = terraform.read_resources(terraform.uncomment(found.texts[TERRAFORM]))
    assert [values["name"] for _kind, _label, values in removed] == ["lp-dev-shop-1"]


# The way back


def test_old_policies_that_are_not_known_are_in_no_patch() -> None:
    found = hand_out_old(own(dossier=dataclasses.replace(DOSSIER, before=None)), returns_admin=False)
    assert (found.texts, found.patch) == ({}, None)
    assert found.next == "let the owner change the role: its old policies are not known"


def test_a_patch_without_a_folder_is_not_looked_for_in_the_reports() -> None:
    role = own()
    plain = OwnedRole(role.role, role.contents, role.dossier, role.owner, role.campaign, last=role.last)
    found = hand_out_new(plain)
    assert (found.folder, found.problem) == (Handout({}).folder, Handout({}).problem) == ("", "")
    assert hand_out_new(own(STACK)).problem == ""
    assert found.next == "let the owner apply the patch; it belongs to Terraform, address aws_iam_role.dev"
    assert hand_out_new(role).next.startswith("let the owner apply f/patch.tf of the reports; ")


def test_terraform_gives_the_old_policies_back() -> None:
    handout = hand_out_old(own(role=APPLIED, is_applied=True), returns_admin=True)
    text = handout.texts[TERRAFORM]
    assert "It is an administrator with them." in text and handout.returns_admin
    added = [
        (kind, values.get("policy_arn") or values["name"]) for kind, _label, values in terraform.read_resources(text)
    ]
    attachment = "aws_iam_role_policy_attachment"
    assert added == [("aws_iam_role_policy", "extra"), (attachment, OLD), (attachment, ADMIN)]
    labels = [label for _kind, label, _values in terraform.read_resources(text)]
    assert len(set(labels)) == len(labels)
    removed = terraform.read_resources(terraform.uncomment(text))
    assert [kind for kind, _label, _values in removed] == [
        "aws_iam_role_policy",
        *["aws_iam_role_policy_attachment"] * len(NEW),
        *["aws_iam_policy"] * len(NEW),
    ]


def test_cloudformation_gives_the_old_policies_back_beside_those_of_others() -> None:
    other = "arn:aws:iam::aws:policy/SecurityAudit"
    role = dataclasses.replace(APPLIED, attached_policies=(*NEW, other))
    handout = hand_out_old(own(STACK, role), returns_admin=False)
    role_of_stack, policies = read_template(handout)
    properties = role_of_stack["DevRole"]
    assert (properties["ManagedPolicyArns"], policies) == ([OLD, other, ADMIN], {})
    assert properties["Policies"] == [{"PolicyName": "extra", "PolicyDocument": allow("sqs:*")}]
    assert list_steps(handout.texts[CLOUDFORMATION])[-2:] == ["resource LpDevShop1Policy", "resource LpDevShop2Policy"]
    assert "administrator" not in handout.texts[CLOUDFORMATION].splitlines()[0]


def test_an_old_policy_that_its_owner_has_deleted_comes_back_with_its_content() -> None:
    contents = {arn: one for arn, one in CONTENTS.items() if arn != OLD}
    owned = own(STACK, APPLIED, contents=contents)
    role, policies = read_template(hand_out_old(owned, returns_admin=False))
    assert role["DevRole"]["ManagedPolicyArns"] == [ADMIN, {"Ref": "OldPolicy"}]
    assert policies["OldPolicy"] == {"ManagedPolicyName": "old", "Path": "/", "PolicyDocument": allow("sns:*")}
    text = hand_out_old(dataclasses.replace(owned, owner=STATE), returns_admin=False).texts[TERRAFORM]
    assert ("aws_iam_policy", "old") in [(kind, label) for kind, label, _values in terraform.read_resources(text)]


# Owners


def test_where_a_patch_belongs() -> None:
    certain, likely = hand_out_new(own()), hand_out_new(own(EVENT))
    assert certain.patch and certain.patch["to"] == "Terraform, address aws_iam_role.dev"
    assert certain.files == {"patch.tf": certain.texts[TERRAFORM], "patch.yaml": ""}
    assert certain.next.startswith("let the owner apply f/patch.tf of the reports; it belongs to Terraform")
    assert likely.patch and (likely.patch["language"], likely.patch["to"]) == (
        "Terraform",
        "Terraform, run by anna (likely)",
    )
    # Nobody knows the resource of the role.
    (role,) = {values["role"] for *_names, values in terraform.read_resources(likely.patch["text"]) if "role" in values}
    assert role == "dev-shop"
    tagged = Owner("Terraform", "Terraform", Confidence.HINT, Place("Terraform"))
    assert hand_out_new(own(tagged)).to == "Terraform (a tag says so)"


@pytest.mark.parametrize(
    ("owner", "words"),
    [
        (Owner(), "the owner is not known"),
        (
            Owner("bo", "Pulumi", Confidence.LIKELY, Place("Pulumi, run by bo")),
            "language of the owner (Pulumi, run by bo",
        ),
    ],
)
def test_an_owner_whose_language_is_not_known(owner: Owner, words: str) -> None:
    found = hand_out_new(own(owner))
    assert found.patch is None and set(found.texts) == {TERRAFORM, CLOUDFORMATION} and all(found.files.values())
    assert words in found.next and "patch.tf (Terraform) or patch.yaml (CloudFormation) in f" in found.next
    assert "report_dir" in dataclasses.replace(found, folder="").next


def test_the_tools_that_make_templates_have_their_own_notes() -> None:
    texts = {
        tool: hand_out_new(own(dataclasses.replace(STACK, tool=tool))).texts[CLOUDFORMATION]
        for tool in ("AWS CDK", "AWS SAM", "CloudFormation")
    }
    for note in ("In the CDK app, the role is the construct with this logical id", "addPropertyOverride"):
        assert {tool for tool, text in texts.items() if note in text} == {"AWS CDK"}
    assert {tool for tool, text in texts.items() if "Policies of the function" in text} == {"AWS SAM"}


# Hostile names

HOSTILE: t.Final = (
    'x"\n}\nresource "aws_iam_user" "evil" {}\n#',
    '${file("/etc/passwd")}',
    "a: b\n- c: !Sub ${AWS::AccountId}",
    "\u2028\nResources:\u0085 {}",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_values(name: str) -> None:
    """The sessions of a role choose keys of objects, and the owner of a stack its names."""
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": name}]}
    dossier = dataclasses.replace(DOSSIER, policies=(NewPolicy("lp-dev-shop-1", document),))
    role = dataclasses.replace(DEVELOPER, inline_policies=(PolicyDocument(name, allow("sqs:*")),))
    place = Place(name, CLOUDFORMATION, name, name)
    for owner in (Owner(name, name, Confidence.CERTAIN, place), Owner(name, name, Confidence.CERTAIN, Place(name))):
        texts = hand_out_new(own(owner, role, dossier=dossier)).texts
        (properties,) = read_template(Handout(texts))[1].values()
        assert properties["PolicyDocument"] == document
        assert set(yaml.safe_load(texts[CLOUDFORMATION])["Resources"]) == {"LpDevShop1Policy", "TheResource"}
        if TERRAFORM in texts:
            kinds = [kind for kind, _label, _values in terraform.read_resources(texts[TERRAFORM])]
            assert kinds == ["aws_iam_policy", "aws_iam_role_policy_attachment"]
            removed = terraform.read_resources(terraform.uncomment(texts[TERRAFORM]))
            assert [values.get("name") for _kind, _label, values in removed][0] == name


def test_a_name_that_cloudformation_would_replace_by_a_secret_is_in_no_template() -> None:
    document = json.loads(json.dumps(allow("s3:GetObject")).replace('"*"', '"arn:aws:s3:::b/{{resolve:ssm:x}}"'))
    dossier = dataclasses.replace(DOSSIER, policies=(NewPolicy("lp-dev-shop-1", document),))
    found = hand_out_new(own(STACK, dossier=dossier))
    assert (found.patch, found.texts, found.files["patch.yaml"]) == (None, {}, "")
    assert "{{resolve:" in found.next
    assert isinstance(hand_out_new(own(dossier=dossier)).patch, Mapping)
