"""What every augmentation keeps: image and mask change together, by the seed alone, in known views."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ablation.config import with_values
from ablation.config.sections import Config
from ablation.errors import UsageError
from ablation.experiments.experiment import check_names
from ablation.inference.tta import VIEWS, uncovered
from ablation.training.augment import Augmenter
from ablation.training.augmentations import AUGMENTATIONS, Augmentation, augmentation_of

SIDE, DRAWS = 32, 12
ROWS = np.arange(DRAWS, dtype=np.int32)


def turned(images: Any, masks: Any, rows: Any, seed: Any) -> tuple[Any, Any]:
    """Turn each slice by a random number of quarter turns."""

    def turn(one: Any) -> Any:
        image, mask, row = one
        key = tf.stack([tf.cast(seed, tf.int32), row])
        turns = tf.random.stateless_uniform((), key, 0, 4, tf.int32)
        return tf.image.rot90(image, turns), tf.image.rot90(mask, turns)

    return tf.map_fn(turn, (images, masks, rows), fn_output_signature=(tf.float32, tf.float32))


TURNED = Augmentation(
    name="turned",
    summary="quarter turns",
    views=frozenset({"id", "r90", "r180", "r270"}),
    transform=turned,
)
CHAIN = "journal+vertical_flip+gamma"
NAMES = [*AUGMENTATIONS, "turned", CHAIN]


@pytest.fixture(params=NAMES)
def augmentation(request: pytest.FixtureRequest):
    with AUGMENTATIONS.having(TURNED):
        yield augmentation_of(request.param)


CENTRES = ((15.5, 23.5), (9.5, 15.5), (15.5, 15.5))
"""Row and column of a disc in each channel: their triangle tells every view from every other."""


def slices(count: int = DRAWS) -> tuple[np.ndarray, np.ndarray]:
    grid = np.mgrid[:SIDE, :SIDE]
    discs = [((grid - np.reshape(c, (2, 1, 1))) ** 2).sum(0) < 3.2**2 for c in CENTRES]
    image = 0.9 * np.stack(discs, axis=-1).astype(np.float32)
    mask = (image.max(-1, keepdims=True) > 0).astype(np.float32)
    return np.repeat(image[None], count, 0), np.repeat(mask[None], count, 0)


def changed(
    augmentation: Augmentation, images: np.ndarray, masks: np.ndarray, rows=ROWS, seed: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the traced step makes of a batch."""
    given = (tf.constant(images), tf.constant(masks), tf.constant(rows), tf.constant(seed))
    x, y = traced(augmentation)(*given)
    return x.numpy(), y.numpy()


@cache
def traced(augmentation: Augmentation) -> Any:
    return tf.function(Augmenter(augmentation))


def view_of(image: np.ndarray) -> str:
    """Return the view in which an image of `slices` is seen, whatever small changes it has."""
    arms = _arms(image)
    scores = {}
    for name, view in VIEWS.items():
        seen = _arms(view.apply(slices(1)[0])[0])
        scores[name] = float((arms * seen).sum())
    return max(scores, key=scores.__getitem__)


def _arms(image: np.ndarray) -> np.ndarray:
    """Return the unit vectors from the third disc to the others: no shift or zoom changes them."""
    centres = np.array([np.argwhere(image[..., c] > 0.5).mean(0) for c in range(len(CENTRES))])
    arms = centres[:2] - centres[2]
    return arms / np.linalg.norm(arms, axis=1, keepdims=True)


class TestAugmentation:
    """The contract of an augmentation."""

    def test_shapes_and_types_stay_and_masks_stay_binary(self, augmentation: Augmentation) -> None:
        images, masks = slices()
        x, y = changed(augmentation, images, masks)
        assert (x.shape, x.dtype) == (images.shape, images.dtype)
        assert (y.shape, y.dtype) == (masks.shape, masks.dtype)
        assert set(np.unique(y)) == {0.0, 1.0}
        assert np.isfinite(x).all()
        assert x.min() >= 0
        assert x.max() <= 1

    def test_the_same_seed_gives_the_same_bits(self, augmentation: Augmentation) -> None:
        images, masks = slices()
        first, again = (changed(augmentation, images, masks) for _ in range(2))
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])

    def test_a_slice_becomes_the_same_in_any_batch(self, augmentation: Augmentation) -> None:
        images, masks = slices()
        x, y = changed(augmentation, images, masks)
        order = np.random.default_rng(0).permutation(DRAWS)
        x2, y2 = changed(augmentation, images[order], masks[order], ROWS[order])
        # To rounding: where a slice lies in a vector of the processor decides the last bit of a sine.
        np.testing.assert_allclose(x2, x[order], rtol=0, atol=1e-4)
        assert np.count_nonzero(y2 != y[order]) <= 2

    def test_another_seed_gives_other_slices_unless_nothing_changes(
        self, augmentation: Augmentation
    ) -> None:
        images, masks = slices()
        x, _ = changed(augmentation, images, masks)
        other, _ = changed(augmentation, images, masks, seed=4)
        assert (x != other).any() == (augmentation.name != "none")

    def test_the_mask_moves_with_its_image(self, augmentation: Augmentation) -> None:
        images, masks = slices()
        x, y = changed(augmentation, images, masks)
        # All discs together are the mask; at an edge, reading between pixels may differ.
        seen, mask = x.max(-1, keepdims=True) > 0.45, y > 0
        both, either = (part.sum((1, 2, 3)) for part in (seen & mask, seen | mask))
        assert (2 * both / (both + either)).min() > 0.85

    def test_it_shows_the_views_it_declares_and_no_other(self, augmentation: Augmentation) -> None:
        images, masks = slices()
        seen = [changed(augmentation, images, masks, seed=seed)[0] for seed in range(3)]
        assert {view_of(image) for x in seen for image in x} == augmentation.views
        for tta, view in (("hflip", "h"), ("d4", "transpose")):
            warning = uncovered(tta, augmentation.name, augmentation.views)
            assert (view in warning) == (view not in augmentation.views)

    def test_it_is_a_value_of_its_key(self, augmentation: Augmentation) -> None:
        config = with_values(Config(), {"data.augmentation": augmentation.name})
        check_names(config, ("unet",))
        assert config.data.augmentation == augmentation.name
        assert augmentation.summary


def test_no_augmentation_changes_nothing() -> None:
    images, masks = slices()
    x, y = changed(AUGMENTATIONS["none"], images, masks)
    np.testing.assert_array_equal(x, images)
    np.testing.assert_array_equal(y, masks)


def test_presets_share_a_trace_and_an_own_transform_has_its_own() -> None:
    structures = {name: AUGMENTATIONS[name].structure for name in AUGMENTATIONS}
    assert structures["td"] == structures["book"] == structures["journal"]
    assert len({structures["none"], structures["td"], TURNED.structure}) == 3
    augmenter = Augmenter(AUGMENTATIONS["td"])
    step = tf.function(augmenter)
    images, masks = slices()
    given = (tf.constant(images), tf.constant(masks), tf.constant(ROWS), tf.constant(3))
    for name in ("td", "journal"):
        augmenter.use(AUGMENTATIONS[name])
        x, _ = step(*given)
        np.testing.assert_array_equal(
            x.numpy(), changed(AUGMENTATIONS[name], images, masks)[0], strict=True
        )
    assert step.experimental_get_tracing_count() == 1


def test_the_background_stays_black_and_intensities_change_alone() -> None:
    images, masks = slices()
    for name in ("gamma", "salt_pepper"):
        x, y = changed(AUGMENTATIONS[name], images * 0.5, masks)
        np.testing.assert_array_equal(y, masks)
        assert (x[images.max(-1) == 0] == 0).all()
        assert (x != images * 0.5).any()


def test_gamma_is_a_power_of_two_thirds_to_three_halves() -> None:
    images, masks = slices()
    x, _ = changed(AUGMENTATIONS["gamma"], images * 0.5, masks)
    powers = [np.log(one.max()) / np.log(0.45) for one in x]
    assert 2 / 3 <= min(powers) < 0.9
    assert 1.1 < max(powers) <= 3 / 2


def test_a_chain_does_one_after_the_other_and_shows_the_views_of_all() -> None:
    assert augmentation_of("td+vertical_flip").views == {"id", "h", "v", "r180"}
    images, masks = slices()
    once = changed(AUGMENTATIONS["journal"], images, masks)
    expected = changed(AUGMENTATIONS["vertical_flip"], *once)
    found = changed(augmentation_of("journal+vertical_flip"), images, masks)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
    assert augmentation_of("td+gamma").structure == augmentation_of("book+gamma").structure


def test_an_unknown_part_of_a_chain_is_named() -> None:
    config = with_values(Config(), {"data.augmentation": "td+gama"})
    with pytest.raises(UsageError, match="unknown augmentation 'gama'"):
        check_names(config, ("unet",))


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    config = with_values(Config(), {"data.augmentation": "journel"})
    with pytest.raises(UsageError, match="unknown augmentation 'journel'") as caught:
        check_names(config, ("unet",))
    assert "Did you mean journal?" in caught.value.hint


def test_an_own_augmentation_goes_the_whole_way(whole_path) -> None:
    assert whole_path.run["params"]["data.augmentation"] == "turned"
    assert "augmentation: turned" in whole_path.methods
    assert "turned" in whole_path.page
    assert "`turned`" in whole_path.reference
