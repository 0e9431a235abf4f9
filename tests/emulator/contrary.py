# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWS that is other than the collection assumes: which assumptions are false, by the names of docs/acceptance.md.

Some are false where calls are authorized (see :mod:`emulator.permissions`, :mod:`emulator.identity`); here are those
that show in an answer.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from emulator import errors
from emulator.wire import Answer, Call

# The operation that shows an assumption, and the error that it is about.
_ERRORS: t.Final[t.Mapping[str, tuple[str, str]]] = {
    "attached_policy_is_kept": ("DeletePolicy", "DeleteConflict"),
    "boundary_policy_is_kept": ("DeletePolicy", "DeleteConflict"),
    "existing_entity_is_refused": ("CreateUser", "EntityAlreadyExists"),
    "absent_attachment_is_refused": ("DetachUserPolicy", "NoSuchEntity"),
}
_HOLDERS: t.Final = re.compile(rb"<PolicyUsers>.*</PolicyUsers>", re.DOTALL)
_ELSEWHERE: t.Final = frozenset(
    {
        "boundary_holders_are_listed",
        "inactive_key_is_refused",
        "boundary_limits_a_user",
        "bool_ignores_an_absent_key",
        "bool_if_exists_includes_an_absent_key",
        "external_id_is_needed",
    }
)
KNOWN: t.Final = frozenset(_ERRORS) | _ELSEWHERE


def contradict(answer: Answer, call: Call, contrary: t.Collection[str]) -> Answer:
    """Change an answer to that of an AWS that is other than documented."""
    if call.operation == "ListEntitiesForPolicy" and "boundary_holders_are_listed" in contrary:
        # As long as before: the headers have its length.
        return dataclasses.replace(
            answer, body=_HOLDERS.sub(lambda found: b"<PolicyUsers/>".ljust(len(found[0])), answer.body)
        )
    code = errors.code_of(answer)
    if code and any(_ERRORS.get(name) == (call.operation, code) for name in contrary):
        return errors.error(call, "InvalidInput", "this AWS is other than documented")
    return answer
