"""Programs of the measurements that use the product's own models; each runs in its own process."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loquent.settings")
django.setup()
