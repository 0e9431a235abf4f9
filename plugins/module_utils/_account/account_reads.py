# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of what surrounds an account: its contacts and its organization."""

from __future__ import annotations

import typing as t

from . import fields
from .model import Contact, Organization
from .source import Fields, Record, Source

_ALTERNATE_CONTACTS: t.Final = ("BILLING", "OPERATIONS", "SECURITY")


def read_contact_information(source: Source) -> Fields:
    """The primary contact; None where AWS holds none."""
    answer = source.call_unless({"ResourceNotFound"}, "account", "GetContactInformation")
    if answer is None:
        return {"primary_contact": None}
    contact = fields.structure(answer, "ContactInformation")
    # It has no e-mail address of its own: AWS writes to root's.
    return {"primary_contact": _contact("primary", contact, name="FullName")}


def read_alternate_contacts(source: Source) -> Fields:
    """The alternate contacts that are set; their kinds are ``billing``, ``operations`` and ``security``."""
    contacts = []
    for kind in _ALTERNATE_CONTACTS:
        parameters = {"AlternateContactType": kind}
        answer = source.call_unless({"ResourceNotFound"}, "account", "GetAlternateContact", parameters)
        if answer is not None:
            contacts.append(_contact(kind.lower(), fields.structure(answer, "AlternateContact"), name="Name"))
    return {"alternate_contacts": tuple(contacts)}


def _contact(kind: str, contact: Record, *, name: str) -> Contact:
    return Contact(
        kind=kind,
        name=fields.optional_text(contact, name) or "",
        email=fields.optional_text(contact, "EmailAddress") or "",
        phone=fields.optional_text(contact, "PhoneNumber") or "",
    )


def read_organization(source: Source) -> Fields:
    """The organization that the account is in; None for an account by itself, which is a fact, not a failed read."""
    answer = source.call_unless({"AWSOrganizationsNotInUse"}, "organizations", "DescribeOrganization")
    if answer is None:
        return {"organization": None}
    organization = fields.structure(answer, "Organization")
    return {
        "organization": Organization(
            id=fields.text(organization, "Id"),
            management_account_id=fields.text(organization, "MasterAccountId"),
            feature_set=fields.text(organization, "FeatureSet"),
        )
    }


def read_organization_features(source: Source) -> Fields:
    """Read the features that IAM has on for the whole organization: ``RootCredentialsManagement``, ``RootSessions``.

    Only the management account and IAM's delegated administrator may read it; AWS refuses all others by its own code.
    """
    # Without an organization, or without its trusted access for IAM, no such feature can be on.
    none = {"OrganizationNotFound", "ServiceAccessNotEnabled"}
    answer = source.call_unless(none, "iam", "ListOrganizationsFeatures")
    return {"organization_features": () if answer is None else tuple(sorted(fields.texts(answer, "EnabledFeatures")))}
