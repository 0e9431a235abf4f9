# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read beyond the main stack: the role of the hunt, and settings that may hold secrets.

The main stack has no room for more: CloudFormation accepts 51,200 bytes without a bucket.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from scripts.bootstrap_containment import proven_actions_of
from scripts.bootstrap_roles import HUNT, SETTINGS, actions_of, assessor_settings

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations

#: The boundaries of the roles that write protect each role and policy whose name begins with "assessor".
ROLE: t.Final = "assessor-hunt"
DESCRIPTION: t.Final = "Looks for what was done with leaked credentials, for hardening.iam"
HUNT_READS: t.Final = "assessor-hunt-reads"
HUNT_POLICY: t.Final = "assessor-hunt-settings"
ASSESSOR_POLICY: t.Final = "assessor-settings"
# Parameters.
PRINCIPAL: t.Final = "HuntPrincipalArnPattern"
SOURCE_IDENTITY: t.Final = "HuntSourceIdentityPattern"
HUNT_SETTINGS: t.Final = "HuntSettings"
ASSESSOR_SETTINGS: t.Final = "AssessorSettings"
#: What is chosen by true or false, and what it means. Each is off by default.
SWITCHES: t.Final[Mapping[str, str]] = {
    HUNT_SETTINGS: "Whether the hunt reads settings of workloads, which may hold secrets.",
    ASSESSOR_SETTINGS: "Whether the role assessor of the main stack, which must be there, reads such settings too.",
}


def hunt_actions(modules: Mapping[str, Operations]) -> list[str]:
    """The actions that the role of the hunt gets, without those that return settings."""
    return proven_actions_of({*modules[HUNT].reads, "sts:GetCallerIdentity"} - SETTINGS.keys())


def hunt_settings(modules: Mapping[str, Operations]) -> list[str]:
    """The actions of a hunt that return settings."""
    return actions_of(modules[HUNT].reads & SETTINGS.keys())


def assessor_actions(modules: Mapping[str, Operations]) -> list[str]:
    """The actions of the assessor that return settings."""
    return actions_of(assessor_settings(modules))
