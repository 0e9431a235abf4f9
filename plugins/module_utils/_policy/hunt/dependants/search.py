# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The search for the id of an access key in the settings of workloads.

Of what is searched only the place of a match is kept: the name of a variable, and never its value. The id of a key is
no secret, but what stands beside it is.
"""

from __future__ import annotations

import base64
import binascii
import typing as t
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping

Answer = Mapping[str, t.Any]
#: The id of a key, and the place in which it was found.
Match = tuple[str, str]

_LARGEST: t.Final = 1024 * 1024


def search_function(function: Answer, key_ids: Collection[str]) -> Iterator[Match]:
    """Search an item of ``lambda:ListFunctions``."""
    variables = (function.get("Environment") or {}).get("Variables") or {}
    yield from _search_pairs(variables.items(), key_ids, "environment")


def search_task_definition(definition: Answer, key_ids: Collection[str]) -> Iterator[Match]:
    """Search the task definition of ``ecs:DescribeTaskDefinition``."""
    for container in definition.get("containerDefinitions") or ():
        where = f"container {container.get('name')}: environment"
        pairs = ((one.get("name"), one.get("value")) for one in container.get("environment") or ())
        yield from _search_pairs(pairs, key_ids, where)
        command = " ".join(map(str, [*(container.get("entryPoint") or ()), *(container.get("command") or ())]))
        yield from _search_text(command, key_ids, f"container {container.get('name')}: command")


def search_project(project: Answer, key_ids: Collection[str]) -> Iterator[Match]:
    """Search an item of ``codebuild:BatchGetProjects``."""
    variables = (project.get("environment") or {}).get("environmentVariables") or ()
    pairs = ((one.get("name"), one.get("value")) for one in variables)
    yield from _search_pairs(pairs, key_ids, "environment")
    yield from _search_text((project.get("source") or {}).get("buildspec"), key_ids, "buildspec")


def search_stack(stack: Answer, key_ids: Collection[str]) -> Iterator[Match]:
    """Search an item of ``cloudformation:DescribeStacks``, which shows asterisks for parameters without echo."""
    for kind, name, value in (
        ("Parameters", "ParameterKey", "ParameterValue"),
        ("Outputs", "OutputKey", "OutputValue"),
    ):
        pairs = ((one.get(name), one.get(value)) for one in stack.get(kind) or ())
        yield from _search_pairs(pairs, key_ids, kind.lower())


def search_user_data(data: t.Any, key_ids: Collection[str]) -> Iterator[Match]:
    """Search user data in base64, which may be compressed."""
    yield from _search_text(_decode(data), key_ids, "user data")


def _search_pairs(pairs: Iterable[tuple[t.Any, t.Any]], key_ids: Collection[str], where: str) -> Iterator[Match]:
    for name, value in pairs:
        yield from _search_text(value, key_ids, f"{where} {name}")


def _search_text(text: t.Any, key_ids: Collection[str], where: str) -> Iterator[Match]:
    if isinstance(text, str):
        yield from ((key_id, where) for key_id in sorted(key_ids) if key_id in text)


def _decode(data: t.Any) -> str:
    if not isinstance(data, str) or len(data) > _LARGEST:
        return ""
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
    except (ValueError, binascii.Error):
        return data
    if raw.startswith(b"\x1f\x8b"):
        raw = _unzip(raw)
    return raw.decode("utf-8", "replace")


def _unzip(raw: bytes) -> bytes:
    """Unzip at most a MiB: a small archive can hold a very large file."""
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(raw, _LARGEST)
    except zlib.error:
        return b""
