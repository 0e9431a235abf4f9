# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the walks do not reach, and what is known to be wrong, each with its reason. Both lists are held to be exact."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t
from collections.abc import Mapping
from pathlib import Path

import yaml


@dataclasses.dataclass(frozen=True)
class Known:
    """Failures of a source that are known to lead to what they must not; each name may have wildcards."""

    module: str
    source: str
    kind: str
    reason: str

    def names(self, module: str, source: str, kind: str) -> bool:
        """Whether this is about a failure of a source of a module."""
        pairs = ((module, self.module), (source, self.source), (kind, self.kind))
        return all(fnmatch.fnmatchcase(name, pattern) for name, pattern in pairs)


KNOWN: t.Final = (
    Known(
        "*",
        "organizations:DescribeOrganization",
        "other account",
        "the answer names another account in each member, namely the one that manages its organization",
    ),
    Known(
        "access_analyzer_findings_info",
        "accessanalyzer:ListFindingsV2",
        "other account",
        "an analyzer of an organization has findings of every member, and no answer says which analyzer it is of",
    ),
    Known(
        "credential_hunt_info",
        "cloudtrail:LookupEvents",
        "late",
        "a hunt says how old the newest event is, and judges by what is there: the next hunt has the rest",
    ),
    Known(
        "credential_quarantine",
        "sts:GetAccessKeyInfo",
        "other account",
        "nothing else says whose a key is",
    ),
    Known(
        "organization_containment",
        "organizations:ListPolicies",
        "other account",
        "to a delegated administrator too the policies are those of another account, which manages the organization",
    ),
    Known(
        "least_privilege",
        "iam:GetAccountAuthorizationDetails",
        "other identity",
        "a role with another id is another role: what an earlier one of its name used is not its own",
    ),
    Known(
        "session_revocation",
        "cloudtrail:LookupEvents",
        "late",
        "nothing but its event tells that a trust policy was changed: the next pass has those that arrive later",
    ),
)

_LISTS: t.Final = yaml.safe_load(Path(__file__).with_name("unplayed.yml").read_text(encoding="utf-8"))

#: Modules that no walk runs, each with the reason.
UNPLAYED: t.Final[Mapping[str, str]] = _LISTS["modules"]

#: By the module: operations that it declares and is not seen to ask, but other modules are, by the same code.
BY_OTHERS: t.Final[Mapping[str, t.Sequence[str]]] = _LISTS["asked_by_other_modules"]

#: By the module: operations that no walk asks, since no seed has what they are about, or no test gives the option.
NOWHERE: t.Final[Mapping[str, t.Sequence[str]]] = _LISTS["asked_nowhere"]

#: By the module: options for places of files that no walk gives it.
UNGIVEN: t.Final[Mapping[str, t.Sequence[str]]] = _LISTS["places"]
