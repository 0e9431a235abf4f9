# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The return values of ``least_privilege`` as they are documented, against the state of a campaign that is built."""

from __future__ import annotations

import typing as t

import yaml
from unit.plugins.module_utils._capabilities.least_privilege.campaigns import (
    ACCOUNT,
    declare,
    denial,
    moment,
    records_up_to,
    situate,
    watch,
)

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import (
    Consumer,
    Namer,
    Surroundings,
    UnreadNamers,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.steps import decide
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.summary import (
    Details,
    build_summary,
)
from ansible_collections.hardening.iam.plugins.module_utils._report.campaign_text import is_campaign
from ansible_collections.hardening.iam.plugins.modules.least_privilege import DOCUMENTATION, RETURN, argument_spec

Described = dict[str, t.Any]


def summarize() -> dict[str, t.Any]:
    """The state of a campaign in which every list has an entry."""
    situation = situate(
        *records_up_to(Kind.CUT_OVER),
        surroundings=Surroundings(
            (Consumer("person", "arn:aws:iam::111122223333:user/alice", is_machine=False),),
            (Namer("bucket_policy", "arn:aws:s3:::acme", ACCOUNT, "principal"),),
            ("not looked for: CI variables",),
            (UnreadNamers("account 444455556666 could not be read", "444455556666", blocks=True),),
        ),
        watched=watch(denial(), calls=9),
    )
    declared = declare("watch")
    details = {situation.role_arn: Details(patch={"language": "Terraform", "text": "x", "to": "y"})}
    return build_summary(declared, (situation,), decide(declared, (situation,), now=moment(20)), details)


def compare(described: Described, value: t.Any, where: str) -> list[str]:
    """Compare what is documented with what is returned, where both name the members of mappings."""
    members = described.get("contains")
    if members is None:
        return []
    entry = value[0] if isinstance(value, list) else value
    if set(members) != set(entry):
        return [f"{where}: {sorted(set(members) ^ set(entry))}"]
    return [line for name in members for line in compare(members[name], entry[name], f"{where}.{name}")]


def test_everything_of_a_campaign_that_is_documented_is_returned_and_nothing_else() -> None:
    assert compare(yaml.safe_load(RETURN)["campaign"], summarize(), "campaign") == []


def test_the_report_takes_what_the_module_returns() -> None:
    assert is_campaign(summarize())
    assert is_campaign(build_summary(declare(), (), ()))


def test_no_suboption_is_an_anchor() -> None:
    """Tools that rewrite documentation write each of them out, so the documentation has them written out."""
    options = yaml.safe_load(DOCUMENTATION)["options"]
    assert "*acceptance" not in DOCUMENTATION
    for name in (name for name in argument_spec() if name.startswith("accept_") and name != "accept_short_window"):
        if name in options:
            assert set(options[name]["suboptions"]) == set(argument_spec()[name]["options"]), name
