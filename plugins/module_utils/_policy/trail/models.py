# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a call of a model of Bedrock is about: one parameter names a model, or a profile that sends it to one.

"A policy must allow the inference profile and the foundation model in each Region that it may send requests to":
https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html. The names of the profiles that AWS
makes begin with their geography: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
"""

from __future__ import annotations

import re
import typing as t

from .kinds import Places
from .parameters import Parameters

_ACTIONS: t.Final = frozenset({"bedrock:invokemodel", "bedrock:invokemodelwithresponsestream"})
_MODEL: t.Final = re.compile(r"[a-z0-9-]+\.[A-Za-z0-9_.:-]+")
_PROFILE: t.Final = re.compile(r"(?:us|us-gov|eu|apac|jp|au|ca|sa|me|af|global)\.([a-z0-9-]+\.[A-Za-z0-9_.:-]+)")
_ARN: t.Final = re.compile(r"arn:[^:*?]+:bedrock:[a-z0-9-]*:\d*:([a-z-]+)/([A-Za-z0-9_.:-]+)")
# These name no model: it is one that their owner chose.
_OF_ANY_MODEL: t.Final = frozenset({"application-inference-profile", "default-prompt-router", "prompt-router"})
_FOUNDATION: t.Final = "foundation-model"


def read_models(parameters: Parameters, action: str, places: Places) -> t.Optional[tuple[tuple[str, str], ...]]:
    """Read what a call of a model is about, as types and ARNs, or patterns where the Region is not known.

    None for other actions, and where the request does not name one in a known way.
    """
    if action not in _ACTIONS:
        return None
    named = next(iter(parameters.texts("modelid")), "")
    region, account = places.value("region"), places.value("account")
    if found := _ARN.fullmatch(named):
        return ((found[1], named), *_read_reached(found[1], found[2], places.partition))
    if region is None or account is None:
        return None
    stem = f"arn:{places.partition}:bedrock:{region}"
    if _PROFILE.fullmatch(named):
        arn = f"{stem}:{account}:inference-profile/{named}"
        return (("inference-profile", arn), *_read_reached("inference-profile", named, places.partition))
    return ((_FOUNDATION, f"{stem}::{_FOUNDATION}/{named}"),) if _MODEL.fullmatch(named) else None


def _read_reached(kind: str, name: str, partition: str) -> tuple[tuple[str, str], ...]:
    """The models that a profile sends requests to, in whatever Region."""
    found = _PROFILE.fullmatch(name) if kind == "inference-profile" else None
    model = found[1] if found else "*" if kind in _OF_ANY_MODEL or kind == "inference-profile" else ""
    return ((_FOUNDATION, f"arn:{partition}:bedrock:*::{_FOUNDATION}/{model}"),) if model else ()
