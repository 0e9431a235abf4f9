# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading whether what events left behind is still there: a call a question, and none twice."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t
from collections.abc import Collection, Iterable, Mapping

from ..._account.model import Snapshot
from ..._aws.access import Access
from ..._aws.errors import AwsError, InvalidCredentials
from ..._aws.operations import Operations
from ..._policy.hunt.event import Event
from ..._policy.hunt.persistence.find import list_questions
from ..._policy.hunt.persistence.model import Question
from ..._policy.hunt.persistence.probes.every import PROBES
from ..._policy.hunt.persistence.probes.probe import Answer, Probe
from ..._policy.hunt.persistence.state import State
from .snapshot_answers import KINDS, answer_from_snapshot

OPERATIONS: t.Final = Operations(reads=frozenset(probe.name for probe in PROBES.values()))
#: More calls than these are not made: an intruder could make objects until a sweep never ends.
MOST_CALLS: t.Final = 1000

_OPEN: t.Final = "what AWS answered leaves it open: compare it with the event"
_Job = tuple[str, str, str, str]


@dataclasses.dataclass(frozen=True)
class Sweep:
    """The state as far as it could be read, and the number of calls that it took."""

    state: State
    calls: int = 0


def read_state(
    access: Access,
    snapshot: Snapshot,
    events: Iterable[Event],
    *,
    regions: Collection[str],
    most: int = MOST_CALLS,
) -> Sweep:
    """Read what is still there of what events left behind, in the account of a snapshot.

    ``regions`` are those of the account that may be called. Events may be forged, and name any region.

    :raises InvalidCredentials: AWS does not know the credentials (any more).
    """
    questions = list_questions(events)
    own = answer_from_snapshot(snapshot, questions)
    live = read_answers(
        access, snapshot.account_id, (one for one in questions if one.kind not in KINDS), regions=regions, most=most
    )
    return Sweep(own.join(live.state), live.calls)


def read_answers(
    access: Access, account_id: str, questions: Iterable[Question], *, regions: Collection[str], most: int = MOST_CALLS
) -> Sweep:
    """Read the answers to questions about one account.

    :raises InvalidCredentials: AWS does not know the credentials (any more).
    """
    reasons: dict[Question, str] = {}
    jobs: dict[_Job, list[Question]] = {}
    for question in sorted(questions, key=lambda one: (one.kind, one.region, one.account_id, one.key)):
        reason = _refuse(question, account_id, regions)
        if reason:
            reasons[question] = reason
            continue
        job = _make_job(question)
        if job in jobs or len(jobs) < most:
            jobs.setdefault(job, []).append(question)
        else:
            reasons[question] = f"not read, since the sweep makes no more than {most} calls"
    answers = access.gather({job: functools.partial(_ask, access, several[0]) for job, several in jobs.items()})
    judged: dict[Question, bool] = {}
    for job, several in jobs.items():
        for question in several:
            found = _judge(question, answers[job])
            if isinstance(found, bool):
                judged[question] = found
            else:
                reasons[question] = found
    return Sweep(State(judged, reasons), len(jobs))


def _refuse(question: Question, account_id: str, regions: Collection[str]) -> str:
    """Say why a question is not asked; empty if it is."""
    if question.account_id != account_id:
        return f"the account {question.account_id} was not read"
    if question.kind not in PROBES:
        return "nothing reads whether it is still there"
    if question.region and question.region not in regions:
        return "its region was not looked at"
    return ""


def _make_job(question: Question) -> _Job:
    """Make the name of a call, so that the same one is made once."""
    probe = PROBES[question.kind]
    parameters = json.dumps(probe.parameters(question.key), sort_keys=True)
    return probe.service, probe.operation, question.region, parameters


def _ask(access: Access, question: Question) -> Answer:
    probe = PROBES[question.kind]
    region = question.region or None
    parameters = probe.parameters(question.key)
    if not probe.items:
        return access.call(probe.service, probe.operation, parameters, region=region)
    items = access.items(probe.service, probe.operation, probe.items, parameters, region=region)
    return {probe.items: list(items)}


def _judge(question: Question, answer: t.Union[Answer, AwsError]) -> t.Union[bool, str]:
    """Judge an answer: whether it is there, or a sentence that says why that is not known."""
    probe = PROBES[question.kind]
    if isinstance(answer, InvalidCredentials):
        raise answer
    if isinstance(answer, AwsError):
        return probe.if_absent if probe.is_absent(answer.code) else str(answer)
    found = _apply(probe, answer, question.key)
    return _OPEN if found is None else found


def _apply(probe: Probe, answer: Mapping[str, t.Any], key: tuple[str, ...]) -> t.Optional[bool]:
    try:
        return probe.judge(answer, key)
    except (KeyError, TypeError, AttributeError):
        # An answer that lacks what AWS's model promises says nothing.
        return None
