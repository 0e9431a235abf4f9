# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rollback of an earlier run leaves a contained user alone, until the release."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from intruder import HOME, USER

from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.run import (
    CredentialQuarantine,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.modules import rollback, user_permissions
from dates import date_in
from emulator.client import EmulatorProcess

from .conftest import EXTERNAL_ID, Record, fresh, role_arn
from .containing import USER_ARN, Response

POLICY: t.Final = f"arn:aws:iam::{HOME}:policy/ci/deployments"
EARLIER: t.Final = "earlier"


@pytest.fixture
def response(emulator: EmulatorProcess, tmp_path: Path) -> Iterator[Response]:
    control = fresh(emulator, "incident")
    control.set_lag(0)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(CredentialQuarantine, "holds", 0.0)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        yield Response(control, tmp_path)


def run(response: Response, entry: Entry, *, check: bool = False, **options: t.Any) -> Record:
    """Run a module that is no part of a containment, in the role of the scheduled jobs."""
    given = {
        "account_id": HOME,
        "assume_role_arn": role_arn(HOME, "automation"),
        "assume_role_external_id": EXTERNAL_ID,
        "journal": str(response.journal),
        "report_dir": str(response.reports),
        **options,
    }
    validation = ArgumentSpecValidator({**aws_argument_spec(), **entry.argument_spec()}).validate(given)
    assert not validation.error_messages
    result = execute(entry, options=validation.validated_parameters, check_mode=check)
    assert not result.get("failed"), result["msg"]
    return result


def list_attached(response: Response) -> list[str]:
    attached = response.client("iam").list_attached_user_policies(UserName=USER)["AttachedPolicies"]
    return [policy["PolicyArn"] for policy in attached]


def test_a_rollback_gives_a_contained_user_nothing_back(response: Response) -> None:
    accepted = [{"principal": USER, "reason": "agreed for the test", "expires": date_in(30)}]
    removal = {"policy": "deployments", "users": [USER]}
    options = {"remove_policies": [removal], "accept_breakage": accepted, "owner_default": "allow", "max_percent": 100}
    run(response, user_permissions.ENTRY, run_id=EARLIER, **options)
    assert list_attached(response) == []
    response.contain()
    before = response.state()
    undo = functools.partial(run, response, rollback.ENTRY, undo_run_id=EARLIER)
    for number, check in enumerate((True, False)):
        result = undo(run_id=f"back-{number}", check=check)
        assert [(item["rule"], item["target"]) for item in result["refused"]] == [("contained", USER_ARN)]
        assert result["changes"] == []
    assert response.state() == before
    released = response.release()
    assert not released.get("failed"), released["msg"]
    # Then it is an ordinary rollback again.
    assert [change["operation"] for change in undo(run_id="back-9")["changes"]] == ["AttachUserPolicy"]
    assert list_attached(response) == [POLICY]
