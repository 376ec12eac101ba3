"""Add files that an agent's knowledge is read from, and replace them by new versions."""

from dataclasses import dataclass
from pathlib import PurePath

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from loquent.agents.importing.uploads import MAX_UPLOAD_BYTES, UNKNOWN, UPLOAD_KINDS, ending_of
from loquent.agents.knowledge_source import MAX_FILE_NAME, KnowledgeSource, SourceFile
from loquent.agents.models import TextAgent
from loquent.agents.services.sources import (
    clean_source,
    insert_source,
    is_busy,
    lock_sources,
    locked_source,
    restart,
)
from loquent.egress.urls import MAX_URL
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.text import clean_text, strip_invisible

# What a part adds to the address of its file.
MAX_LABEL = 20
BUSY = "This file is being read. Try again when that has ended."


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent. `url`: where visitors can open it; None: as before, "": nowhere."""

    name: str
    data: bytes
    url: str | None = None


def add_file(*, agent: TextAgent, upload: Upload) -> tuple[KnowledgeSource, bool]:
    """Start to read a file; return its source, and whether that is new.

    A file with the name of another one is its new version. Raises `invalid`, or `conflict` if there
    are too many sources, or if the other one is being read.
    """
    name = _check(upload)
    source = KnowledgeSource(
        agent=agent, kind=KnowledgeSource.Kind.FILE, name=name, url=upload.url or ""
    )
    clean_source(source)
    same_name = KnowledgeSource.objects.filter(
        agent=agent, kind=KnowledgeSource.Kind.FILE, name=name
    )
    # Before the agent is locked: syncs lock their source first.
    if (old := same_name.first()) is not None:
        with transaction.atomic():
            _replace(old, upload)
        return old, False
    with transaction.atomic():
        others = lock_sources(agent)
        if same_name.exists():
            raise ApplicationError(ErrorCode.CONFLICT, BUSY)
        insert_source(source, others)
        SourceFile.objects.create(source=source, data=upload.data)
    return source, True


def replace_file(*, source: KnowledgeSource, upload: Upload) -> None:
    """Start to read a new version of a file, whatever its name, but of the same kind.

    Raises `invalid`, or `conflict` if the file is being read or the source is a website.
    """
    if not source.is_file:
        raise ApplicationError(ErrorCode.CONFLICT, "This source is a website, not a file.")
    name = _check(upload)
    if ending_of(name) != ending_of(source.name):
        wanted = ending_of(source.name).lstrip(".").upper()
        raise invalid({"file": [f"Choose a {wanted} file, as this source is one."]})
    with transaction.atomic():
        _replace(source, upload)


def _replace(source: KnowledgeSource, upload: Upload) -> None:
    current = locked_source(source)
    if is_busy(current):
        raise ApplicationError(ErrorCode.CONFLICT, BUSY)
    if upload.url is not None:
        current.url = upload.url
    SourceFile.objects.update_or_create(source=current, defaults={"data": upload.data})
    restart(current)


def _check(upload: Upload) -> str:
    """Return the file's name as it is shown; raise `invalid`."""
    path = PurePath(clean_text(strip_invisible(upload.name)).replace("\\", "/"))
    ending = ending_of(path.name)
    name = f"{' '.join(path.stem.split())[: MAX_FILE_NAME - len(ending)]}{path.suffix}"
    url = upload.url or ""
    if ending not in UPLOAD_KINDS:
        raise invalid({"file": [UNKNOWN]})
    if len(upload.data) > MAX_UPLOAD_BYTES:
        size = MAX_UPLOAD_BYTES // 1024 // 1024
        raise invalid({"file": [f"The file is larger than {size} MB."]})
    if not upload.data:
        raise invalid({"file": ["The file is empty."]})
    try:
        if url:
            _validate_url(url)
    except ValidationError:
        sentence = "Enter the address at which visitors can open the file, without a fragment."
        raise invalid({"url": [sentence]}) from None
    return name


def _validate_url(url: str) -> None:
    URLValidator(schemes=["http", "https"])(url)
    if "#" in url or len(url) > MAX_URL - MAX_LABEL:
        raise ValidationError("")
