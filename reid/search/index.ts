/** Hyper-parameter search: spaces, random settings, successive halving, validation by training identities. */
export { epochsOf, type HalvingOptions, halvingRungs, type Ranked, type Rung, survivors } from './halving.js';
export { type Outcome, outcomesOf, outcomeTable, type RungResult } from './outcome.js';
export { renderSearch, type SearchPage } from './page.js';
export { changesOf, drawSetting, parseSearchKey, type SearchKey, type Setting } from './range.js';
export { drawSettings, joinSpaces, parseSpaceFile, SPACES, spaceCalled } from './space.js';
export { type ValidationOptions, validationSplit } from './validation-split.js';
