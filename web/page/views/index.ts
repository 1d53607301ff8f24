import type { View } from '../view.js';
import { cluster } from './cluster.js';
import { evaluate } from './evaluate.js';
import { search } from './search.js';
import { train } from './train.js';
import { turn } from './turn.js';

/** Every view, in the order of the tabs. A new view is added here. */
export const views: readonly View[] = [train, evaluate, search, cluster, turn];
