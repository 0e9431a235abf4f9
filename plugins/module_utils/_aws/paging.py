# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Pages of any operation, by the names that its parameters and its answer have.

Several list operations of IAM page without a paginator in botocore (ListServiceSpecificCredentials among them).
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping

from .errors import Unparsable

if t.TYPE_CHECKING:
    from botocore.model import ServiceModel

# A member of an answer that leads to the next page, and the parameter that takes it.
_TOKENS: t.Final = (
    ("Marker", "Marker"),
    ("NextToken", "NextToken"),
    ("nextToken", "nextToken"),
    ("NextContinuationToken", "ContinuationToken"),
)
_PAGE_SIZES: t.Final = ("MaxItems", "MaxResults", "maxResults", "MaxKeys", "Limit", "limit", "MaxRecords")


def next_page(answer: Mapping[str, t.Any], parameters: Collection[str]) -> t.Optional[tuple[str, str]]:
    """The parameter, among the operation's ``parameters``, and the token that ask for the page after ``answer``.

    None after the last page. An empty page may well have a next one (Organizations); IAM may send a marker with an
    answer that is not truncated.

    :raises ValueError: the answer is truncated and does not say how it goes on: what there is must not pass for all.
    """
    if answer.get("IsTruncated") is False:
        return None
    for member, parameter in _TOKENS:
        token = answer.get(member)
        if token and parameter in parameters:
            return parameter, str(token)
    if answer.get("IsTruncated") is True:
        raise ValueError("the answer is truncated, and has no token for the next page")
    return None


def list_members(model: ServiceModel, operation: str) -> tuple[frozenset[str], frozenset[str]]:
    """List the parameters of an operation, and the members that by AWS's ``model`` each answer to it has."""
    if operation not in model.operation_names:
        return frozenset(), frozenset()
    found = model.operation_model(operation)
    given, answered = found.input_shape, found.output_shape
    return frozenset(given.members if given else ()), frozenset(answered.required_members if answered else ())


def page_size_parameter(parameters: Collection[str]) -> t.Optional[str]:
    """The parameter that limits a page, among the operation's ``parameters``."""
    return next((name for name in _PAGE_SIZES if name in parameters), None)


def make_unparsable(message: str, code: str, service: str, operation: str, region: str) -> Unparsable:
    """Make the error of a page after which nobody knows what is listed."""
    return Unparsable(message, code=code, service=service, operation=operation, region=region)
