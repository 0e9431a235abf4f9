# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a hunt begins with: keys, principals, addresses and times."""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import re
import typing as t
from datetime import datetime, timedelta

from ..documents.arn import arn_parts
from .event import EARLIEST, Event
from .links import KEY_ID, short_name

#: So far back the habits of a principal are read, before the first suspicious time.
BASELINE: t.Final = timedelta(days=30)
_UNIQUE_ID: t.Final = re.compile(r"A(IDA|ROA)[A-Z0-9]{12,124}\Z", re.ASCII)
_NAME: t.Final = re.compile(r"((?P<kind>user|role)/)?(?P<name>[\w+=,.@/-]{1,576})\Z", re.ASCII)
_KINDS: t.Final = ("user", "role", "root")


class QuestionError(ValueError):
    """A seed that can't be used. The message names the option."""


@dataclasses.dataclass(frozen=True)
class Question:
    """The seeds of a hunt. ``since`` is the first suspicious time if it is known, ``until`` the last one to look at.

    ``principals`` are ARNs, unique ids, or names such as ``user/ci-deploy``.
    """

    keys: frozenset[str]
    principals: frozenset[str]
    addresses: frozenset[str]
    since: t.Optional[datetime]
    until: datetime

    @classmethod
    def of(
        cls,
        *,
        keys: t.Iterable[str],
        principals: t.Iterable[str],
        addresses: t.Iterable[str],
        since: t.Optional[datetime],
        until: datetime,
    ) -> t.Self:
        """Check the seeds.

        :raises QuestionError: one can't be used, or there is none.
        """
        found = cls(
            frozenset(map(_check_key, keys)),
            frozenset(map(_check_principal, principals)),
            frozenset(map(_check_address, addresses)),
            since,
            until,
        )
        if not (found.keys or found.principals or found.addresses or since):
            raise QuestionError(
                "access_key_ids, principals, source_addresses, since: none is set.\n"
                "Name at least one access key, principal, address or time to begin with."
            )
        if since is not None and since < EARLIEST:
            raise QuestionError(f"since: {since.isoformat()} is before 2013, when CloudTrail began")
        if since is not None and since >= until:
            raise QuestionError(f"since: {since.isoformat()} is not before until, {until.isoformat()}")
        return found

    @property
    def is_of_times_only(self) -> bool:
        """Whether only times are given, so that every principal with unusual calls counts."""
        return not (self.keys or self.principals or self.addresses)

    @functools.cached_property
    def _shorts(self) -> frozenset[str]:
        return frozenset(filter(None, map(short_name, self.principals)))

    @functools.cached_property
    def _names(self) -> frozenset[str]:
        found = (_NAME.match(one) for one in self.principals if not one.startswith("arn:"))
        return frozenset(f"{one['kind'] or ''}/{one['name'].rpartition('/')[2]}" for one in found if one)

    def names_principal(self, event: Event) -> bool:
        """Whether an event is of a principal that the seeds name."""
        if not self.principals:
            return False
        return event.principal_id in self.principals or self.names_arn(event.principal_arn)

    def names_arn(self, arn: str) -> bool:
        """Whether the seeds name the principal with this ARN, with or without its path."""
        short = short_name(arn)
        if not short or not self.principals:
            return False
        if short in self._shorts:
            return True
        kind, _slash, name = short.partition(":")[2].partition("/")
        return f"{kind}/{name}" in self._names or f"/{name}" in self._names

    def begins_with(self, event: Event) -> bool:
        """Whether an event is of one of the seeds."""
        return event.access_key_id in self.keys or event.source_address in self.addresses or self.names_principal(event)


def _check_key(text: str) -> str:
    if not KEY_ID.match(text):
        raise QuestionError(f"access_key_ids: {text!r} is not the id of an access key, such as AKIAIOSFODNN7EXAMPLE")
    return text


def _check_principal(text: str) -> str:
    parts = arn_parts(text)
    if parts is not None and parts.service in ("iam", "sts"):
        kind, _slash, rest = parts.resource.partition("/")
        if kind == "assumed-role":
            return f"arn:{parts.partition}:iam::{parts.account}:role/{rest.partition('/')[0]}"
        if kind in _KINDS:
            return text
    elif parts is None and (_UNIQUE_ID.match(text) or _NAME.match(text)):
        return text
    raise QuestionError(
        f"principals: {text!r} is not the ARN of a user, a role or a root user, no unique id such as AROA…,\n"
        "and no name such as user/ci-deploy or role/deploy"
    )


def _check_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise QuestionError(f"source_addresses: {text!r} is not an IP address, such as 198.51.100.66") from error
