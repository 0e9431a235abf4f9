# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The description of what principals do: part of a seed, so it is plain data."""

from __future__ import annotations

import dataclasses
import typing as t

Days = t.Literal["workdays", "daily", "weekends", "mondays", "month_ends"]


@dataclasses.dataclass(frozen=True)
class Session:
    """How a principal signs in. ``name`` is the name of a role's session.

    ``by`` opens it: ``user/NAME``, ``service/ec2.amazonaws.com``, ``oidc/PROVIDER`` (then ``subject`` is the claim) or
    ``saml/PROVIDER``. ``earlier`` is the session of a former role of the same name, which had another unique id.
    """

    name: str
    by: str = "user/developer"
    subject: str = ""
    address: str = "203.0.113.10"
    agent: str = "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 lang/python#3.13.7"
    mfa: bool = False
    console: bool = False
    source_identity: t.Optional[str] = None
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    vpc_endpoint: t.Optional[str] = None
    earlier: bool = False


@dataclasses.dataclass(frozen=True)
class Calls:
    """One kind of call; ``call`` is ``source:EventName`` as CloudTrail names both.

    It is made ``times`` times on ``each`` of such days, or with ``every`` on one of so many. ``days`` are the first and
    the last day, in days ago. ``at`` is the hour in UTC.

    In all texts ``{one|two}`` stands for the first at the first call and for the second at the next one; ``{date}``
    for the day, ``{hex}`` for eight and ``{id}`` for seventeen hexadecimal digits, ``{uuid}`` for a UUID. They are the
    same all over one call.
    """

    call: str
    times: int = 1
    each: Days = "workdays"
    every: int = 1
    days: tuple[int, ...] = ()
    at: int = 9
    session: t.Optional[str] = None
    region: t.Optional[str] = None
    parameters: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    answer: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    more: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    resources: dict[str, str] = dataclasses.field(default_factory=dict)
    error: t.Optional[str] = None
    message: str = "the call failed"
    via: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class Activity:
    """The calls of ``role/NAME`` or ``user/NAME``. The first session is the one of calls that name none."""

    name: str
    sessions: dict[str, Session]
    calls: tuple[Calls, ...]
    region: str = "eu-west-1"
