# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The journal: what was done, durable enough to undo it.

An intent record is written before a change is made, an outcome record after. One object a record, under an ordered key
that is never written twice, serves a directory and S3 alike:
``<account>/<run>/<job>/<sequence>-<intent|outcome>.json``. Several jobs may share a run: the check and the apply job
of a workflow do, and so does an apply job that is launched again. Each of them counts its own records. Older versions
wrote without ``<job>``, and their records are read as well.
What a later run finds of an intent without outcome is a third kind, ``found``: the run may still be under way, and its
own word is the last. A fourth kind, ``run``, stands before the first intent of a module and of each role session in
which it makes changes: who ran it, approved by whom.

Others may write into a journal. A file that is no record, or a broken one, is reported and costs nothing else.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import re
import secrets
import threading
import typing as t
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from .._account.moments import format_utc, parse_moment
from .change import Change
from .errors import InputError
from .parsing import parse
from .plan import change_of
from .store import Store, StoreError

SCHEMA: t.Final = "hardening.iam/journal/1"
# The module that undoes changes.
_ROLLBACK: t.Final = "rollback"
_INTENT: t.Final = "-intent.json"
_OUTCOME: t.Final = "-outcome.json"
_FOUND: t.Final = "-found.json"
_RUN: t.Final = "-run.json"
_KEY: t.Final = re.compile(
    r"(?P<base>[0-9]{12}/(?P<run>[^/.][^/]*)/(?:(?P<job>[^/.][^/]*)/)?(?P<number>[0-9]{6}))"
    r"-(?P<kind>intent|outcome|found|run)\.json"
)
# The highest number that such a key has room for.
_RUN_ID: t.Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_LAST: t.Final = 999_999
_NEVER: t.Final = datetime.min.replace(tzinfo=UTC)
# The fields of a run record, each None where it is not known.
DETAILS: t.Final = (
    *("author", "approver", "change_ticket", "job", "commit"),
    *("declaration", "approved_plan", "plan_sha256"),
)

Warn = Callable[[str], None]


class RecordError(StoreError):
    """One record of a journal is malformed; the message names it. The others are not concerned."""


class Outcome(enum.StrEnum):
    """How a change ended.

    ``FOREIGN`` says that AWS answered that somebody else had made the change already (it exists, it is gone). What
    the change wanted is there, but it is not ours: a rollback leaves it. ``UNKNOWN`` says that neither the before nor
    the after of the change was found.
    """

    APPLIED = "applied"
    FAILED = "failed"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Intent:
    """A recorded change, the run, job and module that meant to make it, and its key without the ending.

    ``job_id`` is empty in the journals of older versions. ``at`` is the time of the record, None if it has none.
    ``caller_arn`` is who was to make it, empty if the record does not say.
    """

    key: str
    run_id: str
    module: str
    change: Change
    job_id: str = ""
    at: t.Optional[datetime] = None
    caller_arn: str = ""

    @property
    def mark(self) -> str:
        """The mark of the job that recorded it, see :func:`make_mark`."""
        return make_mark(self.run_id, self.job_id)


def make_mark(run_id: str, job_id: str) -> str:
    """Make the word that names a job in the user agent of its calls, and so in CloudTrail's events of them."""
    return f"job/{run_id}/{job_id}"


class Ended(t.NamedTuple):
    """How a recorded change ended, and what was kept of AWS's answer.

    ``request_id`` is AWS's id of the request that decided it, as CloudTrail has it; empty where nobody knows it.
    ``attempts`` are the ids of the other requests that were sent for the change.
    """

    outcome: Outcome
    answer: Mapping[str, t.Any]
    request_id: str = ""
    attempts: tuple[str, ...] = ()


def check_run_id(run_id: str, option: str = "run_id") -> str:
    """``run_id``, or the value of another ``option`` that becomes part of file names and S3 keys.

    :raises InputError: it has other characters than those allowed, or could leave its directory.
    """
    if not _RUN_ID.fullmatch(run_id):
        allowed = "letters, digits, '.', '_', ':' and '-', at most 128, beginning with a letter or digit"
        raise InputError(f"{option}: {run_id!r} is not allowed; allowed are {allowed}")
    return run_id


def new_job_id(now: datetime) -> str:
    """An id for a job that AWX did not give one. No other job has it, and later jobs have ids that sort later."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(4)}"


def job_order(job_id: str) -> tuple[int, str]:
    """A sort key for the ids of jobs, oldest first: those of AWX are numbers, and our own have all one length."""
    return len(job_id), job_id


class Journal:
    """The journal of one module in one job and account. Every method raises StoreError where it can't be written."""

    def __init__(
        self,
        store: Store,
        *,
        account_id: str,
        run_id: str,
        job_id: str,
        module: str,
        caller_arn: str,
        clock: Callable[[], datetime],
        details: t.Optional[Mapping[str, t.Any]] = None,
    ) -> None:
        """``details`` are those of :data:`DETAILS`; they are recorded before the first change, where they are given."""
        self._store = store
        self._details = details
        self._prefix = f"{account_id}/{run_id}/{job_id}"
        self._run_id = run_id
        self._job_id = job_id
        self._module = module
        self._caller_arn = caller_arn
        self._clock = clock
        self._written = 0
        self._callers: set[str] = set()
        # Regions are changed side by side, and no two records may have the same number.
        self._numbering = threading.Lock()

    @property
    def location(self) -> str:
        """Where the records of this job and account are."""
        return f"{self._store.location.rstrip('/')}/{self._prefix}"

    def intend(
        self,
        change: Change,
        *,
        caller_arn: t.Optional[str] = None,
        lease: t.Optional[Mapping[str, t.Any]] = None,
    ) -> str:
        """Record that ``change`` is about to be made; returns the key for :func:`conclude`.

        ``lease`` is the one under which it is made. ``caller_arn`` is who makes it, where that is not the caller of the
        run. Each caller has a run record of its own, before its first change.
        """
        caller = {"caller_arn": caller_arn or self._caller_arn}
        with self._numbering:
            self._written += 1
            if self._before_us + self._written > _LAST:
                raise StoreError(f"{self.location} has {_LAST} records and no number for another one")
            key = f"{self._prefix}/{self._before_us + self._written:06d}"
            if self._details is not None and caller["caller_arn"] not in self._callers:
                known = {name: self._details.get(name) or None for name in DETAILS}
                self._store.put_new(f"{key}{_RUN}", self._record("run", {**caller, **known}))
                self._callers.add(caller["caller_arn"])
        content = {**caller, "change": change.as_dict(), **({"lease": dict(lease)} if lease else {})}
        self._store.put_new(f"{key}{_INTENT}", self._record("intent", content))
        return key

    def conclude(
        self,
        key: str,
        outcome: Outcome,
        error: str = "",
        answer: t.Optional[Mapping[str, t.Any]] = None,
        *,
        request_id: str = "",
        attempts: Sequence[str] = (),
    ) -> None:
        """Record how the change of ``key`` ended, and what is to be kept of AWS's answer.

        ``request_id`` is AWS's id of the request that decided it, empty where its answer was lost. ``attempts`` are the
        ids of the other requests.
        """
        record: dict[str, t.Any] = {"outcome": outcome.value, "error": error or None, "request_id": request_id}
        if attempts:
            record["attempts"] = list(attempts)
        if answer:
            record["answer"] = dict(answer)
        self._store.put_new(f"{key}{_OUTCOME}", self._record("outcome", record))

    @functools.cached_property
    def _before_us(self) -> int:
        """How far the modules that ran before, in the same job and account, have counted."""
        matches = filter(None, map(_KEY.fullmatch, self._store.list(f"{self._prefix}/")))
        return max((int(match["number"]) for match in matches), default=0)

    def _record(self, kind: str, content: dict[str, t.Any]) -> bytes:
        names = {"run_id": self._run_id, "job_id": self._job_id, "module": self._module}
        return _encode(kind, {**names, "at": format_utc(self._clock()), **content})


def record_found(store: Store, intent: Intent, outcome: Outcome, *, by: str, module: str, at: datetime) -> None:
    """Record how a change of another run seems to have ended, as the run ``by`` and its ``module`` find its target.

    :raises StoreError: it can't be written.
    """
    names = {"run_id": intent.run_id, "module": module, "at": format_utc(at)}
    names |= {"job_id": intent.job_id} if intent.job_id else {}
    content = {"outcome": outcome.value, "error": f"found by run {by}"}
    store.put_new(f"{intent.key}{_FOUND}", _encode("found", {**names, **content}))


def _encode(kind: str, content: Mapping[str, t.Any]) -> bytes:
    record = {"schema": SCHEMA, "record": kind, **content}
    return json.dumps(record, indent=2, sort_keys=True, default=str).encode()


def _ignore(_problem: str) -> None:
    """Where nobody wants to hear of a broken record."""


def find_interrupted(
    store: Store, account_id: str, warn: Warn = _ignore, *, runs: t.Optional[Collection[str]] = None
) -> tuple[Intent, ...]:
    """Find the recorded intents of an account that have no outcome: their run was interrupted, or is still under way.

    ``warn`` is given each problem with a record. Only these ``runs`` are read, if they are given. Raises StoreError
    where the journal can't be read at all.
    """
    folders = [f"{account_id}/"] if runs is None else [f"{account_id}/{run}/" for run in sorted(runs)]
    keys = [key for folder in folders for key in store.list(folder)]
    _report_foreign(store, keys, warn)
    matches = [match for key in keys if (match := _KEY.fullmatch(key))]
    concluded = {match["base"] for match in matches if match["kind"] in ("outcome", "found")}
    started = [match["base"] for match in matches if match["kind"] == "intent"]
    return tuple(_readable(store, [key for key in started if key not in concluded], warn))


def read_recorded(store: Store, account_id: str, run_id: str, warn: Warn = _ignore) -> Iterator[tuple[Intent, Outcome]]:
    """Read the changes of all jobs of a run in the order in which they were made, each with its outcome.

    An intent without outcome, or with one that is broken or can't be read, counts as ``UNKNOWN``. ``warn`` is given
    each problem with a record. Raises StoreError where the journal can't be read at all.
    """
    keys = store.list(f"{account_id}/{run_id}/")
    _report_foreign(store, keys, warn)
    matches = [match for key in keys if (match := _KEY.fullmatch(key))]
    started = _readable(store, [match["base"] for match in matches if match["kind"] == "intent"], warn)
    for intent in _in_order(started):
        try:
            outcome = ending_at(store, intent.key).outcome
        except StoreError as error:
            warn(f"the outcome of {intent.change.operation} on {intent.change.target} is not known: {error}")
            outcome = Outcome.UNKNOWN
        yield intent, outcome


def count_intents(store: Store, account_id: str, run_id: str) -> int:
    """How many changes a run meant to make in an account. Raises StoreError where the journal can't be read."""
    matches = map(_KEY.fullmatch, store.list(f"{account_id}/{run_id}/"))
    return sum(match is not None and match["kind"] == "intent" for match in matches)


def find_runs(store: Store, account_id: str, module: str) -> tuple[str, ...]:
    """Find the runs of an account in which a module may have made changes: also those that were killed.

    A run records itself before its first change. Of one without such a record, or with one that is broken, nobody knows
    the modules, so it is among them. Raises StoreError where the journal can't be read.
    """
    matches = [match for key in store.list(f"{account_id}/") if (match := _KEY.fullmatch(key))]
    found: dict[str, bool] = {}
    for match in matches:
        if match["kind"] == "run":
            is_own = found.get(match["run"], False) or _may_be_of(store.get(match.string), module)
            found[match["run"]] = is_own
    runs = dict.fromkeys(match["run"] for match in matches)
    return tuple(run for run in runs if found.get(run, True))


def _may_be_of(content: t.Optional[bytes], module: str) -> bool:
    try:
        return bool(parse(content or b"")["module"] == module)
    except (ValueError, KeyError, TypeError):
        return True


@dataclasses.dataclass(frozen=True)
class Declared:
    """The changes that a run recorded by a declaration: since when, and the approved plans that they are of.

    ``undoes`` says that the run was a rollback. It has no declaration.
    """

    since: t.Optional[datetime]
    plans: frozenset[str]
    undoes: bool = False


def find_declared(
    store: Store, account_id: str, run_id: str, declaration: str, *, ignored: Collection[str] = ()
) -> t.Optional[Declared]:
    """Find what a run recorded in an account of changes by a declaration; None if it neither made nor undid any.

    ``ignored`` are modules whose changes do not count.

    :raises StoreError: the journal can't be read, or one of these records is none.
    """
    moments, plans, undoes = [], set(), False
    for key in store.list(f"{account_id}/{run_id}/"):
        match = _KEY.fullmatch(key)
        if match is None or match["kind"] != "run":
            continue
        try:
            record = parse(store.get(key) or b"")
            undoes = undoes or record.get("module") == _ROLLBACK
            if record.get("declaration") == declaration and record.get("module") not in ignored:
                moments.append(parse_moment(record["at"]))
                plans.add(str(record.get("approved_plan") or "").strip())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{store.location.rstrip('/')}/{key} is not a journal record: {error}") from error
    return Declared(min(moments, default=None), frozenset(plans - {""}), undoes) if moments or undoes else None


def _in_order(intents: Iterable[Intent]) -> list[Intent]:
    """Those of each job as it counted them, the jobs among each other by the times of their records."""
    latest: dict[str, datetime] = {}
    began: dict[str, datetime] = {}
    placed: list[tuple[tuple[t.Any, ...], Intent]] = []
    for intent in sorted(intents, key=lambda intent: intent.key):
        job = intent.job_id
        before = latest.get(job, _NEVER)
        latest[job] = max(before, intent.at or before)
        began.setdefault(job, latest[job])
        placed.append(((latest[job], began[job], job_order(job), intent.key), intent))
    return [intent for _place, intent in sorted(placed, key=lambda entry: entry[0])]


def _report_foreign(store: Store, keys: Iterable[str], warn: Warn) -> None:
    """One problem for everything below a journal that is not named as a record is."""
    foreign = [key for key in keys if not _KEY.fullmatch(key)]
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        warn(f"the journal {store.location} holds {foreign[0]}{more}, which is no record and is ignored")


def _readable(store: Store, keys: Iterable[str], warn: Warn) -> Iterator[Intent]:
    for key in keys:
        try:
            yield intent_at(store, key)
        except RecordError as error:
            warn(f"a record of the journal is ignored: {error}")


def ending_at(store: Store, key: str) -> Ended:
    """How the recorded change with this key ended; ``UNKNOWN`` without a record.

    :raises RecordError: the record is none.
    :raises StoreError: it can't be read.
    """
    for ending in (_OUTCOME, _FOUND):
        content = store.get(f"{key}{ending}")
        if content is None:
            continue
        try:
            record = parse(content)
            ids = (record.get("request_id", ""), *record.get("attempts", ()))
            if not all(isinstance(one, str) for one in ids):
                raise ValueError("an id of a request is no text")
            return Ended(Outcome(record["outcome"]), dict(record.get("answer") or {}), ids[0], ids[1:])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            place = f"{store.location.rstrip('/')}/{key}{ending}"
            raise RecordError(f"{place} is not a journal record: {error}") from error
    return Ended(Outcome.UNKNOWN, {})


def intent_at(store: Store, key: str) -> Intent:
    """The recorded change with this key.

    :raises RecordError: the record is none, or belongs to another run or job than its key.
    :raises StoreError: it can't be read.
    """
    location = f"{store.location.rstrip('/')}/{key}{_INTENT}"
    match = _KEY.fullmatch(f"{key}{_INTENT}")
    if not match:
        raise RecordError(f"{location} is not a journal record: it is not named as one")
    content = store.get(f"{key}{_INTENT}")
    try:
        record = parse(content or b"")
        intent = Intent(
            key=key,
            run_id=record["run_id"],
            job_id=record.get("job_id", ""),
            module=record["module"],
            change=change_of(record["change"]),
            at=parse_moment(record["at"]) if "at" in record else None,
            caller_arn=str(record.get("caller_arn") or ""),
        )
        if not isinstance(intent.module, str) or (match["run"], match["job"] or "") != (intent.run_id, intent.job_id):
            raise ValueError("its module is malformed, or it names another run or job than its place")
        return intent
    except (ValueError, KeyError, TypeError, AttributeError, InputError) as error:
        raise RecordError(f"{location} is not a journal record: {error}") from error
