import pytest

from tests.optional_parts import require


def test_a_missing_part_skips_unless_all_are_demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODELWATCH_REQUIRE", raising=False)
    require(True, "unused")
    with pytest.raises(pytest.skip.Exception, match="no browser"):
        require(False, "no browser")
    monkeypatch.setenv("MODELWATCH_REQUIRE", "all")
    require(True, "unused")
    with pytest.raises(pytest.fail.Exception, match="no browser"):
        require(False, "no browser")
