# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The audit sheet of a run: its population, who asked for it, what it did, and the evidence of it.

The sheet is made of files that others may have written. What is malformed is named, and what is not known is said to be
unknown. Nothing is verified before its own check has cleared it: see :mod:`.checks`.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ..._account.moments import format_utc
from ..._converge.finding import mask_key_ids
from ..._converge.store import Store, StoreError
from .. import fleet
from ..document import DocumentError, decode
from ..manifest_chain import Chain, FileCheck, Link, check_files, find_replaced, fleet_key, read_files, verify
from ..plain import join_names
from .account import Document, Sources, describe_account
from .checks import check, judge

SCHEMA: t.Final = "hardening.iam/audit-sheet/1"
BAD: t.Final = "critical"
DOUBTFUL: t.Final = "medium"
_ACCOUNT: t.Final = re.compile(r"[0-9]{12}")
# A copy of the newest report on all accounts, which each run replaces.
_NEWEST: t.Final = "fleet.json"
_FLEET: t.Final = re.compile(r"fleets/[0-9a-f]{64}\.json")
_DETAILS: t.Final = ("job", "author", "approver", "change_ticket", "commit", "approved_plan")
# So many files are named in a line.
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
    document: Document = {
        "schema": SCHEMA,
        "run_id": sources.run_id,
        "created": format_utc(sources.now),
        "reports": sources.reports.location,
        "journal": sources.journal.location,
        "events": f"{sources.sheets.location.rstrip('/')}/audit/{sources.run_id}/events/",
        "run": _join_runs(accounts),
        "requests": _join_requests(accounts),
        "population": population,
        "manifest": _describe_chain(
            chain, link, check_files(sources.reports, files), replaced, _find_first_change(accounts)
        ),
        "accounts": accounts,
    }
    lines = check(document)
    headline = judge(lines)
    document["lines"] = [line.as_dict() for line in lines]
    document["headline"] = {"state": headline.state.value, "text": headline.text}
    document["attention"] = list(_list_attention(document["lines"]))
    return document if reveal_key_ids else t.cast(Document, mask_key_ids(document))


def _read_population(reports: Store, run_id: str, files: Mapping[str, str]) -> Document:
    """Read the accounts of the run, of the report over all of them that its manifest names, else of the newest one."""
    for key in (*(name for name in files if _FLEET.fullmatch(name)), _NEWEST):
        try:
            content = reports.get(key)
            if content is None or (_FLEET.fullmatch(key) and fleet_key(content) != key):
                continue
            document = decode(content, where=key, schema=fleet.SCHEMA)
            found = _parse_population(document, run_id)
        except (AttributeError, DocumentError, KeyError, StoreError, TypeError):
            continue
        if found:
            return {"source": key, "is_in_manifest": key in files and key != _NEWEST, **found}
    return {"source": None, "is_in_manifest": False, "reported": [], "failed": [], "missing": [], "names": {}}


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


def _find_first_change(accounts: Iterable[Document]) -> t.Optional[str]:
    return min((item["at"] for account in accounts for item in account["changes"] if item["at"]), default=None)


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
    """Join the requests of all accounts: one row for each job, with the number of accounts.

    A member that records name differently has all of the values, and is listed in ``conflicting``. One that some
    records lack is listed in ``incomplete``.
    """
    jobs: dict[tuple[str, str], list[tuple[str, Mapping[str, t.Any]]]] = {}
    for account in accounts:
        for request in account["requests"]:
            # Without a record of a job, each author of the plan is a row.
            place = (str(request["job_id"]), "") if "job_id" in request else ("", str(request.get("author") or ""))
            jobs.setdefault(place, []).append((account["account_id"], request))
    return [_join_job(job_id, records) for (job_id, _author), records in sorted(jobs.items())]


def _join_job(job_id: str, records: Sequence[tuple[str, Mapping[str, t.Any]]]) -> Document:
    values = {
        name: sorted({str(request[name]) for _account, request in records if request.get(name)}) for name in _DETAILS
    }
    whole: Document = {name: ", ".join(found) or None for name, found in values.items()}
    lacking = [name for name in _DETAILS if any(not request.get(name) for _account, request in records)]
    return {
        **whole,
        "job": whole["job"] or job_id or None,
        "accounts": len({account_id for account_id, _request in records}),
        "approved_own": _is_same(values["author"], values["approver"]),
        # Each account has a plan of its own.
        "conflicting": [name for name, found in values.items() if len(found) > 1 and name != "approved_plan"],
        "incomplete": [name for name in lacking if values[name]],
    }


def _is_same(authors: Iterable[str], approvers: Iterable[str]) -> bool:
    """Whether somebody is among both. People write their names in several ways."""
    return not {name.strip().casefold() for name in authors}.isdisjoint(name.strip().casefold() for name in approvers)


def _describe_chain(
    chain: Chain,
    link: t.Optional[Link],
    files: FileCheck,
    replaced: Mapping[int, Sequence[str]],
    first_change: t.Optional[str],
) -> Document:
    def name(one: t.Optional[Link]) -> t.Optional[Document]:
        return {"number": one.number, "sha256": one.sha256, "created": one.created} if one else None

    notes, doubts = _judge_others(chain, link, replaced, first_change)
    return {
        "count": len(chain.links),
        "problems": list(chain.problems),
        "notes": [*chain.notes, *notes],
        "doubts": doubts,
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


def _judge_others(
    chain: Chain, link: t.Optional[Link], replaced: Mapping[int, Sequence[str]], first_change: t.Optional[str]
) -> tuple[list[str], list[str]]:
    """Judge the earlier manifests of the run: notes on that of a check, and doubts about all others.

    A writer can replace files and append a manifest that fits. The earlier manifest stays.
    """
    notes, doubts = [], []
    for one in chain.links:
        if link is None or one.run_id != link.run_id or one.number >= link.number:
            continue
        text = f"Manifest {one.number} is of this run too"
        if replaced.get(one.number):
            text += f", with other hashes of: {join_names(replaced[one.number], _NAMES)}"
        if first_change and one.created and one.created < first_change:
            notes.append(f"{text}. It was written before the first change, as the check of a workflow is.")
        else:
            doubts.append(f"{text}. A second job writes it, and so can anybody who may write there.")
    return notes, doubts


def _list_attention(lines: Sequence[Document]) -> Iterator[Document]:
    """List what an auditor should look at first, the worst first."""
    for tone, name in ((BAD, "faults"), (DOUBTFUL, "doubts")):
        for line in lines:
            yield from ({"tone": tone, "line": line["title"], "text": text} for text in line[name])
