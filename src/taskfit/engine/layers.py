"""Which whole weights are trained: those of chosen layers, or those whose names fit an expression."""

import re
from collections.abc import Collection

from taskfit.core.errors import NotPossible
from taskfit.core.text import Text
from taskfit.engine.names import shown
from taskfit.engine.wrap import layer_weights
from taskfit.model.local import LocalModel


def weights_of_layers(model: LocalModel, numbers: Collection[int]) -> list[str]:
    """Return the names of the weights of some layers; of the final norm, too, when the last layer is among them."""
    count = len(model.body.layers)
    kept = {id(p) for number in numbers for p in model.body.layers[number].parameters()}
    last = set(layer_weights(model, count)) if count - 1 in numbers else set()  # what follows the layers
    return [name for name, p in model.network.named_parameters() if id(p) in kept or name in last]


def weights_matching(model: LocalModel, expression: str) -> list[str]:
    """Return the names of the weights in which `expression` is found; raise NotPossible when there are none."""
    every = [name for name, _ in model.network.named_parameters()]
    found = [name for name in every if re.search(expression, name)]
    if not found:
        known = shown(every)
        raise NotPossible(
            Text(f"no weight of the model matches '{expression}'", f"模型中没有权重匹配 '{expression}'"),
            todo=Text(f"there are: {known}", f"现有：{known}"),
        )
    return found


def lowest_layer(model: LocalModel, names: Collection[str]) -> int:
    """Return the number of lowest layers whose output stays the same when only the named weights change."""
    changed = {id(p) for name, p in model.network.named_parameters() if name in names}
    layers = [{id(p) for p in layer.parameters()} for layer in model.body.layers]
    head, after = model.network.get_output_embeddings(), set(layer_weights(model, len(layers)))
    above = {id(p) for name, p in model.network.named_parameters() if name in after}
    if head is not None and head.weight is not model.network.get_input_embeddings().weight:
        above |= {id(p) for p in head.parameters()}
    if changed - above - set().union(*layers):
        return 0  # an embedding changes what every layer reads
    return next((number for number, own in enumerate(layers) if changed & own), len(layers))
