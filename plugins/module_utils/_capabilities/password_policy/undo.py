# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The request that takes a recorded change of the password policy back."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._account.model import PasswordPolicy
from ..._converge.change import Undo
from ..._converge.undo_records import Derive, Record
from .declared import FIELDS, build_request
from .plan import DELETE, UPDATE


def _undo_policy(record: Record) -> Undo:
    suffix = f":iam::{record.change.account_id}:account-password-policy"
    record.check(record.target.endswith(suffix), f"{record.target} is not the password policy of the account")
    if record.is_new:
        return Undo(DELETE, {})
    before = record.before
    record.check(set(before) == set(FIELDS), "its before is no password policy")
    return Undo(UPDATE, build_request(PasswordPolicy(**{FIELDS[name]: before[name] for name in FIELDS})))


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    ("iam", UPDATE): _undo_policy,
    ("iam", DELETE): _undo_policy,
}
