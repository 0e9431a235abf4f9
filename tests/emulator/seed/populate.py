# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apply a seed to moto: fill its backends in this process, in milliseconds instead of thousands of calls."""

from __future__ import annotations

import os
from datetime import datetime

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.organizations.models import organizations_backends
from moto.s3.models import s3_backends
from moto.securityhub.models import SecurityHubBackend

from emulator import extensions
from emulator.extensions import past, recorded_events, state
from emulator.seed import iam, organization, regional
from emulator.seed.model import Organization


def reset() -> None:
    """Forget every account, and start the random identifiers anew."""
    BackendDict.reset()
    # moto lists every object that it ever made, for its dashboard, which would keep all former states in memory.
    reset_model_data()
    # Two things of moto's that live outside its backends: who is a member of which organization, and hub settings.
    organizations_backends.master_accounts.clear()
    SecurityHubBackend._org_configs.clear()
    mock_random.seed(0)


def apply(seed: Organization, *, now: datetime) -> None:
    """Fill moto with the seed; ``now`` is the moment that its ages count back from. Resets moto first."""
    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    extensions.install()
    reset()
    if seed.id is not None:
        organization.apply(seed, now=now)
    for account in seed.accounts.values():
        if account.listed:
            continue
        backend = iam_backends[account.id][account.partition]
        iam.apply(account, backend, now=now)
        regional.apply(account, now=now)
        past.keep(account, now=now)
    if seed.trail_bucket is not None:
        _trail_logs(seed, seed.trail_bucket)


def _trail_logs(seed: Organization, bucket: str) -> None:
    management = seed.management_account
    storage = s3_backends[management.id][management.partition]
    storage.create_bucket(bucket, management.home_region)
    states = [state.account_states[account.id][account.partition] for account in seed.accounts.values()]
    owner = state.account_states[management.id][management.partition]
    recorded_events.keep_trail(owner, bucket, str(seed.id), states)
