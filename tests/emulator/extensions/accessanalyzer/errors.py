# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of Access Analyzer."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class ConflictException(ServiceException):
    """The name is taken."""

    code = "ConflictException"

    def __init__(self, message: str, resource_id: str, resource_type: str) -> None:
        super().__init__(message)
        self.resource_id, self.resource_type = resource_id, resource_type


class ResourceNotFoundException(ConflictException):
    """There is no such analyzer, rule or resource."""

    code = "ResourceNotFoundException"


class ServiceQuotaExceededException(ConflictException):
    """The region has all the analyzers of the type that it may have."""

    code = "ServiceQuotaExceededException"


class ValidationException(ServiceException):
    """A parameter is not what it must be."""

    code = "ValidationException"
    reason = "fieldValidationFailed"


class InvalidParameterException(ServiceException):
    """A document that is no policy."""

    code = "InvalidParameterException"


class UnprocessableEntityException(ServiceException):
    """A document that is beyond the solver: neither a pass nor a failure."""

    code = "UnprocessableEntityException"


class AccessDeniedException(ServiceException):
    """The account may not do this."""

    code = "AccessDeniedException"
