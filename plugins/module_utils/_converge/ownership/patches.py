# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The patch for the owner of an object: a refused change as a snippet of CloudFormation or Terraform.

Every name in a snippet may be hostile: names of policies, content of documents, addresses of states. Values are always
written as quoted texts, so that nothing in them can end a text or begin an expression. Only names that are plain
identifiers are written without quotes.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Callable, Mapping

from ..affects.request import place_of
from ..change import Change
from .owner import IamObject, Place, object_of

_INDENT: t.Final = "  "
_IDENTIFIER: t.Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}", re.ASCII)
_LOGICAL_ID: t.Final = re.compile(r"[A-Za-z0-9]{1,255}", re.ASCII)
# Sequences that begin an expression in a text of HCL: https://developer.hashicorp.com/terraform/language/expressions/strings
# A policy variable of IAM is written as HCL escapes it. All else that looks like an expression gets numbers.
_TEMPLATE: t.Final = re.compile(r"(?P<variable>(?<!\$)\$\{[A-Za-z0-9_:./-]+\})|(?P<signs>\$+|%+)(?=\{)")
_ESCAPES: t.Final[Mapping[str, str]] = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_NOT_ASCII: t.Final = re.compile(r"[^\n\x20-\x7e]")
_ASCII: t.Final = range(0x20, 0x7F)
_WIDE: t.Final = 0xFFFF
_TYPES: t.Final[Mapping[str, tuple[str, str]]] = {
    "role": ("AWS::IAM::Role", "aws_iam_role"),
    "user": ("AWS::IAM::User", "aws_iam_user"),
    "group": ("AWS::IAM::Group", "aws_iam_group"),
    "policy": ("AWS::IAM::ManagedPolicy", "aws_iam_policy"),
}
_MEMBERSHIP: t.Final[Mapping[str, str]] = {
    "AddUserToGroup": "add to the list",
    "RemoveUserFromGroup": "remove from the list",
}
_OPERATION: t.Final = re.compile(
    r"(?P<verb>Attach|Detach|Put|Delete)(?P<kind>User|Role|Group)(?P<what>PermissionsBoundary|Policy)"
)


def make_patch(change: Change, place: t.Optional[Place], *, label: str = "") -> t.Optional[str]:
    """Make the patch for a change, in the language of its owner's template; None if there is none to make.

    ``label`` names a resource of Terraform that is no object of its own, such as an attachment. Without it the resource
    has the label of its principal.
    """
    item = object_of(place_of(change))
    if item is None or place is None:
        return None
    if place.language == "cloudformation":
        return _make_for_cloudformation(change, item, place)
    return _make_for_terraform(change, item, place, label) if place.language == "terraform" else None


# CloudFormation. A JSON value is YAML too. Its texts are quoted, and nothing but ASCII is left in them: YAML has no
# pairs of surrogates, by which JSON writes the characters above U+FFFF.


def _make_for_cloudformation(change: Change, item: IamObject, place: Place) -> t.Optional[str]:
    wanted = _find_properties(change)
    if wanted is None:
        return None
    note, properties = wanted
    lines = [f"{find_logical_id(place)}:", f"{_INDENT}Type: {_TYPES[item.kind][0]}", f"{_INDENT}Properties:"]
    lines += [f"{_INDENT * 2}# {note}"]
    lines += [f"{_INDENT * 2}{name}: {write_yaml(value, depth=2)}" for name, value in properties.items()]
    return "\n".join(lines) + "\n"


def find_logical_id(place: Place) -> str:
    """Find the logical id of an object; a word in its place where it is not known, or could end its line."""
    return place.logical_id if _LOGICAL_ID.fullmatch(place.logical_id) else "TheResource"


def write_yaml(value: t.Any, *, depth: int = 0) -> str:
    """Write a JSON value as a value of YAML that begins in a line of this depth. Texts and keys are always quoted."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _NOT_ASCII.sub(lambda match: _write_number(match[0]), text).replace("\n", "\n" + _INDENT * depth)


Properties = tuple[str, Mapping[str, t.Any]]


def _find_properties(change: Change) -> t.Optional[Properties]:
    """The properties that a change sets, with a note on what to do with them."""
    asked = change.parameters
    match = _OPERATION.fullmatch(change.operation)
    if match:
        return _find_principal_properties(match["verb"], match["what"], asked)
    by_operation: Mapping[str, Callable[[], Properties]] = {
        "UpdateAssumeRolePolicy": lambda: (
            "replace the trust policy by",
            {"AssumeRolePolicyDocument": _parse_document(asked.get("PolicyDocument"))},
        ),
        "CreatePolicyVersion": lambda: (
            "replace the document by",
            {"PolicyDocument": _parse_document(asked.get("PolicyDocument"))},
        ),
        "AddUserToGroup": lambda: ("add to the list", {"Groups": [asked.get("GroupName")]}),
        "RemoveUserFromGroup": lambda: ("remove from the list", {"Groups": [asked.get("GroupName")]}),
    }
    make = by_operation.get(change.operation)
    return make() if make else None


def _find_principal_properties(verb: str, what: str, asked: Mapping[str, t.Any]) -> Properties:
    if what == "PermissionsBoundary":
        if verb == "Put":
            return "set", {"PermissionsBoundary": asked.get("PermissionsBoundary")}
        return "remove this property", {"PermissionsBoundary": None}
    if verb in ("Attach", "Detach"):
        note = "add to the list" if verb == "Attach" else "remove from the list"
        return note, {"ManagedPolicyArns": [asked.get("PolicyArn")]}
    named: dict[str, t.Any] = {"PolicyName": asked.get("PolicyName")}
    if verb == "Delete":
        return "remove from the list the policy of this name", {"Policies": [named]}
    document = _parse_document(asked.get("PolicyDocument"))
    return "add to the list, or replace by name", {"Policies": [{**named, "PolicyDocument": document}]}


def _parse_document(text: t.Any) -> t.Any:
    """The policy document of a request; a text that is no JSON stays a text."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


# Terraform


def _make_for_terraform(change: Change, item: IamObject, place: Place, own: str) -> t.Optional[str]:
    kind = _TYPES[item.kind][1]
    # The label is a name in the configuration. One that is no identifier could end the block.
    label = place.logical_id if _IDENTIFIER.fullmatch(place.logical_id) else "this"
    match = _OPERATION.fullmatch(change.operation)
    if match and match["what"] == "Policy":
        return _make_for_terraform_policy(change, match["verb"], item, own or label, refer(item, place))
    if change.operation in _MEMBERSHIP:
        arguments = {"user": refer(item, place), "groups": write_hcl([change.parameters.get("GroupName")])}
        return write_block("aws_iam_user_group_membership", own or label, arguments, _MEMBERSHIP[change.operation])
    wanted = _find_arguments(change)
    if wanted is None:
        return None
    note, values = wanted
    return write_block(kind, label, values, note)


def refer(item: IamObject, place: Place) -> str:
    """The expression of Terraform for the name of an object.

    It is the name itself unless the resource of the object is known: with ``count`` or ``for_each`` it has an index.
    """
    resource = f"{_TYPES[item.kind][1]}.{place.logical_id}"
    is_known = place.address == resource or place.address.endswith(f".{resource}")
    return f"{resource}.name" if is_known and _IDENTIFIER.fullmatch(place.logical_id) else write_hcl(item.name)


def _find_arguments(change: Change) -> t.Optional[Properties]:
    """The arguments of the resource that a change sets, as texts of HCL."""
    asked = change.parameters
    if change.operation.startswith("Put") and change.operation.endswith("PermissionsBoundary"):
        return "set", {"permissions_boundary": write_hcl(asked.get("PermissionsBoundary"))}
    if change.operation.startswith("Delete") and change.operation.endswith("PermissionsBoundary"):
        return "remove the argument", {"permissions_boundary": "null"}
    if change.operation == "UpdateAssumeRolePolicy":
        return "replace the trust policy by", {"assume_role_policy": _write_document(asked.get("PolicyDocument"))}
    if change.operation == "CreatePolicyVersion":
        return "replace the document by", {"policy": _write_document(asked.get("PolicyDocument"))}
    return None


def _make_for_terraform_policy(change: Change, verb: str, item: IamObject, label: str, reference: str) -> str:
    """The resource of an attachment or of an inline policy."""
    asked = change.parameters
    kind = _TYPES[item.kind][1]
    note = "remove this resource" if verb in ("Detach", "Delete") else "add this resource"
    if verb in ("Attach", "Detach"):
        arguments = {item.kind: reference, "policy_arn": write_hcl(asked.get("PolicyArn"))}
        return write_block(f"{kind}_policy_attachment", label, arguments, note)
    arguments = {"name": write_hcl(asked.get("PolicyName")), item.kind: reference}
    if verb == "Put":
        note = "add this resource, or change the one of this name"
        arguments["policy"] = _write_document(asked.get("PolicyDocument"))
    return write_block(f"{kind}_policy", label, arguments, note)


def write_block(kind: str, label: str, arguments: Mapping[str, str], note: str = "") -> str:
    """Write a resource. ``kind``, ``label``, ``note`` and the expressions are written as they are."""
    lines = [f'resource "{kind}" "{label}" {{', *([f"{_INDENT}# {note}"] if note else [])]
    lines += [f"{_INDENT}{name} = {value}" for name, value in arguments.items()]
    return "\n".join([*lines, "}"]) + "\n"


def _write_document(text: t.Any) -> str:
    return write_json_call(_parse_document(text))


def write_json_call(document: t.Any) -> str:
    """Write a policy document as an argument of a resource."""
    return f"jsonencode({write_hcl(document, depth=1)})"


def write_hcl(value: t.Any, *, depth: int = 0) -> str:
    """Write a JSON value as an expression of HCL. Texts and keys are always quoted."""
    inner, outer = _INDENT * (depth + 1), _INDENT * depth
    if isinstance(value, Mapping):
        entries = [f"{inner}{_quote(str(key))} = {write_hcl(item, depth=depth + 1)}" for key, item in value.items()]
        return "\n".join(["{", *entries, f"{outer}}}"]) if entries else "{}"
    if isinstance(value, (list, tuple)):
        items = [f"{inner}{write_hcl(item, depth=depth + 1)}," for item in value]
        return "\n".join(["[", *items, f"{outer}]"]) if items else "[]"
    if value is None or isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return _quote(str(value))


def _quote(text: str) -> str:
    """A text of HCL. Whatever could begin an expression, or is not plain ASCII, is escaped."""
    parts: list[str] = []
    start = 0
    for match in _TEMPLATE.finditer(text):
        parts.append(_escape(text[start : match.start()]))
        parts.append(f"${match['variable']}" if match["variable"] else "".join(map(_write_number, match["signs"])))
        start = match.end()
    parts.append(_escape(text[start:]))
    return f'"{"".join(parts)}"'


def _escape(text: str) -> str:
    return "".join(map(_escape_character, text))


def _escape_character(character: str) -> str:
    number = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if number in _ASCII else _write_number(character)


def _write_number(character: str) -> str:
    """A character by its number, as texts of HCL and of YAML have it."""
    number = ord(character)
    return f"\\U{number:08x}" if number > _WIDE else f"\\u{number:04x}"
