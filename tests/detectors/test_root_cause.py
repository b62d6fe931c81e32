"""Suspects are ranked by what was found, what matters and when it began; nothing is made up where nothing was found."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.root_cause import LEAST_SCORE, MOST_SUSPECTS, RootCause, root_cause, timing
from detectors.scene import LabelShare, Observation, Rollout, Scene

OK = Observation("drift", "ks", "income", None, judged=True, changed=False, times_limit=0.4, lead=0.0, words="as ever")
BAD = replace(OK, changed=True, times_limit=8.0, words="mean 51,200 -> 512")
ROLLOUT = Rollout("7", 0.1, "version 7 went live 2 h before the first bad window")

METHODS = ["ks", "mmd", "missing", "types", "schema", "probabilities", "volume", "accuracy", "label_drift"]
observations = st.builds(
    Observation,
    kind=st.sampled_from(["drift", "quality", "performance"]),
    method=st.sampled_from(METHODS),
    field=st.sampled_from([None, "income", "age", "prediction", "label"]),
    segment=st.sampled_from([None, "region=north", "region=south", "sex=f"]),
    judged=st.booleans(),
    changed=st.booleans(),
    times_limit=st.floats(0, 1e6),
    lead=st.floats(-1, 30),
    words=st.just("words"),
)
shares = st.floats(0, 1)
scenes = st.builds(
    Scene,
    kind=st.sampled_from(["drift", "quality", "performance"]),
    subjects=st.sampled_from([("accuracy", None), ("ks", "income"), ("volume", None)]).map(lambda of: frozenset({of})),
    observations=st.lists(observations, max_size=6),
    importance=st.dictionaries(st.sampled_from(["income", "age"]), shares),
    outputs=st.just(frozenset({"prediction"})),
    rollouts=st.lists(st.builds(Rollout, st.sampled_from("67"), st.floats(-3, 30), st.just("went live")), max_size=3),
    labels=st.none() | st.builds(LabelShare, shares, shares),
)  # fmt: skip


def scene(*found: Observation, **more: Any) -> Scene:
    """A drop of accuracy, with these observations beside it."""
    about: dict[str, Any] = {
        "kind": "performance",
        "subjects": frozenset({("accuracy", None)}),
        "importance": {"income": 0.5, "age": 0.05},
        "outputs": frozenset({"prediction", "score"}),
    }
    return Scene(observations=found, **(about | more))


def named(found: RootCause) -> list[tuple[str, str | None]]:
    return [(each.kind, each.segment or each.field or each.deploy) for each in found.suspects]


@settings(max_examples=40)
@given(scenes)
def test_suspects_are_few_ranked_and_scored_between_0_and_1(of: Scene) -> None:
    suspects = root_cause(of).suspects
    assert len(suspects) <= MOST_SUSPECTS
    scores = [each.score for each in suspects]
    assert scores == sorted(scores, reverse=True)
    assert all(LEAST_SCORE <= score <= 1 for score in scores)
    keys = [(each.kind, each.field, each.segment) for each in suspects if each.kind != "segment"]
    assert len(set(keys)) == len(keys)


@settings(max_examples=40)
@given(scenes, st.randoms(use_true_random=False))
def test_the_order_of_what_was_found_makes_no_difference(of: Scene, random: Any) -> None:
    shuffled = list(of.observations)
    random.shuffle(shuffled)
    before = [(each.kind, each.score) for each in root_cause(of).suspects]
    after = [(each.kind, each.score) for each in root_cause(replace(of, observations=shuffled)).suspects]
    assert [kind for kind, _ in before] == [kind for kind, _ in after]
    assert [score for _, score in before] == pytest.approx([score for _, score in after])


@settings(max_examples=40)
@given(scenes)
def test_where_nothing_changed_no_cause_is_invented(of: Scene) -> None:
    calm = replace(
        of, observations=[replace(each, changed=False) for each in of.observations], rollouts=(), labels=None
    )
    found = root_cause(calm)
    assert found.suspects == ()
    assert found.sentence.startswith(
        ("no input changed", "no other input changed", "the inputs of this window have not")
    )


@given(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_change_of_a_field_that_matters_more_scores_no_less(
    small: float, large: float, little: float, much: float
) -> None:
    (small, large), (little, much) = sorted([small, large]), sorted([little, much])

    def score(times: float, importance: float) -> float:
        known = {"income": importance, "age": 1.0}
        found = root_cause(scene(replace(BAD, times_limit=times), importance=known)).suspects
        return found[0].score if found else 0.0

    assert score(small, much) <= score(large, much) + 1e-12
    assert score(large, little) <= score(large, much) + 1e-12


@given(st.floats(0, 100), st.floats(0, 100))
def test_what_began_earlier_fits_no_better(one: float, other: float) -> None:
    assert timing(max(one, other)) <= timing(min(one, other))
    assert timing(0) == timing(1) == 1
    assert timing(3) == 0.5
    assert timing(-0.01) < timing(1)


def test_the_field_that_matters_comes_before_one_that_moved_further_and_hardly_matters() -> None:
    found = root_cause(scene(BAD, replace(BAD, field="age", times_limit=90.0)))
    assert named(found) == [("field", "income"), ("field", "age")]
    assert found.suspects[0].score > 4 * found.suspects[1].score
    assert (
        "'income': ks 8 times its limit (mean 51,200 -> 512); importance 0.5; began with the trouble" in found.sentence
    )


def test_what_was_there_long_before_is_no_suspect_beside_what_began_with_the_trouble() -> None:
    old = replace(BAD, lead=7.0, times_limit=40.0)
    found = root_cause(scene(old, replace(BAD, field="age", times_limit=4.0), importance={}))
    assert named(found) == [("field", "age"), ("field", "income")]
    assert "bad already 7 windows before" in found.suspects[1].sentence


def test_checks_that_agree_about_a_field_are_one_suspect_that_weighs_more() -> None:
    alone = root_cause(scene(BAD)).suspects[0]
    range_too = replace(BAD, kind="quality", method="range", times_limit=3.0)
    (both,) = root_cause(scene(range_too, BAD)).suspects
    assert alone.score < both.score < 1
    assert "ks 8 times its limit, range 3 times its limit" in both.sentence


def test_the_models_own_answers_are_a_consequence_and_no_suspect() -> None:
    moved = replace(BAD, field="score")
    assert root_cause(scene(moved, OK)).suspects == ()
    stuck = replace(moved, field="prediction", kind="quality", method="stuck")
    assert root_cause(scene(moved, stuck, OK)).suspects == ()
    missing = replace(moved, kind="quality", method="missing")
    assert named(root_cause(scene(missing, OK))) == [("field", "score")]


def test_a_segment_that_broke_alone_comes_before_its_field_and_one_among_many_is_none() -> None:
    north = replace(BAD, segment="region=north", times_limit=12.0)
    others = [replace(OK, segment=f"region={name}") for name in ("south", "east")]
    elsewhere = replace(OK, segment="sex=f", changed=True, times_limit=9.0)
    found = root_cause(scene(BAD, north, *others, elsewhere))
    assert named(found) == [("segment", "region=north"), ("field", "income")]
    assert found.suspects[0].field == "income"
    assert "0 of 2 other segments changed alike" in found.suspects[0].sentence
    everywhere = [replace(each, changed=True, times_limit=12.0) for each in others]
    assert named(root_cause(scene(BAD, north, *everywhere))) == [("field", "income")]


def test_a_segment_may_be_worse_while_no_input_changed() -> None:
    drop = Observation("performance", "accuracy", None, "region=north", True, True, 6.0, 0.0, "accuracy fell")
    other = replace(drop, segment="region=south", changed=False, times_limit=0.1)
    found = root_cause(scene(drop, other, OK))
    assert named(found) == [("segment", "region=north")]
    assert found.suspects[0].field is None


def test_a_schema_change_that_two_monitors_saw_is_one_suspect() -> None:
    seen = Observation("quality", "schema", None, None, True, True, 1.0, 0.0, "1 field vanished: 'income'")
    found = root_cause(scene(seen, replace(seen, lead=3.0)))
    assert named(found) == [("schema", None)]
    assert found.suspects[0].sentence.endswith("began with the trouble")


def test_scores_that_are_no_probabilities_come_before_a_field_that_hardly_matters() -> None:
    scores = Observation("quality", "probabilities", None, None, True, True, 40.0, 0.0, "40 % of scores are above 1")
    found = root_cause(scene(scores, replace(BAD, field="age")))
    assert named(found) == [("schema", None), ("field", "age")]
    assert found.sentence.startswith("most likely: probabilities: 40 % of scores are above 1")
    alone = replace(scene(scores), kind="quality", subjects=frozenset({("probabilities", None)}))
    assert named(root_cause(alone)) == []


def test_a_schema_change_weighs_as_the_field_it_took_away() -> None:
    schema = Observation("quality", "schema", None, None, True, True, 1.0, 0.0, "1 field vanished: 'income'")
    gone = replace(BAD, kind="quality", method="missing", times_limit=20.0)
    assert named(root_cause(scene(schema, gone)))[0] == ("schema", None)
    idle = root_cause(scene(schema, replace(gone, field="age"), BAD))
    assert named(idle)[0] == ("field", "income")


def test_traffic_is_a_suspect_but_not_of_an_alert_about_nothing_else() -> None:
    volume = Observation("quality", "volume", None, None, True, True, 10.0, 0.0, "40 rows, .1 times the usual 400")
    assert named(root_cause(scene(volume, OK))) == [("volume", None)]
    own = scene(volume, OK, kind="quality", subjects=frozenset({("volume", None)}))
    assert root_cause(own).suspects == ()
    assert root_cause(own).sentence == "no other input changed"


def test_joint_drift_is_told_where_no_single_field_moved() -> None:
    swapped = replace(BAD, method="mmd", field=None, words="rows are told apart")
    found = root_cause(scene(swapped, OK))
    assert named(found) == [("field", None)]
    assert found.sentence.startswith("most likely: the fields together: mmd 8 times its limit")


@pytest.mark.parametrize(("now", "usual", "scored"), [(0.3, 1.0, True), (1.0, 1.0, False), (0.0, 0.0, False)])
def test_labels_that_are_not_all_there_are_a_suspect(now: float, usual: float, scored: bool) -> None:
    found = root_cause(scene(OK, labels=LabelShare(now, usual)))
    assert bool(found.suspects) is scored
    if scored:
        assert found.sentence == (
            "no input changed; labels: 30.0 % of the rows have one so far, 100.0 % in windows before: "
            "the figures may still move"
        )
    drift = scene(OK, labels=LabelShare(now, usual), kind="drift", subjects=frozenset({("ks", "income")}))
    assert root_cause(drift).suspects == ()


def test_of_several_deploys_the_last_before_the_trouble_is_one_and_a_later_one_is_not() -> None:
    later = Rollout("8", -1.5, "version 8 went live after it")
    earlier = Rollout("6", 5.0, "version 6 went live before")
    found = root_cause(scene(OK, rollouts=[earlier, ROLLOUT, later]))
    assert named(found) == [("deploy", "7")]
    assert found.sentence == (
        "no input changed: the relation between inputs and label may have changed, or the model itself: "
        "version 7 went live 2 h before the first bad window"
    )
    assert root_cause(scene(OK, rollouts=[later])).suspects == ()


def test_what_is_not_known_yet_is_said() -> None:
    assert root_cause(scene()).sentence == "the inputs of this window have not been judged"
    waiting = root_cause(scene(BAD, waiting=["quality"]))
    assert waiting.sentence.startswith("most likely so far (quality not judged yet): 'income'")
