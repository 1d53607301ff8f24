import { clusterCalls } from './cluster.js';
import { dataCalls } from './data.js';
import { evaluateCalls } from './evaluate.js';
import { featureMapCalls } from './feature-map.js';
import { galleryCalls } from './gallery.js';
import { galleryAddCalls } from './gallery-add.js';
import { handedFilesCalls } from './handed-files.js';
import { lookCalls } from './looks.js';
import { machineCalls } from './machine.js';
import { modelCalls } from './models.js';
import { runCalls } from './runs.js';
import { searchCalls } from './search.js';
import { trainCalls } from './train.js';
import { turnCalls } from './turn.js';

/** Everything that the page can ask for. A view adds its calls here. */
export const api = {
  ...machineCalls,
  ...handedFilesCalls,
  ...dataCalls,
  ...modelCalls,
  ...runCalls,
  ...trainCalls,
  ...evaluateCalls,
  ...lookCalls,
  ...featureMapCalls,
  ...galleryCalls,
  ...galleryAddCalls,
  ...searchCalls,
  ...clusterCalls,
  ...turnCalls,
};

export type Api = typeof api;
