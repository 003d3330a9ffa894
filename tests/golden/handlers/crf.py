"""Dense CRF, IRN's confident labels and the merge with masks."""

import re
from dataclasses import replace

import numpy as np

from mmwsss.ops.dense_crf import PROTOCOLS, DenseCRF, label_unary, softmax_unary
from mmwsss.refiners import CRF, IRLabels, sam_vote
from mmwsss.structures import Seeds
from tests.golden.handlers import NUMBER, handles, numbers
from tests.golden.tolerance import tolerance


@handles('refine', 'crf')
def crf(spec, arrays, folder):
    image, probs, labels = (arrays[f'in_{name}'] for name in ('image', 'probs', 'labels'))
    number = len(probs)
    unary = softmax_unary(probs)
    confident = label_unary(labels, number, *numbers(spec['notes'], rf'gt_prob {NUMBER}'))
    # The clause about Q states the agreement of the labels, too.
    close = replace(tolerance(spec, 'q:'), agreement=1.0)
    results = {}
    for output, protocol, order in (
        ('psa_q', PROTOCOLS['psa'], 'rgb'),
        ('psa_q_t1', PROTOCOLS['psa_rw'], 'rgb'),
        ('psa_scale12_q', PROTOCOLS['psa'].scaled(12), 'rgb'),
        ('mctseg_q', PROTOCOLS['mct_seg'], 'rgb'),
        ('deeplab_q', PROTOCOLS['deeplab'], 'rgb'),
        ('deeplab_bgr_q', PROTOCOLS['deeplab'], 'bgr'),
    ):
        got, expected = DenseCRF(image, number, protocol, order)(unary), arrays[f'out_{output}']
        results[output] = (got, expected, close)
        agree = tolerance({'tolerance': re.search(r'agreement >= [0-9.]+%', spec['tolerance'])[0]})
        results[f'{output} labels'] = (got.argmax(0), expected.argmax(0), agree)
    irn = DenseCRF(image, number, 'irn')(confident).argmax(0)
    results['irn_label'] = (irn, arrays['out_irn_label'], tolerance(spec, 'irn_label'))
    for name, energies in (('softmax', unary), ('labels', confident)):
        expected = arrays[f'out_unary_{name}']
        got = energies.reshape(number, -1)[:, : expected.shape[1]]
        results[f'unary_{name}'] = (got, expected, close)
    return results


@handles('refine', 'crf_alpha')
def crf_alpha(spec, arrays, folder):
    keys = arrays['in_keys']
    seeds = Seeds(keys, arrays['in_cams'])
    alphas = [int(name[9:]) for name in arrays if re.fullmatch(r'out_alpha\d+', name)]
    results = {}
    refined = CRF(alpha=alphas[0]).with_alphas(arrays['in_image'], seeds, alphas)
    for alpha, got in zip(alphas, refined, strict=True):
        scores = np.concatenate([got.background[None], got.scores])
        name = f'alpha{alpha}'
        results[name] = (scores, arrays[f'out_{name}'], tolerance(spec, 'q:'))
        expected = arrays[f'out_{name}_label']
        results[f'{name}_label'] = (got.to_mask(), expected, tolerance(spec, 'label'))
    single = CRF(alpha=alphas[0])(arrays['in_image'], seeds)
    results['single'] = (single.scores, refined[0].scores, tolerance(spec, 'q:'))
    return results


@handles('refine', 'irn_ir_label')
def irn_ir_label(spec, arrays, folder):
    seeds = Seeds(arrays['in_keys'], arrays['in_cams'])
    results = {}
    for name, high, low in re.findall(rf'(\w+): {NUMBER}/{NUMBER}', spec['notes']):
        got = IRLabels(high=float(high), low=float(low))(arrays['in_image'], seeds)
        results[f'label_{name}'] = (
            got,
            arrays[f'out_label_{name}'],
            tolerance(spec, f'label_{name}'),
        )
    return results


@handles('refine', 'sam_merge')
def sam_merge(spec, arrays, folder):
    return {
        rule: (
            sam_vote(arrays['in_pred'], arrays['in_masks'], rule),
            arrays[f'out_{rule}'],
            tolerance(spec, rule),
        )
        for rule in ('max_iou', 'max_iou_imp', 'max_iou_imp2')
    }
