import type { Module } from '../../../engine/nn/index.js';
import { type ImportRow, importState, type StoredWeights } from './import.js';

/** The classifiers of ImageNet's thousand classes, under the names that the public files have. */
const CLASSIFIER = /^(fc|classifier|last_linear|AuxLogits)\./;

/** Old files of DenseNet write `norm.1`, `conv.2`; PyTorch's own newer ones too. */
const DENSE = /(denselayer\d+\.(?:norm|relu|conv))\.([12])\./;

/**
 * Takes over ImageNet's weights into a backbone: files of torchvision (`resnet50-….pth` and the like) and others of the same
 * names. Classifiers are left out unless the backbone has one of the same name.
 *
 * @example
 *   const rows = importImageNet(model.backbone, (await readPth(bytes, 'resnet50.pth')).value);
 *   console.log(importTable(rows));
 *
 * @throws FormatError where nothing fits
 */
export function importImageNet(backbone: Module, checkpoint: StoredWeights): ImportRow[] {
  const own = new Set([...backbone.entries()].map(([name]) => name));
  return importState(backbone, checkpoint, {
    rename: (name) => {
      const target = name.replace(DENSE, '$1$2.');
      return CLASSIFIER.test(target) && !own.has(target) ? undefined : target;
    },
  });
}
