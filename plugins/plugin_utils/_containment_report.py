# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The end of a containment: one judgement, and everything that says it: text, exit status, finding and files."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..module_utils._account.moments import format_utc
from ..module_utils._converge.errors import InputError
from ..module_utils._converge.incident.declaration import Incident
from ..module_utils._converge.incident.names import MODULES as MODULES_OF_INCIDENTS
from ..module_utils._converge.incident.steps import HUNT_AGAIN
from ..module_utils._converge.store import Store, StoreError
from ..module_utils._incident.next_steps import (
    Commands,
    find_accounts_to_contain,
    find_confirmation_deadline,
    list_next_steps,
    write_declaration,
)
from ..module_utils._incident.results import Containment
from ..module_utils._incident.verdict import Judgement, judge, make_findings
from ..module_utils._module.task import Task
from ..module_utils._report.document import encode
from ..module_utils._report.incident_variables import SEEDS, write_seeds
from ..module_utils._report.plain import printable
from ._incident_pages import MANAGEMENT, ON_CALL, VERDICT, VERDICT_SCHEMA, write_pages_of_containment
from ._render import containment_text
from ._report_plans import name_unconfirmed

#: The declaration of the next run, in the folder of an incident.
AGAIN: t.Final = "contain_again.yml"
_PARTITION: t.Final = re.compile(r"arn:([a-z-]+):iam::")

Result = dict[str, t.Any]


def run(task: Task, store: Store) -> Result:
    """Report the containment of all accounts: for the terminal, and as files after a real run."""
    options = task.options
    found = Containment.of(
        options["incident"] or {},
        options["containments"],
        failures=options["failures"],
        now=task.now,
        is_real=not task.check_mode,
        unconfirmed=name_unconfirmed(MODULES_OF_INCIDENTS),
    )
    judgement = judge(found)
    findings = [
        one.as_dict(reveal_key_ids=options["reveal_key_ids"])
        for one in make_findings(judgement, found, partition=_find_partition(found))
    ]
    written = _write_files(task, store, found, judgement, findings) if found.is_real else {}
    commands = Commands(options["contain_command"] or "", written.get(AGAIN, ""))
    shown = containment_text.render(found, judgement, commands, ascii_only=options["ascii"])
    if ON_CALL in written:
        shown += f"\n\n{printable(f'Pages: {written[ON_CALL]}, {MANAGEMENT}', ascii_only=options['ascii'])}"
    times = [format_utc(task.now + wait) for wait in HUNT_AGAIN]
    return {
        "scope": "incident",
        "verdict": judgement.verdict.value,
        "headline": judgement.headline,
        "findings": findings,
        "hunt": {"variables": written[SEEDS], "times": times} if SEEDS in written else {},
        "accounts": len({result.get("account_id") for result in options["containments"]}),
        "fail": judgement.fails,
        "fail_msg": judgement.message,
        "terminal": "" if options["terminal"] == "none" else shown,
    }


def _find_partition(found: Containment) -> str:
    """Find the partition in the first ARN of the results, or of the incident."""
    match = _PARTITION.search(repr((found.results, found.incident)))
    return match.group(1) if match else "aws"


def _write_files(
    task: Task, store: Store, found: Containment, judgement: Judgement, findings: list[Result]
) -> dict[str, str]:
    """Write the verdict, the declaration of the next run, what a hunt begins with, and pages; return their places.

    A place that can't be written must not cost the report of the containment, nor what was written before it.
    """
    written: dict[str, str] = {}
    try:
        incident = Incident.from_option(found.incident, now=task.now)
        folder = f"incident/{incident.id}"
        declaration = write_declaration(found, find_accounts_to_contain(judgement, found))
        written[AGAIN] = store.put(f"{folder}/{AGAIN}", declaration)
        commands = Commands(task.options["contain_command"] or "", written[AGAIN])
        document = {
            "schema": VERDICT_SCHEMA,
            "incident_id": incident.id,
            "at": format_utc(task.now),
            "declared_by": incident.declared_by,
            "reason": incident.reason,
            "verdict": judgement.verdict.value,
            "headline": judgement.headline,
            "failed": judgement.fails,
            "reasons": judgement.list_texts(),
            "sections": containment_text.list_sections(found, judgement),
            "lives_on": containment_text.list_lives(found),
            "confirm_until": find_confirmation_deadline(found),
            "next": [dataclasses.asdict(step) for step in list_next_steps(judgement, found, commands)],
            "findings": findings,
        }
        written[VERDICT] = store.put(f"{folder}/{VERDICT}", encode(document))
        written[SEEDS] = store.put(f"{folder}/{SEEDS}", write_seeds(incident, judgement.headline))
        written[ON_CALL], written[MANAGEMENT] = write_pages_of_containment(store, document, now=task.now)
    except (InputError, StoreError) as error:
        task.warn(f"not all files of the containment were written: {error}")
    return written
