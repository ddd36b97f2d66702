"""The keys of a LLaMA-Factory file that are used here, and what each does."""

from taskfit.core.text import Text

USED: dict[str, Text] = {
    # model
    "model_name_or_path": Text(
        "the model to start from: a folder, 'tiny', a hub name with --online",
        "起始模型：目录、'tiny'，或配合 --online 的 hub 名称",
    ),
    "quantization_bit": Text("4 or 8: lora becomes qlora", "4 或 8：lora 变为 qlora"),
    "quantization_type": Text("the 4-bit numbers of qlora: nf4", "qlora 的 4 位数值类型：nf4"),
    "disable_gradient_checkpointing": Text(
        "written as false: layers are computed again in the backward pass; left out: off (LLaMA-Factory: on), for it "
        "changes nothing but memory and time",
        "写明 false：反向时重新计算各层；不写则关闭（LLaMA-Factory 默认开启），它只影响内存与时间",
    ),
    "gradient_checkpointing": Text("layers are computed again in the backward pass", "反向时重新计算各层"),
    "activation_checkpointing": Text("as gradient_checkpointing", "同 gradient_checkpointing"),
    # method
    "stage": Text("pt: plain text; sft: conversations", "pt：纯文本；sft：对话"),
    "do_train": Text("must be true", "必须为 true"),
    "finetuning_type": Text("lora, freeze (last or first layers) or full", "lora、freeze（最后或最前若干层）或 full"),
    "lora_rank": Text("rank of the added matrices", "低秩矩阵的秩"),
    "lora_alpha": Text("scale of the added matrices; left out: twice the rank", "低秩矩阵的缩放；不填为秩的两倍"),
    "lora_dropout": Text("dropout before the added matrices", "低秩矩阵前的 dropout"),
    "lora_target": Text("all (every linear layer but the head), or names", "all（除输出头外的全部线性层）或模块名"),
    "additional_target": Text("modules trained whole beside the adapter", "适配器之外整体训练的模块"),
    "use_rslora": Text("scale by alpha / sqrt(rank)", "按 alpha / sqrt(rank) 缩放"),
    "use_dora": Text("DoRA: direction and length apart", "DoRA：方向与长度分开训练"),
    "pissa_init": Text("PiSSA start", "PiSSA 初始化"),
    "pissa_iter": Text("steps of the PiSSA start", "PiSSA 初始化的迭代次数"),
    "loraplus_lr_ratio": Text("LoRA+: the rate of B over that of A", "LoRA+：B 与 A 的学习率之比"),
    "freeze_trainable_layers": Text(
        "the last n layers; below 0: the first n. The last norm is trained, too, with the last layers",
        "最后 n 层；负数为最前 n 层。训练最后几层时也训练末端归一化",
    ),
    # rows
    "dataset": Text("names in dataset_info.json", "dataset_info.json 中的名称"),
    "eval_dataset": Text("names of the rows to measure the loss on", "用于测量损失的数据集名称"),
    "dataset_dir": Text("folder of dataset_info.json", "dataset_info.json 所在目录"),
    "template": Text("chat template by name; left out: the model's own", "对话模板名；不填则用模型自带的"),
    "tool_format": Text("how tools are written: default, qwen, mistral", "工具的写法：default、qwen、mistral"),
    "default_system": Text("system text of rows that have none", "没有 system 的行所用的 system 文本"),
    "enable_thinking": Text(
        "reasoning templates: true: an empty thought is learned before answers that have none; false: it is only read, "
        "and thoughts in rows are left out",
        "推理模板：true：无思考的回答前学习空思考块；false：空思考块只读不学，并去掉数据中的思考",
    ),
    "cutoff_len": Text(
        "most tokens of a row (never more than the model reads); longer conversations lose the beginning of the prompt, "
        "longer texts are cut into pieces, counted and told",
        "每行最多 token 数（不超过模型可读的长度）；更长的对话截去提示开头，更长的文本切成多段，均计数并说明",
    ),
    "max_samples": Text("the first rows of each dataset", "每个数据集的前若干行"),
    "val_size": Text("rows kept apart to measure the loss on: a share, or a number", "留出测量损失的行：比例或行数"),
    "mix_strategy": Text("concat, or interleave_under, _over, _once", "concat，或 interleave_under、_over、_once"),
    "interleave_probs": Text("share of each dataset when interleaved", "交错时各数据集的比例"),
    "train_on_prompt": Text("the prompts are learned, too", "提示部分也参与学习"),
    "mask_history": Text("only the last answer is learned", "只学习最后一个回答"),
    # training
    "output_dir": Text("folder of the run", "运行目录"),
    "overwrite_output_dir": Text("a finished run in the folder is done again", "目录中已完成的运行会重新进行"),
    "per_device_train_batch_size": Text(
        "times gradient_accumulation_steps and devices: rows of a step", "乘以累积步数与设备数为每步行数"
    ),
    "gradient_accumulation_steps": Text("pieces of a step", "每步切成的份数"),
    "learning_rate": Text("learning rate", "学习率"),
    "num_train_epochs": Text("passes over the rows", "训练轮数"),
    "max_steps": Text("steps, instead of epochs", "步数，用它代替轮数"),
    "lr_scheduler_type": Text("schedule of the rate", "学习率调度"),
    "lr_scheduler_kwargs": Text("details of the schedule", "调度的细节"),
    "warmup_steps": Text("steps in which the rate rises", "学习率上升的步数"),
    "warmup_ratio": Text("share of the steps in which the rate rises", "学习率上升的步数比例"),
    "optim": Text("the optimizer", "优化器"),
    "weight_decay": Text("weight decay", "权重衰减"),
    "adam_beta1": Text("AdamW's first beta", "AdamW 的 beta1"),
    "adam_beta2": Text("AdamW's second beta", "AdamW 的 beta2"),
    "adam_epsilon": Text("AdamW's epsilon", "AdamW 的 epsilon"),
    "max_grad_norm": Text("longest gradient", "梯度最大范数"),
    "label_smoothing_factor": Text("label smoothing", "标签平滑"),
    "neftune_noise_alpha": Text("NEFTune noise", "NEFTune 噪声"),
    "bf16": Text("computes in bfloat16; the optimizer keeps float32", "以 bfloat16 计算，优化器保留 float32"),
    "pure_bf16": Text(
        "computes in bfloat16; the optimizer still keeps float32", "以 bfloat16 计算；优化器仍保留 float32"
    ),
    "fsdp": Text("with several devices: they share the weights", "多设备时分片存放权重"),
    "seed": Text("seed of everything random", "随机种子"),
    # looks and files
    "do_eval": Text("needs rows to measure on", "需要评估数据"),
    "eval_strategy": Text("when the loss on dev rows is measured", "何时测量 dev 损失"),
    "eval_steps": Text("steps between these looks", "评估间隔步数"),
    "early_stopping_steps": Text("looks without a better loss before stopping", "损失连续多少次评估未改善即停止"),
    "logging_strategy": Text("when a line of trainer_log.jsonl is written", "何时写 trainer_log.jsonl"),
    "logging_steps": Text("steps between lines of trainer_log.jsonl", "trainer_log.jsonl 的间隔步数"),
    "save_strategy": Text("steps or no; checkpoints are also made by time", "steps 或 no；另按时间保存检查点"),
    "save_steps": Text("steps between checkpoints", "检查点间隔步数"),
    "load_best_model_at_end": Text(
        "with rows to measure on, the best weights are always kept", "有评估数据时始终保留最佳权重"
    ),
}

OLD_NAMES = {
    "evaluation_strategy": "eval_strategy",
    "checkpoint_dir": "adapter_name_or_path",
    "per_gpu_train_batch_size": "per_device_train_batch_size",
    "num_layer_trainable": "freeze_trainable_layers",
    "name_module_trainable": "freeze_trainable_modules",
}
