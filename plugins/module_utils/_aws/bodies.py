# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether an answer is what its API promises, checked where botocore parses it.

botocore takes a body that is not JSON for an empty answer: a proxy's login page would read as an account without
analyzers. And its parsers fall over XML or JSON of another shape with whatever exception comes first.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Mapping
from datetime import datetime

from . import sdk

if t.TYPE_CHECKING:
    from botocore.model import Shape
    from botocore.parsers import ResponseParser

_EC2_ANSWER: t.Final = re.compile(rb"<\w+Response\b")


class CheckingParserFactory:
    """A stand-in for botocore's ResponseParserFactory whose parsers fail with ResponseParserError alone."""

    def __init__(self) -> None:
        self._factory = sdk.ResponseParserFactory()
        self._factory.set_parser_defaults(timestamp_parser=parse_timestamp)

    def create_parser(self, protocol_name: str) -> CheckingParser:
        """Called by botocore for every answer."""
        return CheckingParser(protocol_name, self._factory.create_parser(protocol_name))


class CheckingParser:
    """One of botocore's parsers, and the check in front of it."""

    def __init__(self, protocol: str, parser: ResponseParser) -> None:
        self._protocol = protocol
        self._parser = parser

    def parse(self, response: Mapping[str, t.Any], shape: t.Optional[Shape]) -> t.Any:
        """Parse ``response`` by botocore. Raises ResponseParserError."""
        # A payload is a member of its own that takes the whole body, such as an object of S3.
        if response["status_code"] < 300 and shape is not None and not shape.serialization.get("payload"):
            check_body(self._protocol, shape, response["body"])
        try:
            # Operations without an output have no shape, whatever the stubs of botocore say.
            return self._parser.parse(response, t.cast("Shape", shape))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise sdk.ResponseParserError(f"the answer is of another shape: {error!r}") from error


def parse_timestamp(value: t.Any) -> datetime:
    """A timestamp of an answer. ISO 8601, which nearly all are, costs dateutil thirty times what it costs Python."""
    if isinstance(value, str) and value[4:5] == "-":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    parsed: datetime = sdk.parse_timestamp(value)
    return parsed


def check_body(protocol: str, shape: Shape, body: bytes) -> None:
    """Check the body of a successful answer that holds ``shape``. Raises ResponseParserError."""
    if protocol in ("json", "rest-json"):
        _check_json(body, has_members=bool(getattr(shape, "members", None)))
    elif protocol == "query" and f"<{shape.serialization['resultWrapper']}".encode() not in body:
        raise sdk.ResponseParserError(f"the answer holds no {shape.serialization['resultWrapper']}")
    elif protocol == "ec2" and not _EC2_ANSWER.search(body):
        raise sdk.ResponseParserError("the answer is not one of EC2")


def _check_json(body: bytes, *, has_members: bool) -> None:
    if not body and not has_members:
        return
    try:
        document = json.loads(body)
    except ValueError as error:
        raise sdk.ResponseParserError("the answer is not JSON") from error
    if not isinstance(document, dict):
        raise sdk.ResponseParserError("the answer is JSON, but not an object")
