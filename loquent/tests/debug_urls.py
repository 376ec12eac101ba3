"""The product's addresses, and the demo page as with DEMO_PAGE=1."""

from django.urls import path

from loquent.urls import urlpatterns as product
from widgets.views import demo_help, demo_page

urlpatterns = [
    *product,
    path("demo/", demo_page, name="demo"),
    path("demo/help/", demo_help, name="demo-help"),
    path("demo/help/<slug:name>/", demo_help, name="demo-help"),
]
