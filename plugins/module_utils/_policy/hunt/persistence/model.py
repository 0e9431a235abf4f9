# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the sweep for persistence finds, and the rules that it finds it by."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime

from ...facts.operations import WriteClass
from .template import Facts


class Family(enum.StrEnum):
    """A family of ways to stay, to take something along, or to take over."""

    IAM = "iam"
    CERTIFICATE = "certificate"
    SIGN_IN = "sign_in"
    CODE = "code"
    SHARING = "sharing"
    MONEY = "money"
    BLINDFOLD = "blindfold"
    # Of what no rule is about, by the class of the operation.
    CREDENTIAL = "credential"
    PRINCIPAL = "principal"
    TRUST = "trust"
    NETWORK = "network"
    SCHEDULE = "schedule"
    UNKNOWN = "unknown"


class Presence(enum.StrEnum):
    """Whether the effect of an event is still there. UNKNOWN: nobody has read it."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Question:
    """A question about the present state of an account: the kind of object, and what names it.

    ``region`` is empty for what has none.
    """

    kind: str
    account_id: str
    region: str
    key: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Call:
    """A call as botocore makes it."""

    service: str
    operation: str
    parameters: Mapping[str, t.Any] = dataclasses.field(default_factory=dict, hash=False)

    def to_dict(self) -> dict[str, t.Any]:
        """The call as the module returns it."""
        return {"service": self.service, "operation": self.operation, "parameters": dict(self.parameters)}


@dataclasses.dataclass(frozen=True)
class Check:
    """A template of a question. ``is_global``: the objects have no region."""

    kind: str
    key: tuple[str, ...]
    is_global: bool = False


Deadline = Callable[[Facts], t.Optional[datetime]]
Condition = Callable[[Facts], bool]


def always(facts: Facts) -> bool:
    """A rule about every request."""
    return True


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule about one event name, or several that are alike.

    ``source`` is the first part of the event's source, ``names`` are without the date that some services append.
    ``target`` and the parameters of ``undo`` are templates, see :mod:`.template`. ``undo`` is None where no single call
    undoes it; ``note`` then says what to do. ``deadline`` is the moment from which on AWS makes it final.
    ``is_urgent``: others can use it at any moment. ``is_read``: something was read or called, and nothing is left
    that could be there.
    ``models`` are botocore's services that have the operations, for the tests; empty where the event has no operation.
    """

    source: str
    names: tuple[str, ...]
    target: str
    family: Family
    undo: t.Optional[Call] = None
    check: t.Optional[Check] = None
    deadline: t.Optional[Deadline] = None
    applies: Condition = always
    is_urgent: bool = False
    is_read: bool = False
    note: str = ""
    models: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Hit:
    """A finding of the sweep.

    ``event_id`` is empty for an object of today that no event explains. ``chain`` are the principals on the way from
    the seed, as the caller of the sweep gives them. ``count`` is the number of events that say the same, the first of
    which this is: of successful changes it is 1. ``reason`` says why something is so, in a sentence. ``use`` is what
    the use of it looks like, ``is_doubtful`` that the event may be somebody else's.
    """

    event_id: str
    family: Family
    target: str
    present: Presence
    undo: t.Optional[Call] = None
    deadline: t.Optional[datetime] = None
    time: t.Optional[datetime] = None
    account_id: str = ""
    region: str = ""
    event_name: str = ""
    principal_arn: str = ""
    chain: tuple[str, ...] = ()
    error_code: str = ""
    is_urgent: bool = False
    count: int = 1
    reason: str = ""
    write_class: WriteClass = WriteClass.OTHER
    use: str = ""
    is_doubtful: bool = False

    def to_dict(self) -> dict[str, t.Any]:
        """The finding as the module returns it."""
        return {
            "event_id": self.event_id,
            "family": self.family.value,
            "class": self.write_class.value,
            "suspected": "uncertain" if self.is_doubtful else "yes",
            "target": self.target,
            "present": self.present.value,
            "undo": self.undo.to_dict() if self.undo else None,
            "deadline": _write(self.deadline),
            "time": _write(self.time),
            "account_id": self.account_id,
            "region": self.region,
            "event_name": self.event_name,
            "principal": self.principal_arn,
            "chain": list(self.chain),
            "error_code": self.error_code,
            "urgent": self.is_urgent,
            "count": self.count,
            "reason": self.reason,
            "use": self.use,
        }


def _write(moment: t.Optional[datetime]) -> t.Optional[str]:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
