"""The table of model connections: accounts at model providers."""

from django.db import models

from loquent.db.models import BaseModel
from loquent.egress.urls import MAX_URL
from loquent.organizations.models import Organization


class ModelConnection(BaseModel):
    """An organization's own account at a model provider, or its own model server."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="model_connections"
    )
    name = models.CharField(max_length=100, help_text="Such as the name of the provider.")
    base_url = models.CharField(
        "address",
        max_length=MAX_URL,
        help_text="The start of the API's addresses, such as https://api.openai.com/v1.",
    )
    # Encrypted (loquent/encryption.py); empty if the endpoint needs no key.
    encrypted_key = models.TextField(blank=True, editable=False)
    model_names = models.JSONField(
        "models",
        default=list,
        blank=True,
        help_text="The names of the models that agents may use. Empty: any.",
    )

    embedding_model = models.CharField(
        max_length=180,
        blank=True,
        default="",
        db_default="",
        help_text="Turns knowledge into vectors. Empty: the server's own encoder does.",
    )

    class Meta:
        ordering = ["name", "id"]
        verbose_name = "model connection"

    def __str__(self) -> str:
        return self.name
