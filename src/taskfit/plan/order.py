"""What is asked of the planner: a method, how much at once, in which numbers, where, and by which program."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from taskfit.plan.activations import Attention
from taskfit.plan.change import Knobs, Way
from taskfit.plan.framework import FRAMEWORKS, Framework
from taskfit.plan.framework import Name as FrameworkName
from taskfit.plan.sizes import COMPUTED, KEPT, Packing, Precision

Optimizer = Literal["adamw", "adamw_8bit", "adafactor", "sgd", "lion", "adagrad", "rmsprop"]
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
Sharing = Literal["ddp", "zero1", "zero2", "zero3", "fsdp"]
Place = Literal["gpu", "cpu"]
Counted = Literal["all", "reserved", "allocated"]


@dataclass(frozen=True)
class Order:
    """What shall be done.

    `batch` rows of `length` tokens are computed at once; `accumulation` says that gradients wait for more of them.
    `packing` keeps the base's matrices in few bits. `devices` share the work as `sharing` says; all bytes are those of
    one device. `rows` counts the rows whose frozen features are kept on a CPU (last_layers). `counted`: "all" that a
    monitor shows, what PyTorch "reserved", or what tensors "allocated". `varied`: batches have different lengths, and
    asked for is what a monitor shows then, which is more than what is needed but not more than `card` bytes.
    """

    way: Way
    knobs: Knobs = field(default_factory=Knobs)
    batch: int = 1
    length: int = 2048
    precision: Precision = "bfloat16"
    packing: Packing = ""
    checkpointing: bool = False
    accumulation: bool = False
    optimizer: Optimizer = "adamw"
    attention: Attention = "flash"
    devices: int = 1
    sharing: Sharing = "ddp"
    framework: FrameworkName = "taskfit"
    rows: int = 0
    place: Place = "gpu"
    counted: Counted = "all"
    varied: bool = False
    card: float = 0.0

    @property
    def program(self) -> Framework:
        """The facts of the training program."""
        return FRAMEWORKS[self.framework]

    @property
    def packed(self) -> Packing:
        """How the base's matrices are packed; QLoRA does so unless it is told otherwise."""
        return self.packing or ("nf4" if self.way == "qlora" else "")

    @property
    def kept(self) -> int:
        """Bytes of a number of the base as it is kept."""
        return KEPT[self.precision]

    @property
    def computed(self) -> int:
        """Bytes of a number as it is computed with."""
        return COMPUTED[self.precision]

    @property
    def added(self) -> int:
        """Bytes of a number of added weights as they are kept."""
        return 4 if self.program.adapter_float32 else self.kept

    @property
    def trained(self) -> tuple[int, int]:
        """Bytes of a number as the optimizer sees it: of the base, of added weights."""
        if self.program.masters:
            return 4, 4
        return self.kept, self.added

    @property
    def share_of_weights(self) -> int:
        """By how much the weights are divided among devices."""
        return self.devices if self.sharing in ("zero3", "fsdp") else 1

    @property
    def share_of_gradients(self) -> int:
        """By how much the gradients are divided among devices."""
        return self.devices if self.sharing in ("zero2", "zero3", "fsdp") else 1

    @property
    def share_of_optimizer(self) -> int:
        """By how much states and masters are divided among devices."""
        return self.devices if self.sharing != "ddp" else 1
