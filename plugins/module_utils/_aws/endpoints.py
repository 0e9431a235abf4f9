# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether calls stay on this machine, where they can only reach an emulated AWS."""

from __future__ import annotations

import ipaddress
import typing as t
import urllib.parse
from collections.abc import Mapping

# botocore reads these where no endpoint is given:
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
_FOR_ALL: t.Final = "AWS_ENDPOINT_URL"
_FOR_ONE: t.Final = "AWS_ENDPOINT_URL_"
_IGNORED: t.Final = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"


def stays_on_this_machine(endpoint_url: t.Optional[str], environment: Mapping[str, str]) -> bool:
    """Whether every service is called at a loopback address.

    ``endpoint_url`` is the option, which wins over the environment. Endpoints that only a configuration file names do
    not count: which of them is used depends on the profile.
    """
    if endpoint_url:
        return _is_loopback(endpoint_url)
    if environment.get(_IGNORED, "").lower() == "true":
        return False
    urls = [url for name, url in environment.items() if name.startswith(_FOR_ONE)]
    return all(map(_is_loopback, [environment.get(_FOR_ALL, ""), *urls]))


def _is_loopback(url: str) -> bool:
    try:
        host = urllib.parse.urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
