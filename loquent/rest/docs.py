"""`/api/docs/`: the OpenAPI document in Swagger UI, which is loaded from this host alone."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.generic import TemplateView

from loquent.server.headers import NOBODY, POLICY

# Swagger UI draws its icons as `data:` images. It needs no inline script or style, and no eval.
DOCS = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    f"connect-src 'self'; form-action 'none'; {NOBODY}"
)


class ApiDocs(TemplateView):
    """A public page; trying an operation needs a key, or the admin's session."""

    http_method_names = ["get", "head", "options"]
    template_name = "loquent/api_docs.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        response.headers[POLICY] = DOCS
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(csrf_cookie=settings.CSRF_COOKIE_NAME, **kwargs)
