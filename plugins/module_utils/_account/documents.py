# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Policy documents as IAM hands them out."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping
from urllib.parse import unquote

from .model import PolicyDocument


def policy_document(name: str, document: t.Any) -> PolicyDocument:
    """A document by its name: decoded as boto3 leaves it, or JSON text, URL-encoded (RFC 3986) as IAM's wire has it.

    boto3 hands on the raw text of a document that it can't decode. Such a one becomes an error to report, not a failed
    read: one bad policy must not hide all others.
    """
    if isinstance(document, str):
        try:
            document = _decode(document)
        except ValueError as error:
            return PolicyDocument(name=name, document=None, error=f"not a JSON document: {error}")
    if not isinstance(document, Mapping):
        return PolicyDocument(name=name, document=None, error=f"not a JSON object but {_kind(document)}")
    return PolicyDocument(name=name, document=document)


def _decode(text: str) -> t.Any:
    # Plain JSON first: a per cent sign in it is no encoding. Encoded text never starts with a brace.
    return json.loads(text if text.lstrip().startswith(("{", "[")) else unquote(text))


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
