"""Train one scale per key, value and inner unit (Liu et al. 2022, arXiv:2205.05638), by PEFT."""

from pathlib import Path
from typing import Any, ClassVar

from taskfit.core.method import Changes
from taskfit.core.model import ModelCard
from taskfit.core.text import Text
from taskfit.engine.trained import Trained

# Where each family keeps its keys, values and the input of the second feed-forward matrix.
SCALED = {
    "llama": (["k_proj", "v_proj", "down_proj"], ["down_proj"]),
    "gpt2": (["attn.c_attn", "mlp.c_proj"], ["mlp.c_proj"]),
    "bert": (["key", "value", r"layer.\d+.output.dense"], [r"layer.\d+.output.dense"]),
}


class Ia3(Trained):
    """Keys, values and feed-forward activations are multiplied by learned vectors that start at 1."""

    about: ClassVar[Text] = Text(
        "Learned vectors scale keys, values and inner activations: the fewest trained weights of all.",
        "用学到的向量缩放键、值和前馈激活：训练的参数最少。",
    )
    when: ClassVar[Text] = Text(
        "When adapters must be tiny, for instance one per customer; a little weaker than LoRA.",
        "当适配器必须极小时（例如每个客户一个）；略弱于 LoRA。",
    )
    rank: ClassVar[int] = 60
    changes: ClassVar[Changes] = "added weights"
    by_default: ClassVar[bool] = False

    def lr_centre(self, card: ModelCard) -> float:
        """See Trained."""
        from taskfit.engine.wrap import lr_for

        return lr_for(card, at_width_1000=5e-3)

    def prepare(self, model: Any, seed: int) -> Any:
        """See Trained."""
        from peft import IA3Config

        from taskfit.engine.wrap import inner_names, with_adapter

        family = model.card.family
        kind = family if family in SCALED else "bert" if model.card.architecture == "encoder" else "llama"
        every = inner_names(model)
        scaled, inner = ([name for name in every if _ends(name, ends)] for ends in SCALED[kind])
        config = IA3Config(target_modules=scaled, feedforward_modules=inner, fan_in_fan_out=family == "gpt2")
        return with_adapter(model, config, seed)

    def save_weights(self, model: Any, folder: Path) -> None:
        """See Trained."""
        from taskfit.engine.wrap import save_adapter

        save_adapter(model, folder)

    def load_weights(self, model: Any, folder: Path) -> Any:
        """See Trained."""
        from taskfit.engine.wrap import load_adapter

        return load_adapter(model, folder)


def _ends(name: str, ends: list[str]) -> bool:
    import re

    return any(re.search(rf"(^|\.){end}$", name) for end in ends)
