# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The record of a drill: whose user and role are its own, and how far it is. Without its record nothing is touched."""

from __future__ import annotations

import dataclasses
import enum
import json
import re
import typing as t
from collections.abc import Mapping
from datetime import datetime

from ..._account.account_id import is_account_id
from ..._account.moments import format_utc, parse_moment
from ..._converge.incident.drills import DRILL_PATH, is_drill_id

SCHEMA: t.Final = "hardening.iam/drill/1"
# As IAM's model has them, of users, roles and keys alike.
_UNIQUE_ID: t.Final = re.compile(r"\w{16,128}", re.ASCII)


class State(enum.StrEnum):
    """How far a drill is."""

    #: Its user, role and key are made. Nothing of it is known to work yet.
    MAKING = "making"
    READY = "ready"
    MEASURED = "measured"
    OVER = "over"


@dataclasses.dataclass(frozen=True)
class Drill:
    """One drill. ``id`` is also the id of its incident, and the name of its user and of its role.

    ``user_id`` and ``role_id`` are the unique ids of IAM: somebody else's user of the same name has another one. They
    are empty until IAM has answered. ``holder`` is the job that works on it. ``measured`` has the result.
    """

    id: str
    account_id: str
    partition: str
    person: str
    holder: str
    began: datetime
    renewed: datetime
    state: State = State.MAKING
    caller: str = ""
    user_id: str = ""
    role_id: str = ""
    key_id: str = ""
    measured: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def user_arn(self) -> str:
        """The ARN of the user."""
        return f"arn:{self.partition}:iam::{self.account_id}:user{DRILL_PATH}{self.id}"

    @property
    def role_arn(self) -> str:
        """The ARN of the role that the user may assume."""
        return f"arn:{self.partition}:iam::{self.account_id}:role{DRILL_PATH}{self.id}"

    @property
    def owned(self) -> dict[str, str]:
        """The principals of the drill by their ARNs, each with its unique id."""
        return {self.user_arn: self.user_id, self.role_arn: self.role_id}

    def as_bytes(self) -> bytes:
        """The record as JSON."""
        document = {
            **dataclasses.asdict(self),
            "schema": SCHEMA,
            "state": self.state.value,
            "began": self.began.isoformat(),
            "renewed": self.renewed.isoformat(),
            "user_arn": self.user_arn,
            "role_arn": self.role_arn,
        }
        return json.dumps(document, indent=1, sort_keys=True).encode()

    @classmethod
    def of_bytes(cls, content: bytes) -> t.Self:
        """The record in JSON.

        :raises ValueError: it is malformed.
        """
        try:
            return cls._of_document(json.loads(content))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"the record of the drill is malformed: {error!r}") from error

    @classmethod
    def _of_document(cls, document: Mapping[str, t.Any]) -> t.Self:
        texts = {name: document[name] for name in ("id", "account_id", "partition", "person", "holder", "caller")}
        ids = {name: document[name] for name in ("user_id", "role_id", "key_id")}
        if not all(isinstance(text, str) for text in (*texts.values(), *ids.values())):
            raise ValueError("the record of the drill has a member that is no text")
        if document["schema"] != SCHEMA or not is_drill_id(texts["id"]) or not is_account_id(texts["account_id"]):
            raise ValueError("the record is none of a drill")
        for name, text in ids.items():
            if text and not _UNIQUE_ID.fullmatch(text):
                raise ValueError(f"{name} is malformed")
        return cls(
            **texts,
            **ids,
            began=parse_moment(document["began"]),
            renewed=parse_moment(document["renewed"]),
            state=State(document["state"]),
            measured=dict(document["measured"]),
        )

    def declare(self) -> dict[str, t.Any]:
        """The incident of the drill, as a person would declare it."""
        return {
            "id": self.id,
            "declared_by": self.person,
            "reason": f"drill of a containment, begun {format_utc(self.began)}",
            "confirm": self.id,
            "keys": [{"id": self.key_id, "user": self.id, "account_id": self.account_id}] if self.key_id else [],
            "users": [] if self.key_id else [self.user_arn],
        }
