# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The audit sheet of a run: the events of one account in, or the page of the whole run out."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime

from ..module_utils._account.account_id import parse_account_id
from ..module_utils._account.moments import parse_moment
from ..module_utils._aws.errors import AwsError
from ..module_utils._converge.errors import InputError
from ..module_utils._converge.journal import check_run_id
from ..module_utils._converge.store import StoreError
from ..module_utils._module.options import StoreOptions
from ..module_utils._module.task import Task, TaskError
from ..module_utils._report.audit.account import Sources, events_key
from ..module_utils._report.audit.events import History
from ..module_utils._report.audit.records import read_account
from ..module_utils._report.audit.sheet import BAD, DOUBTFUL, UnknownRunError, build
from ..module_utils._report.audit.state import State
from ..module_utils._report.document import (
    SCHEMA,
    DocumentError,
    check_report,
    decode,
    encode,
    run_report_key,
    to_bytes,
)
from ._audit_events import make_question, read_history
from ._render import audit_html, audit_text

Result = dict[str, t.Any]


def run(task: Task) -> Result:
    """The core of ``audit_sheet``: options of :mod:`plugins.modules.audit_sheet` in, its result out.

    :raises TaskError: there is nothing of the run, or an option is malformed.
    """
    try:
        # It becomes a part of the names of files that are read and written.
        run_id = check_run_id(str(task.options["audit_run_id"]).strip(), "audit_run_id (audit_sheet_run_id)")
        sources = _open_sources(task, run_id)
        return _read_events(task, sources) if task.options["scope"] == "account" else _write_sheet(task, sources)
    except (InputError, UnknownRunError) as error:
        raise TaskError(str(error)) from error


def _open_sources(task: Task, run_id: str) -> Sources:
    reports = task.open_store(task.reports)
    own = task.options.get("sheet_dir")
    sheets = task.open_store(StoreOptions(own, option="sheet_dir")) if own else reports
    return Sources(reports, task.open_store(task.journal), sheets, run_id, task.now)


# The events of one account


def _read_events(task: Task, sources: Sources) -> Result:
    """Read the events of the run in the account. A failure is kept like a result: the page has to say it."""
    account_id = str(task.account_id)
    history = _find_history(task, sources, account_id)
    key = events_key(sources.run_id, account_id)
    place = sources.sheets.put(key, encode(history.as_document(account_id, sources.run_id)))
    return {
        "scope": "account",
        "run_id": sources.run_id,
        "account_id": account_id,
        "events": len(history.events),
        "failure": history.failure,
        "files": {"events": place},
    }


def _find_history(task: Task, sources: Sources, account_id: str) -> History:
    try:
        records = read_account(sources.journal, account_id, sources.run_id)
        report = _read_run(sources, account_id)
        question = make_question(records, report, _list_moments(report), now=sources.now)
        if question is None:
            return History(failure="neither journal nor report has a caller of the run in this account")
        task.expect_account(task.access.caller.account_id)
        return read_history(
            task.access,
            question,
            regions=task.regions,
            max_pages=task.options["event_history_max_pages"],
            now=sources.now,
        )
    except (AwsError, StoreError, TaskError) as error:
        return History(failure=str(error))


def _read_run(sources: Sources, account_id: str) -> t.Optional[Mapping[str, t.Any]]:
    """The member ``run`` of the account's report, None where there is no report that can be used."""
    key = run_report_key(account_id, sources.run_id)
    content = sources.reports.get(key)
    if content is None:
        return None
    try:
        report = decode(content, where=key, schema=SCHEMA)
        check_report(report, account_id, where=key)
    except DocumentError:
        return None
    return t.cast(Mapping[str, t.Any], report["run"])


def _list_moments(run: t.Optional[Mapping[str, t.Any]]) -> list[datetime]:
    moments = []
    for name in ("started", "finished"):
        with contextlib.suppress(KeyError, TypeError, ValueError):
            moments.append(parse_moment((run or {})[name]))
    return moments


# The page


def _write_sheet(task: Task, sources: Sources) -> Result:
    inventory = []
    for value in task.options["expected_accounts"]:
        with contextlib.suppress(ValueError):
            inventory += [parse_account_id(value)]
    document = build(
        sources, inventory=[name for name in inventory if name], reveal_key_ids=task.options["reveal_key_ids"]
    )
    rendered: Mapping[str, tuple[str, Callable[[], bytes]]] = {
        "json": ("sheet.json", lambda: encode(document)),
        "txt": ("sheet.txt", lambda: to_bytes(audit_text.render(document))),
        "html": ("sheet.html", lambda: to_bytes(audit_html.render(document))),
    }
    files = {
        name: sources.sheets.put(f"audit/{sources.run_id}/{file}", make()) for name, (file, make) in rendered.items()
    }
    found = {tone: [item["text"] for item in document["attention"] if item["tone"] == tone] for tone in (BAD, DOUBTFUL)}
    return {
        "scope": "run",
        "run_id": sources.run_id,
        "accounts": len(document["accounts"]),
        "verdict": document["headline"]["state"],
        "headline": document["headline"]["text"],
        "lines": {line["name"]: line["state"] for line in document["lines"]},
        "attention": found[BAD],
        "not_verified": found[DOUBTFUL],
        "clean": document["headline"]["state"] == State.VERIFIED.value,
        "files": files,
        "terminal": audit_text.render_summary(document, location=files["html"]),
    }
