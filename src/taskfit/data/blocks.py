"""Anthropic's blocks inside the content of a message become what OpenAI's messages say with fields."""

from collections.abc import Mapping, Sequence

USE, RESULT = "tool_use", "tool_result"
Item = Mapping[str, object]


def unblocked(item: Item) -> tuple[Item, ...]:
    """Return a message whose tools are fields instead of blocks; results of tools become messages of their own.

    A message without such blocks is returned as it is.
    """
    content = item.get("content")
    if not isinstance(content, list) or not any(has_type(part, USE, RESULT) for part in content):
        return (item,)
    uses = [part for part in content if has_type(part, USE)]
    results = [part for part in content if has_type(part, RESULT)]
    rest = [part for part in content if not has_type(part, USE, RESULT)]
    told: list[Item] = [_result(part) for part in results]
    if uses or rest:
        kept = {**item, "content": rest or None}
        told.append({**kept, "tool_calls": [_use(part) for part in uses]} if uses else kept)
    return tuple(told)


def has_type(part: object, *types: str) -> bool:
    """Tell whether a part of a content is of one of the `types`."""
    return isinstance(part, Mapping) and part.get("type") in types


def _use(part: Item) -> Item:
    inner = {"name": part.get("name"), "arguments": part.get("input", {})}
    return {"id": part.get("id"), "type": "function", "function": inner}


def _result(part: Item) -> Item:
    content = part.get("content")
    words: object = "" if content is None else content
    return {"role": "tool", "tool_call_id": part.get("tool_use_id"), "content": words}


def blocks_of(words: str, thinking: str, uses: Sequence[Item]) -> object:
    """Return the content of an answer: its words alone, or blocks when it thinks or calls tools."""
    if not thinking and not uses:
        return words
    blocks: list[Item] = [{"type": "thinking", "thinking": thinking}] if thinking else []
    blocks += [{"type": "text", "text": words}] if words else []
    return [*blocks, *uses]
