"""What training programs keep in memory beside what the mathematics asks for; each fact is read from their code."""

from dataclasses import dataclass
from typing import Literal, get_args

Name = Literal["taskfit", "transformers", "swift", "deepspeed", "litgpt"]
NAMES: tuple[Name, ...] = get_args(Name)
Loss = Literal["chunks", "half", "float32", "float32-shifted", "half-chunks"]

# Bytes per logit that stand at once when the backward pass begins, by how the loss is computed; p: bytes of a number.
# "half": logits, their shifted copy, log-softmax and its gradient, all in p bytes.
# "float32": logits in p bytes, float32 copy, log-softmax, its gradient (all float32), and its gradient in p bytes.
# "float32-shifted": the same with a shifted copy of the float32 logits and the gradient of that copy (transformers
# before 4.45, and programs that copied its loss).
# "half-chunks": log-softmax chunk by chunk in p bytes: logits, log-softmax, gradient.
# "chunks": nothing of the size of all logits; see `chunk`.


@dataclass(frozen=True)
class Framework:
    """The facts of one training program.

    `masters`: float32 copies of trained weights that are shorter, with the optimizer's states in float32; without,
    states are as the weights. `adapter_float32`: added weights are float32. `step_copies`: whole copies of all trained
    numbers (in the optimizer's precision) that exist only during a step. `float32_gradients`: gradients for the step
    are made in float32 beside the short ones. `keeps_base`: the untouched weights stay, for comparison; `keeps_best`: a
    copy of the best trained weights. `shares_inputs`: LoRA modules that read the same input keep it once. `dropout`: LoRA has dropout by
    default. `bnb_float32`: with a base packed by bitsandbytes all that is not packed becomes float32 (PEFT's
    prepare_model_for_kbit_training). `packed_reads`: packed matrices keep their inputs for the backward pass
    (bitsandbytes up to 0.41). `buffers`: bytes of buffers for gradients on their way. `whole_first`:
    each device holds the whole weights before they are shared out. `ledger`: what passes through a layer going backwards
    was counted from a ledger of all tensors at the peak; for other programs a layer's values are taken to stand there
    once more as gradients.
    """

    name: Name
    loss: Loss
    masters: bool = False
    adapter_float32: bool = True
    step_copies: float = 0.0
    float32_gradients: bool = False
    keeps_base: bool = False
    keeps_best: bool = False
    shares_inputs: bool = False
    dropout: bool = True
    bnb_float32: bool = False
    packed_reads: bool = False
    whole_first: bool = False
    buffers: float = 0.0
    ledger: bool = False


FRAMEWORKS: dict[Name, Framework] = {
    # The loss is made chunk by chunk with its gradients; fused AdamW on float32 masters; LoRA modules keep one copy
    # of an input that several of them read.
    "taskfit": Framework(
        "taskfit",
        "chunks",
        masters=True,
        keeps_base=True,
        keeps_best=True,
        shares_inputs=True,
        dropout=False,
        whole_first=True,
        ledger=True,
    ),
    # Trainer of transformers with bf16 autocast over bf16 weights; PEFT keeps adapters in float32; AdamW steps
    # tensor lists ("foreach"), which needs one more copy of what is trained (PyTorch's documentation of AdamW).
    "transformers": Framework("transformers", "float32", step_copies=1.0, bnb_float32=True),
    # ms-swift 2: the same Trainer, weights and adapters pure bf16, a shifted float32 loss.
    "swift": Framework(
        "swift", "float32-shifted", adapter_float32=False, step_copies=1.0, bnb_float32=True, packed_reads=True
    ),
    # DeepSpeed in half precision: the loss is not autocast; float32 masters and states; short gradients and the
    # float32 ones of the step; PyTorch's AdamW with its copy; two buffers of 2e8 gradients, as the usual files set.
    "deepspeed": Framework(
        "deepspeed",
        "half",
        masters=True,
        adapter_float32=False,
        step_copies=1.0,
        float32_gradients=True,
        buffers=2 * 2e8 * 2,
    ),
    # Lightning's litgpt, bf16-true: everything in bf16, loss in chunks of 128.
    "litgpt": Framework(
        "litgpt", "half-chunks", adapter_float32=False, step_copies=1.0, packed_reads=True, whole_first=True
    ),
}


def logit_bytes(loss: Loss, number: int) -> int:
    """Return the bytes per logit at the moment when most of them stand; 0 where they are made in chunks."""
    return {
        "chunks": 0,
        "half": 4 * number,
        "half-chunks": 3 * number,
        "float32": 12 + 2 * number,
        "float32-shifted": 16 + 2 * number,
    }[loss]
