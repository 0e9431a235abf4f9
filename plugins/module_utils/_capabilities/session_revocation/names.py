# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The names of the module and of its kinds of changes."""

from __future__ import annotations

import typing as t

MODULE: t.Final = "session_revocation"
KIND_CUT: t.Final = "sessions_cut"
KIND_REVOKE: t.Final = "signin_sessions_revoked"
KIND_TRUST: t.Final = "trust_cut"
#: The tag of a managed policy of an incident that has its id.
INCIDENT_TAG: t.Final = "iam-hardening:incident"
