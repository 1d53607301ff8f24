import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { UsageError } from '../../cli/command.js';
import { withOptionFile } from '../../cli/fgreid-option-file.js';
import { baseline, fgreidImage, fgreidImageSmall, fgreidVideo } from '../../reid/recipes/index.js';
import { folderFor } from './command-line.js';

const folder = folderFor(test);

/** The one section that was released. */
const RELEASED = `[dataset]
alpha = 2.0708620427781153
sigma = 0.1985923780643122
l = 0.483491099945938
gamma = 0.4972545632405633
margin = 0.00020750171830713216
beta_ratio = 0.14033231327559872
var_weight = 0.0006818137374953562
H2_weight = 1
batch_size = 32
`;

function written(text: string): string {
  const file = join(folder, 'options.conf');
  writeFileSync(file, text);
  return file;
}

test('the released section gives the recipe as it is; another one is chosen by its name', async () => {
  const file = written(RELEASED);
  assert.equal(await withOptionFile(fgreidVideo, file), fgreidVideo);
  const two = `# both\r\n[DEFAULT]\r\nweight_decay: 0.5\r\n${RELEASED}[mars]\nalpha=1\nsigma=0.5\nl=0.25\ngamma=1e-1\nmargin=0\nbeta_ratio=1\n`;
  const { loss, schedule, optimiser } = await withOptionFile(fgreidImage, written(two), 'mars');
  const weights = { var_weight: 1e-5, lsr_weight: 1, lcn_weight: 1 };
  assert.equal(loss, { alpha: 1, sigma: 0.5, l: 0.25, margin: 0, beta_ratio: 1, ...weights });
  assert.equal([schedule, optimiser.weightDecay], [{ ...fgreidImage.schedule, gamma: 0.1 }, 0.5]);
  const small = await withOptionFile(fgreidImageSmall, written(RELEASED));
  assert.equal(small.schedule, fgreidImageSmall.schedule, 'no gamma where the rate falls otherwise');
});

test('a wrong file is told by its line and key', async () => {
  const refused = async (text: string, pattern: RegExp, section?: string) => {
    const error = await withOptionFile(fgreidImage, written(text), section).catch((caught: Error) => caught);
    assert.ok(error instanceof UsageError && pattern.test(error.message), String(error));
  };
  await refused(RELEASED.replace('alpha', 'alhpa'), /line 2: FGReID has no option alhpa\. Did you mean alpha/);
  await refused(RELEASED.replace('l = ', 'l = x'), /line 4: l must be a number, not "x0/);
  await refused(RELEASED.replace(/sigma = .*/, 'sigma = '), /line 3: sigma must be a number, not ""/);
  await refused(RELEASED.replace('beta_ratio = 0', 'beta_ratio = 2'), /line 7: beta_ratio: .*from 0 to 1/);
  await refused(RELEASED.replace(/margin.*/, ''), /has no margin/);
  await refused(RELEASED.replace('[dataset]', ''), /line 2: alpha comes before a section/);
  await refused(RELEASED.replace(' = ', ' '), /line 2: "alpha 2.*neither/);
  await refused(RELEASED, /--section mars: .*\[dataset\]/, 'mars');
  await refused(`${RELEASED}[mars]\n`, /2 sections, \[dataset\], \[mars\].*--section dataset/);
  const file = written(RELEASED);
  const errors = [withOptionFile(baseline, file), withOptionFile(fgreidImage, join(folder, 'none'))];
  const [wrong, absent] = await Promise.all(errors.map((error) => error.catch((caught: Error) => caught)));
  assert.match(String(wrong), /for the recipes fgreid/);
  assert.match(String(absent), /there is no such file/);
});

test.run();
