# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's service models as botocore has them, which tests hold tables against."""

from __future__ import annotations

import functools
import typing as t

import botocore.session


@functools.cache
def _start_session() -> botocore.session.Session:
    return botocore.session.Session()


def service_model(service: str) -> t.Any:
    """Return the model of a service, by its name in botocore.

    All from one session: each new one lists all services and reads its models again.
    """
    return _start_session().get_service_model(service)
