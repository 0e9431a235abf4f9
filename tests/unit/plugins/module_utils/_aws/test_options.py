# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.doc_fragments._access import ModuleDocFragment
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import InvalidRequest
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, AccessOptions

ROLE = "arn:aws-us-gov:iam::111122223333:role/path/of/a+role"


def test_only_the_options_for_access_are_taken_and_empty_ones_do_not_count() -> None:
    options = AccessOptions.from_options(
        {
            "region": "eu-west-1",
            "profile": "",
            "assume_role_arn": ROLE,
            "assessor_role_arn": None,
            "validate_certs": False,
            "benchmark": "cis_7.0",
        }
    )
    assert options == AccessOptions(region="eu-west-1", assume_role_arn=ROLE, validate_certs=False)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("assume_role_arn", "admin", "assume_role_arn: 'admin' is not the ARN of a role"),
        ("assume_role_arn", "arn:aws:iam::1:role/x", "is not the ARN of a role"),
        ("assessor_role_arn", "arn:aws:iam::111122223333:user/x", "assessor_role_arn: .* is not the ARN of a role"),
        ("assume_role_session_name", "a b", "assume_role_session_name: 'a b' is not 2 to 64 letters"),
        ("assume_role_source_identity", "ü" * 5, "assume_role_source_identity: .* is not 2 to 64 letters"),
        ("endpoint_url", "localhost:5055", "endpoint_url: 'localhost:5055' is not an HTTP"),
        ("assume_role_duration", 899, "assume_role_duration: 899 is not between 900 and 43200 seconds"),
        ("assume_role_duration", 43201, "assume_role_duration: 43201 is not between"),
    ],
)
def test_bad_input_is_named_with_what_is_allowed(name: str, value: t.Any, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        AccessOptions.from_options({name: value})


def test_a_bad_external_id_is_not_quoted() -> None:
    with pytest.raises(InvalidRequest, match="assume_role_external_id: its value is not") as caught:
        AccessOptions(assume_role_external_id="half a secret")
    assert "half" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "p", "access_key": "AKIA"}, "profile: can't be combined"),
        ({"profile": "p", "session_token": "token"}, "profile: can't be combined"),
        ({"access_key": "AKIA"}, "access_key and secret_key: give both"),
    ],
)
def test_credentials_come_from_one_place(options: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        AccessOptions(**options)


def test_secrets_show_nowhere() -> None:
    options = AccessOptions(
        access_key="AKIA",
        secret_key="s3cret-key",
        session_token="s3cret-token",
        assume_role_external_id="s3cret-id",
        aws_config={"proxies": {"https": "http://user:s3cret-word@proxy"}},
    )
    assert "s3cret" not in f"{options} {options!r}"
    assert (
        options.mask_secrets("s3cret-key, s3cret-token and s3cret-id of AKIA")
        == "********, ******** and ******** of AKIA"
    )
    for name in ("secret_key", "session_token", "assume_role_external_id"):
        assert name not in ASSUME_ROLE_ARGUMENTS or ASSUME_ROLE_ARGUMENTS[name]["no_log"] is True


@pytest.mark.parametrize(
    ("options", "verify"),
    [
        ({}, None),
        ({"aws_ca_bundle": "/ca.pem"}, "/ca.pem"),
        ({"validate_certs": False}, False),
        ({"validate_certs": False, "aws_ca_bundle": "/ca.pem"}, False),
    ],
)
def test_how_certificates_are_checked(options: dict[str, t.Any], verify: t.Any) -> None:
    assert AccessOptions(**options).verify == verify


def test_the_documentation_is_that_of_the_arguments() -> None:
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    described = ("type", "elements", "default")
    assert {name: {key: option[key] for key in described if key in option} for name, option in documented.items()} == {
        name: {key: argument[key] for key in described if key in argument}
        for name, argument in ASSUME_ROLE_ARGUMENTS.items()
    }
