"""[training]: how one network is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ablation.plugins.keys import Count, NoneIsText, NotNegative, Positive, Section


class TrainingConfig(Section):
    """How one network is trained."""

    epochs: Count = Field(50, description="maximum number of epochs")
    batch_size: Count = Field(16, description="batch size, in slices")
    patch_batch: Count = Field(2, description="batch size of 3-D designs, in patches")
    max_batches: Count | None = Field(
        None, description="maximum number of steps in an epoch; none: every training slice once"
    )
    learning_rate: Positive = Field(1e-4, description="learning rate of Adam")
    l2: NotNegative = Field(1e-4, description="L2 penalty, k * sum of squares")
    l1: NotNegative = Field(0.0, description="L1 penalty, k * sum of absolute values; 0: none")
    l2_scope: Literal["decoder3x3", "all_conv_kernels"] = Field(
        "decoder3x3", description="kernels the penalties cover"
    )
    precision: Literal["float32", "mixed_float16", "bfloat16"] = Field(
        "float32",
        description="arithmetic of the network; weights, losses and logits are float32 always",
    )
    threads: Count | None = Field(
        None,
        description="compute threads on the CPU; none: as many as there are cores when the study is created",
    )
    stop_patience: Count | None = Field(
        15, description="epochs without a better validation Dice before stopping; none: never"
    )
    plateau_patience: Count | None = Field(
        5,
        description="epochs without a better validation Dice before the learning rate falls; none: never",
    )
    plateau_factor: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        0.5, description="factor of the learning rate when it falls"
    )
    min_learning_rate: Positive = Field(1e-7, description="the learning rate falls no lower")
    decay: Annotated[str, NoneIsText] = Field(
        "none", description="planned course of the learning rate over the epochs"
    )
    decay_rate: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        0.95, description="with decay=exponential the factor of each epoch"
    )
    warmup_epochs: Annotated[int, Field(ge=0)] = Field(
        0, description="epochs over which the learning rate rises to its value"
    )
    seed: int = Field(0, description="seed of weights, order, dropout and augmentation")
