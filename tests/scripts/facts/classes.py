# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The class of a writing operation, by its name, its members, the secrets in its answer, and its service.

A class orders rows, and never drops one. So a wrong class costs a place in a list. ``OWN`` are classes by hand, each
where the rules below are wrong.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.hardening.iam.plugins.module_utils._policy.facts.operations import (
    WriteClass,
    is_named_like_read,
)

CREDENTIAL, PRINCIPAL, TRUST, CODE = WriteClass.CREDENTIAL, WriteClass.PRINCIPAL, WriteClass.TRUST, WriteClass.CODE
BLINDFOLD, DATA_OUT, NETWORK = WriteClass.BLINDFOLD, WriteClass.DATA_OUT, WriteClass.NETWORK
SCHEDULE, OTHER = WriteClass.SCHEDULE, WriteClass.OTHER


def _split(names: str) -> frozenset[str]:
    return frozenset(names.split())


_WORD: t.Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*")
_ENDS: t.Final = _split(
    "Abort Archive Cancel Close Complete Deactivate Decline Decrease Delete Deprecate Deprovision Deregister Detach "
    "Disable Disassociate Disconnect Dissociate Expire Logout Pause Reboot Reject Release Remove Revoke Stop Suspend "
    "Terminate Unassign Unlink Unshare Unsubscribe Untag Withdraw"
)
_SECRET_ANSWERS: t.Final = _split(
    "accesskey accesskeysecret apikey apikeys apikeyvalue authorizationtoken authtoken bearertoken clientsecret "
    "connectionpassword credentials databasepassword dbpassword keymaterial password privatekey "
    "presignedurl refreshtoken secret secretaccesskey secretkey servicepassword sessiontoken "
    "signintoken webidentitytoken"
)
# Of a read, only an answer with a credential of its own is a change: somebody can work with it afterwards.
_MINTED: t.Final = _split(
    "authorizationtoken authtoken bearertoken dbpassword keymaterial privatekey refreshtoken secretaccesskey "
    "sessiontoken webidentitytoken"
)
_READS_THAT_MINT: t.Final = re.compile(r"Access|Credential|Key|Password|Session|Token(?!s?FromRefresh)")
_WATCHERS: t.Final = _split(
    "access-analyzer auditmanager cloudtrail config detective fms guardduty inspector inspector2 macie2 "
    "network-firewall securityhub securitylake security-ir shield waf waf-regional wafv2"
)
_CREDENTIALS: t.Final = re.compile(
    r"AccessKey|Api_?Key|Credential|KeyPair|LoginProfile|MFADevice|MfaDevice|Mfa(Config|Option|Preference)|Password"
    r"|PreSignedUrl|Pre[Ss]igned|(SSH|Ssh)\w*Key|PublicKey|Secret|SecurityKey|ServerCertificate|SigningCertificate"
    r"|SoftwareToken|Token(?!ization)|^Issue\w*Certificate|^Register\w*Certificate|OAuth|PassKey|Totp|WebAuthn"
)
_PRINCIPALS: t.Final = re.compile(
    r"(Access)?Account(s|Assignment|Member)?$|AccessEntry|ActingUser|Admin(istrator)?(Account)?s?$|Contributor"
    r"|(^|To)Group$|GroupMember(ship)?s?$|Identit(y|ies)$|InstanceProfile|Member(ship)?s?$|MemberToGroup"
    r"|PermissionSet$|PodIdentityAssociation|Principals?$|Role$|Roles$|ServiceAccount|ServiceLinkedRole|UserToGroup"
    r"|Users?$|IdentityPool|DelegatedAdmin|IAMRole|IamRole|RoleToDB\w+"
)
_TRUSTS: t.Final = re.compile(
    r"Access(Block|Config|Grant|Point|Policy|Rule|Scope|s)?$|Acl$|AssumeRolePolicy|Authorizer|Boundary|ClientID"
    r"|CrossAccount|Delegat|Entitlement|Federat|Grants?($|s)|Handshake|IdentityProvider|IdentitySource|Invitation"
    r"|(Image|Snapshot|Document|FpgaImage)(Attribute|Permission)|Invite|LFTag|OpenIDConnect|Permissions?$|Permission"
    r"|Polic(y|ies)|Polic(y|ies)?Version|PublicAccess|ResourceShare|SAML|Saml|Shar(e|es|ing)$|SharedAccess|TrustAnchor"
    r"|Trust(ed|s)?(?![a-z])|Visibility|AuthSettings|AuthenticationProfile|AuthConfig|Accept\w*(Attachment|Connection)"
    r"|^Share[A-Z]"
)
_NO_TRUST: t.Final = re.compile(
    r"(AutoScaling|AuthType|Backup|Billing|Cache|Caching|Capacity|Code|Deletion|Fault|Health|LifeCycle|Lifecycle"
    r"|Maintenance|Originrequest|OriginRequest|Patch|Protection|RateLimit|ResponseHeaders|Replication|Retention|Retry"
    r"|Scaling|Security|Sizing|SSL|Ssl|LoadBalancer|Listener|Matching|Notification)Polic"
)
_BLINDFOLDS: t.Final = re.compile(
    r"Alarm|AlternateContact|Analyzer|Anomaly|Audit|DeliveryChannel|Detector|EventDataStore|EventSelectors|FlowLog"
    r"|Findings?Filter|Guardrail|Insight|LogConfig|LogDelivery|LogGroup|LogStream|Logging|Logs?$|MetricFilter|Monitor"
    r"|PrimaryEmail|PasswordPolicy|QueryLog|Recorder|RetentionPolicy|SubscriptionFilter|Trail$|Suppression|Standards"
)
_DATA_OUT: t.Final = re.compile(
    r"Backup|^Copy|DataShare|Destination|Dump|Export|Extract|Forward|^Download|CreateImage|Publish|Replica|Replicat"
    r"|^Restore|Snapshot|^Send|Subscription|^Subscribe|Transfer|Unload|Migration|DataSync|Location[A-Z]\w+|Share"
    r"|TaskExecution|CreateDataRepository|ReEncrypt|FirehoseTarget|DeliveryStream|DataDestination"
)
_NETWORK: t.Final = re.compile(
    r"Address(es)?$|Cidr|Connection(?!s?Token)|Dns|DNS|Distribution|Egress|ElasticIp|Endpoints?|Firewall|Gateway"
    r"|HostedZone|Ingress|Ips?$|IpAddress|Ipv6|Listener|LoadBalancer|Mirror|Nat[A-Z]|Nat$|Network|Peering|Port(s|al)?$"
    r"|Prox(y|ies)|RecordSets|Resolver|Route|SecurityGroup|StaticIp|Subnet|TargetGroup|Tunnel|Virtual|Vpc|VPC|Vpn"
    r"|WebACL|OriginAccess|NameServers|Cors|ResponseHeaders|UrlConfig"
)
_SCHEDULES: t.Final = re.compile(
    r"Automation|Cron|Event(Bus|SourceMapping|Rule|Trigger|Subscription|s)?$|Hook|LifecycleConfig|MaintenanceWindow"
    r"|Notification|Pipeline|Rules?$|Schedul|StateMachine|Targets?$|Trigger|Workflow|Association|RuleGroup|Webhook"
)
_CODE: t.Final = re.compile(
    r"Agent|App(lication)?s?$|Artifact|Bot|Branch|Build|ChangeSet|Cluster|Code|Command|Commit|Component|Compute"
    r"|Container|DAG|Deploy|DevEndpoint|Document|Environment|Execut|Extension|Fleet|Flow|Function|Image|Instances?"
    r"|Job|LaunchConfig|LaunchTemplate|Layer|LifecycleConfig|Lambda|Model|Notebook|Package|Playbook|Plugin|Pod"
    r"|Process|Project|Query|Recipe|Repository|Resource$|Revision|Run$|Runtime|Script|Service|Session|Simulation|Stack"
    r"|StackSet|StateMachine|Pipeline|File$|Statement|Step|Task|Template|Test$|Theme|Tool|Training|Type$|UserProfile|Version|WorkGroup|Workspace"
)
_CODE_MEMBERS: t.Final = re.compile(
    r"role(arn|name)?$|executionrole|servicerole|iamrole|image(uri|id|identifier)?$|script|template|document|source(code"
    r"|location)?$|definition|code$|command|userdata|buildspec|zipfile|handler|entrypoint|sql|query|artifact|package"
)
_ALWAYS_CODE: t.Final = re.compile(
    r"^(Run(Instances|Task|JobFlow|PipelineActivity)|SendCommand|ExecuteCommand|ExecuteChangeSet|StartSession"
    r"|ResumeSession|UpdateFunction(Code|Configuration)|ModifyInstanceAttribute|(Create|Modify)LaunchTemplate\w*"
    r"|StartBuild\w*|StartExecution|StartAutomationExecution|PutImage|PublishLayerVersion|UpdateAssociation\w*"
    r"|InvokeCommand|StartJobRun|SubmitJob|AddJobFlowSteps)$"
)

#: Classes by hand: (source, operation) where the rules are wrong, each as AWS describes the operation.
OWN: t.Final[Mapping[tuple[str, str], WriteClass]] = {
    ("account", "AcceptPrimaryEmailUpdate"): CREDENTIAL,
    ("account", "StartPrimaryEmailUpdate"): CREDENTIAL,
    ("cloudfront", "CreateCloudFrontOriginAccessIdentity"): PRINCIPAL,
    ("cloudformation", "SetStackPolicy"): OTHER,
    ("codebuild", "ImportSourceCredentials"): CREDENTIAL,
    ("cognito-identity", "SetIdentityPoolRoles"): TRUST,
    ("ec2", "EnableSerialConsoleAccess"): NETWORK,
    ("ec2", "ImportKeyPair"): CREDENTIAL,
    ("glue", "UpdateDevEndpoint"): CREDENTIAL,
    ("iam", "AddRoleToInstanceProfile"): TRUST,
    ("iam", "ChangePassword"): CREDENTIAL,
    ("iam", "CreateVirtualMFADevice"): CREDENTIAL,
    ("iam", "DeactivateMFADevice"): CREDENTIAL,
    ("iam", "EnableOutboundWebIdentityFederation"): TRUST,
    ("iam", "UpdateAccountPasswordPolicy"): BLINDFOLD,
    ("kms", "CreateGrant"): TRUST,
    ("lakeformation", "UpdateResource"): TRUST,
    ("lambda", "CreateFunctionUrlConfig"): TRUST,
    ("lambda", "UpdateFunctionUrlConfig"): TRUST,
    ("organizations", "AcceptHandshake"): BLINDFOLD,
    ("organizations", "LeaveOrganization"): BLINDFOLD,
    ("organizations", "MoveAccount"): BLINDFOLD,
    ("organizations", "RemoveAccountFromOrganization"): BLINDFOLD,
    ("rolesanywhere", "CreateProfile"): TRUST,
    ("rolesanywhere", "EnableProfile"): TRUST,
    ("rolesanywhere", "UpdateProfile"): TRUST,
    ("route53domains", "TransferDomainToAnotherAwsAccount"): DATA_OUT,
    ("s3", "CreateSession"): CREDENTIAL,
    ("secretsmanager", "ReplicateSecretToRegions"): DATA_OUT,
    ("sso", "ProvisionPermissionSet"): PRINCIPAL,
    ("states", "TestState"): CODE,
}


@dataclasses.dataclass(frozen=True)
class Operation:
    """An operation as its model describes it. Member names are in lower case; those of the answer at any depth."""

    source: str
    name: str
    members: frozenset[str]
    answers: frozenset[str]


def find_class(operation: Operation) -> t.Optional[WriteClass]:
    """Find the class of a writing operation; None of one that only reads."""
    own = OWN.get((operation.source, operation.name))
    if own is not None:
        return own
    if is_named_like_read(operation.name):
        has_credential = operation.answers & _MINTED and _READS_THAT_MINT.search(operation.name)
        return CREDENTIAL if has_credential else None
    verb = next(iter(_WORD.findall(operation.name)), "")
    rules = _RULES_OF_ENDS if verb in _ENDS else _RULES
    return next((found for found, fits in rules if fits(operation)), OTHER)


def _names(pattern: re.Pattern[str]) -> Callable[[Operation], bool]:
    return lambda operation: bool(pattern.search(operation.name))


def _is_tag(operation: Operation) -> bool:
    return bool(re.match(r"(Tag|Untag|Add\w*Tags|Create\w*Tags?$|Put\w*Tagging|Change\w*Tags)", operation.name))


def _is_credential(operation: Operation) -> bool:
    """Whether the name says so, or the answer has what AWS's own credentials consist of."""
    return bool(operation.answers & _MINTED) or _names(_CREDENTIALS)(operation)


def _answers_with_secret(operation: Operation) -> bool:
    """Whether the answer has a secret. Settings have some too, so that this comes after what the name says."""
    return bool(operation.answers & _SECRET_ANSWERS)


def _is_trust(operation: Operation) -> bool:
    return _names(_TRUSTS)(operation) and not _names(_NO_TRUST)(operation)


def _is_blindfold(operation: Operation) -> bool:
    """Whether a watcher's settings or a record of calls change."""
    return operation.source in _WATCHERS or (
        _names(_BLINDFOLDS)(operation) and not operation.name.startswith(("Create", "Enable", "Start"))
    )


def _is_code(operation: Operation) -> bool:
    has_member = any(_CODE_MEMBERS.search(name) for name in operation.members)
    return _names(_ALWAYS_CODE)(operation) or (has_member and _names(_CODE)(operation))


_Rules = tuple[tuple[WriteClass, Callable[[Operation], bool]], ...]
_RULES: t.Final[_Rules] = (
    (OTHER, _is_tag),
    (CODE, _names(_ALWAYS_CODE)),
    (CREDENTIAL, _is_credential),
    (BLINDFOLD, _is_blindfold),
    (PRINCIPAL, _names(_PRINCIPALS)),
    (TRUST, _is_trust),
    (CODE, _is_code),
    (CREDENTIAL, _answers_with_secret),
    (DATA_OUT, _names(_DATA_OUT)),
    (NETWORK, _names(_NETWORK)),
    (SCHEDULE, _names(_SCHEDULES)),
)
# What takes away a limit or a watcher helps an intruder. What else ends is no way back in.
_RULES_OF_ENDS: t.Final[_Rules] = (
    (OTHER, _names(re.compile(r"Tags?$|Tag[A-Z]"))),
    (BLINDFOLD, _is_blindfold),
    (TRUST, _names(re.compile(r"Boundary|PublicAccess|BlockPublic|(User|Role|Group|Bucket|Key)Policy$|MFADevice"))),
)
