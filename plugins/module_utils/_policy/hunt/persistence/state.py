# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The present state of one or more accounts, as far as the sweep asks about it."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from .model import Presence, Question

# IAM's own copies agree after some seconds.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html
_SPREAD: t.Final = timedelta(seconds=10)
# Between the clocks of IAM and CloudTrail.
_DIFFERENCE: t.Final = timedelta(minutes=10)
# Kinds of objects that are there once for each name.
_NAMED: t.Final = frozenset({"iam.user", "iam.group", "iam.role", "iam.policy"})
_NOT_READ: t.Final = "whether it is still there was not read"


@dataclasses.dataclass(frozen=True)
class MadeObject:
    """An object of today that AWS dates, and the question that an event about its creation leads to.

    ``what`` is a noun for people. ``is_exact``: the question names it by its id, and not only by its owner.
    """

    question: Question
    target: str
    created: datetime
    what: str
    is_exact: bool = True


@dataclasses.dataclass(frozen=True)
class State:
    """Answers to questions, why others have none, and the objects of today that AWS dates.

    A question that is in neither was not asked. ``read_at`` is when an account was read first: an answer says nothing
    about what happened afterwards.
    """

    answers: Mapping[Question, bool] = dataclasses.field(default_factory=dict)
    reasons: Mapping[Question, str] = dataclasses.field(default_factory=dict)
    made: tuple[MadeObject, ...] = ()
    read_at: Mapping[str, datetime] = dataclasses.field(default_factory=dict)

    def find(self, question: Question, happened: datetime) -> tuple[Presence, str]:
        """Find whether something is there that happened at a moment, and why that is not known."""
        if question not in self.answers:
            return Presence.UNKNOWN, self.reasons.get(question, _NOT_READ)
        if self.answers[question]:
            if self._is_older(question, happened):
                return Presence.FALSE, "what has this name today was made before the event"
            return Presence.TRUE, ""
        read = self.read_at.get(question.account_id)
        if read is not None and happened >= read - _SPREAD:
            return Presence.UNKNOWN, "it happened after the account was read: read it again"
        return Presence.FALSE, ""

    def _is_older(self, question: Question, happened: datetime) -> bool:
        """Whether the object of today is older than the event that says that it was made.

        Such an event is forged, or about an earlier object of the name. Nobody should undo it.
        """
        created = self._created.get((question.kind, question.account_id, question.key[:1]))
        return question.kind in _NAMED and created is not None and created < happened - _DIFFERENCE

    @functools.cached_property
    def _created(self) -> Mapping[tuple[str, str, tuple[str, ...]], datetime]:
        return {(one.question.kind, one.question.account_id, one.question.key[:1]): one.created for one in self.made}

    def join(self, *others: State) -> State:
        """Join the states of several accounts or reads. An answer wins over a reason."""
        states = (self, *others)
        moments = [pair for state in states for pair in state.read_at.items()]
        return State(
            {question: answer for state in states for question, answer in state.answers.items()},
            {question: reason for state in states for question, reason in state.reasons.items()},
            tuple(dict.fromkeys(made for state in states for made in state.made)),
            {account: min(when for one, when in moments if one == account) for account, _when in moments},
        )
