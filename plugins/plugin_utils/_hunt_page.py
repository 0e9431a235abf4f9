# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The page of a hunt, which the controller renders beside the evidence: modules have no templates."""

from __future__ import annotations

import hashlib
import json
import typing as t
from collections.abc import Mapping

from ..module_utils._converge.store import Store, StoreError
from ..module_utils._module.task import Task
from ..module_utils._questions.credential_hunt.run import run
from ..module_utils._questions.credential_hunt.workspace import MANIFEST, Workspace
from ..module_utils._report.document import DocumentError, decode
from ..module_utils._report.plain import printable
from ._incident_pages import MANAGEMENT, write_pages_of_hunt
from ._render import hunt_html

PAGE: t.Final = "timeline.html"


def run_with_page(task: Task) -> dict[str, t.Any]:
    """The core of ``credential_hunt_info``, and its pages beside the files that it writes.

    The hunt through all accounts of an incident has those for the person on call and for management besides.

    :raises TaskError: as the core does.
    :raises StoreError: the page can't be written.
    """
    result = run(task)
    workspace = Workspace.of(task)
    if workspace.store is not None and result["files"]:
        folder = f"{workspace.folder}/{result['account_id']}" if result["account_id"] else workspace.folder
        result["files"].append(write_page(workspace.store, folder, result))
        if result["incident_id"] and not result["account_id"]:
            on_call, management = write_pages_of_hunt(workspace.store, result, now=task.now)
            result["files"] += [on_call, management]
            if "terminal" in result:
                pages = printable(f"Pages: {on_call}, {MANAGEMENT}", ascii_only=task.options["ascii"])
                result["terminal"] += f"\n{pages}"
    return result


def write_page(store: Store, folder: str, document: Mapping[str, t.Any]) -> str:
    """Write the page of a document, note its hash in the manifest, and return its place. Raises StoreError."""
    content = hunt_html.render(document).encode()
    place = store.put(f"{folder}/{PAGE}", content)
    key = f"{folder}/{MANIFEST}"
    try:
        made = decode(store.get(key) or b"", where=key)
        files = {**made["files"], f"{folder}/{PAGE}": _describe(content)}
        made = {**made, "files": {name: files[name] for name in sorted(files)}}
    except (DocumentError, KeyError, TypeError) as error:
        raise StoreError(f"{store.location}/{key} was changed by somebody else since this task wrote it") from error
    store.put(key, (json.dumps(made, indent=2) + "\n").encode())
    return place


def _describe(content: bytes) -> dict[str, t.Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
