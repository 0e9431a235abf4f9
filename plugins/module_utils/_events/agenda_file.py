# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The agenda in a file beside the reports, which several runs may write at once, and the notice for people."""

from __future__ import annotations

import json
import secrets
import typing as t
from collections import Counter
from collections.abc import Callable, Mapping

from .._account.moments import format_utc, parse_moment
from .._converge.parsing import parse
from .._converge.store import ConflictError, Store, StoreError
from .agenda import Agenda, Begun, Entry, Place, Plan, count_waiting
from .batch import REASONS
from .signals import SUBJECTS, Kind, is_account_id

KEY: t.Final = "events/agenda.json"
NOTICE: t.Final = "events/notice.txt"
SCHEMA: t.Final = "hardening.iam/events/1"
_ATTEMPTS: t.Final = 50
_SHOWN: t.Final = 20

_T = t.TypeVar("_T")


def change_agenda(store: Store, change: Callable[[Agenda], _T]) -> _T:
    """Change the agenda, and start again where somebody else was quicker. Returns what ``change`` returns.

    :raises StoreError: it can't be read or written, or is malformed. Then no plan is begun.
    """
    for _attempt in range(_ATTEMPTS):
        agenda, version = read_agenda(store)
        found = change(agenda)
        try:
            store.swap(KEY, _encode(agenda), version)
        except ConflictError:
            continue
        return found
    raise StoreError(f"{store.location}/{KEY}: others wrote it all the time; run again")


def read_agenda(store: Store) -> tuple[Agenda, t.Optional[str]]:
    """The agenda and its version; an empty one where there is none. Raises StoreError."""
    found = store.get_versioned(KEY)
    if found is None:
        return Agenda(), None
    try:
        return _decode(parse(found[0])), found[1]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"{store.location}/{KEY} is malformed, so no plan is begun.\n"
            "Find out who wrote there, then remove the file. The nightly run finds what was lost."
        ) from error


def _encode(agenda: Agenda) -> bytes:
    document = {
        "schema": SCHEMA,
        "plans": [_encode_plan(plan) for plan in agenda.plans],
        "made": [[format_utc(made), account_id, str(kind)] for made, account_id, kind in agenda.made],
        "waiting": [_encode_entry(place, entry) for place, entry in agenda.waiting.items()],
        "counts": {str(reason): count for reason, count in sorted(agenda.counts.items()) if count},
        "counted_since": format_utc(agenda.counted_since) if agenda.counted_since else None,
        # No two contents are equal, so that no writer takes what another wrote for its own.
        "nonce": secrets.token_hex(16),
    }
    return json.dumps(document, indent=1).encode()


def _encode_plan(plan: Plan) -> dict[str, t.Any]:
    return {
        "account_id": plan.account_id,
        "subject": plan.subject,
        "opened": format_utc(plan.opened),
        "run_id": plan.run_id,
        "resources": list(plan.resources),
        "credentials": list(plan.credentials),
        "since": format_utc(plan.since) if plan.since else None,
        "is_made": plan.is_made,
        "lost": plan.lost,
    }


def _encode_entry(place: Place, entry: Entry) -> dict[str, t.Any]:
    return {
        "account_id": place[0],
        "subject": place[1],
        "since": format_utc(entry.since),
        "count": entry.count,
        "resources": entry.resources,
        "credentials": entry.credentials,
        "lost": entry.lost,
    }


def _decode(document: t.Any) -> Agenda:
    """The agenda in a document. Raises AttributeError, KeyError, TypeError or ValueError: it is malformed."""
    if document["schema"] != SCHEMA:
        raise ValueError("another schema")
    since = document["counted_since"]
    return Agenda(
        plans=[_decode_plan(item) for item in document["plans"]],
        made=[(parse_moment(made), _account(account_id), Kind(kind)) for made, account_id, kind in document["made"]],
        waiting=dict(_decode_entry(item) for item in document["waiting"]),
        counts=Counter({reason: _count(n) for reason, n in document["counts"].items() if reason in REASONS}),
        counted_since=parse_moment(since) if since else None,
    )


def _decode_plan(item: Mapping[str, t.Any]) -> Plan:
    account_id, subject = _place(item["account_id"], item["subject"])
    opened, run_id = parse_moment(item["opened"]), _text(item["run_id"])
    since = item.get("since")
    return Plan(
        account_id,
        subject,
        opened,
        run_id,
        tuple(_texts(item["resources"])),
        tuple(_texts(item["credentials"])),
        parse_moment(since) if since else None,
        item.get("is_made") is True,
        _count(item.get("lost", 0)),
    )


def _decode_entry(item: Mapping[str, t.Any]) -> tuple[Place, Entry]:
    entry = Entry(
        parse_moment(item["since"]),
        _count(item["count"]),
        _texts(item["resources"]),
        _texts(item["credentials"]),
        _count(item.get("lost", 0)),
    )
    return _place(item["account_id"], item["subject"]), entry


def _account(value: t.Any) -> str:
    if not is_account_id(value):
        raise ValueError("no account")
    return str(value)


def _place(account_id: t.Any, subject: t.Any) -> Place:
    if subject not in SUBJECTS:
        raise ValueError("no subject")
    return _account(account_id), subject


def _text(value: t.Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _texts(value: t.Any) -> list[str]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return [_text(item) for item in value]


def _count(value: t.Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("no number")
    return value


def describe(agenda: Agenda, begun: list[Begun]) -> str:
    """The notice: the plans that were begun, what waits, and how many events started nothing. One text for all.

    It has account ids and names of our own tables only.
    """
    lines = [f"Events: {_number(len(begun), 'plan')} begun."]
    for plan in begun:
        lines.append(f"  - account {plan.account_id}: {_join_subjects(plan)}")
        rest = agenda.count_credentials(plan.account_id) if plan.kind is Kind.CREDENTIAL else 0
        lines += [f"  - account {plan.account_id}: {describe_rest(rest)} for a later draft"] if rest else []
        lines += [f"  - account {plan.account_id}: {describe_lost(plan.lost)}: see its draft"] if plan.lost else []
    waiting = count_waiting(agenda)
    if waiting:
        lines.append(f"WAITING for a later hour, {len(waiting)} in all. The nightly run reads these accounts as well:")
        shown = [_describe_entry(place, n, agenda.waiting[place].lost) for place, n in waiting.items()]
        lines += [*shown[:_SHOWN], *([f"  - and {len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else [])]
    ignored = [f"{count} {reason}" for reason, count in sorted(agenda.counts.items()) if count]
    if ignored and agenda.counted_since:
        lines.append(f"IGNORED since {format_utc(agenda.counted_since)}: {', '.join(ignored)}.")
    return "\n".join(lines)


def _describe_entry(place: Place, count: int, lost: int) -> str:
    more = f", {describe_lost(lost)}" if lost else ""
    return f"  - account {place[0]}: {place[1]} ({_number(count, 'event')}{more})"


def describe_rest(count: int) -> str:
    """The credentials that a draft does not name, as a clause."""
    return f"{_number(count, 'more credential')} {'waits' if count == 1 else 'wait'}"


def describe_lost(count: int) -> str:
    """The reports of credentials that no draft names, as a clause."""
    return f"{_number(count, 'more report')} of credentials {'has' if count == 1 else 'have'} no name here"


def _join_subjects(plan: Begun) -> str:
    return ", ".join(part.subject for part in plan.parts)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
