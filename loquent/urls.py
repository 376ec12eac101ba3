"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import DefaultRouter

from loquent.agents.api import TextAgentViewSet
from loquent.api import unknown_path
from widgets.api.contact_data import ContactDataViewSet
from widgets.api.viewsets import WidgetSessionViewSet, WidgetViewSet

router = DefaultRouter()
router.include_format_suffixes = False
router.register("widgets", WidgetViewSet, basename="widget")
router.register("agents", TextAgentViewSet, basename="agent")
router.register("contacts", ContactDataViewSet, basename="contact")
router.register("sessions", WidgetSessionViewSet, basename="session")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/v1/", include(router.urls)),
    path("api/v1/<path:rest>", unknown_path),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("", include("widgets.urls")),
]
