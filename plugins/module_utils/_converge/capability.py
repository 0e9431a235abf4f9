# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The part of a capability in the one walk of all converging modules."""

from __future__ import annotations

import abc
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence

from .affects.affected import with_affected
from .affects.reach import KnownReach
from .break_glass import Rescue
from .change import Change, Refusal
from .credential_facts import find_credential
from .finding import Finding
from .incident.steps import Subject
from .plan import ChangeFacts, Plan

Observed = t.TypeVar("Observed")
Documents = Sequence[Mapping[str, t.Any]]


class Caller(t.Protocol):
    """GetCallerIdentity of the session."""

    @property
    def account_id(self) -> str:
        """The account, in 12 digits."""

    @property
    def arn(self) -> str:
        """The principal."""


class Aws(t.Protocol):
    """AWS as far as a capability needs to know it."""

    @property
    def caller(self) -> Caller:
        """The principal that makes the calls."""

    @property
    def chain(self) -> Sequence[str]:
        """The ARN of every principal on the way to the caller."""

    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Mapping[str, t.Any]:
        """The answer to one call of an operation, named as AWS does."""


class Capability(abc.ABC, t.Generic[Observed]):
    """One run of a capability in one account, made once the account is known to be the right one.

    The runner asks for ``observe``, ``findings`` and ``plan`` once, in this order; then, of each change that is made,
    for ``reread``, ``acting`` and ``learn``; in the end for what goes into the result and the report.
    """

    #: Kinds of changes that are refused without a break-glass principal that works.
    lockout_kinds: t.ClassVar[frozenset[str]] = frozenset()
    #: Kinds of changes that are only made under an approved plan.
    approval_kinds: t.ClassVar[frozenset[str]] = frozenset()
    #: Kinds of changes that end something of its own whose deadline has passed, and give what it took. They are made
    #: although the approved plan does not have them.
    deadline_kinds: t.ClassVar[frozenset[str]] = frozenset()
    #: Whether a change that fails stops no other one. What can't be verified is then a part of the result.
    insists: t.ClassVar[bool] = False
    #: So many seconds all changes have to stay before a run ends; those that somebody undoes meanwhile are made again.
    holds: float = 0.0
    #: Whether the report needs its findings, or those of some controls, since no assessment makes them.
    reports: t.ClassVar[t.Union[bool, Collection[str]]] = False

    @abc.abstractmethod
    def observe(self) -> Observed:
        """Observe the present state. Raises the errors of AWS."""

    @abc.abstractmethod
    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        """Find the faults of the observed state."""

    @abc.abstractmethod
    def plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        """The changes from what is there to what is declared."""

    @abc.abstractmethod
    def reread(self, change: Change) -> t.Any:
        """The target of a change, read live, in the shape of the change's ``before`` and ``after``.

        It may have nothing to go by but what a journal keeps: no ``parameters``, no ``kind``.
        """

    def add_affected(self, _observed: Observed, changes: Sequence[Change]) -> tuple[Change, ...]:
        """Add to each change the principals that it affects by what was observed."""
        return with_affected(changes, KnownReach())

    def defines(self, _change: Change) -> bool:
        """Whether the declaration of this run defines the object that a change is about: a policy of its own, say."""
        return False

    def tags(self, _observed: Observed) -> Mapping[str, Mapping[str, str]]:
        """The tags of the account's principals by ARN, as far as they were observed: hints at owners."""
        return {}

    def rescue(self, _observed: Observed) -> t.Optional[Rescue]:
        """The break-glass principals of the account; None where nobody looked for one.

        Held against the changes of ``lockout_kinds``, and against those that may take credentials or permissions.
        """
        return None

    def begin(self, _changes: Sequence[Change]) -> None:
        """Do what comes before the first of these changes, under the lease of the account: keep evidence, say.

        :raises StoreError: it can't be kept, so nothing is changed.
        """
        return

    def list_subjects(self, _changes: Sequence[Change]) -> Collection[Subject]:
        """The principals that are contained once these changes are made, also those that are already.

        For a run that is part of an incident: its record names them before the first change.
        """
        return ()

    def list_frozen(self, _changes: Sequence[Change]) -> Collection[str]:
        """The names of other objects that no other run may change until the release, besides what is changed."""
        return ()

    def rereads(self) -> Mapping[str, Callable[[Change], t.Any]]:
        """As ``reread``, for changes of other modules by their names, if this one can find out how they ended."""
        return {}

    def acting(self, _change: Change) -> t.Optional[Aws]:
        """AWS for one change, where that is not the access of the run: a session in another account."""
        return None

    def caller(self, _change: Change) -> t.Optional[str]:
        """The role session that makes a change, where that is not the caller of the run."""
        return None

    def learn(self, _change: Change, _answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        """Learn what the journal has to keep from AWS's answer to a change: the id of a message, say.

        It may raise the errors of AWS: the answer says that parts of the change were not made.
        """
        return {}

    def stays_with(self, _change: Change, _refused: Change) -> bool:
        """Whether a change is not to be made where another is refused: a notice and what it announces, say."""
        return False

    def serves(self, _change: Change, _served: Change) -> bool:
        """Whether a change is there for another one alone: where all that it serves are refused, it is not made."""
        return False

    def find_refusal(self, _change: Change, _error: Exception) -> t.Optional[Refusal]:
        """Find the refusal in a change's error, if somebody else decides on its target; None if the change failed."""
        return None

    def facts(self, change: Change) -> ChangeFacts:
        """What people want to know of a change before they approve it."""
        return ChangeFacts(credential=find_credential(change))

    def impacts(self) -> Documents:
        """For the report: what the plan would break."""
        return ()

    def sections(self) -> Mapping[str, Documents]:
        """For the report: further documents, by the name of their section."""
        return {}

    def costs(self) -> t.Optional[Documents]:
        """The charges of AWS for the declaration: each an ``option``, its ``unit``, the ``count`` and a ``note``.

        The count is None where nobody knows it. No list at all where a capability never costs anything.
        """
        return None

    def conclude(self, _result: Mapping[str, t.Any], *, completed: bool) -> None:
        """Do what is left once changes were made, or failed to be: ``completed`` says that nothing went wrong.

        It comes before what goes into the report.

        :raises StoreError: what is to be remembered can't be written.
        """

    def result(self, _result: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        """The module's own return values, beside or in place of those of all converging modules."""
        return {}

    def failure(self, _result: Mapping[str, t.Any]) -> str:
        """Why the run fails although every change was made; empty where it does not."""
        return ""
