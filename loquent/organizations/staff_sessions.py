"""Store staff sessions (`SESSION_ENGINE`) under digests of their keys; they expire when idle."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

# The precision of "idle": one write per request would cost more than it is worth.
REFRESH_AFTER = timedelta(minutes=10)
# The length of the column in Django's table; still 160 bits.
DIGEST_LENGTH = 40


def session_digest(session_key: str) -> str:
    """Return the HMAC-SHA256 of a session key under SECRET_KEY, as stored in the database."""
    return _digest(session_key)


def _earlier_digests(session_key: str) -> list[str]:
    """Return the digests under SECRET_KEY_FALLBACKS."""
    return [_digest(session_key, secret) for secret in settings.SECRET_KEY_FALLBACKS]


def _digest(session_key: str, secret: str | None = None) -> str:
    made = salted_hmac("loquent.staff_session", session_key, secret=secret, algorithm="sha256")
    return made.hexdigest()[:DIGEST_LENGTH]


def expired_staff_sessions(*, now: datetime) -> QuerySet[Session]:
    """Return the sessions that have expired."""
    return Session.objects.filter(expire_date__lt=now)


class SessionStore(db.SessionStore):
    """Django's database sessions, with each row stored under the digest of its key.

    Only the cookie holds the key itself, so a copy of the table opens no session. A session expires
    SESSION_COOKIE_AGE after the last request; the new expiry is written at most once per
    REFRESH_AFTER.
    """

    # The key and data of a session that this request only extends.
    _loaded: tuple[str | None, bytes] | None = None

    def load(self) -> dict[str, Any]:
        """Return the session's data; empty if there is no such session."""
        return self._read(self._get_session_from_db())

    async def aload(self) -> dict[str, Any]:
        return self._read(await self._aget_session_from_db())

    def exists(self, session_key: str) -> bool:
        return super().exists(session_digest(session_key))

    async def aexists(self, session_key: str) -> bool:
        return bool(await super().aexists(session_digest(session_key)))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """Return the row to save, without the key."""
        row = super().create_model_instance(data)
        row.session_key = session_digest(row.session_key)
        return row

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = await super().acreate_model_instance(data)
        row.session_key = session_digest(row.session_key)
        return row

    def save(self, must_create: bool = False) -> None:
        """Save the session, or only its expiry if the request changed nothing else.

        Otherwise a request that merely extends a session could undo what a concurrent one writes.
        """
        if must_create or not self._is_as_loaded():
            super().save(must_create)
        elif not self._row().update(expire_date=self.get_expiry_date()):
            raise UpdateError

    async def asave(self, must_create: bool = False) -> None:
        if must_create or not self._is_as_loaded():
            await super().asave(must_create)
        elif not await self._row().aupdate(expire_date=await self.aget_expiry_date()):
            raise UpdateError

    def delete(self, session_key: str | None = None) -> None:
        """Delete this session, or the one with that key."""
        key = session_key or self.session_key
        if key is not None:
            super().delete(session_digest(key))

    async def adelete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            await super().adelete(session_digest(key))

    def _get_session_from_db(self) -> Session | None:
        if earlier := _earlier_digests(self.session_key or ""):
            # What is saved later is saved under the current key.
            rows = Session.objects.filter(session_key__in=earlier)
            rows.update(session_key=session_digest(self.session_key or ""))
        row = self._row().filter(expire_date__gt=timezone.now()).first()
        if row is None:
            self._session_key = None
        return row

    async def _aget_session_from_db(self) -> Session | None:
        if earlier := _earlier_digests(self.session_key or ""):
            rows = Session.objects.filter(session_key__in=earlier)
            await rows.aupdate(session_key=session_digest(self.session_key or ""))
        row = await self._row().filter(expire_date__gt=timezone.now()).afirst()
        if row is None:
            self._session_key = None
        return row

    def _row(self) -> QuerySet[Session]:
        return Session.objects.filter(session_key=session_digest(self.session_key or ""))

    def _read(self, row: Session | None) -> dict[str, Any]:
        if row is None:
            return {}
        data: dict[str, Any] = self.decode(row.session_data)
        lasts = timedelta(seconds=self.get_session_cookie_age())
        if row.expire_date - timezone.now() < lasts - REFRESH_AFTER:
            # The middleware saves a modified session, and sends the cookie again.
            self.modified = True
            self._loaded = (self.session_key, self._dump(data))
        return data

    def _is_as_loaded(self) -> bool:
        if self._loaded is None:
            return False
        return self._loaded == (self.session_key, self._dump(dict(self.items())))

    def _dump(self, data: dict[str, Any]) -> bytes:
        dumped: bytes = self.serializer().dumps(data)
        return dumped
