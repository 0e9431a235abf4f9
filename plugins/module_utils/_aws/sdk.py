# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""botocore, where it is installed, and what all sessions of one process share.

The others of this room say ``sdk.BotoCoreError`` instead of importing it: the name need not exist.
"""

from __future__ import annotations

import copy
import functools
import ssl
import typing as t

from .models import DeclaredModels
from .operations import Operations

try:
    import botocore.session
    from botocore import xform_name
    from botocore.config import Config
    from botocore.credentials import RefreshableCredentials
    from botocore.exceptions import BotoCoreError, ClientError, UnknownRegionError
    from botocore.hooks import HierarchicalEmitter
    from botocore.loaders import create_loader
    from botocore.parsers import ResponseParserError, ResponseParserFactory
    from botocore.utils import is_valid_endpoint_url, parse_timestamp, validate_region_name
except ImportError:
    # Modules must be importable all the same: Access says it, when it is asked to start.
    HAS_BOTO3 = False
else:
    HAS_BOTO3 = True

if t.TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.session import Session


__all__ = [
    "HAS_BOTO3",
    "BotoCoreError",
    "ClientError",
    "Config",
    "RefreshableCredentials",
    "ResponseParserError",
    "ResponseParserFactory",
    "UnknownRegionError",
    "new_session",
    "parse_timestamp",
    "warm",
    "xform_name",
]


class _Shared(t.NamedTuple):
    """The parts that every session of a process shares: data files that are read once, and botocore's own handlers."""

    loader: Loader
    handlers: HierarchicalEmitter


@functools.cache
def _load_shared() -> _Shared:
    handlers = HierarchicalEmitter()
    session = botocore.session.Session(event_hooks=handlers)
    try:
        loader = session.get_component("data_loader")
    except BotoCoreError:
        # AWS_PROFILE names a profile that does not exist. Access says so when it looks for credentials: an error here
        # would be one of loading the plugin.
        loader = create_loader()
    return _Shared(loader=loader, handlers=handlers)


def new_session(profile: t.Optional[str] = None, *, operations: t.Optional[Operations] = None) -> Session:
    """A botocore session on the shared loader, for a tenth of the CPU time of a plain one.

    Its clients have no methods but those of ``operations`` for the services that these name. Other services are whole.

    :raises botocore.exceptions.ProfileNotFound: when the session is used and there is no such profile.
    """
    shared = _load_shared()
    handlers = copy.copy(shared.handlers)
    session = botocore.session.Session(profile=profile, event_hooks=handlers, include_builtin_handlers=False)
    session.register_component("data_loader", DeclaredModels(shared.loader, operations or Operations()))
    # Without the names that events had before 2018, which botocore would look for in each of thousands of events.
    session.register_component("event_emitter", handlers)
    # STS answers in every region; its one global endpoint is far away from most, and a single point of failure.
    session.set_config_variable("sts_regional_endpoints", "regional")
    return session


def warm(operations: Operations) -> None:
    """Do once, for this process and those forked from it, what clients for ``operations`` need: read botocore's data
    files, and name the methods of the clients (botocore keeps the names).

    Makes no client, socket or thread. A service that the installed botocore does not know is left out: calling it
    fails later, as :class:`~.errors.Unsupported`.
    """
    if not HAS_BOTO3:
        return
    loader = _load_shared().loader
    models = DeclaredModels(loader, operations)
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data_with_path(name)
    known = set(loader.list_available_services("service-2"))
    for service in sorted({"sts", *operations.services} & known):
        loader.load_service_model(service, "endpoint-rule-set-1", api_version=None)
        for operation in models.load_service_model(service, "service-2")["operations"]:
            xform_name(operation)
    # The first use in a process reads OpenSSL's configuration, and compiles expressions.
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    is_valid_endpoint_url("https://localhost")
    validate_region_name("us-east-1")
