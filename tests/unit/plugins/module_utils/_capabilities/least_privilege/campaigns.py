# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role of a campaign in tests: its declaration, and records of it that agree with each other."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.archive import Broken, Log
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.declared import (
    Declared,
    Target,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import (
    DeniedBy,
    NewDenial,
    Surroundings,
    Watched,
    Way,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.past import (
    Identity,
    Past,
    replay,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import (
    Document,
    Event,
    Kind,
    hash_documents,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.situation import (
    LiveRole,
    NewRole,
    Proposal,
    Situation,
)

ACCOUNT: t.Final = "111122223333"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/dev-a"
GLASS: t.Final = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/break-glass/anna"
NEW_ROLE: t.Final = f"{ROLE}-lp"
ROLE_ID: t.Final = "AROAEXAMPLEDEVA"
NEW_ID: t.Final = "AROAEXAMPLEDEVALP"
BEGAN: t.Final = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)
DAYS: t.Final = {"canary_days": 14, "watch_days": 14, "closed_days": 30}
DOCUMENTS: t.Final = (Document("lp-dev-a-1", "a" * 64, 100),)
OTHER_DOCUMENTS: t.Final = (Document("lp-dev-a-1", "b" * 64, 90),)
CONTENT: t.Final = hash_documents(DOCUMENTS)
#: When each stage of a role is done, in days since the first.
WHEN: t.Final = {
    Kind.ASSESSED: 0,
    Kind.GENERATED: 1,
    Kind.PREPARED: 2,
    Kind.OPENED: 3,
    Kind.CUT_OVER: 17,
    Kind.WATCHED: 31,
    Kind.CLOSED: 32,
    Kind.RETIRED: 62,
}


def moment(days: float) -> datetime:
    """So many days after the campaign began."""
    return BEGAN + timedelta(days=days)


def declare(stage: t.Optional[str] = None, **options: t.Any) -> Declared:
    """A campaign of all roles dev-*, which are canaries."""
    given = {
        "campaign": "developers",
        "stage": stage,
        "targets": [{"roles": ["dev-*"], "way": "parallel", "canary": True}],
        **options,
    }
    return Declared.from_options(given, today=BEGAN.date())


def record(kind: Kind, days: t.Optional[float] = None, *, way: Way = Way.PARALLEL, **fields: t.Any) -> Event:
    """A record of the role, so many days after the campaign began."""
    at = moment(WHEN.get(kind, 100) if days is None else days)
    own: dict[str, t.Any] = {}
    if kind is Kind.GENERATED:
        own = {"documents": DOCUMENTS, "layers_sha256": "layers", "outcome": "proved"}
    if kind is Kind.PREPARED and way is Way.PARALLEL:
        own = {"parallel_arn": NEW_ROLE, "parallel_id": NEW_ID}
    if kind is Kind.CLOSED:
        own = {"break_glass": (GLASS,)}
    if kind is Kind.OPENED:
        own = {"soak_days": 14, "deadline": at + timedelta(days=21) if way is Way.IN_PLACE else None}
    if kind in (Kind.CUT_OVER, Kind.CLOSED):
        own |= {"soak_days": 14 if kind is Kind.CUT_OVER else 30}
    content = "" if kind is Kind.ASSESSED else hash_documents(fields.get("documents", DOCUMENTS))
    fields = {"content_sha256": content, "is_canary": True, **own, **fields}
    where = {"account_id": ACCOUNT, "campaign": "developers", "role_arn": ROLE, "role_id": ROLE_ID}
    return Event(kind, way=way, at=at, **{**where, **fields})


def records_up_to(kind: Kind, *, way: Way = Way.PARALLEL) -> list[Event]:
    """The records of a role that has come so far without a break."""
    kinds = [item for item in WHEN if item is not Kind.CLOSED or way is Way.PARALLEL]
    return [record(item, way=way) for item in kinds[: kinds.index(kind) + 1]]


def make_log(*events: t.Union[Event, str]) -> Log:
    """What a store has of these records; a text is a broken one, with the reason."""
    numbered = list(enumerate(events, start=1))
    keys = {number: f"{number:06d}-{'x' if isinstance(event, str) else event.kind}.json" for number, event in numbered}
    return Log(
        tuple(
            dataclasses.replace(event, number=event.number or number, key=keys[number])
            for number, event in numbered
            if isinstance(event, Event)
        ),
        tuple(Broken(number, keys[number], event) for number, event in numbered if isinstance(event, str)),
        number=len(events),
    )


def identify(days: float = 100, **fields: t.Any) -> Identity:
    """The role as it is, so many days after the campaign began."""
    own = {"now": moment(days), "is_canary": True, "days": DAYS, **fields}
    return Identity(**{"account_id": ACCOUNT, "campaign": "developers", "role_arn": ROLE, "role_id": ROLE_ID, **own})


def remember(*events: t.Union[Event, str], days: float = 100, **fields: t.Any) -> Past:
    """How far the role is by some records, so many days after the campaign began."""
    return replay(make_log(*events), identify(days, **fields))


def live(**fields: t.Any) -> LiveRole:
    """The role as it is in AWS while all is well."""
    own = {
        "layers_sha256": "layers",
        "made_at": moment(2),
        "has_documents": True,
        "new_role": NewRole(NEW_ROLE, NEW_ID, is_ours=True, made_at=moment(2)),
        "is_closed": False,
    }
    return LiveRole(ROLE, ROLE_ID, **{**own, **fields})


PROPOSAL: t.Final = Proposal(CONTENT, "layers", "proved", documents=DOCUMENTS)


def denial(action: str = "s3:GetObject", **fields: t.Any) -> NewDenial:
    """A new denial of what the role had used."""
    own = {"by": DeniedBy.OURS, "count": 2, "first": moment(5), "last": moment(6), "used_before": True}
    return NewDenial(NEW_ROLE, action, "arn:aws:s3:::acme/x", **{**own, **fields})


def watch(*new: NewDenial, since: float = 0, until: float = 1000, **fields: t.Any) -> Watched:
    """What was seen of the role in some days, in which it made a few calls."""
    return Watched(moment(since), moment(until), new=new, **{"calls": 5, **fields})


def situate(*events: t.Union[Event, str], days: float = 100, **fields: t.Any) -> Situation:
    """The role in a run, so many days after the campaign began, with all that a run reads."""
    past = remember(*events, days=days, **fields.pop("identity", {}))
    way = past.way or Way.PARALLEL
    canary = fields.pop("canary", True)
    own = {
        "live": live(),
        "target": Target("targets[0]", ("dev-*",), way, canary),
        "proposal": PROPOSAL,
        "surroundings": Surroundings(),
        "watched": watch(),
    }
    return Situation(ROLE, past, **{**own, **fields})
