"""The base of the REST API's viewsets."""

from typing import Any

from django.db import models
from rest_framework import mixins
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.authentication import RolePermission, request_organization
from loquent.organizations.models import Organization


class OrganizationViewSet(GenericViewSet[Any]):
    """A viewset whose every row belongs to the request's organization.

    `organization_path` is the look-up from the model to the organization. What belongs to another
    organization is answered with 404, as what isn't there.
    """

    organization_path = "organization"
    lookup_value_converter = "uuid"

    @property
    def organization(self) -> Organization:
        """The organization of this request; the permission has made sure that there is one."""
        organization = request_organization(self.request)
        if organization is None:
            raise ApplicationError(ErrorCode.FORBIDDEN, RolePermission.message)
        return organization

    def get_queryset(self) -> models.QuerySet[Any]:
        queryset = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        return queryset.filter(**{self.organization_path: self.organization})


class OrganizationCrudViewSet(
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    OrganizationViewSet,
):
    """List, create, read, change and delete; what is made belongs to the request's organization."""

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        serializer.save(organization=self.organization)
