from loquent.cache import BoundedCache


def test_another_version_is_not_there() -> None:
    cache: BoundedCache[str, int] = BoundedCache(10)
    cache.put("a", "1", 7, 1)
    assert cache.get("a", "1") == 7
    assert cache.get("a", "2") is None


def test_a_new_version_takes_the_place_of_the_old_one() -> None:
    cache: BoundedCache[str, int] = BoundedCache(10)
    for version in range(100):
        cache.put("a", str(version), version, 9)
    assert len(cache) == 1


def test_the_least_recently_used_goes_first() -> None:
    cache: BoundedCache[str, int] = BoundedCache(10)
    cache.put("a", "", 1, 4)
    cache.put("b", "", 2, 4)
    cache.get("a", "")
    cache.put("c", "", 3, 4)
    assert [cache.get(key, "") for key in "abc"] == [1, None, 3]


def test_what_is_heavier_than_all_room_still_works_alone() -> None:
    cache: BoundedCache[str, int] = BoundedCache(10)
    cache.put("a", "", 1, 4)
    cache.put("b", "", 2, 99)
    assert [cache.get(key, "") for key in "ab"] == [None, 2]
    cache.clear()
    assert len(cache) == 0
