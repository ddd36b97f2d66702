"""The keys of a LLaMA-Factory file that are known and not used here, with what happens instead; in groups."""

from dataclasses import dataclass

from taskfit.core.text import Text

OFF = (None, False, "", "none", "no", "False", "false")


@dataclass(frozen=True)
class Group:
    """Keys of one fate. `idle` keys are accepted with any value; the others only with a value that is `off`."""

    what: Text
    names: tuple[str, ...]
    idle: bool = True
    off: tuple[object, ...] = OFF


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


IDLE = (
    Group(
        Text("for images, sound and video; models of text are trained here", "用于图像、语音、视频；此处训练文本模型"),
        _words(
            "media_dir image_max_pixels image_min_pixels image_do_pan_and_scan crop_to_patches video_max_pixels "
            "video_min_pixels video_fps video_maxlen use_audio_in_video audio_sampling_rate freeze_vision_tower "
            "freeze_multi_modal_projector freeze_language_model"
        ),
    ),
    Group(
        Text(
            "for answering, not for training; here answers are greedy, so that results repeat",
            "用于生成而非训练；此处生成采用贪心解码，结果可复现",
        ),
        _words(
            "do_predict predict_with_generate do_sample temperature top_p top_k num_beams max_length max_new_tokens "
            "repetition_penalty length_penalty skip_special_tokens eval_num_beams generation_max_length "
            "generation_num_beams generation_config sortish_sampler use_kv_cache use_cache preserve_thinking"
        ),
    ),
    Group(
        Text("for exporting, not for training", "用于导出而非训练"),
        _words(
            "export_dir export_size export_device export_quantization_bit export_quantization_dataset "
            "export_quantization_nsamples export_quantization_maxlen export_legacy_format export_hub_model_id"
        ),
    ),
    Group(
        Text("for serving, not for training", "用于推理服务而非训练"),
        _words(
            "infer_backend infer_dtype offload_folder vllm_maxlen vllm_gpu_util vllm_enforce_eager vllm_max_lora_rank "
            "vllm_config sglang_maxlen sglang_mem_fraction sglang_tp_size sglang_config sglang_lora_backend"
        ),
    ),
    Group(
        Text(
            "for LLaMA-Factory's benchmark verb; see taskfit climb", "用于 LLaMA-Factory 的评测命令；请见 taskfit climb"
        ),
        _words("task task_dir batch_size lang n_shot save_dir download_mode"),
    ),
    Group(
        Text("for preferences, which the stages pt and sft do not read", "用于偏好对齐，pt 与 sft 阶段不读取"),
        _words(
            "pref_beta pref_ftx pref_bco_weight pref_loss dpo_label_smoothing kto_chosen_weight kto_rejected_weight "
            "simpo_gamma ppo_buffer_size ppo_epochs ppo_score_norm ppo_target ppo_whiten_rewards ref_model "
            "ref_model_adapters ref_model_quantization_bit reward_model reward_model_adapters "
            "reward_model_quantization_bit reward_model_type ld_alpha"
        ),
    ),
    Group(
        Text("an optimizer that is not here: 'optim' decides (AdamW)", "此处没有该优化器：由 'optim' 决定（AdamW）"),
        _words(
            "use_galore galore_target galore_rank galore_update_interval galore_scale galore_proj_type "
            "galore_layerwise use_apollo apollo_target apollo_rank apollo_update_interval apollo_scale apollo_proj "
            "apollo_proj_type apollo_scale_type apollo_layerwise apollo_scale_front use_badam badam_mode "
            "badam_start_block badam_switch_mode badam_switch_interval badam_update_ratio badam_mask_mode "
            "badam_verbose use_adam_mini use_muon optim_args optim_target_modules loraplus_lr_embedding"
        ),
    ),
    Group(
        Text(
            "another engine for the same mathematics: here it is our own loop, under torchrun on several devices",
            "同样计算的另一种引擎：此处用自己的训练循环，多设备用 torchrun 启动",
        ),
        _words(
            "use_mca use_megatron_bridge use_hyper_parallel hyper_parallel_args hyper_parallel_cp_size use_kt "
            "kt_cpu_activation kt_weight_path kt_non_expert_weight_path kt_expert_checkpoint_path kt_use_lora_experts "
            "kt_lora_expert_num kt_lora_expert_intermediate_size kt_config tensor_model_parallel_size "
            "pipeline_model_parallel_size expert_model_parallel_size context_parallel_size "
            "virtual_pipeline_model_parallel_size sequence_parallel recompute_granularity recompute_method "
            "recompute_num_layers account_for_embedding_in_pipeline_split account_for_loss_in_pipeline_split "
            "bias_activation_fusion apply_rope_fusion masked_softmax_fusion cross_entropy_loss_fusion "
            "moe_grouped_gemm moe_token_dispatcher_type calculate_per_token_loss use_distributed_optimizer "
            "overlap_param_gather overlap_grad_reduce use_packed_sequences mixed_precision "
            "megatron_pretrained_checkpoint export_hf_on_finish extra_config ray_num_workers ray_init_kwargs "
            "master_addr master_port"
        ),
    ),
    Group(
        Text(
            "for several devices: start with torchrun; the same loop shares the rows of each step",
            "多设备：用 torchrun 启动，同一循环分担每步的行",
        ),
        _words(
            "deepspeed fsdp_config ddp_timeout ddp_backend ddp_find_unused_parameters ddp_bucket_cap_mb "
            "ddp_broadcast_buffers ddp_static_graph local_rank accelerator_config parallelism_config "
            "average_tokens_across_devices log_on_each_node save_on_each_node"
        ),
    ),
    Group(
        Text(
            "a faster kernel: here no padding is computed and logits only where something is learned, everywhere",
            "加速内核：此处始终不计算填充，只在需要学习处计算 logits",
        ),
        _words(
            "flash_attn use_unsloth use_unsloth_gc enable_liger_kernel use_liger_kernel liger_kernel_config "
            "use_v1_kernels use_reentrant_gc gradient_checkpointing_kwargs activation_checkpointing_kwargs "
            "torch_compile torch_compile_backend torch_compile_mode use_ipex jit_mode_eval"
        ),
    ),
    Group(
        Text(
            "nothing is padded here: rows stand side by side and never see each other (as with neat_packing)",
            "此处没有填充：各行并排存放且互不可见（等同 neat_packing）",
        ),
        _words(
            "packing neat_packing ignore_pad_token_for_loss group_by_length length_column_name train_sampling_strategy"
        ),
    ),
    Group(
        Text("computed in float32, or in bfloat16 with 'bf16: true'", "以 float32 计算；设 'bf16: true' 则用 bfloat16"),
        _words(
            "fp16 fp16_opt_level half_precision_backend tf32 fp8 fp8_backend fp8_enable_fsdp_float8_all_gather "
            "bf16_full_eval fp16_full_eval upcast_layernorm upcast_lmhead_output"
        ),
    ),
    Group(
        Text("rows are read once, by this process, into memory", "数据由本进程一次读入内存"),
        _words(
            "preprocessing_num_workers preprocessing_batch_size dataloader_num_workers dataloader_pin_memory "
            "dataloader_persistent_workers dataloader_prefetch_factor dataloader_multiprocessing_context "
            "dataloader_in_order overwrite_cache data_shared_file_system tokenized_path streaming buffer_size "
            "cache_dir remove_unused_columns label_names"
        ),
    ),
    Group(
        Text(
            "each epoch takes all rows in an order that is a function of the seed; the last, smaller step counts, too",
            "每轮使用全部行，顺序由种子决定；最后不足一批的行也参与训练",
        ),
        _words("disable_shuffling data_seed dataloader_drop_last full_determinism"),
    ),
    Group(
        Text(
            "a run in the same folder goes on by itself where it stopped; the newest, last and best checkpoints are kept",
            "同一目录的运行会自动从停下处继续；保留最新、最后与最佳检查点",
        ),
        _words(
            "resume_from_checkpoint ignore_data_skip restore_callback_states_from_checkpoint save_total_limit "
            "save_only_model save_safetensors enable_jit_checkpoint auto_find_batch_size"
        ),
    ),
    Group(
        Text("nothing is uploaded", "不会上传任何内容"),
        _words(
            "push_to_hub hub_token hub_private_repo hub_model_id hub_strategy hub_always_push hub_revision "
            "push_to_hub_model_id push_to_hub_organization push_to_hub_token"
        ),
    ),
    Group(
        Text(
            "tokens for hubs come from the environment (HF_TOKEN), not from files",
            "hub 令牌来自环境变量（HF_TOKEN），不从文件读取",
        ),
        _words("hf_hub_token ms_hub_token om_hub_token"),
    ),
    Group(
        Text(
            "the truth is events.jsonl and trainer_log.jsonl in the folder",
            "以目录中的 events.jsonl 与 trainer_log.jsonl 为准",
        ),
        _words(
            "report_to run_name project trackio_space_id trackio_bucket_id trackio_static_space_id use_swanlab "
            "swanlab_project swanlab_workspace swanlab_run_name swanlab_mode swanlab_api_key swanlab_logdir "
            "swanlab_lark_webhook_url swanlab_lark_secret logging_dir logging_first_step logging_nan_inf_filter "
            "log_level log_level_replica disable_tqdm include_num_input_tokens_seen "
            "include_effective_tokens_per_second include_tokens_per_second plot_loss print_param_status "
            "skip_memory_metrics debug"
        ),
    ),
    Group(
        Text("for profiling", "用于性能分析"),
        _words(
            "enable_torch_profiler profiler_output_dir profiler_wait_steps profiler_warmup_steps "
            "profiler_active_steps profiler_repeat profiler_record_shapes profiler_profile_memory "
            "profiler_with_stack profile_modules"
        ),
    ),
    Group(
        Text("what is measured on dev rows is the loss per token", "在 dev 数据上测量的是每 token 损失"),
        _words(
            "metric_for_best_model greater_is_better compute_accuracy per_device_eval_batch_size eval_delay "
            "eval_on_start eval_accumulation_steps eval_do_concat_batches eval_use_gather_object eval_on_each_dataset "
            "include_for_metrics include_inputs_for_metrics batch_eval_metrics prediction_loss_only"
        ),
    ),
    Group(
        Text("code that comes with a model is never run", "绝不运行模型自带的代码"),
        _words("trust_remote_code"),
    ),
    Group(
        Text(
            "how the model is loaded and quantised is decided here (4 bits are always doubly quantised)",
            "模型的加载与量化方式由此处决定（4 位始终双重量化）",
        ),
        _words(
            "use_fast_tokenizer low_cpu_mem_usage torch_empty_cache_steps use_cpu no_cuda use_mps_device "
            "quantization_device_map double_quantization moe_aux_loss_coef quantization_method"
        ),
    ),
    Group(
        Text("the PiSSA adapter is saved as it was trained", "PiSSA 适配器按训练时的形式保存"),
        _words("pissa_convert"),
    ),
    Group(
        Text("OFT is not here", "此处没有 OFT"),
        _words("module_dropout oft_rank oft_block_size oft_target"),
    ),
    Group(
        Text("a new adapter is made in any case", "总会新建适配器"),
        _words("create_new_adapter"),
    ),
    Group(
        Text("a part of a key that is refused when it is on", "仅在相应功能开启时有意义，而该功能会被拒绝"),
        _words("asft_alpha eaft_alpha init_special_tokens"),
    ),
)

ONLY_OFF = (
    Group(
        Text("another loss than cross-entropy would learn something else", "不同于交叉熵的损失会学到不同的东西"),
        _words("use_dft_loss use_asft_loss use_eaft_loss"),
        idle=False,
    ),
    Group(
        Text("it would change the model itself, which stays as it is here", "这会改变模型结构；此处模型结构保持不变"),
        _words("rope_scaling shift_attn mixture_of_depths use_llama_pro"),
        idle=False,
    ),
    Group(
        Text("the vocabulary of the model stays as it is", "模型的词表保持不变"),
        _words("resize_vocab add_tokens add_special_tokens new_special_tokens_config split_special_tokens"),
        idle=False,
    ),
    Group(
        Text(
            "training goes on from a whole model: merge the adapter into its base first",
            "训练从完整模型开始：请先把适配器合并进基座",
        ),
        _words("adapter_name_or_path adapter_folder"),
        idle=False,
    ),
    Group(
        Text("a new model is made with 'new' in a recipe of taskfit", "新模型请用 taskfit 配方中的 'new' 创建"),
        _words("train_from_scratch"),
        idle=False,
    ),
    Group(
        Text("only the newest version of a hub model is fetched", "只下载 hub 模型的最新版本"),
        _words("model_revision"),
        idle=False,
        off=(*OFF, "main"),
    ),
    Group(
        Text("whole layers are trained, no modules of them", "训练整层，而不是层内的部分模块"),
        _words("freeze_trainable_modules freeze_extra_modules"),
        idle=False,
        off=(*OFF, "all"),
    ),
)
