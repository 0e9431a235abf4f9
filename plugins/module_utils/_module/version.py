# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The version of the collection, for reports and the user agent; a unit test holds it against galaxy.yml."""

from __future__ import annotations

import typing as t

COLLECTION_VERSION: t.Final = "1.0.0"
