# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM Identity Center: an account has an instance only once somebody has made one. Moto gives every region one.

https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ListInstances.html
"""

from __future__ import annotations

import functools
import typing as t

from moto.ssoadmin.models import SSOAdminBackend


def install() -> None:
    """Let every backend begin without an instance."""
    original = SSOAdminBackend.__init__

    @functools.wraps(original)
    def begin(self: SSOAdminBackend, *arguments: t.Any, **more: t.Any) -> None:
        original(self, *arguments, **more)
        self.instances.clear()

    SSOAdminBackend.__init__ = begin
