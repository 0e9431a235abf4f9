# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from unit.emulator.seeded import serving


def test_a_resource_policy_is_there_once_it_was_put() -> None:
    with serving("acme") as acme:
        client = acme.client("organizations")
        with pytest.raises(ClientError, match="ResourcePolicyNotFoundException"):
            client.describe_resource_policy()
        put = client.put_resource_policy(Content='{"Version": "2012-10-17"}')["ResourcePolicy"]
        found = client.describe_resource_policy()["ResourcePolicy"]
        assert put == found
        assert found["Content"] == '{"Version": "2012-10-17"}'
        assert found["ResourcePolicySummary"]["Arn"].startswith("arn:aws:organizations::111122223333:resourcepolicy/o-")
        with pytest.raises(ClientError, match="AccessDeniedException"):
            acme.client("organizations", "333344445555").describe_resource_policy()
