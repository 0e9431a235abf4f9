# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether calls stay on this machine, where they can only reach an emulated AWS."""

from __future__ import annotations

import ipaddress
import urllib.parse

from . import sdk
from .clients import ClientPool
from .errors import AwsError
from .fence import ACCESS_OPERATIONS, OperationFence
from .operations import Operations
from .options import AccessOptions
from .regions import home_region_of


def stays_on_this_machine(options: AccessOptions, operations: Operations) -> bool:
    """Whether every service of ``operations`` is called at a loopback address. Nothing is called here.

    Options, environment and profile name endpoints, for all services or for one, and any of them can have botocore
    ignore those that are configured. So the clients are asked where they would call:
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    session = sdk.new_session(options.profile, operations=operations)
    # Else botocore would look for credentials, perhaps on the network.
    session.set_credentials("nobody", "nothing")
    try:
        clients = ClientPool(session, options, fence=OperationFence(Operations(), check_mode=True))
        region = options.region or session.get_config_variable("region") or home_region_of(session, None)
        services = operations.union(ACCESS_OPERATIONS).services
        return all(_is_loopback(clients.client(service, region).meta.endpoint_url) for service in services)
    except (AwsError, sdk.BotoCoreError):
        return False


def _is_loopback(url: str) -> bool:
    try:
        host = urllib.parse.urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
