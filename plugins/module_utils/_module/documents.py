# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Policy documents as options of a module: JSON text, a structure, or the path of a file with one of both."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from pathlib import Path

from .._converge.store import StoreError, expand_path, make_absolute
from .._policy.documents.parse import parse
from .._policy.documents.policy import Kind, Policy, PolicyError
from .._policy.documents.syntax import decode
from .task import TaskError
from .yaml import parse_yaml

_YAML: t.Final = frozenset({".yml", ".yaml"})
# More than any policy may have, and less than what a path given by mistake could hold.
_MOST_BYTES: t.Final = 1_000_000


@dataclasses.dataclass(frozen=True)
class Document:
    """A document as it was given: ``content`` is what the parser takes, ``name`` the file, or empty for a value."""

    content: t.Union[str, bytes, Mapping[str, t.Any]]
    name: str = ""


def is_path(value: object) -> bool:
    """Whether a document is given by the path of a file: any text but an empty one and one that starts with a brace."""
    return isinstance(value, str) and bool(value.strip()) and not value.lstrip("\ufeff \t\r\n").startswith("{")


def absolute(value: t.Any) -> t.Any:
    """``value`` with the paths of documents in it made absolute: it is a document, or lists of documents.

    For action plugins: a module runs in another directory than the one that people mean.
    """
    if isinstance(value, list):
        return [absolute(member) for member in value]
    return make_absolute(value) if is_path(value) else value


def document_of(value: t.Any, *, option: str) -> Document:
    """The document that the option ``option`` (such as ``layers.scps[0][1]``) holds or names, not parsed yet.

    A file whose name ends with ``.yml`` or ``.yaml`` holds YAML, any other JSON.

    :raises TaskError: neither text nor a structure, or a file that can't be read.
    """
    if isinstance(value, Mapping):
        return Document(value)
    if not isinstance(value, str) or not value.strip():
        raise TaskError(f"{option}: {value!r} is not a policy document: JSON text, a structure or the path of a file")
    if not is_path(value):
        return Document(value)
    content = _read_bytes(value, option)
    return Document(_parse_structure(value, content, option) if Path(value).suffix.lower() in _YAML else content, value)


def policy_of(value: t.Any, *, option: str, kind: t.Optional[Kind] = None, name: str = "") -> Policy:
    """The policy that the option ``option`` holds or names.

    ``name`` is what decisions call it; by default the name of its file, without directories, or else the option.

    :raises TaskError: there is no document, or IAM would refuse it; the message names the option, the file and the
        place in the document.
    """
    document = document_of(value, option=option)
    try:
        return parse(document.content, name=name or Path(document.name).name or option, kind=kind)
    except PolicyError as error:
        place = f"{option}: {document.name}" if document.name else option
        problems = "; ".join(str(problem) for problem in error.problems)
        raise TaskError(f"{place} is not a policy document that IAM accepts: {problems}") from error


def _read_bytes(path: str, option: str) -> bytes:
    try:
        with expand_path(path, option).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise TaskError(f"{option}: can't read {path}: {error.strerror}") from error
    except StoreError as error:
        raise TaskError(str(error)) from error
    if len(content) > _MOST_BYTES:
        raise TaskError(f"{option}: {path} is longer than any policy document, {_MOST_BYTES} bytes")
    return content


def _parse_structure(path: str, content: bytes, option: str) -> Mapping[str, t.Any]:
    structure = parse_yaml(content, option=option, source=path)
    if not isinstance(structure, Mapping):
        raise TaskError(f"{option}: {path} holds no policy document, but a {type(structure).__name__}")
    return structure


def structure_of(value: t.Any, *, option: str) -> Mapping[str, t.Any]:
    """The document that an option holds or names, as a structure whose places can be filled in.

    :raises TaskError: it can't be read, or it is no object.
    """
    content = document_of(value, option=option).content
    if isinstance(content, Mapping):
        return content
    try:
        structure, _text = decode(content)
    except PolicyError as error:
        raise TaskError(f"{option}: not a policy document: {error}") from error
    if not isinstance(structure, Mapping):
        raise TaskError(f"{option}: a policy document is an object, not {structure!r}")
    return structure
