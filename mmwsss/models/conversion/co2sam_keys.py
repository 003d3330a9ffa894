"""Names in Co2SAM's checkpoints."""

from mmwsss.models.conversion.checkpoint_format import CheckpointFormat, Rules
from mmwsss.models.one_stage import Co2SAM

CO2SAM_RULES: Rules = (
    (r'^(module\.|_forward_module\.)*(model\.)?', ''),
    (r'^image_encoder\.', 'backbone.'),
    (r'\.attn\.qkv\.qkv\.', '.attn.qkv.base.'),
    (r'\.linear_a_([qv])\.', r'.lora_\1.down.'),
    (r'\.linear_b_([qv])\.', r'.lora_\1.up.'),
    (r'^', 'sam.'),
)


def _format(arch: str, letter: str) -> CheckpointFormat:
    return CheckpointFormat(
        summary=(
            f"network that Co2SAM's training saves with SAM ViT-{letter} (a file with 'model' and "
            "'optimizer'); becomes a state dict of Co2SAM, LoRA and SAM both."
        ),
        rules=CO2SAM_RULES,
        counterpart=lambda: Co2SAM(num_classes=20, sam=dict(arch=arch, save_all=True)),
    )


CO2SAM_FORMATS = {
    'co2sam': _format('vit_b', 'B'),
    'co2sam_vit-h': _format('vit_h', 'H'),
}
