# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The record of a step that was done. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime, timedelta

from .cases.proposing import list_documents
from .declared import Declared
from .dossier import Dossier
from .model import Way
from .past import Past
from .records import Event, Kind, hash_documents
from .step import Step

# What is done with these may close a role.
_CLOSING: t.Final = frozenset({Kind.PREPARED, Kind.CLOSED, Kind.REVERTED})


@dataclasses.dataclass(frozen=True)
class Author:
    """The run that did a step, and the account and campaign that it is about.

    ``break_glass`` are the ARNs of the principals that it closes roles for.
    """

    account_id: str
    campaign: str
    by: str
    run_id: str
    at: datetime
    break_glass: tuple[str, ...] = ()


def make_event(
    step: Step,
    role_id: str,
    past: Past,
    declared: Declared,
    author: Author,
    *,
    dossier: t.Optional[Dossier] = None,
    new_role: tuple[str, str] = ("", ""),
) -> Event:
    """Make the record of a step. ``new_role`` are ARN and id of the role beside the old one, where there is one.

    ``dossier`` has the documents that the step generated.
    """
    if step.event is None:
        raise ValueError(f"the step of {step.role_arn} has no record")
    kind = step.event
    event = Event(
        kind,
        author.account_id,
        author.campaign,
        step.role_arn,
        role_id,
        step.way or Way.BY_OWNER,
        author.at,
        is_canary=step.is_canary,
        reason=step.reason,
        by=author.by,
        run_id=author.run_id,
        content_sha256="" if kind is Kind.ASSESSED else past.content_sha256,
        break_glass=author.break_glass if kind in _CLOSING and step.way is Way.PARALLEL else (),
    )
    if kind is Kind.GENERATED and dossier is not None:
        documents = list_documents(dossier)
        return dataclasses.replace(
            event,
            content_sha256=hash_documents(documents),
            layers_sha256=dossier.layers_sha256,
            documents=documents,
            dossier_sha256=dossier.sha256,
            outcome=dossier.outcome,
        )
    return dataclasses.replace(event, **_OF_KIND.get(kind, _add_nothing)(step, declared, author, new_role))


Fields = dict[str, t.Any]


def _add_nothing(_step: Step, _declared: Declared, _author: Author, _new_role: tuple[str, str]) -> Fields:
    return {}


def _add_new_role(step: Step, _declared: Declared, _author: Author, new_role: tuple[str, str]) -> Fields:
    return {"parallel_arn": new_role[0], "parallel_id": new_role[1]} if step.way is Way.PARALLEL else {}


def _add_canary(step: Step, declared: Declared, author: Author, _new_role: tuple[str, str]) -> Fields:
    is_trial = step.way is Way.IN_PLACE
    deadline = author.at + timedelta(days=declared.trial_days) if is_trial else None
    return {"soak_days": declared.canary_days, "deadline": deadline}


def _add_watch(_step: Step, declared: Declared, _author: Author, _new_role: tuple[str, str]) -> Fields:
    return {"soak_days": declared.watch_days}


def _add_closed(_step: Step, declared: Declared, _author: Author, _new_role: tuple[str, str]) -> Fields:
    return {"soak_days": declared.closed_days}


_OF_KIND: t.Final = {
    Kind.PREPARED: _add_new_role,
    Kind.OPENED: _add_canary,
    Kind.CUT_OVER: _add_watch,
    Kind.CLOSED: _add_closed,
}
