"""What the REST API shows and accepts of sources."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from loquent.agents.knowledge_source import MAX_FILE_NAME, KnowledgeSource, SourcePage
from loquent.agents.models import KnowledgeEntry
from loquent.egress.urls import MAX_URL
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import StrictSerializer, TextField

URL = "https://example.com/help/"
MOMENT = "2026-01-05T09:30:00.000000Z"


@examples(
    request={"url": URL},
    response={
        "id": UUID_EXAMPLE,
        "kind": "website",
        "url": URL,
        "name": "",
        "status": "ready",
        "pages": 48,
        "pages_read": 50,
        "pages_found": 50,
        "error": "",
        "can_undo": True,
        "last_sync_at": MOMENT,
        "next_sync_at": "2026-01-12T09:30:00.000000Z",
        "created_at": MOMENT,
        "updated_at": MOMENT,
    },
)
class SourceSerializer(StrictSerializer[KnowledgeSource]):
    """A website or a file whose pages become knowledge. Websites are read again every week."""

    kind = serializers.ChoiceField(
        choices=KnowledgeSource.Kind.choices, required=False, default=KnowledgeSource.Kind.WEBSITE
    )
    pages = serializers.IntegerField(read_only=True, help_text="Pages in the knowledge.")
    can_undo = serializers.BooleanField(
        read_only=True, help_text="Whether the last sync changed something and can be undone."
    )

    class Meta:
        model = KnowledgeSource
        fields = [
            "id", "kind", "url", "name", "status", "pages", "pages_read", "pages_found", "error",
            "can_undo", "last_sync_at", "next_sync_at", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = [
            "name", "status", "pages_read", "pages_found", "error", "last_sync_at", "next_sync_at",
        ]  # fmt: skip
        extra_kwargs: ClassVar = {
            "url": {"required": True, "allow_blank": False},
            "name": {"help_text": "The name of the file; empty for a website."},
            "pages_read": {"help_text": "Pages that the running or last sync has read."},
            "pages_found": {"help_text": "Pages that the running or last sync has found so far."},
            "error": {"help_text": "Why the last sync failed or waits for a person; else empty."},
        }


@examples(
    response={"url": f"{URL}old", "state": "skipped", "reason": "The page has no text."},
)
class SourceReportSerializer(serializers.ModelSerializer[SourcePage]):
    """What the last sync did with a page, and why. `url`: of a file, its name and the part."""

    class Meta:
        model = SourcePage
        fields = ["url", "state", "reason"]


@examples(
    response={
        "id": "7d0c4f8a-5f0b-4b8e-9a53-1f7c5f4f2c02",
        "title": "Shipping",
        "content": "Parcels arrive within two days.",
        "url": f"{URL}shipping",
    }
)
class SourceEntrySerializer(serializers.ModelSerializer[KnowledgeEntry]):
    """An entry that was read from a page."""

    class Meta:
        model = KnowledgeEntry
        fields = ["id", "title", "content", "url"]


@examples(request={"accept_removals": True}, response={"accept_removals": True})
class SyncSerializer(serializers.Serializer[Any]):
    """Whether pages that are gone may be removed now, however many they are."""

    accept_removals = serializers.BooleanField(required=False, default=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "File",
            value={"kind": "file", "file": "(the content of the file)", "url": f"{URL}guide.pdf"},
            request_only=True,
            media_type="multipart/form-data",
        )
    ]
)
class FileSerializer(serializers.Serializer[Any]):
    """A file. `url`: where visitors can open it, so that answers link to it."""

    kind = serializers.ChoiceField(
        choices=[KnowledgeSource.Kind.FILE], required=False, default=KnowledgeSource.Kind.FILE
    )
    file = serializers.FileField(allow_empty_file=True, max_length=MAX_FILE_NAME)
    url = TextField(max_length=MAX_URL, required=False, allow_blank=True)


@examples(request={"url": URL}, response={"url": URL})
class PreviewRequestSerializer(serializers.Serializer[Any]):
    """The page to start from."""

    url = TextField(max_length=MAX_URL)


@examples(
    response={
        "url": URL,
        "title": "Help",
        "excerpt": "How to order, pay and return.",
        "pages": [URL, f"{URL}shipping"],
        "count": 2,
        "is_whole": True,
        "warnings": [],
    }
)
class PreviewSerializer(serializers.Serializer[Any]):
    """What a sync would read. Unless `is_whole`, it may find more pages by following links."""

    url = serializers.CharField(help_text="Where the address leads to.")
    title = serializers.CharField()
    excerpt = serializers.CharField(help_text="The beginning of the start page's text.")
    pages = serializers.ListField(child=serializers.CharField(), help_text="The first 100 pages.")
    count = serializers.IntegerField()
    is_whole = serializers.BooleanField(help_text="Whether a sitemap lists the pages.")
    warnings = serializers.ListField(child=serializers.CharField())
