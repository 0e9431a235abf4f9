# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Abuse for money: regions, quotas, machines, mail and models."""

from __future__ import annotations

import typing as t

from ..conditions import is_accelerated
from ..model import Call, Check, Condition, Family, Rule, always

_SPENT: t.Final = "what was used is on the bill: tell AWS Support which calls were not yours"


def _money(
    source: str,
    names: str,
    target: str,
    undo: t.Optional[Call] = None,
    check: t.Optional[Check] = None,
    note: str = "",
    *,
    model: t.Optional[str] = None,
    is_read: bool = False,
    applies: Condition = always,
) -> Rule:
    return Rule(
        source=source,
        names=tuple(names.split()),
        target=target,
        family=Family.MONEY,
        undo=undo,
        check=check,
        note=note,
        is_read=is_read,
        models=(source if model is None else model,) if model != "" else (),
        applies=applies,
    )


MONEY_RULES: t.Final[tuple[Rule, ...]] = (
    _money(
        "account",
        "EnableRegion",
        "{regionName}",
        Call("account", "DisableRegion", {"RegionName": "{regionName}"}),
        Check("account.region", ("{regionName}",), is_global=True),
        "delete what is in the region first: it keeps running and can't be reached",
    ),
    _money(
        "servicequotas",
        "RequestServiceQuotaIncrease",
        "{serviceCode}/{quotaCode}",
        note="a quota that was raised can only be lowered by AWS Support",
        model="service-quotas",
    ),
    _money(
        "ec2",
        "RunInstances",
        "{>instanceId*}",
        Call("ec2", "TerminateInstances", {"InstanceIds": "{>instanceId*}"}),
        Check("ec2.instances", ("{>instanceId*}",)),
        "machines with accelerators, which cost much",
        applies=is_accelerated,
    ),
    _money(
        "ses",
        "CreateEmailIdentity",
        "{emailIdentity}",
        Call("sesv2", "DeleteEmailIdentity", {"EmailIdentity": "{emailIdentity}"}),
        Check("ses.identity", ("{emailIdentity}",)),
        model="sesv2",
    ),
    _money(
        "ses",
        "VerifyEmailIdentity VerifyDomainIdentity",
        "{emailAddress|domain}",
        Call("sesv2", "DeleteEmailIdentity", {"EmailIdentity": "{emailAddress|domain}"}),
        Check("ses.identity", ("{emailAddress|domain}",)),
        model="ses",
    ),
    _money(
        "ses",
        "PutAccountDetails",
        "arn:{@partition}:ses:{@region}:{@account}:account",
        note="it asks to leave the sandbox, so that mail can be sent to anybody: tell AWS Support",
        model="sesv2",
    ),
    _money(
        "sns",
        "SetSMSAttributes",
        "arn:{@partition}:sns:{@region}:{@account}:sms",
        note="the event does not show what was there before: compare the limit of spending for text messages",
    ),
    _money(
        "bedrock",
        "InvokeModel InvokeModelWithResponseStream Converse ConverseStream",
        "{modelId}",
        note=_SPENT,
        is_read=True,
        model="bedrock-runtime",
    ),
    _money(
        "bedrock",
        "CreateFoundationModelAgreement",
        "{modelId}",
        Call("bedrock", "DeleteFoundationModelAgreement", {"modelId": "{modelId}"}),
    ),
    # Only the console calls these.
    _money(
        "bedrock",
        "PutFoundationModelEntitlement",
        "{modelId|@account}",
        note="the model can be used: look at its use, and deny bedrock:InvokeModel*",
        model="",
    ),
    _money(
        "bedrock",
        "PutUseCaseForModelAccess",
        "{@account}",
        note="the form can't be taken back: look at the use of models",
    ),
    _money(
        "lightsail",
        "CreateInstances",
        "{instanceNames*|name*}",
        Call("lightsail", "DeleteInstance", {"instanceName": "{instanceNames^|name^}"}),
        None,
        "delete each of them. Whether they are still there is not read",
    ),
    _money(
        "ecs",
        "CreateService",
        "{>serviceArn}",
        Call("ecs", "DeleteService", {"service": "{>serviceArn}", "force": True, "?cluster": "{cluster}"}),
        Check("ecs.service", ("{cluster|}", "{>serviceArn}")),
    ),
)
