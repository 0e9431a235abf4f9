# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every change that a capability makes in these tests can be taken back by what is derived from its record."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_analyzer import (
    changes as analyzers_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys import (
    changes as access_keys_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.config_rules import (
    changes as config_rules_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts import (
    changes as event_alerts_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.findings_export import (
    changes as findings_export_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy import (
    changes as organization_policies_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_root_access import (
    changes as root_access_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.password_policy import plan as password_policy
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary import (
    changes as boundaries_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub import (
    changes as security_hub_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions import (
    changes as user_permissions_changes,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import change_of
from ansible_collections.hardening.iam.plugins.module_utils._rollback.requests import mismatch

MAKERS: t.Final = (
    access_keys_changes,
    analyzers_changes,
    boundaries_changes,
    config_rules_changes,
    event_alerts_changes,
    findings_export_changes,
    organization_policies_changes,
    password_policy,
    root_access_changes,
    security_hub_changes,
    user_permissions_changes,
)


@pytest.fixture(autouse=True)
def derivable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold each change that is made against what its record leads to, once a journal has it as JSON."""

    def made(**given: t.Any) -> Change:
        change = Change(**given)
        recorded = change_of(json.loads(json.dumps(change.as_dict(), default=str)))
        problem = mismatch(recorded)
        assert not problem, f"{change.service}:{change.operation} on {change.target}: {problem}"
        return change

    for module in MAKERS:
        monkeypatch.setattr(module, "Change", made)
