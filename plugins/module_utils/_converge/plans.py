# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Where plans are kept and how an approval finds them: by their hash, so nothing written later takes their place.

``<account>/plans/<plan_sha256>.json`` is a plan. A later run that makes the very same plan leaves a note beside it,
below ``<account>/plans/<plan_sha256>/``, so that it can be approved again. ``runs/<run_sha256>.json`` holds the lines
``<account> <plan_sha256>`` of a run. Both hashes are computed anew when they are read.

The hash covers the changes alone, so that the same plan has the same hash. It covers neither time nor author. The age
of a plan counts from the older of its own time and that of the store. None of these objects is written twice. Somebody
who may overwrite them, or add notes, can still make a plan younger: docs/awx.md says how to deny that.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import re
import types
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime

from .._account.moments import format_utc
from .errors import InputError
from .parsing import parse
from .plan import NOTHING_APPROVED, ApprovedPlan, approve, authors_of, is_fresh, moment_of
from .store import Store, StoreError

RUN_SCHEMA: t.Final = "hardening.iam/run-plans/1"
_NOTE_SCHEMA: t.Final = "hardening.iam/plan-note/1"
_HASH: t.Final = re.compile(r"[0-9a-f]{64}")
_LINE: t.Final = re.compile(r"([0-9]{12}) ([0-9a-f]{64})")


def plan_key(account_id: str, plan_hash: str) -> str:
    """Where the plan of an account with this hash is kept."""
    return f"{account_id}/plans/{plan_hash}.json"


def run_key(run_hash: str) -> str:
    """Where the lines of a run with this hash are kept."""
    return f"runs/{run_hash}.json"


def keep_plan(store: Store, document: Mapping[str, t.Any], *, renew: bool = True) -> str:
    """Keep a plan under its hash and return its location. A plan that is there already gets a note with this run.

    :arg renew: leave that note. A run that applied some of its plan does not make it good for another day.
    :raises StoreError: the place can't be read or written.
    """
    key = plan_key(document["account_id"], document["plan_sha256"])
    location = keep_once(store, key, _encode(document))
    if location is not None:
        return location
    if not renew:
        return f"{store.location.rstrip('/')}/{key}"
    said = {name: document.get(name) for name in ("plan_sha256", "run_id", "created", "author")}
    note = _encode({"schema": _NOTE_SCHEMA, **said})
    # Named after its content: a run may note several times, and nothing is written over.
    name = f"{document['run_id']}-{hashlib.sha256(note).hexdigest()[:16]}"
    keep_once(store, f"{key.removesuffix('.json')}/{name}.json", note)
    return f"{store.location.rstrip('/')}/{key}"


def keep_once(store: Store, key: str, content: bytes) -> t.Optional[str]:
    """Write an object that is not there; None where it is, also where another run has just written it.

    :raises StoreError: the place can't be read or written.
    """
    if store.get(key) is not None:
        return None
    try:
        return store.put_new(key, content)
    except StoreError:
        if store.get(key) is None:
            raise
        return None


def run_lines(plans: Mapping[str, str]) -> tuple[str, ...]:
    """The sorted lines of a run, from the hashes of its accounts' plans."""
    return tuple(sorted(f"{account_id} {plan_hash}" for account_id, plan_hash in plans.items()))


def run_sha256(lines: Iterable[str]) -> str:
    """The hash of a run: that of its sorted lines, each with its line end, as ``sort | sha256sum`` computes it."""
    return hashlib.sha256("".join(f"{line}\n" for line in sorted(lines)).encode()).hexdigest()


def keep_run(
    store: Store,
    lines: Iterable[str],
    *,
    run_id: str,
    created: datetime,
    without: Mapping[str, t.Any] = types.MappingProxyType({}),
) -> str:
    """Keep the lines of a run and return its hash.

    :arg without: the accounts whose plans have no hash, with the reasons. An approval allows nothing there.

    :raises StoreError: the place can't be read or written.
    """
    kept = sorted(lines)
    run_hash = run_sha256(kept)
    names = {"schema": RUN_SCHEMA, "run_id": run_id, "created": format_utc(created)}
    document = {**names, "lines": kept, "without_hash": dict(without)}
    keep_once(store, run_key(run_hash), _encode({**document, "run_sha256": run_hash}))
    return run_hash


def find_approval(
    store: t.Optional[Store], given: t.Any, *, account_id: str, now: datetime, approver: t.Optional[str] = None
) -> ApprovedPlan:
    """The approval that ``given`` stands for: the hash of this account's plan, or of a run that has the account.

    :raises InputError: it is no hash, or leads to no plan of this account that may be applied now.
    :raises StoreError: the place can't be read.
    """
    plan_hash = check_hash(given)
    if store is None:
        raise InputError("approved_plan: a hash needs report_dir, where the plan with this hash is kept")
    found = _read_dated(store, plan_key(account_id, plan_hash))
    if found is None:
        of_run = _hash_in_run(store, plan_hash, account_id)
        if of_run is None:
            return NOTHING_APPROVED
        plan_hash = of_run
        found = _read_dated(store, plan_key(account_id, plan_hash))
    if found is None or not isinstance(found[0], Mapping):
        where = f"{store.location}/{plan_key(account_id, plan_hash)}"
        raise InputError(f"approved_plan: there is no plan at {where}")
    document, stored = found
    if document.get("plan_sha256") != plan_hash:
        raise InputError(f"approved_plan: the plan that is kept under the hash {plan_hash} has another one")
    made = [_Made(document, stored), *_notes(store, account_id, plan_hash)]
    approved = approve(document, account_id=account_id, times=[note.at for note in made], now=now)
    _refuse_author(made, approver, now)
    return approved


def find_plan(store: Store, given: str, account_id: str) -> t.Optional[str]:
    """Find the hash of an account's plan, by that hash or by that of a run; None if neither is kept.

    :raises InputError: the run is malformed, or has no plan of the account.
    :raises StoreError: the place can't be read.
    """
    if store.get(plan_key(account_id, given)) is not None:
        return given
    if store.get(run_key(given)) is None:
        return None
    found = _hash_in_run(store, given, account_id)
    return found if found is not None and store.get(plan_key(account_id, found)) is not None else None


def read_plan(store: Store, account_id: str, plan_hash: str) -> t.Any:
    """Read the document of a plan; None if there is none.

    :raises InputError: it is not JSON.
    :raises StoreError: the place can't be read.
    """
    return _read_json(store, plan_key(account_id, plan_hash))


@dataclasses.dataclass(frozen=True)
class _Made:
    """The note of one run on a plan that it made, and the time since when the store has it."""

    record: Mapping[str, t.Any]
    stored: datetime

    @property
    def at(self) -> t.Optional[datetime]:
        """When the plan was made: the older of both times.

        A record may name a time that is still to come. It can't be stored today for an approval next week.
        """
        created = moment_of(self.record.get("created"))
        return created and min(created, self.stored)

    def is_fresh(self, now: datetime) -> bool:
        """Whether one of both times is within the last 24 hours."""
        return is_fresh(self.stored, now) or is_fresh(moment_of(self.record.get("created")), now)


def check_hash(given: t.Any) -> str:
    """The hash in ``given``.

    :raises InputError: it is none. A path or a document is refused: other runs may write there after the approval.
    """
    text = given.strip() if isinstance(given, str) else ""
    if not _HASH.fullmatch(text):
        shown = repr(given) if isinstance(given, (str, int)) else "a document"
        raise InputError(
            f"approved_plan (hardening_approved_plan): {shown} is not allowed; allowed is a hash of 64 hexadecimal "
            "digits: plan_sha256 of the account's plan.json, or of fleet.json for all accounts of a run"
        )
    return text


def _hash_in_run(store: Store, run_hash: str, account_id: str) -> t.Optional[str]:
    """The hash of the account's plan in the run with this hash; None if the run had none for the account.

    No hash covers which accounts those are. It decides only whether everything is refused there, or the run fails.
    """
    document = _read_json(store, run_key(run_hash))
    if document is None:
        raise InputError(
            f"approved_plan: no plan of account {account_id} and no run has the hash {run_hash} in {store.location}"
        )
    lines = document.get("lines") if isinstance(document, Mapping) else None
    if not isinstance(lines, list) or not all(isinstance(line, str) and _LINE.fullmatch(line) for line in lines):
        raise InputError(f"approved_plan: {store.location}/{run_key(run_hash)} does not hold the lines of a run")
    if run_sha256(lines) != run_hash:
        raise InputError(f"approved_plan: the lines of the run {run_hash} were edited after it was made")
    hashes = [match[2] for line in lines if (match := _LINE.fullmatch(line)) and match[1] == account_id]
    without = document.get("without_hash")
    if not hashes and isinstance(without, Mapping) and account_id in without:
        return None
    if len(hashes) != 1:
        raise InputError(f"approved_plan: the run {run_hash} has no plan of account {account_id}; approve one that has")
    return hashes[0]


def _notes(store: Store, account_id: str, plan_hash: str) -> list[_Made]:
    """The notes of later runs that made the same plan. A malformed note is ignored."""
    notes: list[_Made] = []
    for key in store.list(f"{plan_key(account_id, plan_hash).removesuffix('.json')}/"):
        with contextlib.suppress(InputError):
            found = _read_dated(store, key)
            if found and isinstance(found[0], Mapping) and found[0].get("plan_sha256") == plan_hash:
                notes.append(_Made(*found))
    return notes


def _refuse_author(made: Iterable[_Made], approver: t.Optional[str], now: datetime) -> None:
    """Refuse an approver who made the plan. Of several runs that made it, all within the last 24 hours count."""
    authors = {author for note in made if note.is_fresh(now) for author in authors_of(note.record)}
    if approver and approver.strip().lower() in {author.strip().lower() for author in authors}:
        raise InputError(f"approved_plan: {approver} made this plan, so somebody else has to approve it")


def _encode(document: Mapping[str, t.Any]) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True, default=str).encode()


def _read_json(store: Store, key: str) -> t.Any:
    """Read the document at ``key``; None if there is none. Raises InputError: it is not JSON."""
    found = _read_dated(store, key)
    return None if found is None else found[0]


def _read_dated(store: Store, key: str) -> t.Optional[tuple[t.Any, datetime]]:
    """Read the document at ``key`` and the time since when the store has it; None if there is none.

    :raises InputError: it is not JSON.
    """
    found = store.get_dated(key)
    if found is None:
        return None
    content, stored = found
    try:
        return parse(content), stored
    except ValueError as error:
        raise InputError(f"approved_plan: {store.location}/{key} is not JSON: {error}") from error
