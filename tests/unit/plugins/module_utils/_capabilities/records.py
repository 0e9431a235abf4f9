# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded changes as a journal has them, whoever wrote it."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Undo
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_requests import Derivations, find_mismatch

ACCOUNT: t.Final = "111122223333"
REGION: t.Final = "eu-west-1"
State = t.Optional[Mapping[str, t.Any]]


def iam(resource: str, account: str = ACCOUNT) -> str:
    """The ARN of an object of IAM."""
    return f"arn:aws:iam::{account}:{resource}"


def regional(service: str, resource: str, region: str = REGION, account: str = ACCOUNT) -> str:
    """The ARN of an object of a regional service."""
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def problem_of(
    derivations: Derivations,
    what: tuple[str, str],
    target: str,
    states: tuple[State, State],
    undo: tuple[str, Mapping[str, t.Any]],
) -> str:
    """Why the undo of a record is not believed; empty if it is. ``what`` is the service and the operation."""
    service, operation = what
    region = "global" if service in ("iam", "organizations") else REGION
    before, after = states
    change = Change(
        ACCOUNT, region, service, operation, target, {}, before, after, "", Impact.ADDITIVE, undo=Undo(*undo)
    )
    return find_mismatch(change, derivations)
