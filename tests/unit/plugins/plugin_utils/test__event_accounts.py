# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts and roles of an inventory, by which events are judged."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.plugin_utils._event_accounts import list_accounts, list_own_roles
from ansible_collections.hardening.iam.plugins.plugin_utils._run_input import Host

READER = "arn:aws-cn:iam::111122223333:role/reader"


def host(name: str, **variables: t.Any) -> Host:
    return Host(name, variables, variables.get)


def test_each_host_with_an_account_is_listed() -> None:
    hosts = [
        host("prod", aws_account_id="111122223333", aws_assessor_role_arn=READER),
        host("222233334444"),
        host("localhost"),
    ]
    assert list_accounts(hosts) == [
        {"account_id": "111122223333", "host": "prod", "partition": "aws-cn"},
        {"account_id": "222233334444", "host": "222233334444", "partition": "aws"},
    ]


def test_all_roles_of_all_hosts_are_own_roles() -> None:
    hosts = [
        host("a", aws_assessor_role_arn=READER, aws_assume_role_arn="w", aws_assume_role_arns={"credentials": "c"}),
        host("b", aws_assessor_role_arn=READER, aws_assume_role_arns='{"containment": "q", "x": null}'),
        host("c", aws_assessor_role_arn="", aws_assume_role_arn=None, aws_assume_role_arns="{"),
    ]
    assert list_own_roles(hosts) == [READER, "w", "c", "q"]
