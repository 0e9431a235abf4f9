# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Patches for owners: snippets of CloudFormation and Terraform, read again by their own parsers."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.owner import Place
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.patches import make_patch, write_hcl

from .owned import BOUNDARY, DOCUMENT, POLICY, REQUESTS, change

hcl2 = pytest.importorskip("hcl2", reason="python-hcl2 is not installed; make test installs it")
decode = pytest.importorskip("terraform_text").decode

STACK: t.Final = Place("stack app", "cloudformation", "AppRole")
STATE: t.Final = Place("Terraform", "terraform", "app", "aws_iam_role.app")
# Changes whose snippet would be the removal of a whole resource, or that only choose among versions.
WITHOUT: t.Final = {"DeleteGroup", "DeletePolicy", "DeletePolicyVersion", "DeleteRole", "SetDefaultPolicyVersion"}
HOSTILE: t.Final = (
    'x"\n}\nresource "aws_iam_user" "evil" {}\n#',
    '${file("/etc/passwd")}',
    "%{ if true }x%{ endif }",
    "$${file(1)} $$${file(2)} %%{x}",
    "a: b\n- c: !Sub ${AWS::AccountId}",
    "*/ // # \u2028 \u0000 \U0001f600 \\",
    "{{ lookup('pipe', 'id') }}",
    "---\n...\n&a *b",
)


def patch(asked: Change, place: Place) -> str:
    found = make_patch(asked, place)
    assert found is not None
    return found


def read_properties(asked: Change, place: Place = STACK) -> dict[str, t.Any]:
    """The properties of the one resource of a snippet of CloudFormation."""
    (resource,) = yaml.safe_load(patch(asked, place)).values()
    assert set(resource) == {"Type", "Properties"}
    return dict(resource["Properties"])


def read_block(asked: Change, place: Place = STATE) -> tuple[str, str, dict[str, t.Any]]:
    """Type, name and arguments of the one resource of a snippet of Terraform."""
    parsed = hcl2.loads(patch(asked, place))
    assert {key for key in parsed if not key.startswith("__")} == {"resource"}
    ((kind, named),) = parsed["resource"][0].items()
    ((name, arguments),) = named.items()
    return strip(kind), strip(name), {key: value for key, value in arguments.items() if not key.startswith("__")}


def strip(name: str) -> str:
    return name.strip('"')


@pytest.mark.parametrize("operation", sorted(REQUESTS))
def test_every_change_has_a_patch_in_both_languages_or_none_in_either(operation: str) -> None:
    found = [make_patch(change(operation), place) is not None for place in (STACK, STATE)]
    assert found == [operation not in WITHOUT] * 2


def test_an_owner_without_a_template_gets_no_patch() -> None:
    assert make_patch(change(), None) is None
    assert make_patch(change(), Place("the console")) is None
    assert make_patch(change(target="arn:aws:iam::aws:policy/X"), STACK) is None


@pytest.mark.parametrize(
    ("operation", "properties"),
    [
        ("PutRolePermissionsBoundary", {"PermissionsBoundary": BOUNDARY}),
        ("DeleteRolePermissionsBoundary", {"PermissionsBoundary": None}),
        ("AttachRolePolicy", {"ManagedPolicyArns": [POLICY]}),
        ("DetachUserPolicy", {"ManagedPolicyArns": [POLICY]}),
        ("PutGroupPolicy", {"Policies": [{"PolicyName": "inline", "PolicyDocument": DOCUMENT}]}),
        ("DeleteRolePolicy", {"Policies": [{"PolicyName": "inline"}]}),
        ("UpdateAssumeRolePolicy", {"AssumeRolePolicyDocument": DOCUMENT}),
        ("CreatePolicyVersion", {"PolicyDocument": DOCUMENT}),
        ("AddUserToGroup", {"Groups": ["team"]}),
    ],
)
def test_properties_of_cloudformation(operation: str, properties: dict[str, t.Any]) -> None:
    assert read_properties(change(operation)) == properties


@pytest.mark.parametrize(
    ("operation", "kind", "keys"),
    [
        ("PutRolePermissionsBoundary", "aws_iam_role", {"permissions_boundary"}),
        ("DeleteUserPermissionsBoundary", "aws_iam_user", {"permissions_boundary"}),
        ("AttachRolePolicy", "aws_iam_role_policy_attachment", {"role", "policy_arn"}),
        ("DetachGroupPolicy", "aws_iam_group_policy_attachment", {"group", "policy_arn"}),
        ("PutUserPolicy", "aws_iam_user_policy", {"name", "user", "policy"}),
        ("DeleteRolePolicy", "aws_iam_role_policy", {"name", "role"}),
        ("UpdateAssumeRolePolicy", "aws_iam_role", {"assume_role_policy"}),
        ("CreatePolicyVersion", "aws_iam_policy", {"policy"}),
        ("RemoveUserFromGroup", "aws_iam_user_group_membership", {"user", "groups"}),
    ],
)
def test_resources_of_terraform(operation: str, kind: str, keys: set[str]) -> None:
    found, name, arguments = read_block(change(operation))
    assert (found, name, set(arguments)) == (kind, "app", keys)


def test_a_policy_variable_stays_readable() -> None:
    assert write_hcl("home/${aws:username}/*") == '"home/$${aws:username}/*"'


def test_the_snippets_of_a_boundary() -> None:
    assert patch(change(), STATE) == (
        f'resource "aws_iam_role" "app" {{\n  # set\n  permissions_boundary = "{BOUNDARY}"\n}}\n'
    )
    assert patch(change(), STACK) == (
        f'AppRole:\n  Type: AWS::IAM::Role\n  Properties:\n    # set\n    PermissionsBoundary: "{BOUNDARY}"\n'
    )


# Hostile names


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_values_stay_values(name: str) -> None:
    document = {"Version": name, "Statement": [{"Sid": name, name: {name: [name]}}]}
    asked = change("PutRolePolicy", parameters={"PolicyName": name, "PolicyDocument": json.dumps(document)})
    (policy,) = read_properties(asked)["Policies"]
    assert policy == {"PolicyName": name, "PolicyDocument": document}
    kind, label, arguments = read_block(asked)
    assert (kind, label, set(arguments)) == ("aws_iam_role_policy", "app", {"name", "role", "policy"})
    assert decode(patch(asked, STATE).splitlines()[2].partition(" = ")[2]) == name


@pytest.mark.parametrize("name", [*HOSTILE, "a b", "", "é"])
def test_hostile_names_of_templates_are_not_written(name: str) -> None:
    assert list(yaml.safe_load(patch(change(), Place("x", "cloudformation", name)))) == ["TheResource"]
    assert read_block(change(), Place("x", "terraform", name))[1] == "this"


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('$%{}"\\\n')))
def test_any_text_is_read_again_as_it_is(text: str) -> None:
    assert decode(write_hcl(text)) == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_value_is_one_expression(value: t.Any) -> None:
    parsed = hcl2.loads(f"a = {write_hcl(value)}\nb = 1\n")
    assert {key for key in parsed if not key.startswith("__")} == {"a", "b"}
