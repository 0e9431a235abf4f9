# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The paths of API Gateway, which are the resources of its actions.

The ARN has the path of the request with the ids in it: https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
The paths are those of botocore's models (Apache-2.0), without the ``/v2`` that policies do not have.
"""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Mapping

from .kinds import Places
from .parameters import Parameters

_PLACE: t.Final = re.compile(r"\{(\w+)\}")
# Other characters are encoded in a path, and how AWS writes them in the ARN is not documented.
_PLAIN: t.Final = re.compile(r"[A-Za-z0-9._$-]+")
# A private custom domain has an id beside its name, and its ARN an account.
_PRIVATE: t.Final = "domainnameid"


def find_path_arn(event_name: str, parameters: Parameters, places: Places) -> t.Optional[str]:
    """Find the ARN of the path that an event of API Gateway is about; with ``*`` in the place of an odd name.

    None where the request does not have all of its ids.
    """
    region = places.value("region")
    if not region or parameters.is_given(_PRIVATE):
        return None
    for path in _list_paths().get(event_name, ()):
        values = {name: next(iter(parameters.texts(name)), "") for name in _PLACE.findall(path)}
        if all(values.values()) and (values or parameters.is_whole):
            return f"arn:{places.partition}:apigateway:{region}::{_fill(path, values)}"
    return None


def _fill(path: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: _write(values[found[1]]), path)


def _write(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else "*"


@functools.cache
def _list_paths() -> Mapping[str, tuple[str, ...]]:
    """The paths of each event. Some are called alike in both versions of the API."""
    found: dict[str, tuple[str, ...]] = {}
    for path, names in _PATHS.items():
        for name in names.split():
            found[name] = (*found.get(name, ()), path)
    return found


_PATHS: t.Final[Mapping[str, str]] = {
    "/account": "GetAccount UpdateAccount",
    "/apikeys": "CreateApiKey GetApiKeys ImportApiKeys",
    "/apikeys/{apikey}": "DeleteApiKey GetApiKey UpdateApiKey",
    "/apis": "CreateApi GetApis ImportApi",
    "/apis/{apiid}": "DeleteApi GetApi ReimportApi UpdateApi",
    "/apis/{apiid}/authorizers": "CreateAuthorizer GetAuthorizers",
    "/apis/{apiid}/authorizers/{authorizerid}": "DeleteAuthorizer GetAuthorizer UpdateAuthorizer",
    "/apis/{apiid}/cors": "DeleteCorsConfiguration",
    "/apis/{apiid}/deployments": "CreateDeployment GetDeployments",
    "/apis/{apiid}/deployments/{deploymentid}": "DeleteDeployment GetDeployment UpdateDeployment",
    "/apis/{apiid}/exports/{specification}": "ExportApi",
    "/apis/{apiid}/integrations": "CreateIntegration GetIntegrations",
    "/apis/{apiid}/integrations/{integrationid}": "DeleteIntegration GetIntegration UpdateIntegration",
    "/apis/{apiid}/integrations/{integrationid}/integrationresponses": (
        "CreateIntegrationResponse GetIntegrationResponses"
    ),
    "/apis/{apiid}/integrations/{integrationid}/integrationresponses/{integrationresponseid}": (
        "DeleteIntegrationResponse GetIntegrationResponse UpdateIntegrationResponse"
    ),
    "/apis/{apiid}/models": "CreateModel GetModels",
    "/apis/{apiid}/models/{modelid}": "DeleteModel GetModel UpdateModel",
    "/apis/{apiid}/models/{modelid}/template": "GetModelTemplate",
    "/apis/{apiid}/routes": "CreateRoute GetRoutes",
    "/apis/{apiid}/routes/{routeid}": "DeleteRoute GetRoute UpdateRoute",
    "/apis/{apiid}/routes/{routeid}/requestparameters/{requestparameterkey}": "DeleteRouteRequestParameter",
    "/apis/{apiid}/routes/{routeid}/routeresponses": "CreateRouteResponse GetRouteResponses",
    "/apis/{apiid}/routes/{routeid}/routeresponses/{routeresponseid}": (
        "DeleteRouteResponse GetRouteResponse UpdateRouteResponse"
    ),
    "/apis/{apiid}/stages": "CreateStage GetStages",
    "/apis/{apiid}/stages/{stagename}": "DeleteStage GetStage UpdateStage",
    "/apis/{apiid}/stages/{stagename}/accesslogsettings": "DeleteAccessLogSettings",
    "/apis/{apiid}/stages/{stagename}/cache/authorizers": "ResetAuthorizersCache",
    "/apis/{apiid}/stages/{stagename}/routesettings/{routekey}": "DeleteRouteSettings",
    "/clientcertificates": "GenerateClientCertificate GetClientCertificates",
    "/clientcertificates/{clientcertificateid}": "DeleteClientCertificate GetClientCertificate UpdateClientCertificate",
    "/domainnames": "CreateDomainName GetDomainNames",
    "/domainnames/{domainname}": "DeleteDomainName GetDomainName UpdateDomainName",
    "/domainnames/{domainname}/apimappings": "CreateApiMapping GetApiMappings",
    "/domainnames/{domainname}/apimappings/{apimappingid}": "DeleteApiMapping GetApiMapping UpdateApiMapping",
    "/domainnames/{domainname}/basepathmappings": "CreateBasePathMapping GetBasePathMappings",
    "/domainnames/{domainname}/basepathmappings/{basepath}": (
        "DeleteBasePathMapping GetBasePathMapping UpdateBasePathMapping"
    ),
    "/domainnames/{domainname}/routingrules": "CreateRoutingRule ListRoutingRules",
    "/domainnames/{domainname}/routingrules/{routingruleid}": "DeleteRoutingRule GetRoutingRule PutRoutingRule",
    "/portalproducts": "CreatePortalProduct ListPortalProducts",
    "/portalproducts/{portalproductid}": "DeletePortalProduct GetPortalProduct UpdatePortalProduct",
    "/portalproducts/{portalproductid}/productpages": "CreateProductPage ListProductPages",
    "/portalproducts/{portalproductid}/productpages/{productpageid}": (
        "DeleteProductPage GetProductPage UpdateProductPage"
    ),
    "/portalproducts/{portalproductid}/productrestendpointpages": (
        "CreateProductRestEndpointPage ListProductRestEndpointPages"
    ),
    "/portalproducts/{portalproductid}/productrestendpointpages/{productrestendpointpageid}": (
        "DeleteProductRestEndpointPage GetProductRestEndpointPage UpdateProductRestEndpointPage"
    ),
    "/portalproducts/{portalproductid}/sharingpolicy": (
        "DeletePortalProductSharingPolicy GetPortalProductSharingPolicy PutPortalProductSharingPolicy"
    ),
    "/portals": "CreatePortal ListPortals",
    "/portals/{portalid}": "DeletePortal GetPortal UpdatePortal",
    "/portals/{portalid}/preview": "PreviewPortal",
    "/portals/{portalid}/publish": "DisablePortal PublishPortal",
    "/restapis": "CreateRestApi GetRestApis ImportRestApi",
    "/restapis/{restapiid}": "DeleteRestApi GetRestApi PutRestApi UpdateRestApi",
    "/restapis/{restapiid}/authorizers": "CreateAuthorizer GetAuthorizers",
    "/restapis/{restapiid}/authorizers/{authorizerid}": (
        "DeleteAuthorizer GetAuthorizer TestInvokeAuthorizer UpdateAuthorizer"
    ),
    "/restapis/{restapiid}/deployments": "CreateDeployment GetDeployments",
    "/restapis/{restapiid}/deployments/{deploymentid}": "DeleteDeployment GetDeployment UpdateDeployment",
    "/restapis/{restapiid}/documentation/parts": (
        "CreateDocumentationPart GetDocumentationParts ImportDocumentationParts"
    ),
    "/restapis/{restapiid}/documentation/parts/{documentationpartid}": (
        "DeleteDocumentationPart GetDocumentationPart UpdateDocumentationPart"
    ),
    "/restapis/{restapiid}/documentation/versions": "CreateDocumentationVersion GetDocumentationVersions",
    "/restapis/{restapiid}/documentation/versions/{documentationversion}": (
        "DeleteDocumentationVersion GetDocumentationVersion UpdateDocumentationVersion"
    ),
    "/restapis/{restapiid}/gatewayresponses": "GetGatewayResponses",
    "/restapis/{restapiid}/gatewayresponses/{responsetype}": (
        "DeleteGatewayResponse GetGatewayResponse PutGatewayResponse UpdateGatewayResponse"
    ),
    "/restapis/{restapiid}/models": "CreateModel GetModels",
    "/restapis/{restapiid}/models/{modelname}": "DeleteModel GetModel UpdateModel",
    "/restapis/{restapiid}/models/{modelname}/default_template": "GetModelTemplate",
    "/restapis/{restapiid}/requestvalidators": "CreateRequestValidator GetRequestValidators",
    "/restapis/{restapiid}/requestvalidators/{requestvalidatorid}": (
        "DeleteRequestValidator GetRequestValidator UpdateRequestValidator"
    ),
    "/restapis/{restapiid}/resources": "GetResources",
    "/restapis/{restapiid}/resources/{parentid}": "CreateResource",
    "/restapis/{restapiid}/resources/{resourceid}": "DeleteResource GetResource UpdateResource",
    "/restapis/{restapiid}/resources/{resourceid}/methods/{httpmethod}": (
        "DeleteMethod GetMethod PutMethod TestInvokeMethod UpdateMethod"
    ),
    "/restapis/{restapiid}/resources/{resourceid}/methods/{httpmethod}/integration": (
        "DeleteIntegration GetIntegration PutIntegration UpdateIntegration"
    ),
    "/restapis/{restapiid}/resources/{resourceid}/methods/{httpmethod}/integration/responses/{statuscode}": (
        "DeleteIntegrationResponse GetIntegrationResponse PutIntegrationResponse UpdateIntegrationResponse"
    ),
    "/restapis/{restapiid}/resources/{resourceid}/methods/{httpmethod}/responses/{statuscode}": (
        "DeleteMethodResponse GetMethodResponse PutMethodResponse UpdateMethodResponse"
    ),
    "/restapis/{restapiid}/stages": "CreateStage GetStages",
    "/restapis/{restapiid}/stages/{stagename}": "DeleteStage GetStage UpdateStage",
    "/restapis/{restapiid}/stages/{stagename}/cache/authorizers": "FlushStageAuthorizersCache",
    "/restapis/{restapiid}/stages/{stagename}/cache/data": "FlushStageCache",
    "/restapis/{restapiid}/stages/{stagename}/exports/{exporttype}": "GetExport",
    "/restapis/{restapiid}/stages/{stagename}/sdks/{sdktype}": "GetSdk",
    "/sdktypes": "GetSdkTypes",
    "/sdktypes/{id}": "GetSdkType",
    "/usageplans": "CreateUsagePlan GetUsagePlans",
    "/usageplans/{usageplanid}": "DeleteUsagePlan GetUsagePlan UpdateUsagePlan",
    "/usageplans/{usageplanid}/keys": "CreateUsagePlanKey GetUsagePlanKeys",
    "/usageplans/{usageplanid}/keys/{keyid}": "DeleteUsagePlanKey GetUsagePlanKey",
    "/usageplans/{usageplanid}/keys/{keyid}/usage": "UpdateUsage",
    "/usageplans/{usageplanid}/usage": "GetUsage",
    "/vpclinks": "CreateVpcLink GetVpcLinks",
    "/vpclinks/{vpclinkid}": "DeleteVpcLink GetVpcLink UpdateVpcLink",
}
