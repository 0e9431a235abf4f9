# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The waiver that would accept a finding as it is now, as YAML to copy."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Mapping

from .._controls.regions import GLOBAL, REGION_CONTROL
from .._converge.finding import Status

# Characters that a glob would not take literally.
_GLOB: t.Final = re.compile(r"([*?\[])")
# The fields that only a person can fill.
_PERSONS: t.Final = "".join(f'  {name}: ""\n' for name in ("reason", "owner", "ticket", "approved_by", "expires"))


def to_waive(finding: Mapping[str, t.Any]) -> t.Optional[str]:
    """An entry of ``hardening_waivers`` for a failing finding, with all that a person has to add left empty.

    It covers this account, resource and region, this severity and this reason. None for what can't be waived.
    """
    if finding["status"] != Status.FAIL.value or finding["control"] == REGION_CONTROL:
        return None
    detail = f"#{finding['resource_detail']}" if finding["resource_detail"] else ""
    region = {} if finding["region"] == GLOBAL else {"regions": [finding["region"]]}
    reason = {"reason_fingerprint": finding["reason_fingerprint"]} if finding.get("reason_fingerprint") else {}
    entry: dict[str, t.Any] = {
        "control": finding["control"],
        "accounts": [finding["account_id"]],
        "resources": [_GLOB.sub(r"[\1]", f"{finding['resource']}{detail}")],
        **region,
        "severity": finding["severity"],
        **reason,
    }
    # JSON is YAML, and quotes whatever a resource may be called.
    lines = [f"{name}: {json.dumps(value)}" for name, value in entry.items()]
    return "".join(f"{'- ' if number == 0 else '  '}{line}\n" for number, line in enumerate(lines)) + _PERSONS
