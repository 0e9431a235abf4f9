# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the tags of a user say of its credentials' stages, and how much of that is believed.

Anybody who may tag a user can write anything there. So a tag only leads to the records in the journal, and the time of
a stage is the latest that the tag, those records and AWS's own dates support.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ..._account.answer import NO, Answer, Unknown, Yes
from ..._account.moments import format_utc, parse_moment
from ..._converge.journal import Outcome, RecordError, ending_at
from ..._converge.parsing import parse
from ..._converge.store import Store, StoreError
from .kinds import OPERATIONS_OF, Credential

PUBLISH: t.Final = "Publish"
TAG: t.Final = "TagUser"
UNTAG: t.Final = "UntagUser"

_NOT_OURS: t.Final = (Outcome.FAILED, Outcome.FOREIGN)
_WORDS: t.Final = re.compile(r"([a-z]+)=([0-9TZ:-]+) notice=(sns|none) run=([A-Za-z0-9][A-Za-z0-9._:-]{0,127})")


class Stage(enum.StrEnum):
    """The stage of a credential: its owner was notified, it was deactivated, or it was found inactive."""

    NOTICED = "noticed"
    DEACTIVATED = "deactivated"
    FOUND_INACTIVE = "dormant"


@dataclasses.dataclass(frozen=True)
class Mark:
    """The value of a stage's tag. ``run`` names the run whose journal has the records."""

    stage: Stage
    at: datetime
    has_notice: bool
    run: str

    def __str__(self) -> str:
        notice = "sns" if self.has_notice else "none"
        return f"{self.stage.value}={format_utc(self.at)} notice={notice} run={self.run}"


def parse_mark(value: t.Optional[str]) -> t.Optional[Mark]:
    """Parse the mark in the value of a tag; None where there is none, or none that we wrote."""
    match = _WORDS.fullmatch(value or "")
    if not match:
        return None
    try:
        return Mark(Stage(match[1]), parse_moment(match[2]), match[3] == "sns", match[4])
    except ValueError:
        return None


@dataclasses.dataclass(frozen=True)
class RecordedChange:
    """A change in the journal: when it was begun, on whose credential, and what AWS answered, as far as kept.

    ``is_certain`` is False for one whose run was cut off before it could say how it ended.
    """

    run: str
    at: datetime
    operation: str
    user_arn: str
    credential: str
    after: Mapping[str, t.Any]
    answer: Mapping[str, t.Any]
    is_certain: bool = True


#: By the run: what its journal has.
History = Mapping[str, Answer[Sequence[RecordedChange]]]


def read_history(store: Store, account_id: str, runs: Iterable[str]) -> History:
    """The changes to credentials in the journal of ``runs``, but for those that failed; by run.

    A run is unknown where its records can't be read, or one of them is broken: that one may be the record in question.
    """
    return {run: _read_run(store, account_id, run) for run in sorted(set(runs))}


def _read_run(store: Store, account_id: str, run: str) -> Answer[Sequence[RecordedChange]]:
    found: list[RecordedChange] = []
    try:
        for key in store.list(f"{account_id}/{run}/"):
            if key.endswith("-intent.json"):
                found += _read_changes(store, key, account_id, run)
    except (RecordError, ValueError, KeyError, TypeError, AttributeError):
        return Unknown(f"a record of run {run} in the journal is malformed, or of another account")
    except StoreError as error:
        return Unknown(f"the journal can't be read: {error}")
    return Yes(tuple(found)) if found else NO


def _read_changes(store: Store, key: str, account_id: str, run: str) -> t.Iterator[RecordedChange]:
    intent = parse(store.get(key) or b"")
    ended = ending_at(store, key.removesuffix("-intent.json"))
    change = intent["change"]
    if change["account_id"] != account_id:
        raise ValueError(change["account_id"])
    named = change["after"] or change["before"]
    if ended.outcome not in _NOT_OURS and isinstance(named, Mapping) and "id" in named:
        yield RecordedChange(
            run=run,
            at=parse_moment(intent["at"]),
            operation=change["operation"],
            user_arn=change["target"],
            credential=named["id"],
            after=change["after"] or {},
            answer=ended.answer,
            is_certain=ended.outcome is Outcome.APPLIED,
        )


@dataclasses.dataclass(frozen=True)
class Belief:
    """The stage of a credential. ``since`` is None where no stage is believed, and ``doubt`` then says why.

    ``is_done``: the journal has the deactivation as made, and not only as begun. ``unknown`` says why the journal does
    not tell whether there is a stage; then none is believed, and none may begin.
    """

    stage: t.Optional[Stage] = None
    since: t.Optional[datetime] = None
    is_done: bool = False
    doubt: str = ""
    unknown: str = ""


def believe(credential: Credential, tag_value: t.Optional[str], history: History, *, trust_tags: bool) -> Belief:
    """Decide what to believe of the tag of a credential.

    ``trust_tags`` takes the word of a tag for which the journal has no record. A mark from before the credential was
    made is about an earlier one with the same last characters, and one from before its last use is overtaken. That a
    tag was set needs no ending in the journal where the tag is there.
    """
    mark = parse_mark(tag_value)
    if mark is None:
        return Belief(doubt="its tag was not written by this collection") if tag_value else Belief()
    recorded = history.get(mark.run, NO)
    if isinstance(recorded, Unknown):
        return Belief(unknown=recorded.reason)
    known = recorded.value if isinstance(recorded, Yes) else ()
    records = [record for record in known if _is_about(record, mark, credential)]
    tagged = [record.at for record in records if record.operation == TAG and record.after.get("stage") == mark.stage]
    notices = [record.at for record in records if record.operation == PUBLISH and record.answer.get("MessageId")]
    doubt = _explain_doubt(mark, is_tagged=bool(tagged), is_notified=bool(notices))
    if doubt and not trust_tags:
        return Belief(doubt=doubt)
    update = OPERATIONS_OF[credential.kind].update
    done = [record.at for record in records if record.operation == update and record.is_certain]
    since = max([mark.at, *tagged, *(notices if mark.has_notice else ()), *done, *_dates_of_aws(credential, mark)])
    if mark.at < credential.created:
        return Belief(doubt="its tag is older than the credential itself")
    if credential.last_used is not None and credential.last_used > since:
        return Belief(doubt=f"it was used since then, on {format_utc(credential.last_used)}")
    return Belief(stage=mark.stage, since=since, is_done=bool(done))


def _is_about(record: RecordedChange, mark: Mark, credential: Credential) -> bool:
    named = (record.run, record.user_arn, record.credential)
    return named == (mark.run, credential.user_arn, credential.id)


def _explain_doubt(mark: Mark, *, is_tagged: bool, is_notified: bool) -> str:
    if not is_tagged:
        return f"the journal has no record of run {mark.run} that set its tag"
    if mark.stage is Stage.NOTICED and mark.has_notice and not is_notified:
        return f"the journal has no record of run {mark.run} that a notice was delivered"
    return ""


def _dates_of_aws(credential: Credential, mark: Mark) -> tuple[datetime, ...]:
    """AWS's date of the last change of status, where that is what the stage began with."""
    switched_off = mark.stage is not Stage.NOTICED and not credential.is_active
    return (credential.changed,) if switched_off and credential.changed else ()
