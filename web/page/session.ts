/** What all views share. */
import type { DataFacts } from '../worker/data.js';
import type { ModelFacts } from '../worker/models.js';
import { createStore } from './store.js';

/** The data set that is open. */
export const openedData = createStore<DataFacts | undefined>(undefined);

/** The model that is open. */
export const openedModel = createStore<ModelFacts | undefined>(undefined);
