import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeAfter } from '../../engine/device.js';
import { loadJson } from '../../fixture.js';
import { agglomerativeCases, densityCases, mergingCases, scoreCases } from '../../parity/evaluation-clustering.js';
import type {
  GoldenAgglomerative,
  GoldenClusterScores,
  GoldenJaccard,
  GoldenMerging,
} from '../../parity/evaluation-golden.js';

closeAfter(test);

const golden = (await loadJson('eval-clustering.json')) as {
  readonly jaccard_dbscan: readonly GoldenJaccard[];
  readonly agglomerative: readonly GoldenAgglomerative[];
  readonly cluster_scores: readonly GoldenClusterScores[];
  readonly bottom_up_clustering: readonly GoldenMerging[];
};

const cases = Object.entries({
  ...Object.assign({}, ...golden.jaccard_dbscan.map(densityCases), ...golden.agglomerative.map(agglomerativeCases)),
  ...scoreCases(golden.cluster_scores),
} as ReturnType<typeof scoreCases>);

for (const [name, check] of cases) {
  test(`golden ${name}`, async () => {
    const checks = Object.entries(await check());
    assert.ok(checks.length > 0);
    for (const [what, { reason }] of checks) assert.is(reason, undefined, `${what}: ${reason}`);
  });
}

for (const { id, run } of mergingCases('golden', golden.bottom_up_clustering)) {
  test(id, async () => assert.equal(await run().then(({ status, reason }) => [status, reason]), ['pass', undefined]));
}

test.run();
