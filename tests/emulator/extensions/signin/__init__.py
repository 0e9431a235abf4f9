# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Sign-In, which moto lacks: the sessions of ``aws login``."""

from __future__ import annotations

# moto finds a service's backends at its package.
from emulator.extensions.signin.models import signin_backends

__all__ = ["signin_backends"]
