# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The habits of callers that an event shows: the network of an address, and the family of a user agent.

Both can be chosen by the caller, in part. So neither is a proof of anything.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import typing as t

#: The network of a call that an AWS service made for the caller.
SERVICE: t.Final = "service"
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html#sourceIPAddress
_SERVICE_NAME: t.Final = re.compile(r"(AWS Internal|[\w.-]+\.amazonaws\.com(\.cn)?)\Z")
_IPV4_PREFIX: t.Final = 24
_IPV6_PREFIX: t.Final = 56
# The parts of a user agent of the AWS SDKs: https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html and
# botocore/useragent.py. These differ from call to call, or with each version.
_CHANGING: t.Final = frozenset(
    {"api", "app", "cfg", "command", "exe", "ft", "lang", "m", "md", "prompt", "source", "ua"}
)
_PRODUCT: t.Final = re.compile(r"([A-Za-z][\w.+-]*)/(\S*)")
_ENVIRONMENT: t.Final = re.compile(r"exec-env/([\w.-]+)")
# Tools that try attacks mark each run with an id of its own.
_RUN: t.Final = re.compile(r"[_-][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
# What differs from call to call with the same tool on the same machine.
_OF_CALL: t.Final = re.compile(r"\b(md/)?(api|app|cfg|command|ft|m|prompt|exec-env)[/#]\S*|[\[\]]")
_OF_CONSOLE: t.Final = re.compile(r"console\.amazonaws\.com|S3Console|aws-internal/3|AWS-Console", re.IGNORECASE)
_BROWSER: t.Final = re.compile(r"Mozilla/\S+ \((\w+)")
# Tools that attack accounts, and systems that are made for it. Few legitimate agents have these names.
_ATTACK: t.Final = re.compile(
    r"(?<![a-z])(pacu|kali|parrot(os)?|pentoo|blackarch|cloudfox|enumerate-iam|scoutsuite|stratus-red-team|trufflehog|weirdaal"
    r"|grimoire|nimbostratus|peirates|s3-account-search|aws_consoler|cloudgoat|quiet-riot)(?![a-z])",
    re.IGNORECASE,
)
_REMEMBERED: t.Final = 8192
_MOST_NAMES: t.Final = 8


@functools.lru_cache(maxsize=_REMEMBERED)
def find_network(address: str) -> str:
    """Find the network of an address: its first 24 bits, of IPv6 56. Names of services are one network.

    A text that is no address is its own network.
    """
    if _SERVICE_NAME.match(address):
        return SERVICE
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    prefix = _IPV4_PREFIX if parsed.version == 4 else _IPV6_PREFIX
    return str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False))


def is_address(text: str) -> bool:
    """Whether a text is the address of a caller, and not the name of a service that called for it."""
    return bool(text) and find_network(text) != SERVICE


@functools.lru_cache(maxsize=_REMEMBERED)
def find_family(agent: str) -> str:
    """Find the family of a user agent: its products and its platform, without versions and what changes by call."""
    if not agent:
        return ""
    if _SERVICE_NAME.match(agent):
        return SERVICE
    agent = _RUN.sub("", agent)
    browser = _BROWSER.match(agent)
    if browser:
        return f"browser {browser[1].lower()}"
    if _OF_CONSOLE.search(agent):
        return "console"
    names: list[str] = []
    for name, rest in _PRODUCT.findall(agent):
        if name.lower() == "os":
            names.append(f"os/{rest.partition('#')[0].lower()}")
        elif name.lower() not in _CHANGING and name.lower() != "exec-env":
            names.append(name.lower())
    environment = _ENVIRONMENT.search(agent)
    found = [*dict.fromkeys(names)][:_MOST_NAMES] or [agent.split("/")[0].split(" ")[0].lower()]
    return " ".join([*found, *([f"exec-env/{environment[1]}"] if environment else [])])


@functools.lru_cache(maxsize=_REMEMBERED)
def find_build(agent: str) -> str:
    """Find the tool and the machine with their versions: a user agent without what changes from call to call.

    All calls of somebody who works through many addresses have one, and so have all runners of an image.
    """
    return " ".join(_OF_CALL.sub("", _RUN.sub("", agent)).split())


def find_tool(agent: str) -> str:
    """Find the first product of a user agent."""
    return find_family(agent).partition(" ")[0]


@functools.lru_cache(maxsize=_REMEMBERED)
def is_attack_tool(agent: str) -> bool:
    """Whether a user agent names a tool or a system for attacks."""
    return bool(_ATTACK.search(agent))
