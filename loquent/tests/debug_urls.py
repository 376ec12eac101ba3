"""The product's addresses, and the demo page as with DEMO_PAGE=1."""

from django.urls import path

from loquent.urls import urlpatterns as product
from widgets.views import demo_page

urlpatterns = [*product, path("demo/", demo_page)]
