import { openGpu } from '../engine/index.js';
import type { Module } from '../engine/nn/index.js';
import { scope } from '../engine/scope.js';
import { GAM, GAMTrunk } from '../reid/models/gam.js';
import { CBAM_R50, GAM_DENSE, GAM_LATE, GAM_R50, type GAMOptions } from '../reid/models/gam-options.js';
import type { AnyRecipe } from '../reid/recipes/index.js';
import { buildModel } from '../reid/training/model.js';

const count = (model: Module): number =>
  model.parameters().reduce((sum, { size, requiresGrad }) => sum + (requiresGrad ? size : 0), 0);

/** A network and how many numbers it trains. */
interface Counted {
  readonly name: string;
  readonly parameters: number;
}

/** How much smaller one network is than another. */
interface Saving {
  readonly what: string;
  readonly share: number;
}

interface Counts {
  readonly networks: readonly Counted[];
  readonly savings: readonly Saving[];
}

/** Trunks of ResNet-50's size, as the paper's 59.6 % is read: groups in all stages, or in the last two and without parameters in the gate. */
export function gamCounts(): Counts {
  const all = (options: GAMOptions) => ({ ...GAM_R50, ...options });
  const trunk = (options: GAMOptions) => scope(() => count(new GAMTrunk(all(options))));
  const whole = (options: GAMOptions) => scope(() => count(new GAM(all(options))));
  const plain = trunk({ ...GAM_DENSE, attentionIn: 'none' });
  const cbam = trunk(CBAM_R50);
  const dense = trunk(GAM_DENSE);
  const gam = trunk(GAM_R50);
  const late = trunk({ ...GAM_LATE, attentionIn: 'none' });
  const head = whole(GAM_R50) - gam;
  const filters = trunk(GAM_LATE) - late;
  const networks = [
    { name: 'ResNet-50, plain', parameters: plain },
    { name: 'ResNet-50 with CBAM', parameters: cbam },
    { name: 'gam-r50 without groups', parameters: dense },
    { name: 'gam-r50', parameters: gam },
    { name: 'gam-late without attention', parameters: late },
    { name: 'embedding head', parameters: head },
    { name: 'gam-r50 with head', parameters: gam + head },
  ];
  const saving = (what: string, from: number, to: number) => ({ what, share: (from - to) / from });
  return {
    networks,
    savings: [
      saving('gam-r50 against ResNet-50 with CBAM', cbam, gam),
      saving('gam-r50 against itself without groups', dense, gam),
      saving('gam-r50 against plain ResNet-50', plain, gam),
      saving('gam-late with head against plain ResNet-50 with head', plain + head, late + head),
      saving('the same with the filters of its attention', plain + head, late + head + filters),
    ],
  };
}

/** What `--report-parameters` prints: of the recipe's model, and of GAM beside what its paper counts. */
export async function parameterReport(recipe: AnyRecipe, json = false): Promise<string> {
  const gpu = await openGpu();
  try {
    const own = scope(() => count(buildModel(recipe, 1)));
    const counts = recipe.model.kind === 'gam' ? gamCounts() : { networks: [], savings: [] };
    if (json) return JSON.stringify({ recipe: recipe.name, parameters: own, ...counts }, null, 2);
    const number = (n: number) => n.toLocaleString('en').replaceAll(',', ' ').padStart(11);
    const share = (part: number) => `${(100 * part).toFixed(1)} % (${(100 * part).toFixed(3)})`;
    const note =
      recipe.model.kind === 'gam' || !('sampler' in recipe && 'cover' in recipe.sampler) ? '' : ' with one identity';
    return [
      `${recipe.name}: ${number(own).trim()} trained parameters${note}`,
      ...(counts.networks.length > 0 ? ['', 'At the size of ResNet-50:'] : []),
      ...counts.networks.map(({ name, parameters }) => `  ${number(parameters)}  ${name}`),
      ...(counts.savings.length > 0 ? ['', 'Fewer parameters:'] : []),
      ...counts.savings.map(({ what, share: part }) => `  ${share(part).padEnd(16)}  ${what}`),
    ].join('\n');
  } finally {
    gpu.close();
  }
}
