# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fill the IAM of one account from a seed."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime

from moto.iam import models

from emulator.extensions import state
from emulator.seed import model
from emulator.seed.certificates import certificate
from emulator.seed.identifiers import access_key_id, moment, optional_moment, secret_access_key, unique_id
from emulator.seed.structure import SeedError

# Tags of AWS are lists of pairs.
Tags = list[dict[str, str]]
Holder = t.Union[models.User, models.Group, models.Role]


class _Filler:
    """One account being filled: what every step needs to know."""

    def __init__(self, account: model.Account, backend: models.IAMBackend, now: datetime) -> None:
        self.account = account
        self.backend = backend
        self.now = now
        self.state = state.account_states[account.id][account.partition]
        self.managed = {policy.name: policy for policy in backend.aws_managed_policies}

    @property
    def where(self) -> str:
        return f"accounts.{self.account.id}"

    def policy(self, reference: str, *, where: str) -> models.ManagedPolicy:
        """The policy behind ``aws:NAME``, the name of one of the account's own, or an ARN."""
        if reference.startswith("aws:"):
            found = self.managed.get(reference.removeprefix("aws:"))
        elif reference.startswith("arn:"):
            found = self.backend.managed_policies.get(reference)
        else:
            own = self.account.policies.get(reference)
            found = self.backend.managed_policies.get(self.own_policy_arn(own)) if own else None
        if found is None:
            raise SeedError(f"{where}: no policy {reference!r}: write aws:NAME, an ARN or one of the account's")
        return found

    def own_policy_arn(self, policy: model.Policy) -> str:
        return f"arn:{self.account.partition}:iam::{self.account.id}:policy{policy.path}{policy.name}"

    def attach(self, holder: Holder, policies: t.Iterable[str], inline: t.Mapping[str, t.Any], *, where: str) -> None:
        for reference in policies:
            self.policy(reference, where=f"{where}.policies").attach_to(holder)
        for name, document in inline.items():
            holder.policies[name] = json.dumps(document)

    def boundary(self, reference: t.Optional[str], *, where: str) -> t.Optional[str]:
        return None if reference is None else str(self.policy(reference, where=f"{where}.boundary").arn)

    def judge(self, identifier: str, judged: bool) -> None:
        if judged:
            self.state.judged.add(identifier)

    def last_accessed(self, arn: str, seeded: t.Mapping[str, model.ServiceUse]) -> None:
        uses = self.state.last_accessed.setdefault(arn, {})
        for service, use in seeded.items():
            uses[service] = state.ServiceUse(
                last=state.Use(moment(self.now, use.days), use.region, arn),
                actions={
                    action: state.Use(moment(self.now, days), use.region, arn) for action, days in use.actions.items()
                },
            )


def apply(account: model.Account, backend: models.IAMBackend, *, now: datetime) -> None:
    """Put everything of the seed's account that is IAM into the backend."""
    filler = _Filler(account, backend, now)
    for policy in account.policies.values():
        _policy(filler, policy)
    for group in account.groups.values():
        _group(filler, group)
    for user in account.users.values():
        _user(filler, user)
    for role in account.roles.values():
        _role(filler, role)
    for service in account.service_linked_roles:
        linked = backend.create_service_linked_role(service, "", "")
        linked.create_date = moment(now, account.created_days)
    _root(filler)
    _password_policy(filler)
    _providers(filler)
    if account.alias:
        backend.create_account_alias(account.alias)


def _policy(filler: _Filler, seeded: model.Policy) -> None:
    created = moment(filler.now, seeded.created_days)
    documents = [json.dumps(document) for document in (*seeded.older_documents, seeded.document)]
    policy = filler.backend.create_policy(
        seeded.description, seeded.path, documents[0], seeded.name, _tags(seeded.tags)
    )
    for document in documents[1:]:
        filler.backend.create_policy_version(policy.arn, document, "true")
    policy.id = unique_id("ANPA", policy.arn)
    policy.create_date = policy.update_date = created
    for version in policy.versions:
        version.create_date = created


def _group(filler: _Filler, seeded: model.Group) -> None:
    group = filler.backend.create_group(seeded.name, seeded.path)
    group.id = unique_id("AGPA", group.arn)
    group.create_date = moment(filler.now, seeded.created_days)
    filler.attach(group, seeded.policies, seeded.inline, where=f"{filler.where}.groups.{seeded.name}")


def _user(filler: _Filler, seeded: model.User) -> None:
    where = f"{filler.where}.users.{seeded.name}"
    user = filler.backend.create_user(filler.account.home_region, seeded.name, seeded.path, _tags(seeded.tags))
    user.id = unique_id("AIDA", user.arn)
    user.create_date = moment(filler.now, seeded.created_days)
    for group in seeded.groups:
        filler.backend.groups[group].users.append(user)
    filler.attach(user, seeded.policies, seeded.inline, where=where)
    user.permissions_boundary_arn = filler.boundary(seeded.boundary, where=where)
    _password(filler, user, seeded.password)
    for index, key in enumerate(seeded.access_keys):
        _access_key(filler, user.create_access_key("AKIA"), key, owner=seeded.name, index=index)
    for kind in seeded.mfa:
        _mfa_device(filler, user, kind)
    for index, credential in enumerate(seeded.service_credentials):
        _service_credential(filler, user, credential, index)
    filler.last_accessed(user.arn, seeded.last_accessed)
    filler.judge(user.id, seeded.judged)


def _password(filler: _Filler, user: models.User, seeded: t.Optional[model.Password]) -> None:
    if seeded is None:
        return
    changed = moment(filler.now, seeded.age_days)
    user.password = "seeded, never to be typed"
    user.password_last_used = optional_moment(filler.now, seeded.last_used_days)
    user.password_reset_required = seeded.reset_required
    details = filler.state.user(user)
    details.password_created = details.password_changed = changed


def _access_key(
    filler: _Filler, key: models.AccessKey, seeded: model.AccessKey, *, owner: str, index: int
) -> models.AccessKey:
    """Give a key its seeded id and dates. By its id moto finds the account, and the user, of the calls it signs."""
    key.access_key_id = seeded.id or access_key_id(filler.account.id, owner, index)
    key.secret_access_key = secret_access_key(key.access_key_id)
    key.status = seeded.status
    key.create_date = moment(filler.now, seeded.age_days)
    used = optional_moment(filler.now, seeded.last_used_days)
    if used is not None:
        key.last_used = models.AccessKeyLastUsed(used, seeded.service, seeded.region)
    filler.backend.access_keys[key.access_key_id] = key
    return key


def _mfa_device(filler: _Filler, user: models.User, kind: model.MfaKind) -> None:
    backend = filler.backend
    if kind == "virtual":
        serial = backend.create_virtual_mfa_device(user.name, "/").serial_number
    elif kind == "hardware":
        serial = f"GAHT{int(unique_id('AIDA', user.arn)[4:], 36) % 10**8:08d}"
    else:
        serial = f"arn:{filler.account.partition}:iam::{filler.account.id}:u2f/user/{user.name}/key-{user.id[4:]}"
    backend.enable_mfa_device(user.name, serial, "000000", "000001")
    enabled = max(user.create_date, moment(filler.now, 365))
    user.mfa_devices[serial].enable_date = enabled
    if kind == "virtual":
        backend.virtual_mfa_devices[serial].enable_date = enabled


def _service_credential(filler: _Filler, user: models.User, seeded: model.ServiceCredential, index: int) -> None:
    credential_id = unique_id("ACCA", f"{user.arn}/{seeded.service}/{index}")
    filler.state.service_credentials[credential_id] = state.ServiceCredential(
        credential_id=credential_id,
        user_name=user.name,
        service=seeded.service,
        created=moment(filler.now, seeded.age_days),
        status=seeded.status,
        expires=None if seeded.expires_in_days is None else moment(filler.now, -seeded.expires_in_days),
    )


def _role(filler: _Filler, seeded: model.Role) -> None:
    where = f"{filler.where}.roles.{seeded.name}"
    role = filler.backend.create_role(
        role_name=seeded.name,
        assume_role_policy_document=json.dumps(seeded.trust),
        path=seeded.path,
        permissions_boundary=filler.boundary(seeded.boundary, where=where),
        description=seeded.description,
        tags=_tags(seeded.tags),
        max_session_duration=str(seeded.max_session_duration),
    )
    # moto keeps roles by their id.
    del filler.backend.roles[role.id]
    role.id = unique_id("AROA", role.arn)
    filler.backend.roles[role.id] = role
    role.create_date = moment(filler.now, seeded.created_days)
    role.last_used = optional_moment(filler.now, seeded.last_used_days)
    if role.last_used is not None:
        role.last_used_region = seeded.last_used_region
    filler.attach(role, seeded.policies, seeded.inline, where=where)
    if seeded.instance_profile:
        profile = filler.backend.create_instance_profile(seeded.name, seeded.path, [seeded.name])
        profile.id = unique_id("AIPA", profile.arn)
        profile.create_date = role.create_date
    filler.last_accessed(role.arn, seeded.last_accessed)
    filler.judge(role.id, seeded.judged)


def _root(filler: _Filler) -> None:
    seeded, account = filler.account.root, filler.account
    filler.judge(account.id, seeded.judged)
    root = filler.state.root = state.RootUser(
        created=moment(filler.now, seeded.created_days),
        password=seeded.password,
        password_last_used=optional_moment(filler.now, seeded.last_used_days),
        mfa=seeded.mfa,
        signing_certificates=seeded.signing_certificates,
    )
    for index, key in enumerate(seeded.access_keys):
        # A key of nobody in moto's eyes, as the key of a session.
        unowned = filler.backend.create_temp_access_key()
        del filler.backend.access_keys[unowned.access_key_id]
        root.access_keys.append(_access_key(filler, unowned, key, owner="<root_account>", index=index))
    if seeded.mfa == "virtual":
        device = models.VirtualMfaDevice(account.id, filler.backend.region_name, "/root-account-mfa-device")
        device.enable_date = root.created
        # AWS describes the root user by its ARN and the account id; it has neither a name nor a path.
        device.user = device.user_attribute = {
            "Arn": f"arn:{account.partition}:iam::{account.id}:root",
            "UserId": account.id,
            "CreateDate": root.created,
            "PasswordLastUsed": root.password_last_used,
        }
        filler.backend.virtual_mfa_devices[device.serial_number] = device


def _password_policy(filler: _Filler) -> None:
    seeded = filler.account.password_policy
    if seeded is not None:
        filler.backend.update_account_password_policy(
            allow_change_password=seeded.allow_change,
            hard_expiry=seeded.hard_expiry,
            max_password_age=seeded.max_age or 0,
            minimum_password_length=seeded.minimum_length,
            password_reuse_prevention=seeded.reuse_prevention or 0,
            require_lowercase_characters=seeded.require_lowercase,
            require_numbers=seeded.require_numbers,
            require_symbols=seeded.require_symbols,
            require_uppercase_characters=seeded.require_uppercase,
        )


def _providers(filler: _Filler) -> None:
    for name in filler.account.saml_providers:
        provider = filler.backend.create_saml_provider(name, _SAML_METADATA)
        provider.create_date = moment(filler.now, filler.account.created_days)
    for oidc in filler.account.oidc_providers.values():
        filler.backend.create_open_id_connect_provider(
            f"https://{oidc.name}", list(oidc.thumbprints), list(oidc.client_ids), _tags(oidc.tags)
        ).create_date = moment(filler.now, filler.account.created_days)
    for seeded in filler.account.server_certificates.values():
        uploaded = moment(filler.now, seeded.uploaded_days)
        body = certificate(seeded.name, not_before=uploaded, not_after=moment(filler.now, -seeded.expires_in_days))
        stored = filler.backend.upload_server_certificate(seeded.name, body, "", path=seeded.path)
        stored.upload_date = uploaded


def _tags(tags: t.Mapping[str, str]) -> Tags:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


_SAML_METADATA = '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com"/>'
