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
import re
import ssl
import typing as t

from .models import DeclaredModels
from .operations import Operations

try:
    import botocore.session
    from botocore import handlers, xform_name
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


# Events of botocore's own handlers: of the generator of its documentation, and of S3, which has a third of them.
_DOCUMENTATION: t.Final = "docs"
_S3: t.Final = "s3"


@functools.cache
def _load_loader() -> Loader:
    """The data files of botocore, which are read once a process."""
    session = botocore.session.Session(include_builtin_handlers=False)
    try:
        loader: Loader = session.get_component("data_loader")
    except BotoCoreError:
        # AWS_PROFILE names a profile that does not exist. Access says so when it looks for credentials: an error here
        # would be one of loading the plugin.
        loader = create_loader()
    return loader


@functools.cache
def _load_handlers(*, for_s3: bool) -> HierarchicalEmitter:
    """botocore's own handlers. Each session and each client copies them, so those that nobody calls are left out."""
    found = HierarchicalEmitter()
    events = botocore.session.Session(event_hooks=found, include_builtin_handlers=False).get_component("event_emitter")
    places = {handlers.REGISTER_FIRST: events.register_first, handlers.REGISTER_LAST: events.register_last}
    for name, handler, *place in handlers.BUILTIN_HANDLERS:
        kind, _dot, rest = name.partition(".")
        if kind != _DOCUMENTATION and (for_s3 or rest.partition(".")[0] != _S3):
            register = places[place[0]] if place else events.register
            register(name, handler)
    return found


def new_session(profile: t.Optional[str] = None, *, operations: t.Optional[Operations] = None) -> Session:
    """A botocore session on the shared loader, for a tenth of the CPU time of a plain one.

    Its clients have no methods but those of ``operations`` for the services that these name. Other services are whole,
    but for S3, which has to be named.

    :raises botocore.exceptions.ProfileNotFound: when the session is used and there is no such profile.
    """
    events = copy.copy(_load_handlers(for_s3=operations is None or _S3 in operations.services))
    session = botocore.session.Session(profile=profile, event_hooks=events, include_builtin_handlers=False)
    session.register_component("data_loader", DeclaredModels(_load_loader(), operations or Operations()))
    # Without the names that events had before 2018, which botocore would look for in each of thousands of events.
    session.register_component("event_emitter", events)
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
    loader = _load_loader()
    _load_handlers(for_s3=_S3 in operations.services)
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
    for expression in (r"\W+", "{(.*?)}", "{.*}"):
        re.compile(expression)
