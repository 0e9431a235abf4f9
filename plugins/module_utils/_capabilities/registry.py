# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The one list of the capabilities. The preflight, the rollback and the permissions of the roles in AWS are made of it.

AnsiballZ ships only the files that a plain ``import`` names, so each capability is imported here by its name.
"""

from __future__ import annotations

import types
import typing as t
from collections.abc import Mapping

from .._module.registration import Registration
from .._module.writers import Writer
from .._policy.analysis.own_grants import Grants
from .access_analyzer.run import REGISTRATION as ACCESS_ANALYZER
from .access_key_rotation.run import REGISTRATION as ACCESS_KEY_ROTATION
from .access_keys.run import REGISTRATION as ACCESS_KEYS
from .config_rules.run import REGISTRATION as CONFIG_RULES
from .credential_quarantine import grants as credential_quarantine
from .event_alerts.run import REGISTRATION as EVENT_ALERTS
from .findings_export.run import REGISTRATION as FINDINGS_EXPORT
from .key_migration.run import REGISTRATION as KEY_MIGRATION
from .least_privilege.run import REGISTRATION as LEAST_PRIVILEGE
from .organization_policy.run import REGISTRATION as ORGANIZATION_POLICY
from .organization_root_access.run import REGISTRATION as ORGANIZATION_ROOT_ACCESS
from .password_policy.run import REGISTRATION as PASSWORD_POLICY
from .permissions_boundary.run import REGISTRATION as PERMISSIONS_BOUNDARY
from .policy_scope.run import REGISTRATION as POLICY_SCOPE
from .security_hub.run import REGISTRATION as SECURITY_HUB
from .session_revocation import grants as session_revocation
from .user_permissions.run import REGISTRATION as USER_PERMISSIONS

# A rollback begins in the role of the first one that it takes changes back of.
_LIST: t.Final = (
    ACCESS_ANALYZER,
    PASSWORD_POLICY,
    ACCESS_KEYS,
    ACCESS_KEY_ROTATION,
    USER_PERMISSIONS,
    PERMISSIONS_BOUNDARY,
    POLICY_SCOPE,
    LEAST_PRIVILEGE,
    KEY_MIGRATION,
    CONFIG_RULES,
    SECURITY_HUB,
    EVENT_ALERTS,
    FINDINGS_EXPORT,
    ORGANIZATION_POLICY,
    ORGANIZATION_ROOT_ACCESS,
)
#: By the name of the module, which is what a journal has.
CAPABILITIES: t.Final[Mapping[str, Registration]] = types.MappingProxyType({one.module: one for one in _LIST})
#: In the order in which people read them: by the class of the role that they write with.
BY_CLASS: t.Final = tuple(one for writer in Writer for one in _LIST if one.writer is writer)

#: The permissions of the modules of an incident, and the actions of each switch of their role. They are not in the list
#: above, so that no rollback takes a containment back.
OF_INCIDENTS: t.Final[tuple[tuple[Grants, Mapping[str, tuple[str, ...]]], ...]] = (
    (credential_quarantine.GRANTS, credential_quarantine.SWITCHES),
    (session_revocation.GRANTS, session_revocation.SWITCHES),
)
