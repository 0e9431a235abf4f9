# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading snippets of Terraform as it does itself: resources, quoted texts, and policy documents in jsonencode."""

from __future__ import annotations

import typing as t

import hcl2

Resource = tuple[str, str, dict[str, t.Any]]
_CALL: t.Final = "${jsonencode("


def read_resources(text: str) -> list[Resource]:
    """Read the resources of a snippet in their order: kind, label and arguments."""
    found = []
    for block in hcl2.loads(text).get("resource", []):
        ((kind, named),) = block.items()
        ((label, arguments),) = named.items()
        values = {key: _read(value) for key, value in arguments.items() if not key.startswith("__")}
        found.append((kind.strip('"'), label.strip('"'), values))
    return found


def uncomment(text: str) -> str:
    """The lines of comments that follow on the first line of other comments, without their sign."""
    lines = [line.removeprefix("#").removeprefix(" ") for line in text.splitlines() if line.startswith("#")]
    first = next((place for place, line in enumerate(lines) if line.startswith("resource ")), len(lines))
    return "\n".join(lines[first:]) + "\n"


def _read(value: t.Any) -> t.Any:
    """A value: the document of a call of jsonencode, the value of a quoted text, or an expression as it is written."""
    if isinstance(value, dict):
        return {decode(key): _read(one) for key, one in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [_read(one) for one in value]
    if not isinstance(value, str):
        return value
    if value.startswith(_CALL):
        return _read(hcl2.loads(f"document = {value[len(_CALL) : -2]}\n")["document"])
    return decode(value) if value.startswith('"') else value


def decode(text: str) -> str:
    """The value of a quoted text, as the specification of HCL reads it; an expression in it is an error.

    https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#string-literals
    """
    assert text[0] == text[-1] == '"'
    inner, found, place = text[1:-1], [], 0
    escapes = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
    while place < len(inner):
        rest = inner[place:]
        assert not rest.startswith(('"', "${", "%{", "\n")), inner
        if rest.startswith(("$${", "%%{")):
            found.append(f"{rest[0]}{{")
            place += 3
        elif rest[0] == "\\" and rest[1] in "uU":
            width = 4 if rest[1] == "u" else 8
            found.append(chr(int(rest[2 : 2 + width], 16)))
            place += 2 + width
        elif rest[0] == "\\":
            found.append(escapes[rest[1]])
            place += 2
        else:
            found.append(rest[0])
            place += 1
    return "".join(found)
