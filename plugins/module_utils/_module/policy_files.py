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

from .._converge.store import Store
from .._policy.least_privilege.pack import write_template
from .._report.least_privilege_templates import render_cloudformation, render_terraform
from .._report.least_privilege_text import render_markdown

Item = Mapping[str, t.Any]

_FOLDER: t.Final = "least_privilege"
_SUFFIXES: t.Final = (".json", ".tf", ".yaml")
_EARLIER: t.Final = "This file was of an earlier run. The present one has no such file."
_NO_FILE_NAME: t.Final = re.compile(r"[^\w+=,.@-]", re.ASCII)


def write_files(place: Store, document: Mapping[str, t.Any], *, placeholders: bool) -> dict[str, list[str]]:
    """Write the files of all principals below ``<account>/least_privilege/``; the places of the files by principal.

    A file of an earlier run that this one does not have is replaced by a note, so that nobody uses old policies.
    With ``placeholders`` the policies name the account as ``{{ aws_account_id }}``, so that one template serves many.

    :raises StoreError: the place can't be written.
    """
    account = document["account_id"]
    written: dict[str, list[str]] = {}
    before = place.list(f"{account}/{_FOLDER}/")
    for item in document["principals"]:
        folder = name_folder(account, item["kind"], item["principal"])
        files = dict(_list_files(document, item, placeholders=placeholders))
        written[item["principal"]] = [place.put(f"{folder}/{name}", text.encode()) for name, text in files.items()]
        for key in before:
            start, _slash, name = key.rpartition("/")
            if start == folder and name not in files and name.endswith(_SUFFIXES):
                place.put(key, _write_note(name).encode())
    return written


def name_folder(account: str, kind: str, principal: str) -> str:
    """Name the folder with the files of a principal. A user and a role may have the same name."""
    return f"{account}/{_FOLDER}/{kind}-{_NO_FILE_NAME.sub('_', principal.rpartition('/')[2])}"


def write_patches(place: Store, folder: str, files: Mapping[str, str]) -> None:
    """Write the patches of a principal into its folder. A patch that is empty replaces an earlier one by a note.

    :raises StoreError: the place can't be written.
    """
    before = {key.rpartition("/")[2] for key in place.list(f"{folder}/")}
    for name, text in files.items():
        if text or name in before:
            place.put(f"{folder}/{name}", (text or _write_note(name)).encode())


def _write_note(name: str) -> str:
    return _as_json({"note": _EARLIER}) if name.endswith(".json") else f"# {_EARLIER}\n"


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
