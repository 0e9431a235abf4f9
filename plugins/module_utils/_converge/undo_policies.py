# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take back recorded changes of policies: of their content, and of who has them."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from .change import Undo
from .undo_records import Derive, Record


def undo_policy_creation(record: Record) -> Undo:
    record.name("policy")
    return Undo("DeletePolicy", {"PolicyArn": record.target})


def undo_policy_update(record: Record) -> Undo:
    """Restore the version before. Only the record knows which one; that its content is ``before`` is read live."""
    record.name("policy")
    return Undo("SetDefaultPolicyVersion", {"PolicyArn": record.target, **record.optional("VersionId")})


def undo_policy_deletion(record: Record) -> Undo:
    path, name = record.path_and_name("policy")
    request = {
        "PolicyName": name,
        "Path": path,
        "PolicyDocument": record.text(record.before["document"], "PolicyDocument"),
        "Tags": record.tags(),
    }
    return Undo("CreatePolicy", {**request, **record.optional("Description")})


def _undo_managed_policy(record: Record, owner: str, *, attached: bool) -> Undo:
    """Undo the attachment of a managed policy to an owner, or its detachment."""
    record.check(record.before["attached"] is not attached, "its before does not fit its operation")
    verb = "Detach" if attached else "Attach"
    named = {f"{owner}Name": record.name(owner.lower()), "PolicyArn": str(record.before["policy"])}
    return Undo(f"{verb}{owner}Policy", named)


def _undo_inline_policy(record: Record, owner: str) -> Undo:
    named = {f"{owner}Name": record.name(owner.lower()), "PolicyName": str(record.before["inline_policy"])}
    document = record.before["document"]
    if record.change.operation.startswith("Put") and document is None:
        return Undo(f"Delete{owner}Policy", named)
    record.check(isinstance(document, Mapping), "its before holds no document")
    return Undo(f"Put{owner}Policy", {**named, "PolicyDocument": record.text(document, "PolicyDocument")})


def list_holder_derivations(owner: str) -> dict[tuple[str, str], Derive]:
    """List the derivations for the policies of a kind of owner."""
    return {
        ("iam", f"Attach{owner}Policy"): functools.partial(_undo_managed_policy, owner=owner, attached=True),
        ("iam", f"Detach{owner}Policy"): functools.partial(_undo_managed_policy, owner=owner, attached=False),
        ("iam", f"Put{owner}Policy"): functools.partial(_undo_inline_policy, owner=owner),
        ("iam", f"Delete{owner}Policy"): functools.partial(_undo_inline_policy, owner=owner),
    }
