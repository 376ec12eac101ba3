"""The base of the REST API's viewsets."""

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from rest_framework import exceptions, mixins, status
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.access import access_object
from loquent.organizations.api.authentication import (
    RolePermission,
    caller_key,
    request_organization,
)
from loquent.organizations.api.slow_requests import slow_request
from loquent.organizations.models import IdempotentRequest, Organization
from loquent.organizations.services.idempotency import MAX_KEY, claim_request, keep_answer
from loquent.rest.etags import known_tags

IDEMPOTENCY_KEY = "Idempotency-Key"
SEARCH = "search"
REPLAYED = "Idempotent-Replayed"
KEPT_HEADERS = ("ETag", "Location", "Cache-Control")
_KEY = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY}}}")

Handler = Callable[..., Response]


class OrganizationViewSet(GenericViewSet[Any]):
    """A viewset whose rows all belong to the request's organization.

    `organization_path` is the lookup from the model to the organization. Rows of other
    organizations return 404.
    """

    organization_path = "organization"
    lookup_value_converter = "uuid"
    ordering = "-created_at"
    ordering_fields: tuple[str, ...] = ("created_at",)
    # Error statuses of an action beyond those common to its kind, for the OpenAPI document.
    more_statuses: ClassVar[Mapping[str, Collection[int]]] = {}

    @property
    def organization(self) -> Organization:
        """Return the request's organization; the permission has ensured that there is one."""
        organization = request_organization(self.request)
        if organization is None:
            raise ApplicationError(ErrorCode.FORBIDDEN, RolePermission.message)
        return organization

    def get_queryset(self) -> models.QuerySet[Any]:
        queryset = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        return queryset.filter(**{self.organization_path: self.organization})

    def get_object(self) -> Any:
        """Return the row of the address; list filters don't apply."""
        return access_object(self.get_queryset(), pk=self.kwargs["pk"])


def idempotent(*secrets: str) -> Callable[[Handler], Handler]:
    """Make a POST action idempotent: under the same Idempotency-Key it takes effect once.

    `secrets`: fields of the response that are shown once. They are not stored, and are null in a
    replay. A failed request is not stored, because it has changed nothing.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def answer(
            view: OrganizationViewSet, request: Request, *args: Any, **kwargs: Any
        ) -> Response:
            key = request.headers.get(IDEMPOTENCY_KEY)
            if key is None:
                return handler(view, request, *args, **kwargs)
            if not _KEY.fullmatch(key):
                sentence = f"Use 1 to {MAX_KEY} visible ASCII characters, such as a UUID."
                raise invalid({IDEMPOTENCY_KEY: [sentence]})
            with transaction.atomic():
                claim = claim_request(
                    organization=view.organization,
                    caller=caller_key(request),
                    key=key,
                    request_text=_request_text(request),
                )
                if claim.is_repeat:
                    return _repeated(claim.row)
                response = handler(view, request, *args, **kwargs)
                kept = {**response.data, **dict.fromkeys(secrets)}
                keep_answer(
                    row=claim.row,
                    status=response.status_code,
                    headers={name: response[name] for name in KEPT_HEADERS if name in response},
                    body=JSONRenderer().render(kept).decode(),
                )
            return response

        answer.is_idempotent = True  # type: ignore[attr-defined]
        return answer

    return decorate


def _repeated(row: IdempotentRequest) -> Response:
    headers = {**row.headers, REPLAYED: "true"}
    return Response(json.loads(row.body), row.status, headers=headers)


def _request_text(request: Request) -> str:
    asked = [request.method, request.get_full_path(), request.data]
    try:
        return json.dumps(asked, sort_keys=True, default=_digest_of_file)
    except RecursionError:
        raise exceptions.ParseError("The body is nested too deeply.") from None


def _digest_of_file(value: Any) -> str:
    if not isinstance(value, UploadedFile):
        raise TypeError
    value.seek(0)
    digest = hashlib.file_digest(value, "sha256").hexdigest()
    value.seek(0)
    return digest


def body_of(request: Request) -> Any:
    """Return the parsed body; raise a 400 if the body is empty.

    The REST framework would treat an empty body as `{}`, so that a PATCH whose body got lost would
    seem to succeed.
    """
    if request.stream is None:
        raise exceptions.ParseError("The body is empty. Send a JSON object.")
    return request.data


class ListMixin(mixins.ListModelMixin):
    """A searchable list; limits concurrent searches per caller."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if SEARCH not in request.query_params:
            return super().list(request, *args, **kwargs)
        with slow_request(request):
            return super().list(request, *args, **kwargs)


class OrganizationCrudViewSet(
    mixins.CreateModelMixin,
    ListMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    OrganizationViewSet,
):
    """List, create, retrieve, update and delete rows of the request's organization."""

    @idempotent()
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=body_of(request))
        serializer.is_valid(raise_exception=True)
        self.perform_create(serializer)
        response = self.saved(serializer, status.HTTP_201_CREATED)
        response["Location"] = f"{request.path}{serializer.data['id']}/"
        return response

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        is_partial = kwargs.pop("partial", False)
        row, data = self.get_object(), body_of(request)
        serializer = self.get_serializer(row, data=data, partial=is_partial)
        serializer.is_valid(raise_exception=True)
        self.perform_update(serializer)
        return self.saved(serializer, status.HTTP_200_OK)

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        serializer.save(organization=self.organization)

    def saved(self, serializer: BaseSerializer[Any], status_code: int) -> Response:
        """Return the response for a saved row."""
        return Response(serializer.data, status_code)


class VersionedCrudViewSet(OrganizationCrudViewSet, ABC):
    """An OrganizationCrudViewSet that prevents lost updates.

    Every row has an ETag. `If-None-Match` avoids an unnecessary read, `If-Match` an overwrite of
    other users' changes.
    """

    @abstractmethod
    def version_of(self, row: Any) -> str:
        """Return the version of a row, as its services accept it for `expected_version`."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        known = known_tags(request.headers.get("If-None-Match"))
        if "*" in known or self.version_of(row) in known:
            return self.tagged(Response(status=status.HTTP_304_NOT_MODIFIED), row)
        return self.tagged(Response(self.get_serializer(row).data), row)

    def saved(self, serializer: BaseSerializer[Any], status_code: int) -> Response:
        return self.tagged(super().saved(serializer, status_code), serializer.instance)

    def tagged(self, response: Response, row: Any) -> Response:
        """Return the response with the row's ETag."""
        response["ETag"] = f'"{self.version_of(row)}"'
        response["Cache-Control"] = "private, no-cache"
        return response

    def expected_version(self) -> list[str] | None:
        """Return the versions accepted by If-Match; None if any will do."""
        header = self.request.headers.get("If-Match")
        if header is None:
            return None
        versions = known_tags(header)
        if not versions:
            raise invalid({"If-Match": ["Send the ETag exactly as you received it, or *."]})
        return None if "*" in versions else versions
