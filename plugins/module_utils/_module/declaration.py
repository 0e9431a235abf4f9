# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The declaration of a play for an assessment: thresholds, a selection of controls, and waivers."""

from __future__ import annotations

import dataclasses
import typing as t

from .._controls.control import Control
from .._controls.registry import all_controls
from .._controls.selection import SelectionError, select
from .._controls.settings import Settings, SettingsError
from .._controls.waivers import WaiverError, Waivers, parse
from .._converge.store import StoreError, expand_path
from .options import StoreOptions
from .task import Task, TaskError
from .yaml import parse_yaml


@dataclasses.dataclass(frozen=True)
class Declaration:
    """The declaration for an assessment, checked before anything is read."""

    settings: Settings
    controls: tuple[Control, ...]
    waivers: Waivers
    of_organization: bool = False


def declaration(task: Task, *, of_organization: bool = False) -> Declaration:
    """The declaration in a task's options, as far as it is about accounts, or ``of_organization``.

    :raises TaskError: a threshold, a selection of controls or a waiver is bad; the message names the option and the
        value, and says what is allowed.
    """
    options = task.options
    try:
        chosen = select(all_controls(), include=options.get("include") or (), exclude=options.get("exclude") or ())
        return Declaration(
            settings=Settings.from_options(options["thresholds"]),
            controls=tuple(control for control in chosen if control.of_organization or not of_organization),
            waivers=_parse_waivers(task, of_organization=of_organization),
            of_organization=of_organization,
        )
    except (SettingsError, SelectionError, WaiverError) as error:
        raise TaskError(str(error)) from error


def _parse_waivers(task: Task, *, of_organization: bool) -> Waivers:
    """Those that can match something: the same list serves the accounts and the organization."""
    controls = {control.id: control for control in all_controls()}
    waivers = parse(
        _read_waiver_list(task),
        known_controls={name: control.severity for name, control in controls.items()},
        today=task.now.date(),
        max_days=task.options["waiver_max_days"],
    )
    of_organizations = {name for name, control in controls.items() if control.of_organization}
    return tuple(waiver for waiver in waivers if (waiver.control in of_organizations) is of_organization)


def _read_waiver_list(task: Task) -> t.Any:
    """The option ``waivers``: the list itself, as YAML text too, or what the file or S3 object that it names holds."""
    value = task.options.get("waivers")
    if not isinstance(value, str) or not value.strip():
        return value or []
    # A survey of AWX can only give text, of one line or of several.
    is_list = value.lstrip().startswith(("[", "- ")) or "\n" in value.strip()
    content = value if is_list else _read_content(task, value)
    return parse_yaml(content, option="waivers", source="the text" if is_list else value) or []


def _read_content(task: Task, place: str) -> bytes:
    if place.startswith("s3://"):
        prefix, _slash, name = place.rpartition("/")
        # The role for reports also reads this file, which is encrypted with whatever key its bucket has.
        store = task.open_store(
            StoreOptions(
                prefix, role_arn=task.options.get("report_role_arn") or None, option="waivers", prefix="report"
            )
        )
        content = store.get(name)
        if content is None:
            raise TaskError(f"waivers: {place} does not exist")
        return content
    try:
        return expand_path(place, "waivers").read_bytes()
    except OSError as error:
        raise TaskError(
            f"waivers: can't read {place}: {error.strerror}.\n"
            "Give the path of a file, a place such as s3://bucket/waivers.yml, or the list itself."
        ) from error
    except StoreError as error:
        raise TaskError(str(error)) from error
