# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The files of new policies: data, the policies one by one, Markdown, and templates of CloudFormation and Terraform."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterator, Mapping

from ..._converge.store import Store
from ..._policy.least_privilege.pack import write_template
from ..._report.least_privilege_templates import render_cloudformation, render_terraform
from ..._report.least_privilege_text import render_markdown

Item = Mapping[str, t.Any]

_FOLDER: t.Final = "least_privilege"
_NO_FILE_NAME: t.Final = re.compile(r"[^\w+=,.@-]", re.ASCII)


def write_files(place: Store, document: Mapping[str, t.Any], *, placeholders: bool) -> dict[str, list[str]]:
    """Write the files of all principals below ``<account>/least_privilege/``; the places of the files by principal.

    With ``placeholders`` the policies name the account as ``{{ aws_account_id }}``, so that one template serves many.

    :raises StoreError: the place can't be written.
    """
    account = document["account_id"]
    written: dict[str, list[str]] = {}
    for item in document["principals"]:
        # A user and a role may have the same name.
        folder = f"{account}/{_FOLDER}/{item['kind']}-{_NO_FILE_NAME.sub('_', item['principal'].rpartition('/')[2])}"
        written[item["principal"]] = [
            place.put(f"{folder}/{name}", content.encode())
            for name, content in _list_files(document, item, placeholders=placeholders)
        ]
    return written


def _list_files(document: Mapping[str, t.Any], item: Item, *, placeholders: bool) -> Iterator[tuple[str, str]]:
    rest = {name: value for name, value in item.items() if name != "proofs"}
    yield "least_privilege.json", _as_json({"schema": document["schema"], "account_id": document["account_id"], **rest})
    yield "README.md", render_markdown(document, item)
    if not item["documents"]:
        return
    yield "proof.json", _as_json(item["proofs"])
    for one in item["documents"]:
        content = write_template(one["document"], document["account_id"]) if placeholders else one["document"]
        yield f"{one['name']}.json", _as_json(content)
    yield "cloudformation.json", render_cloudformation(item)
    yield "policies.tf", render_terraform(item)


def _as_json(value: t.Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
