"""Keys, tokens, private keys and passwords that stand in texts: whoever asks the model later may get them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole
from taskfit.data.finding import STEP, RowFinding, Tally
from taskfit.data.joined_texts import joined_texts
from taskfit.data.secret import secrets_in


@dataclass(frozen=True)
class Secrets(RowCheck):
    """Known shapes of keys and tokens, and random-looking words that are assigned to a name such as `api_key`."""

    title: ClassVar[Text] = Text("keys, tokens and passwords", "密钥、令牌与密码")

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield each row with a secret; shown with the kind and its first characters only."""
        whole = chunk.shared(joined_texts)
        rows: dict[int, str] = {}
        for one in secrets_in(whole.text):
            rows.setdefault(whole.row(one.start), f"{one.kind}: {whole.text[one.start : one.start + 4]}…")
        for row, words in sorted(rows.items()):
            yield "secrets", row, words

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what was found."""
        rule = Text(
            "the shape of a key (OpenAI, Anthropic, GitHub, AWS, Google, Slack, Hugging Face, Alibaba, Tencent and more), a JWT, a "
            "private key, a password in a URL, or a random-looking word given to a name such as api_key; placeholders aside; "
            "any blocks. Take them back at their issuer: they have been seen",
            "符合密钥格式（OpenAI、Anthropic、GitHub、AWS、Google、Slack、Hugging Face、阿里云、腾讯云等）、JWT、私钥、URL 中的密码，"
            "或赋给 api_key 等名称的随机串；占位符除外；有即阻止。请到签发方作废：它们已经泄露",
        )
        yield from Telling(self.title, rule, block=0.0, fix={"mask_secrets": {}}, effort=STEP).of(part, "secrets")
