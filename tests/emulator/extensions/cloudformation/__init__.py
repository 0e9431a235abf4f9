# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudFormation: seeded stacks beside those that moto makes, with pages and deleted stacks as AWS lists them.

moto's own module imports most of its services, so it is imported when an emulator is first asked for a stack.
"""

from __future__ import annotations

import functools


@functools.cache
def install() -> None:
    """Give moto's CloudFormation the operations of this package, once."""
    from emulator.extensions.cloudformation import responses

    responses.install()
