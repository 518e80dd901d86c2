"""The sections of a configuration, as frozen pydantic models.

A key is written the same everywhere: `[loss] fn_weight` in TOML, `--set loss.fn_weight=0.7`,
Optuna parameter, MLflow param and column `loss.fn_weight`.
Names of models and losses are checked against their registries, not here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1)]
NoneIsText = BeforeValidator(lambda value: "none" if value is None else value)
"""For keys with a value called none, which `--set` reads as nothing."""
Weights = Annotated[str, NoneIsText]


def _names(value: object) -> object:
    """Read "flair,t1ce"; a list is taken as it is, and half a list is no name."""
    if not isinstance(value, str) or set(value) & set("()[]'\""):
        return value
    return [name.strip() for name in value.split(",") if name.strip()]


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


def _margins(value: object) -> object:
    """Read "dice=0.02,hd95=2"; a mapping is taken as it is."""
    if not isinstance(value, str):
        return {} if value is None else value
    parts = (part.partition("=") for part in value.split(",") if part.strip())
    return {name.strip(): size.strip() for name, _, size in parts}


Margin = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Margins = Annotated[dict[str, Margin], BeforeValidator(_margins)]


class Section(BaseModel):
    """A frozen group of keys; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataConfig(Section):
    """Which scans, which region, and what is done to them before training."""

    source: Literal["auto", "phantom", "lgg", "brats"] = Field(
        "auto",
        description="layout of the scans; auto detects it from the path, phantom without a path",
    )
    path: str | None = Field(None, description="folder of the scans; none: the generated phantom")
    target: Literal["WT", "TC", "ET"] = Field(
        "WT", description="region: WT whole tumour, TC core, ET enhancing"
    )
    modalities: Names = Field(
        ("flair",), min_length=1, description="image channels, in this order: flair,t1ce"
    )
    image_size: Annotated[int, Field(ge=16)] = Field(
        256, description="side of the square the network sees, pixels"
    )
    normalise: Literal["volume_z_clip01", "div255"] = Field(
        "volume_z_clip01", description="intensity scaling to 0..1"
    )
    augmentation: Annotated[Literal["none", "td", "book", "journal"], NoneIsText] = Field(
        "td", description="random changes of training slices"
    )
    min_tumor_px: Count = Field(
        1, description="training slices with fewer tumour pixels count as empty"
    )
    empty_slices: Fraction = Field(
        1.0, description="share of the tumour-free training slices that is kept"
    )
    ids: Literal["plain", "hashed"] = Field(
        "plain", description="patient ids as they are, or keyed hashes"
    )
    skip_bad: bool = Field(False, description="leave unusable patients out instead of refusing")
    split: str | None = Field(
        None, description="file with the patients of train, validation and test"
    )
    folds: Annotated[int, Field(ge=2)] | None = Field(
        None,
        description="outer folds of nested cross-validation by patient; none: one part of the patients tests",
    )
    split_seed: int = Field(0, description="seed of the split by patient")
    train_fraction: Fraction | None = Field(
        None, description="share of patients; none: 0.70 (phantom 0.50)"
    )
    validation_fraction: Fraction | None = Field(
        None, description="share of patients; none: 0.15 (phantom 0.20)"
    )
    phantom_patients: Count = Field(40, description="patients of the generated phantom")
    phantom_seed: int = Field(0, description="seed of the generated phantom")


class ModelConfig(Section):
    """One network; keys another family needs are ignored by this one."""

    name: str = Field("unet", description="design")
    base: Count = Field(64, description="filters of the first level (unet, attention_unet)")
    depth: Count = Field(4, description="poolings (unet, attention_unet)")
    batch_norm: bool = Field(
        False, description="batch normalisation after each convolution (unet, attention_unet)"
    )
    gate: Literal["same", "coarse"] = Field(
        "same",
        description="grid attention is asked on: the skip's, or the coarser one below (attention_unet)",
    )
    bn_momentum: Fraction = Field(
        0.99, description="momentum of batch-normalisation statistics; 0.9 for short trainings"
    )
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(0.3, description="dropout rate")
    dropout_site: Literal["between", "after"] = Field(
        "between", description="between the two convolutions of a block, or after it"
    )
    dropout_scope: Literal["decoder", "bottleneck", "all"] = Field(
        "decoder", description="blocks that have dropout"
    )
    attention: bool = Field(True, description="attention gates on the skips (resupnet)")
    skips: bool = Field(True, description="skip connections (resupnet)")
    residual_decoder: bool = Field(
        False, description="residual decoder blocks with batch normalisation (resupnet)"
    )
    decoder_width: Positive = Field(
        1.0, description="multiplies every decoder width (resupnet, resnet_fcn)"
    )
    stem: Literal["replicate", "sum", "project"] = Field(
        "replicate",
        description="how other than three channels enter the encoder: one channel three times, "
        "one channel into the summed kernel, or a learned mixture of any number",
    )
    pretrained: Weights = Field(
        "none", description="encoder weights to start from: none, imagenet, or an .h5 file"
    )
    encoder_trainable: Literal["all", "none", "last_stage"] = Field(
        "all", description="part of the encoder that is trained (resupnet, resnet_fcn)"
    )


class LossConfig(Section):
    """The training loss and its weights."""

    name: str = Field("combo", description="loss")
    dice_weight: Annotated[float, Field(ge=0.0)] = Field(
        0.5, description="weight of the overlap term (combo, edge_combo, hybrid)"
    )
    bce_weight: Annotated[float, Field(ge=0.0)] | None = Field(
        None,
        description="weight of the cross-entropy term (combo, edge_combo); none: 1 - dice_weight",
    )
    focal_weight: Annotated[float, Field(ge=0.0)] | None = Field(
        None, description="weight of the focal term (hybrid); none: 1 - dice_weight"
    )
    fn_weight: Fraction | None = Field(
        None, description="Tversky alpha: weight of misses; none: the loss's own default"
    )
    exponent: Positive = Field(0.75, description="power of focal_tversky")
    smooth: Positive = Field(1.0, description="pixels added to the overlap's sums")
    pos_weight: Positive = Field(
        1.0, description="weight of tumour pixels in cross-entropy (focal: its alpha)"
    )
    neg_weight: Positive = Field(
        1.0, description="weight of the other pixels in focal (1 - alpha where alpha is used)"
    )
    gamma: Annotated[float, Field(ge=0.0)] = Field(
        2.0, description="focal gamma: how much pixels that are right already are discounted"
    )
    edge_weight: Positive = Field(
        3.0, description="what pixels on the tumour's border count (edge_bce, edge_combo)"
    )
    edge_norm: bool = Field(
        False, description="divide by the sum of the weights, so that long borders cost no more"
    )
    reduction: Literal["per_image", "batch"] = Field(
        "per_image", description="one overlap per image, or one per batch"
    )


class TrainingConfig(Section):
    """How one network is trained."""

    epochs: Count = Field(50, description="most epochs")
    batch_size: Count = Field(16, description="slices in a step")
    max_batches: Count | None = Field(
        None, description="most steps in an epoch; none: every training slice once"
    )
    learning_rate: Positive = Field(1e-4, description="Adam's step size")
    l2: Annotated[float, Field(ge=0.0)] = Field(1e-4, description="L2 penalty, k * sum of squares")
    l2_scope: Literal["decoder3x3", "all_conv_kernels"] = Field(
        "decoder3x3", description="kernels the penalty covers"
    )
    precision: Literal["float32", "mixed_float16"] = Field(
        "float32", description="arithmetic of the network"
    )
    stop_patience: Count | None = Field(
        15, description="epochs without a better validation Dice before stopping; none: never"
    )
    plateau_patience: Count | None = Field(
        5,
        description="epochs without a better validation Dice before the step size falls; none: never",
    )
    plateau_factor: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        0.5, description="what the step size is multiplied by"
    )
    min_learning_rate: Positive = Field(1e-7, description="the step size falls no lower")
    seed: int = Field(0, description="seed of weights, order, dropout and augmentation")


class InferenceConfig(Section):
    """From probability maps to masks."""

    search: Literal["auto", "full", "threshold", "off"] = Field(
        "auto",
        description="chosen on validation: threshold; full: tta and morphology too; off: nothing; auto: threshold in trials, full in finals",
    )
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)] | None = Field(
        None, description="fixed threshold; none: chosen on validation (0.5 when search is off)"
    )
    tta: Annotated[Literal["none", "hflip", "d4", "seed8"], NoneIsText] = Field(
        "none", description="test-time augmentation; none: no views, or what a full search chooses"
    )
    morphology: Annotated[Literal["none", "erode_all", "adaptive", "min_size"], NoneIsText] = Field(
        "none", description="cleaning of masks; none: as they are, or what a full search chooses"
    )
    min_size: Count | None = Field(
        None,
        description="pixels of a 256x256 slice: adaptive erodes larger components, min_size drops smaller ones; none: 500 and 50, or what a full search chooses",
    )
    element: Literal["cross3", "square3"] = Field(
        "cross3", description="neighbours erosion looks at: four (cross3) or eight (square3)"
    )


class SweepConfig(Section):
    """The budget of a study and how it is spent."""

    trials: Count = Field(20, description="finished trials of each design")
    seed: int = Field(0, description="seed of the sampler")
    sampler: Literal["tpe", "random"] = Field("tpe", description="how the next setting is chosen")
    pruner: Annotated[Literal["none", "median"], NoneIsText] = Field(
        "none", description="how hopeless trials are stopped early"
    )
    seeds: Count | None = Field(
        None,
        description="retrainings of the best setting; none: 3 when designs are compared or trials >= 20, else 1",
    )
    retries: Annotated[int, Field(ge=0)] = Field(
        10, description="attempts of a lost trial without a new epoch"
    )
    max_consecutive_failures: Count = Field(5, description="failures in a row that stop the sweep")
    keep_checkpoints: Literal["all", "best"] = Field("all", description="whose weights are kept")


class ComparisonConfig(Section):
    """What is tested, fixed before the results are seen."""

    metric: str = Field("dice", description="primary metric")
    secondary: Names = Field(("hd95",), description="metrics reported beside the primary one")
    reference: str | None = Field(
        None, description="design the others are compared with; none: all pairs"
    )
    level: Annotated[float, Field(gt=0.5, lt=1.0)] = Field(0.95, description="confidence level")
    margin: Margins = Field(
        default_factory=dict,
        description="smallest difference that matters, of each metric in its unit: dice=0.02,hd95=2",
    )
    alternative: Literal["two-sided", "greater"] = Field(
        "two-sided", description="greater: only designs better than the reference are looked for"
    )
    primary_test: Literal["wilcoxon", "t", "signflip"] = Field(
        "wilcoxon", description="test that decides: signed-rank, paired t or sign flips of the mean"
    )
    correction: Annotated[Literal["holm", "bh", "none"], NoneIsText] = Field(
        "holm", description="adjustment of p-values over the planned comparisons"
    )
    unit: Literal["patient", "case"] = Field(
        "patient", description="what counts as one; cases of a patient are not independent"
    )
    missing: Literal["error", "intersection", "worst"] = Field(
        "error", description="case one design lacks: refused, left out for all, or the worst score"
    )
    empty: Literal["penalty", "brats", "exclude"] = Field(
        "penalty", description="what missed and absent tumours count"
    )
    seed: int = Field(20260101, description="seed of resampling and permutation")


class TrackingConfig(Section):
    """Where runs are published."""

    uri: str | None = Field(
        None,
        description="MLflow server; none: MLFLOW_TRACKING_URI, else a database in the workspace",
    )


class PublishedScore(Section):
    """A score from the literature, shown beside the designs and never tested."""

    name: str = Field(description="method, as the report shows it")
    metric: str = Field(description="score, such as dice")
    value: float = Field(description="its published mean")
    sd: Annotated[float, Field(ge=0.0)] | None = Field(None, description="standard deviation")
    n: Count | None = Field(None, description="patients")
    source: str = Field("", description="where it was published")


class ReportConfig(Section):
    """What a report shows beside the designs."""

    literature: tuple[PublishedScore, ...] = Field(
        (),
        description="published scores to show in grey: [[report.literature]] with name, metric, "
        "value and, where known, sd, n, source",
    )


class Config(Section):
    """Everything a sweep needs to know."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    training: TrainingConfig = TrainingConfig()
    inference: InferenceConfig = InferenceConfig()
    space: dict[str, dict[str, object]] = Field(
        default_factory=dict, description="search space; empty: the default of model and loss"
    )
    sweep: SweepConfig = SweepConfig()
    comparison: ComparisonConfig = ComparisonConfig()
    report: ReportConfig = ReportConfig()
    tracking: TrackingConfig = TrackingConfig()
