# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""One change, in as many attempts as it takes: whose it is in the end, and when another attempt is worth the wait.

An answer of AWS that refuses an attempt says that this attempt changed nothing. If the target is as wanted all the
same, somebody else made the change. No answer says nothing: the attempt may have been made, so what is there then
counts as ours, and so does what a later attempt meets ("it exists already").
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from .change import Change, Refusal, content_hash
from .journal import Outcome

# IAM is eventually consistent: a write shows in reads after seconds. The waits add up to half a minute.
VERIFY_WAITS: t.Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
# SQS: "the change can take up to 60 seconds for most of the attributes to propagate".
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
_VERIFY_WAITS_OF: t.Final[Mapping[str, tuple[float, ...]]] = {"sqs": (*VERIFY_WAITS, 16.0, 16.0)}


class RetryVerdict(t.Protocol):
    """The verdict on the error of an attempt."""

    @property
    def changed_nothing(self) -> bool:
        """Whether the attempt changed nothing: AWS answered, or was never reached."""

    @property
    def waits(self) -> Sequence[float]:
        """The seconds to wait before each further attempt; none if AWS would give the same answer again."""

    @property
    def waits_if_new(self) -> Sequence[float]:
        """The same where the change builds on what this run has just made."""

    @property
    def request_id(self) -> str:
        """AWS's id of the request; empty if AWS did not answer it."""


Judge = Callable[[Exception, Change], RetryVerdict]
# A look at the target before another attempt: why there is none, or whether it is as wanted already.
Look = Callable[[Change], t.Union[Refusal, bool]]


@dataclasses.dataclass(frozen=True)
class Means:
    """How errors are understood: those that a call may raise, what each of them says, and how to wait."""

    errors: tuple[type[Exception], ...]
    judge: Judge
    sleep: Callable[[float], None]


@dataclasses.dataclass(frozen=True)
class Ending:
    """How a change ended, the last error and its exception, and AWS's answer where there is one.

    ``request_id`` is AWS's id of the request whose answer decided that; empty if that answer was lost. ``attempts`` are
    the ids of the other requests.
    """

    outcome: Outcome
    error: str = ""
    answer: t.Optional[Mapping[str, t.Any]] = None
    failure: t.Optional[Exception] = None
    request_id: str = ""
    attempts: tuple[str, ...] = ()


def verify_waits(change: Change) -> tuple[float, ...]:
    """The seconds to wait before each further look for a change that was made."""
    return _VERIFY_WAITS_OF.get(change.service, VERIFY_WAITS)


def bring_about(
    change: Change, attempt: Callable[[], Mapping[str, t.Any]], *, look: Look, means: Means, is_new: bool
) -> Ending:
    """Make a change, trying again where AWS documents that the error passes. The target is read before each retry.

    ``is_new`` says that the change builds on what this run has just made, which AWS may not know everywhere yet.
    """
    lost = ""
    ids: list[str] = []
    for number in itertools.count():
        try:
            answer = attempt()
        except means.errors as error:
            failure = error
        else:
            return Ending(
                Outcome.APPLIED, answer=answer, request_id=find_request_id(answer), attempts=_drop_unknown(ids)
            )
        verdict = means.judge(failure, change)
        ids.append(verdict.request_id)
        lost = lost if verdict.changed_nothing else str(failure)
        wait = _nth(verdict.waits_if_new if is_new else verdict.waits, number)
        if wait is not None:
            means.sleep(wait)
        seen = _is_as_wanted(change, look, means)
        if seen is True:
            if lost:
                return Ending(Outcome.APPLIED, _explain_as_wanted(lost), attempts=_drop_unknown(ids))
            return Ending(Outcome.FOREIGN, str(failure), request_id=ids[-1], attempts=_drop_unknown(ids[:-1]))
        if wait is None or seen is not False:
            # Where it reads as before, an attempt whose answer was lost changed nothing either, if that can be seen.
            is_failed = not lost or (seen is False and content_hash(change.before) != content_hash(change.after))
            if not is_failed:
                return Ending(Outcome.UNKNOWN, str(failure), failure=failure, attempts=_drop_unknown(ids))
            ending = Ending(Outcome.FAILED, str(failure), failure=failure)
            return dataclasses.replace(ending, request_id=ids[-1], attempts=_drop_unknown(ids[:-1]))
    raise AssertionError("itertools.count() never ends")


def find_request_id(answer: Mapping[str, t.Any]) -> str:
    """AWS's id of the request in an answer to a write; empty if it has none."""
    return str((answer.get("ResponseMetadata") or {}).get("RequestId") or "")


def _drop_unknown(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, ids))


def _nth(waits: Sequence[float], number: int) -> t.Optional[float]:
    return waits[number] if number < len(waits) else None


def _is_as_wanted(change: Change, look: Look, means: Means) -> t.Optional[bool]:
    """Whether the target is as wanted; None if it is neither that nor as planned, or can't be read."""
    try:
        seen = look(change)
    except means.errors:
        return None
    return None if isinstance(seen, Refusal) else seen


def _explain_as_wanted(lost: str) -> str:
    return f"the answer was lost ({lost}); the target is as declared, so the change counts as made by this run"


def builds_on(change: Change, made: Iterable[Change]) -> bool:
    """Whether a change names what was made, or changes once more what was changed."""
    named = {change.target, *_texts(change.parameters.values())}
    return any(
        other.target == change.target
        or change.target.startswith((f"{other.target} ", f"{other.target}/"))
        or (other.before is None and not named.isdisjoint(_names_of(other.target)))
        for other in made
    )


def _names_of(target: str) -> tuple[str, str]:
    """The ARN of a target, or the text in its place, and the bare name."""
    arn = target.partition(" ")[0]
    return arn, arn.rpartition("/")[2].rpartition(":")[2]


def _texts(values: Iterable[t.Any]) -> Iterator[str]:
    """The texts among the parameters of a request, and in its lists."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _texts(value)
