import type { ImageRecord } from '../../../datasets/index.js';
import type { Tensor } from '../../../engine/tensor.js';
import { FGReID } from '../../models/fgreid/fgreid.js';
import type { HeatMap } from '../drawing/heatmap.js';
import { activationMaps } from '../looking/activation-map.js';
import { attentionMaps } from '../looking/attention-map.js';
import { type FGReIDLook, fgreidAttention, fgreidLooks } from '../looking/fgreid-attention.js';
import { attentionLayers, lastMapLayer, type NamedLayer } from '../looking/map-layer.js';
import { inEvalMode, type LookOptions, lookAt } from './looks.js';

/** One map for each of some records. */
export interface LookColumn {
  /** The module or what else the maps are of. */
  readonly name: string;
  /** What the maps show, in a sentence. */
  readonly about: string;
  /** [h, w] for each record. */
  readonly maps: readonly HeatMap[];
}

/** Sees pictures, some at a time, and gives the columns at the end. */
interface Looker {
  see(images: Tensor): Promise<void>;
  columns(): LookColumn[];
}

export type RecordLookOptions = Pick<LookOptions, 'gpu' | 'model' | 'dataset' | 'input'> & {
  /** Whether the records are frames of one clip. */
  readonly together?: boolean;
  /** Attention modules; default: those that {@link attentionLayers} finds. */
  readonly layers?: readonly NamedLayer[];
  /** Nothing for models without attention. */
  readonly attentionOnly?: boolean;
};

/**
 * Where a model looks in pictures: FGReID's own attention; what each attention module of other models lets through; of a model
 * without any, how strong its last map is. Empty where a model has no map at all.
 */
export async function recordLooks(options: RecordLookOptions, records: readonly ImageRecord[]): Promise<LookColumn[]> {
  const { model, together = false, layers } = options;
  let looker: Looker | undefined;
  await inEvalMode(model, () =>
    lookAt(options, records, async (images) => {
      looker ??= model instanceof FGReID && !layers ? fgreidLooker(model, together) : layerLooker(options, images);
      await looker.see(images);
    }),
  );
  return looker?.columns() ?? [];
}

function fgreidLooker(model: FGReID, together: boolean): Looker {
  const looks: FGReIDLook[] = [];
  return {
    see: async (images) => {
      looks.push(...(await fgreidLooks(model, images)));
    },
    columns: () => [
      {
        name: 'attention',
        about:
          'How much more than least each place has of the channels that are strong in the picture, before the sigmoid.',
        maps: fgreidAttention(looks, together),
      },
    ],
  };
}

function layerLooker({ model, attentionOnly, layers: given }: RecordLookOptions, first: Tensor): Looker {
  const layers = given ?? attentionLayers(model, first);
  const last = layers.length > 0 || attentionOnly ? undefined : lastMapLayer(model, first);
  const seen: HeatMap[][] = [];
  const keep = (maps: readonly (readonly HeatMap[])[]) => {
    for (const [i, some] of maps.entries()) seen[i] = [...(seen[i] ?? []), ...some];
  };
  const forward = (images: Tensor) => model.forward(images);
  return {
    see: async (images) => {
      const modules = layers.map(({ module }) => module);
      if (modules.length > 0) keep(await attentionMaps({ images, layers: modules, forward }));
      else if (last) keep([await activationMaps(last.module, images, forward)]);
    },
    columns: () =>
      seen.map((maps, i) =>
        last
          ? { name: `strength of ${last.name}`, about: `How strong the map of ${last.name} is at each place.`, maps }
          : { name: layers[i]!.name, about: `How much ${layers[i]!.name} lets through at each place.`, maps },
      ),
  };
}
