# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A staged rollout, composed: its records in the journal's place, and the evidence for its gate.

The records of a policy lie under ``rollouts/<organization>/<type>/<policy>/``, one object an event, and none is ever
written over.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Mapping

from ...._account.organization_tree import OrganizationPolicy, OrganizationTree
from ...._aws.operations import Operations
from ...._converge.errors import InputError
from ...._converge.event_log import make_key, read_log, write_new
from ...._module.arguments import ArgumentSpec
from ...._module.connection import Connection
from ...._module.options import Run, StoreOptions
from ...._module.task import TaskError
from ...._policy.analysis.principal_matrix import DeniedPair
from ...._prediction.denials.evidence import EVIDENCE_OPERATIONS
from ...._prediction.denials.verdict import Verdict
from ..declared import Content
from .declared import LOOK_BACK_DAYS, Declared
from .observe import Sources, judge
from .past import Clock, Past, replay
from .plan import Action, Decision, Situation, Step
from .records import Event, Kind, make_prefix
from .state import build_report, render_rollout

# doc_fragments/_rollout.py
ROLLOUT_ARGUMENTS: t.Final[ArgumentSpec] = {
    "rollout": {
        "type": "dict",
        "options": {
            "stages": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "targets": {"type": "list", "elements": "dict", "required": True},
                    "soak_hours": {"type": "float", "default": 24},
                },
            },
            "on_gate_failure": {"type": "str", "choices": ["hold", "withdraw"], "default": "hold"},
            "stage_approved": {"type": "str"},
            "look_back_days": {"type": "int", "default": LOOK_BACK_DAYS},
        },
    },
    "trail_logs": {"type": "list", "elements": "str", "default": []},
    "trail_logs_role_arn": {"type": "str"},
    "member_role_arn": {"type": "str"},
}
ROLLOUT_OPERATIONS: t.Final[Operations] = EVIDENCE_OPERATIONS

__all__ = ["ROLLOUT_ARGUMENTS", "ROLLOUT_OPERATIONS", "Action", "Decision", "Rollout"]


class Rollout:
    """The rollout of one policy, in one run."""

    def __init__(
        self,
        connection: Connection,
        run: Run,
        declared: Declared,
        sources: Sources,
        journal: StoreOptions,
        *,
        policy: str,
        policy_type: str,
    ) -> None:
        self._connection = connection
        self._run = run
        self._declared = declared
        self._sources = sources
        self._policy = policy
        self._type = policy_type
        self._store = connection.open_store(journal)
        self._prefix = ""
        self._number = 0

    def decide(self, tree: OrganizationTree, *, content_sha256: str) -> Decision:
        """Decide the step that is due, by the records and, if a stage soaks or is due, by the trail of its accounts.

        ``tree`` is the organization as it is, and ``content_sha256`` that of the content that is declared, in a form
        in which the same meaning has the same hash. The content of the policy in ``tree`` is hashed likewise.

        :raises TaskError: the declaration does not go on from what was begun.
        :raises StoreError: the records can't be read.
        """
        past = self._read_past(tree.id)
        found = self._find_policy(tree)
        situation = Situation(
            now=self._connection.now,
            content_sha256=content_sha256,
            live_sha256=_hash_live(found) if found else "",
            exists=found is not None,
            attached=frozenset(found.targets) if found else frozenset(),
            known=frozenset({*tree.unit, *tree.account}),
            caller=self._connection.access.caller.arn,
            run_id=self._run.id,
        )
        try:
            step = Step(self._declared, past, situation)
        except InputError as error:
            where = f"{self._store.location.rstrip('/')}/{self._prefix}"
            raise TaskError(f"{error}. To start again, move the records away: {where}") from error
        for doubt in step.past.doubts:
            self._connection.warn(f"{self._store.location.rstrip('/')}/{doubt.key} is ignored: {doubt.reason}")
        verdict = self._judge(tree, found, step) if step.wants_gate else None
        decision = step.decide(verdict)
        for warning in decision.warnings:
            self._connection.warn(f"{self._policy}: {warning}")
        return dataclasses.replace(decision, report=self._build_report(step.past, decision, verdict))

    def record_events(
        self, decision: Decision, *, predicted: Collection[DeniedPair] = (), attached: Collection[str] = ()
    ) -> None:
        """Record what was decided, once its changes are made; a run that makes none calls it as well.

        It writes nothing in check mode and with mode report. ``predicted`` are the denials that the lock-out guard
        expects of what was changed, ``attached`` the ids that the policy is attached to now.

        :raises StoreError: a record can't be written. The next run then finds the changes made, and begins the stage
            again, which only makes its soak longer.
        """
        if not self._run.writes:
            return
        for event in decision.events:
            expected = tuple(sorted(predicted, key=dataclasses.astuple))
            if event.kind is Kind.STARTED:
                event = dataclasses.replace(event, expected=expected, attached=tuple(sorted(attached)))
            self._write(event)

    # The records

    def _read_past(self, organization_id: str) -> Past:
        try:
            self._prefix = make_prefix(organization_id, self._type, self._policy)
        except ValueError as error:
            raise TaskError(f"rollout: {error}") from error
        events: list[Event] = []
        for stored in read_log(self._store, self._prefix):
            self._number = stored.number
            try:
                events.append(Event.of_bytes(stored.content, key=stored.key))
            except ValueError as error:
                self._connection.warn(f"{self._store.location.rstrip('/')}/{stored.key} is ignored: {error}")
        clock = Clock(self._connection.now, {stage.name: stage.soak for stage in self._declared.stages})
        return replay(events, clock)

    def _write(self, event: Event) -> None:
        """Write one record. Another run that came to the same at the same time has written it already."""
        self._number += 1
        key = self._prefix + make_key(self._number, event.kind.value)
        other = write_new(self._store, key, event.as_bytes(), is_same=lambda content: _is_same(content, event))
        if other is not None:
            first = Event.of_bytes(other)
            self._connection.warn(f"{self._policy}: run {first.run_id} recorded at the same time that {first.reason}")

    # The present state

    def _find_policy(self, tree: OrganizationTree) -> t.Optional[OrganizationPolicy]:
        named = (policy for policy in tree.policies if (policy.name, policy.type) == (self._policy, self._type))
        return next(named, None)

    def _judge(self, tree: OrganizationTree, found: t.Optional[OrganizationPolicy], step: Step) -> Verdict:
        since, until = step.past.since, step.soak_ends
        if found is None or since is None or until is None:
            return Verdict(failure="the policy is not there")
        return judge(
            self._connection,
            self._sources,
            tree,
            found,
            since=since,
            until=until,
            expected=step.past.expected,
            look_back_days=self._declared.look_back_days,
        )

    def _build_report(self, past: Past, decision: Decision, verdict: t.Optional[Verdict]) -> Mapping[str, t.Any]:
        report = {
            "policy": self._policy,
            "type": self._type,
            **build_report(self._declared, past, decision, verdict, now=self._connection.now),
            "records": f"{self._store.location.rstrip('/')}/{self._prefix}",
        }
        return {**report, "text": render_rollout(report)}


def _hash_live(found: OrganizationPolicy) -> str:
    """Hash the content of a live policy; empty if it could not be declared, so that it equals no other hash."""
    try:
        return Content.of(found.content, found.type, found.name).sha256
    except InputError:
        return ""


def _is_same(content: bytes, event: Event) -> bool:
    """Whether a record, which another run wrote, means the same as an event."""
    try:
        other = Event.of_bytes(content)
    except ValueError:
        return False
    return (other.kind, other.stage) == (event.kind, event.stage)
