"""An answer's id says which message it answers, before and without a row."""

import uuid

from widgets.identifiers import is_reply_id, new_reply_id


def test_reply_id_identifies_its_message_only() -> None:
    ours, other = uuid.uuid4(), uuid.uuid4()
    reply_id = new_reply_id(answers=ours)
    assert is_reply_id(reply_id, answers=ours)
    assert not is_reply_id(reply_id, answers=other)
    assert not is_reply_id(ours, answers=ours)
    assert not is_reply_id(uuid.uuid4(), answers=ours)


def test_each_try_has_its_own_reply_id() -> None:
    message_id = uuid.uuid4()
    ids = {new_reply_id(answers=message_id) for _ in range(1_000)}
    assert len(ids) == 1_000
    assert {(each.version, each.variant) for each in ids} == {(4, uuid.RFC_4122)}
    assert all(is_reply_id(uuid.UUID(str(each)), answers=message_id) for each in ids)
