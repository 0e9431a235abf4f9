# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Lists of owned ARNs on the controller and in S3."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime

from .._account.answer import NO, No, Unknown, Yes
from .._account.moments import format_moment, parse_moment
from .._aws.tape import Answer
from .._converge.ownership.evidence import CertainSource, make_listed_owner
from .._converge.ownership.files import LISTS, OwnerFile
from .._converge.ownership.owned_arns import MOST_BYTES, ListError, OwnedArns, parse_owned_arns
from .._converge.ownership.owner import object_of
from .connection import Connection
from .owner_files import describe_unread, read_file
from .yaml import parse_yaml


def read_list(file: OwnerFile, connection: Connection) -> CertainSource:
    """Read the objects of a list of owned ARNs. A list that does not name the account says nothing about it."""
    found = _read(file, connection)
    if isinstance(found, Unknown):
        return CertainSource(rest=describe_unread(file, found))
    if isinstance(found, No):
        return CertainSource()
    owner = make_listed_owner(found.value, file.name)
    return CertainSource({item.key: owner for arn in found.value.arns if (item := object_of(arn))})


def _read(file: OwnerFile, connection: Connection) -> t.Union[Yes[OwnedArns], No, Unknown]:
    answer = read_file("owned_arns", file, connection, most=MOST_BYTES, parse=_parse)
    if isinstance(answer, Unknown):
        return answer
    plain = answer.value
    owned = OwnedArns(
        created=parse_moment(plain["created"]),
        owner=plain["owner"],
        place=plain["place"],
        accounts=tuple(plain["accounts"]),
        arns=tuple(plain["arns"]),
    )
    return _judge(owned, file, connection.access.caller.account_id, connection.now)


def _judge(owned: OwnedArns, file: OwnerFile, account_id: str, now: datetime) -> t.Union[Yes[OwnedArns], No, Unknown]:
    try:
        owned.check_age(now, file.max_age)
    except ListError as error:
        return Unknown(str(error))
    if account_id in owned.accounts:
        return Yes(owned)
    return Unknown(f"its accounts do not name {account_id}, and the entry does") if file.accounts else NO


def _parse(text: str) -> Answer:
    owned = parse_owned_arns(parse_yaml(text, option=LISTS, source="the file"))
    return {**dataclasses.asdict(owned), "created": format_moment(owned.created)}
