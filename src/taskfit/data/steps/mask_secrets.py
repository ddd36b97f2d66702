"""Mask keys, tokens, private keys and passwords: the same one becomes the same token, `<SECRET_2>`."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.entity import Entity
from taskfit.data.pseudonyms import pseudonyms_for
from taskfit.data.record import Record
from taskfit.data.secret import secrets_in
from taskfit.data.step import Applied, Step, changed, with_texts


class MaskSecrets(Step):
    """Put a token in the place of each secret. Take the secrets back at their issuer, too: they have been seen."""

    about: ClassVar[Text] = Text("mask keys, tokens and passwords", "遮蔽密钥、令牌与密码")

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return the rows without secrets."""
        names = pseudonyms_for(records, ("secret",), _find)
        kept = tuple(with_texts(record, names.without) for record in records)
        reason = Text("a key, token or password", "含有密钥、令牌或密码")
        pairs = zip(records, kept, strict=True)
        return Applied(kept, tuple(changed(one, after, reason) for one, after in pairs if after is not one))


def _find(text: str) -> Iterator[Entity]:
    return (replace(one, kind="secret") for one in secrets_in(text))
