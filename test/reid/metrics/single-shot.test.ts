import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluateSingleShot } from '../../../reid/metrics/single-shot.js';
import { loadJson } from '../../fixture.js';
import { uniformAt } from '../../golden/fill.js';
import { randomCase } from './random-case.js';
import { rowsOf } from './worked-case.js';

/** Every way to draw one of each list. */
function* allDraws(lists: readonly (readonly number[])[]): Generator<number[]> {
  if (lists.length === 0) yield [];
  else for (const rest of allDraws(lists.slice(1))) for (const one of lists[0]) yield [one, ...rest];
}

test('exact is the mean over every possible gallery', async () => {
  for (let round = 0; round < 8; round++) {
    const { matrix, query, gallery } = randomCase(`shot${round}`, 5, 14, 6);
    const sums = new Array<number>(4).fill(0);
    let valid = 0;
    for (let q = 0; q < 5; q++) {
      const kept = Array.from({ length: 14 }, (_, g) => g).filter(
        (g) => !(gallery.identities[g] === query.identities[q] && gallery.cameras[g] === query.cameras[q]),
      );
      const lists = [0, 1, 2, 3, 4]
        .map((id) => kept.filter((g) => gallery.identities[g] === id))
        .filter((l) => l.length > 0);
      if (!kept.some((g) => gallery.identities[g] === query.identities[q])) continue;
      valid++;
      const draws = [...allDraws(lists)];
      for (const draw of draws) {
        const own = draw.find((g) => gallery.identities[g] === query.identities[q])!;
        const d = (g: number) => matrix[q * 14 + g];
        const rank = draw.filter((g) => d(g) < d(own) || (d(g) === d(own) && g < own)).length;
        for (let k = rank; k < 4; k++) sums[k] += 1 / draws.length;
      }
    }
    if (valid === 0) continue;
    const got = await evaluateSingleShot(rowsOf(matrix, 14), query, gallery, { maxRank: 4 });
    assert.is(got.valid, valid);
    got.cmc.forEach((share, k) => {
      assert.ok(Math.abs(share - sums[k] / valid) < 1e-12, `${share} is not ${sums[k] / valid}`);
    });
  }
});

test('draws come near to the expectation, and the same seed gives the same', async () => {
  const { matrix, query, gallery } = randomCase('draws', 6, 60, 30);
  const run = (options: Parameters<typeof evaluateSingleShot>[3]) =>
    evaluateSingleShot(rowsOf(matrix, 60), query, gallery, { maxRank: 5, ...options });
  const exact = await run({});
  const many = await run({ draws: 3000 });
  many.cmc.forEach((share, k) => {
    // Four standard deviations of a share over 3,000 draws of some queries.
    const deviation = Math.sqrt(0.25 / 3000 / exact.valid);
    assert.ok(Math.abs(share - exact.cmc[k]) < 4 * deviation, `${share} is not ${exact.cmc[k]}`);
  });
  assert.equal(await run({ draws: 10, seed: 3 }), await run({ draws: 10, seed: 3 }));
  assert.not.equal((await run({ draws: 10, seed: 3 })).cmc, (await run({ draws: 10, seed: 4 })).cmc);
});

test('golden draws of two frameworks, with a portable choice', async () => {
  const { allshots } = (await loadJson('eval-protocols.json')) as {
    allshots: (Record<'cuhk03' | 'cuhk03_separate', { cmc: number[]; choices_used: number }> & { seed: number })[];
  };
  const { cases } = (await loadJson('eval-ranking.json')) as {
    cases: (Record<'q_pids' | 'g_pids' | 'q_cams' | 'g_cams', number[]> & { dist: { cosine: { data: number[] } } })[];
  };
  for (const [i, golden] of cases.entries()) {
    for (const [protocol, want] of [
      ['market1501', allshots[i].cuhk03],
      ['separate-cameras', allshots[i].cuhk03_separate],
    ] as const) {
      const choice = uniformAt(`${allshots[i].seed}/choice`);
      let used = 0;
      const { cmc } = await evaluateSingleShot(
        rowsOf(Float32Array.from(golden.dist.cosine.data), golden.g_pids.length),
        { identities: golden.q_pids, cameras: golden.q_cams },
        { identities: golden.g_pids, cameras: golden.g_cams },
        { protocol, draws: 10, random: () => choice(used++), junkIdentity: null, maxRank: want.cmc.length },
      );
      assert.is(used, want.choices_used);
      cmc.forEach((share, k) => {
        assert.ok(Math.abs(share - want.cmc[k]) <= 1e-6, `${protocol} ${k}: ${share} is not ${want.cmc[k]}`);
      });
    }
  }
});

test('wrong options are refused', async () => {
  const { matrix, query, gallery } = randomCase(0);
  const fails = async (options: Parameters<typeof evaluateSingleShot>[3]) => {
    try {
      await evaluateSingleShot(rowsOf(matrix, 60), query, gallery, options);
    } catch (error) {
      return (error as Error).message;
    }
    return 'nothing';
  };
  assert.match(await fails({ draws: 0 }), /draws .* got 0/);
  assert.match(await fails({ maxRank: 0 }), /maxRank/);
});

test.run();
