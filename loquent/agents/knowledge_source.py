"""The tables of knowledge sources: websites and files that agents' knowledge is read from."""

from django.db import models

from loquent.db.models import BaseModel
from loquent.egress.urls import MAX_URL

MAX_FILE_NAME = 200


class SourceStatus(models.TextChoices):
    """The state of a source; `needs_confirmation`: a sync would remove much."""

    WAITING = "waiting", "waiting"
    RUNNING = "running", "running"
    READY = "ready", "ready"
    FAILED = "failed", "failed"
    NEEDS_CONFIRMATION = "needs_confirmation", "needs confirmation"


class PageState(models.TextChoices):
    """What the last sync did with a page."""

    ADDED = "added", "added"
    CHANGED = "changed", "changed"
    SAME = "same", "same"
    REMOVED = "removed", "removed"
    SKIPPED = "skipped", "skipped"
    FAILED = "failed", "failed"


class KnowledgeSource(BaseModel):
    """A website or a file whose pages become an agent's knowledge.

    Websites are read again every week, files when a person uploads a new version. `name`: the
    file's. `url`: where a website starts, or where visitors find a file; empty if nowhere.
    `run` counts the syncs: an older one that still runs can no longer change anything. `accepts`:
    the next sync may remove any number of pages, because a person has agreed.
    """

    class Kind(models.TextChoices):
        WEBSITE = "website", "website"
        FILE = "file", "file"

    agent = models.ForeignKey("agents.TextAgent", on_delete=models.CASCADE, related_name="sources")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.WEBSITE, editable=False)
    url = models.CharField(
        "address",
        max_length=MAX_URL,
        blank=True,
        help_text="Of a website, the page to start from: only pages below its folder are read. "
        "Of a file, where visitors can open it, or empty.",
    )
    name = models.CharField(
        max_length=MAX_FILE_NAME,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="The name of the file; empty for a website.",
    )
    status = models.CharField(
        max_length=20, choices=SourceStatus, default=SourceStatus.WAITING, editable=False
    )
    error = models.TextField(blank=True, default="", editable=False)
    last_sync_at = models.DateTimeField(null=True, editable=False)
    next_sync_at = models.DateTimeField(null=True, editable=False)
    run = models.PositiveIntegerField(default=0, editable=False)
    accepts = models.BooleanField(default=False, editable=False)
    # The progress of the running sync.
    pages_read = models.PositiveIntegerField(default=0, editable=False)
    pages_found = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = "knowledge source"
        indexes = [models.Index(fields=["next_sync_at"], name="knowledge_source_due")]

    def __str__(self) -> str:
        return self.label

    @property
    def is_file(self) -> bool:
        """Return whether it is a file."""
        return self.kind == self.Kind.FILE

    @property
    def label(self) -> str:
        """Return what people call it: the name of a file, the address of a website."""
        return self.name or self.url


class SourceFile(models.Model):
    """The content of a file until a sync has read it."""

    source = models.OneToOneField(
        KnowledgeSource, on_delete=models.CASCADE, primary_key=True, related_name="file"
    )
    data = models.BinaryField()

    class Meta:
        verbose_name = "source file"

    def __str__(self) -> str:
        return str(self.source_id)


class SourcePage(BaseModel):
    """A page of a source: what the last sync did with it, and how to undo that.

    `digest`: of the text in the knowledge; empty if none. `missed`: how many syncs in a row did not
    find the page. `detached`: staff edited or deleted its text, so syncs leave it alone.
    `before`: None, or what the last sync replaced: the digest, `missed` and the entries.
    """

    source = models.ForeignKey(
        KnowledgeSource, on_delete=models.CASCADE, related_name="source_pages"
    )
    url = models.CharField(max_length=MAX_URL)
    digest = models.CharField(max_length=64, blank=True, default="")
    missed = models.PositiveSmallIntegerField(default=0)
    detached = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=PageState)
    reason = models.CharField(max_length=500, blank=True, default="")
    before = models.JSONField(null=True, default=None)

    class Meta:
        ordering = ["url"]
        constraints = [
            models.UniqueConstraint(fields=["source", "url"], name="source_page_unique"),
        ]

    def __str__(self) -> str:
        return self.url
