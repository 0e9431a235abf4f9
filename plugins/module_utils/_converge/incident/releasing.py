# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a release needs, and the changes of a containment that it takes back.

A journal can be written by others than us, so each module looks itself whether a change is one that it makes.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ..._account.moments import format_utc
from ..change import Change, Refusal, content_hash
from ..errors import InputError
from ..journal import Intent, Outcome
from ..undo import Recorded
from .record import Record

#: So long after the first denial a token that was made just before it still lasts.
FROZEN_FOR: t.Final = timedelta(hours=36)
_SHORTEST_REASON: t.Final = 10
#: The statements that a release needs, each with the person who makes it.
STATEMENTS: t.Final[Mapping[str, str]] = {
    "sweep_clean_twice": "two sweeps for persistence, 24 hours apart, found nothing that is left",
    "credential_verified": "the new credential works, and nothing uses the old one",
    "owner": "the owner of the credential agrees to the release",
}
#: The statement on what may be the intruder's, which only a release with such doubts needs.
LOOKED_AT: t.Final = "looked_at"
_NEVER: t.Final = datetime.min.replace(tzinfo=UTC)


@dataclasses.dataclass(frozen=True)
class Terms:
    """The statements of a release, and why it does not wait. ``problems`` are what the statements still lack.

    ``looked_at`` is the statement on doubtful credentials that a person has looked at, with their ``names``.
    """

    checklist: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    looked_at: t.Optional[Mapping[str, t.Any]] = None
    early_release_reason: str = ""
    problems: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> t.Self:
        """The terms in the options of a module.

        :raises InputError: the reason is too short.
        """
        reason = " ".join(str(options["early_release_reason"] or "").split())
        if reason and len(reason) < _SHORTEST_REASON:
            raise InputError(
                f"early_release_reason: {reason!r} is not allowed; allowed is a text of {_SHORTEST_REASON} characters "
                "or more"
            )
        given = options["checklist"] or {}
        checklist = {name: _parse_statement(given.get(name)) for name in STATEMENTS}
        names = [str(name).strip() for name in (given.get(LOOKED_AT) or {}).get("names") or ()]
        looked_at = _parse_statement(given[LOOKED_AT]) if names else None
        known = {**checklist, LOOKED_AT: looked_at} if looked_at else checklist
        return cls(checklist, {**looked_at, "names": names} if looked_at else None, reason, _find_lacks(known))


def _parse_statement(given: t.Optional[Mapping[str, t.Any]]) -> dict[str, str]:
    return {part: " ".join(str((given or {}).get(part) or "").split()) for part in ("statement", "by")}


def _find_lacks(statements: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    meanings = {**STATEMENTS, LOOKED_AT: "what is named is the owner's, and no intruder's"}
    return tuple(
        f"checklist.{name}: statement and by are required: {meanings[name]}"
        for name, statement in statements.items()
        if not all(statement.values())
    )


@dataclasses.dataclass(frozen=True)
class Part:
    """One object that was changed: the first change of it, the last, and the keys of all in the journal."""

    first: Intent
    last: Intent
    keys: tuple[str, ...]

    @property
    def change(self) -> Change:
        """The first change."""
        return self.first.change


@dataclasses.dataclass(frozen=True)
class Releasing:
    """The plan of a release: the changes, the refusals, and what stays as it is, with the reason."""

    changes: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()
    left: tuple[Mapping[str, str], ...] = ()


def check_release(terms: Terms, record: Record, now: datetime) -> tuple[str, ...]:
    """Check what a release needs; returns what it lacks, one sentence each."""
    lacks = list(terms.problems)
    # An intruder who undid the denial could make a token until it was there again.
    moments = [moment for moment in (record.first_deny, record.last_source_write) if moment]
    since = max(moments, default=None)
    if terms.early_release_reason:
        return tuple(lacks)
    if since is None:
        lacks.append("the record has no moment of a denial; give early_release_reason if it was long enough ago")
    elif now < since + FROZEN_FOR:
        lacks.append(
            f"tokens that were made before the last denial of {format_utc(since)} last until "
            f"{format_utc(since + FROZEN_FOR)}; wait until then, or give early_release_reason"
        )
    return tuple(lacks)


def select(entries: Iterable[Recorded], record: Record, modules: Collection[str]) -> tuple[Recorded, ...]:
    """Select what modules did in this round of an incident, and nobody has taken back, in the order of the changes."""
    began = min((event.at for event in record.events if event.round == record.round), default=None)
    found = [entry for entry in entries if entry[0].module in modules]
    undone = {intent.change.undoes for intent, outcome in found if outcome is Outcome.APPLIED}
    made = (Outcome.APPLIED, Outcome.UNKNOWN)
    kept = [
        (intent, outcome)
        for intent, outcome in found
        if outcome in made and not intent.change.undoes and intent.key not in undone and _is_since(intent, began)
    ]
    return tuple(sorted(kept, key=lambda entry: (entry[0].at or _NEVER, entry[0].key)))


def _is_since(intent: Intent, began: t.Optional[datetime]) -> bool:
    # Records of the journal have whole seconds.
    return began is None or (intent.at is not None and intent.at >= began.replace(microsecond=0))


def group(entries: Sequence[Recorded]) -> tuple[Part, ...]:
    """Group changes of the same object: the first one and the last one of each count."""
    found: dict[str, list[Intent]] = {}
    for intent, _outcome in entries:
        change = intent.change
        place = content_hash([change.service, change.target.lower(), _identify(change)])
        found.setdefault(place, []).append(intent)
    return tuple(Part(items[0], items[-1], tuple(item.key for item in items)) for items in found.values())


# The members of a state that say what it is a state of.
_IDENTIFYING: t.Final = frozenset({"tag", "kind", "id", "policy", "inline_policy", "attached_to", "account"})


def _identify(change: Change) -> t.Any:
    """The part of its target that a change is about, in whichever state it is."""
    shown = change.after or change.before
    if not isinstance(shown, Mapping):
        return None
    return {name: value for name, value in shown.items() if name in _IDENTIFYING} or sorted(shown)
