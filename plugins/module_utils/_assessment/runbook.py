# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Write the runbook of an account each time that the preflight looks at it."""

from __future__ import annotations

import typing as t

from .._account.model import Dataset, Snapshot
from .._incident.by_hand import Facts, runbook_key, write_runbook
from .._module.connection import Connection
from .._module.options import Options, StoreOptions
from .._module.writers import Writer

_OF_MANAGEMENT: t.Final = "This is the management account of its organization, which no control policy binds."
_ALONE: t.Final = "This account is in no organization, so that no control policy binds it."


def put_runbook(options: Options, connection: Connection, snapshot: Snapshot) -> t.Optional[str]:
    """Write the runbook of the account, in place of the one of the day before. Returns where.

    That is a place of its own, else that of the reports; None where there is neither. Raises StoreError.
    """
    name = next((name for name in ("runbook_dir", "report_dir") if options[name]), None)
    if name is None:
        return None
    facts = Facts(
        account_id=snapshot.account_id,
        partition=connection.access.partition,
        written=connection.now,
        container=connection.roles.by_class.get(Writer.CONTAINMENT, ""),
        break_glass=tuple(options["break_glass"]),
        no_lock=_explain_no_lock(snapshot),
    )
    place = connection.open_store(StoreOptions.from_options(options, name, prefix="report"))
    return place.put(runbook_key(facts.account_id), write_runbook(facts).encode())


def _explain_no_lock(snapshot: Snapshot) -> str:
    """Explain why nothing above the account can deny anything in it; empty where it can, or that is not known."""
    if snapshot.organization is None:
        return "" if snapshot.missing(Dataset.ORGANIZATION) else _ALONE
    is_management = snapshot.organization.management_account_id == snapshot.account_id
    return _OF_MANAGEMENT if is_management else ""
