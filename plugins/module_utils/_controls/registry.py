# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The catalogue of controls.

The files are listed by plain imports: AnsiballZ ships only what is imported so, and discovery would silently find
nothing inside a module.
"""

from __future__ import annotations

import typing as t

from . import regions
from .catalogue import (
    access_analyzer,
    access_keys,
    boundaries,
    break_glass,
    config_rules,
    credentials,
    detective,
    escalation,
    event_alerts,
    hygiene,
    incidents,
    last_accessed,
    least_privilege,
    mfa,
    monitoring,
    organization,
    organization_governance,
    organization_guardrails,
    password_policy,
    policies,
    privileges,
    root,
    security_hub,
    trust,
    writing_roles,
)
from .control import Control
from .problem import Problem

CATALOG_VERSION: t.Final = "1.0.0"

_THEMES: t.Final = (
    root,
    mfa,
    access_keys,
    credentials,
    incidents,
    password_policy,
    privileges,
    boundaries,
    break_glass,
    escalation,
    writing_roles,
    policies,
    trust,
    organization,
    organization_governance,
    organization_guardrails,
    detective,
    config_rules,
    access_analyzer,
    security_hub,
    event_alerts,
    monitoring,
    hygiene,
    last_accessed,
    least_privilege,
)
_CONTROLS: t.Final = tuple(control for theme in _THEMES for control in theme.CONTROLS)


def all_controls() -> tuple[Control, ...]:
    """Every control, in the order of reports."""
    return _CONTROLS


def problems() -> dict[str, Problem]:
    """The words of failing findings by control: of the catalogue, of regions, and of modules on their declarations."""
    others = (
        access_analyzer.OTHER_PROBLEMS,
        least_privilege.OTHER_PROBLEMS,
        organization_guardrails.OTHER_PROBLEMS,
        regions.OTHER_PROBLEMS,
    )
    found = {control.id: control.problem for control in _CONTROLS if control.problem}
    for mapping in others:
        found |= mapping
    return found
