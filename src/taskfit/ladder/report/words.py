"""The words that every form of the report uses, in English and Chinese."""

from collections.abc import Mapping

from taskfit.core.text import Text, same

RUNG = Text("rung", "台阶")
STOP_HERE = Text("stop here", "停在这里")
STAY_HERE = Text("stay here", "暂留在这里")
FAILED = Text("failed", "失败")
IMPOSSIBLE = Text("not possible", "不可行")
DECIDED = Text("Decided", "已定论")
UNDECIDED = Text("Undecided", "尚无定论")
UNREADABLE = Text("unreadable", "无法读出")
YES = Text("yes", "是")
NO = Text("no", "否")

METRICS: Mapping[str, Text] = {
    "accuracy": Text("accuracy", "准确率"),
    "macro_f1": Text("macro F1", "宏平均 F1"),
    "micro_f1": Text("micro F1", "微平均 F1"),
    "balanced_accuracy": Text("balanced accuracy", "均衡准确率"),
    "mcc": Text("Matthews correlation", "马修斯相关系数"),
    "exact_match": Text("exact match", "完全匹配"),
    "token_f1": Text("token F1", "词元 F1"),
    "rouge_l": same("ROUGE-L"),
    "bleu": same("BLEU"),
    "chrf": same("chrF"),
    "perplexity": Text("perplexity", "困惑度"),
}

FACTS: Mapping[str, Text] = {
    "name": Text("name", "名称"),
    "version": Text("taskfit version", "taskfit 版本"),
    "taskfit": Text("taskfit version", "taskfit 版本"),
    "versions": Text("versions", "版本"),
    "command": Text("command", "命令"),
    "settings": Text("settings", "设置"),
    "model": Text("base model", "基础模型"),
    "machine": Text("machine", "机器"),
    "device": Text("device", "设备"),
    "threads": Text("threads", "线程数"),
    "rows": Text("rows", "数据行"),
    "read": Text("read", "读入"),
    "used": Text("used", "使用"),
    "listed": Text("set aside, by reason", "列出未用（按原因）"),
    "splits": Text("splits", "划分"),
    "train": Text("train", "训练集"),
    "dev": Text("dev", "开发集"),
    "test": Text("test (sealed)", "测试集（封存）"),
    "fingerprint": Text("fingerprint", "指纹"),
    "seed": Text("seed", "随机种子"),
    "seeds": Text("seeds", "随机种子"),
    "power": Text("power", "检验功效"),
    "test_looks": Text("looks at the test rows", "查看测试集次数"),
    "volume": Text("requests expected", "预计请求量"),
    "limits": Text("limits", "限制"),
    "started": Text("started", "开始时间"),
    "finished": Text("finished", "结束时间"),
    "kind": Text("kind", "类型"),
    "instruction": Text("instruction", "指令"),
    "labels": Text("labels", "标签"),
    "metrics": Text("metrics", "指标"),
    "word": Text("word", "用词"),
    "max_answer_tokens": Text("longest answer, tokens", "回答最长词元数"),
    "architecture": Text("architecture", "结构"),
    "family": Text("family", "系列"),
    "abilities": Text("abilities", "能力"),
    "parameters": Text("parameters", "参数量"),
    "parameters_body": Text("parameters without embeddings", "不含嵌入的参数量"),
    "layers": Text("layers", "层数"),
    "width": Text("width", "宽度"),
    "vocabulary": Text("vocabulary", "词表大小"),
    "context": Text("context, tokens", "上下文词元数"),
    "chat": Text("chat template", "对话模板"),
    "note": Text("note", "备注"),
    "folder": Text("folder", "目录"),
    "files": Text("files", "文件"),
    "price": Text("price", "价格"),
    "currency": Text("currency", "货币"),
    "python": same("Python"),
    "platform": Text("platform", "平台"),
    "processor": Text("processor", "处理器"),
    "cores": Text("cores", "核数"),
    "memory": Text("memory", "内存"),
    "time": Text("time", "时间"),
}


def metric_name(name: str) -> Text:
    """Return the name of a metric for readers."""
    return METRICS.get(name) or same(name)


def fact_name(key: str) -> Text:
    """Return what a key of the run's facts is called."""
    return FACTS.get(key) or same(key.replace("_", " "))
