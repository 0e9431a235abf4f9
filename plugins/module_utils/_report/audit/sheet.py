# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The audit sheet of a run: its population, who asked for it, what it did, and the evidence of it.

The sheet is made of files that others may have written. What is malformed is named, and what is not known is said to be
unknown.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from ..._account.moments import format_utc
from ..._converge.finding import mask_key_ids
from ..._converge.store import Store, StoreError
from .. import fleet
from ..document import DocumentError, decode
from ..manifest_chain import Chain, FileCheck, Link, check_files, find_replaced, fleet_key, read_files, verify
from ..plain import join_names
from .account import Document, Sources, describe_account

SCHEMA: t.Final = "hardening.iam/audit-sheet/1"
BAD: t.Final = "critical"
DOUBTFUL: t.Final = "medium"
_ACCOUNT: t.Final = re.compile(r"[0-9]{12}")
_FLEET: t.Final = re.compile(r"fleets/[0-9a-f]{64}\.json")
# So many accounts are named in a line.
_NAMES: t.Final = 4


class UnknownRunError(Exception):
    """No file has anything of the run."""


def build(sources: Sources, *, inventory: Collection[str] = (), reveal_key_ids: bool = False) -> Document:
    """The sheet as a document that every format is rendered from.

    :arg inventory: the accounts that the inventory has now.
    :raises UnknownRunError: neither the reports nor the journal have the run.
    :raises StoreError: a place can't be read.
    """
    chain = verify(sources.reports)
    link = chain.find(sources.run_id)
    files = read_files(sources.reports, link) if link else {}
    replaced = find_replaced(sources.reports, chain, link, files) if link else {}
    population = _read_population(sources.reports, sources.run_id, files)
    reported = frozenset(population["reported"])
    ids = sorted({*reported, *_find_accounts(sources, besides=reported)})
    if not ids and link is None:
        places = f"{sources.run_id} in {sources.reports.location} and {sources.journal.location}"
        raise UnknownRunError(f"audit_run_id (audit_sheet_run_id): there is nothing of run {places}")
    accounts = [describe_account(sources, account_id) for account_id in ids]
    known = {*ids, *population["missing"], *(failure["account_id"] for failure in population["failed"])}
    population["not_in_run"] = sorted(set(inventory) - known)
    document = {
        "schema": SCHEMA,
        "run_id": sources.run_id,
        "created": format_utc(sources.now),
        "reports": sources.reports.location,
        "journal": sources.journal.location,
        "run": _join_runs(accounts),
        "requests": _join_requests(accounts),
        "population": population,
        "manifest": _describe_chain(chain, link, check_files(sources.reports, files), replaced),
        "accounts": accounts,
    }
    document["attention"] = [{"tone": tone, "text": text} for tone, text in _list_attention(document)]
    return document if reveal_key_ids else t.cast(Document, mask_key_ids(document))


def _read_population(reports: Store, run_id: str, files: Mapping[str, str]) -> Document:
    """Read the accounts of the run, of the report over all of them that its manifest names, else of the newest one."""
    for key in (*(name for name in files if _FLEET.fullmatch(name)), "fleet.json"):
        try:
            content = reports.get(key)
            if content is None or (_FLEET.fullmatch(key) and fleet_key(content) != key):
                continue
            document = decode(content, where=key, schema=fleet.SCHEMA)
            found = _parse_population(document, run_id)
        except (AttributeError, DocumentError, KeyError, StoreError, TypeError):
            continue
        if found:
            return {"source": key, **found}
    return {"source": None, "reported": [], "failed": [], "missing": [], "names": {}}


def _parse_population(document: Mapping[str, t.Any], run_id: str) -> t.Optional[Document]:
    if document["run"]["id"] != run_id:
        return None
    ids = [account["account_id"] for account in document["accounts"]]
    return {
        "reported": [name for name in ids if _is_account(name)],
        "failed": [
            {name: str(failure.get(name) or "") for name in ("host", "account_id", "message")}
            for failure in document["failed"]
        ],
        "missing": [name for name in document["missing"] if _is_account(name)],
        "names": {key: str(name) for key, name in document["names"].items() if _is_account(key)},
    }


def _is_account(value: t.Any) -> bool:
    return isinstance(value, str) and bool(_ACCOUNT.fullmatch(value))


def _find_accounts(sources: Sources, *, besides: Collection[str]) -> Iterator[str]:
    """Find further accounts that have a report of the run or records in the journal.

    An account that failed may have been changed before, and nobody need have named the others.
    """
    for store, folder in ((sources.reports, "runs/"), (sources.journal, "")):
        for account_id in filter(_is_account, store.folders()):
            if account_id not in besides and store.list(f"{account_id}/{folder}{sources.run_id}/"):
                yield account_id


def _join_runs(accounts: Sequence[Document]) -> Document:
    runs = [account["run"] for account in accounts if account["run"]]

    def of(name: str) -> list[str]:
        return sorted({str(run[name]) for run in runs if run[name]})

    # A run that changed something assesses the account again, so its report may begin after its changes.
    changed = [item["at"] for account in accounts for item in account["changes"] if item["at"]]
    return {
        "started": min([*of("started"), *changed], default=None),
        "finished": max([*of("finished"), *changed], default=None),
        "modes": of("mode"),
        "commits": of("declaration_commit"),
        "versions": of("collection_version"),
        "jobs": of("job_url"),
    }


def _join_requests(accounts: Iterable[Document]) -> list[Document]:
    """Join the requests of all accounts: one for each job and person, with the number of accounts."""
    rows: dict[tuple[tuple[str, str], ...], set[str]] = {}
    for account in accounts:
        for request in account["requests"]:
            said = {name: value for name, value in request.items() if name != "caller_arn"}
            rows.setdefault(tuple(sorted(said.items())), set()).add(account["account_id"])
    names = ("job", "author", "approver", "change_ticket", "commit", "approved_plan")
    joined = []
    for row, ids in rows.items():
        whole: Document = {name: dict(row).get(name) for name in names}
        joined.append({**whole, "accounts": len(ids), "approved_own": _is_same(whole)})
    return sorted(joined, key=lambda item: [str(item[name] or "") for name in names])


def _is_same(request: Mapping[str, t.Any]) -> bool:
    author, approver = (str(request[name] or "").strip().casefold() for name in ("author", "approver"))
    return bool(author) and author == approver


def _describe_chain(
    chain: Chain, link: t.Optional[Link], files: FileCheck, replaced: Mapping[int, Sequence[str]]
) -> Document:
    def name(one: t.Optional[Link]) -> t.Optional[Document]:
        return {"number": one.number, "sha256": one.sha256, "created": one.created} if one else None

    # A writer can replace a report, and append a manifest that fits. The first manifest stays.
    notes = [
        f"Manifest {number} is of this run too, with other hashes of: {join_names(keys, _NAMES)}. "
        "The second job of a workflow replaces these files."
        for number, keys in replaced.items()
    ]
    return {
        "count": len(chain.links),
        "problems": list(chain.problems),
        "notes": [*chain.notes, *notes],
        "of_run": name(link),
        "newest": name(chain.links[-1] if chain.links else None),
        "is_first": bool(link and link.previous is None and not link.is_adopted),
        "files": {
            "intact": files.intact,
            "changed": list(files.changed),
            "missing": list(files.missing),
            "copies": files.copies,
        },
    }


Found = tuple[str, str]


def _list_attention(document: Document) -> Iterator[Found]:
    """List what an auditor should look at first, the worst first."""
    accounts, population, manifest = document["accounts"], document["population"], document["manifest"]
    yield from _attend_changes(accounts)
    yield from ((BAD, problem) for problem in manifest["problems"])
    yield from _attend_files(manifest)
    for request in document["requests"]:
        if request["approved_own"]:
            yield BAD, f"{request['author']} requested the run and approved it."
    if population["failed"]:
        names = [failure["account_id"] or failure["host"] or "unknown" for failure in population["failed"]]
        yield BAD, f"Failed accounts: {join_names(names, _NAMES)}."
    if population["missing"]:
        yield BAD, f"Accounts without a report of the run: {join_names(population['missing'], _NAMES)}."
    if population["source"] is None:
        yield DOUBTFUL, "No report on all accounts of the run is kept. It is unknown which accounts are missing."
    if manifest["of_run"] is None:
        yield DOUBTFUL, "No manifest of this run is kept, so its files can't be checked."
    yield from _attend_problems(accounts)


def _attend_changes(accounts: Sequence[Document]) -> Iterator[Found]:
    """What CloudTrail says against the journal, or does not say."""
    for tone, count, one, several in _KINDS:
        counts = {account["account_id"]: found for account in accounts if (found := count(account))}
        if counts:
            total = sum(counts.values())
            yield tone, f"{one if total == 1 else several.format(total)}: {join_names(list(counts), _NAMES)}."


def _count_late(account: Document) -> int:
    return sum(item["late"] for item in account["changes"])


def _count_unrecorded(account: Document) -> int:
    return sum(event["run_id"] is None for event in account["unrecorded"])


def _count_without_event(account: Document) -> int:
    return sum(item["lack"].startswith("no event found (") for item in account["changes"])


def _count_unknown(account: Document) -> int:
    return sum(item["outcome"] == "unknown" for item in account["changes"])


_KINDS: t.Final[tuple[tuple[str, Callable[[Document], int], str, str], ...]] = (
    (
        BAD,
        _count_late,
        "1 change was sent after its lease ended",
        "{} changes were sent after their lease ended",
    ),
    (BAD, _count_unrecorded, "1 call is not in the journal", "{} calls are not in the journal"),
    (BAD, _count_without_event, "1 applied change has no event", "{} applied changes have no events"),
    (DOUBTFUL, _count_unknown, "1 change has no known outcome", "{} changes have no known outcomes"),
)


def _attend_files(manifest: Document) -> Iterator[Found]:
    files = manifest["files"]
    if files["changed"]:
        yield BAD, f"Files were changed after their manifest was written: {join_names(files['changed'], _NAMES)}."
    if files["missing"]:
        yield BAD, f"Files of the manifest are missing: {join_names(files['missing'], _NAMES)}."


def _attend_problems(accounts: Sequence[Document]) -> Iterator[Found]:
    troubled = [account["account_id"] for account in accounts if account["problems"]]
    if troubled:
        yield DOUBTFUL, f"Records or reports do not fit, see below: {join_names(troubled, _NAMES)}."
    unread = [account["account_id"] for account in accounts if account["trail"]["state"] == "not_read"]
    if unread:
        yield DOUBTFUL, f"The event history was not read: {join_names(unread, _NAMES)}."
    part = [account["account_id"] for account in accounts if account["trail"].get("failures")]
    if part:
        yield DOUBTFUL, f"The event history was not read whole: {join_names(part, _NAMES)}."
