import type { Finding, Split } from '../../../datasets/index.js';
import { sentence, whole } from '../../words.js';
import type { DataFacts } from '../../worker/data.js';
import { h } from '../dom.js';
import { notice } from './notice.js';
import { picturePart } from './picture.js';

const SPLIT_WORDS: readonly (readonly [Split, string])[] = [
  ['train', 'Training'],
  ['query', 'Queries'],
  ['gallery', 'Gallery'],
];

function table({ splits }: DataFacts): HTMLElement {
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      {},
      h('caption', { class: 'unseen' }, 'What the data set holds'),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['', 'Identities', 'Pictures', 'Cameras'].map((name) => h('th', { scope: 'col' }, name)),
        ),
      ),
      h(
        'tbody',
        {},
        SPLIT_WORDS.map(([split, words]) => {
          const { identities, images, cameras, junk } = splits[split];
          const each = cameras > 1 && cameras === images;
          return h(
            'tr',
            {},
            h('th', { scope: 'row' }, words),
            [whole(identities), whole(images - junk), each ? 'each its own' : whole(cameras)].map((cell) =>
              h('td', {}, cell),
            ),
          );
        }),
      ),
    ),
  );
}

/** Findings in the words of `node cli/check.js`, each with its advice and what it speaks of. */
function findingsPart(findings: readonly Finding[]): HTMLElement[] {
  const order = ['error', 'warning', 'note'];
  return [...findings]
    .sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level))
    .map(({ level, message, advice, items = [] }) => {
      const more =
        items.length > 1
          ? h(
              'details',
              {},
              h('summary', {}, `All ${whole(items.length)}`),
              h(
                'ul',
                { class: 'quiet' },
                items.slice(0, 200).map((item) => h('li', {}, item)),
              ),
            )
          : undefined;
      return notice(level, sentence(message), advice, ...(more ? [more] : []));
    });
}

/** What a data set holds, what is doubtful about it, and some of its pictures. */
export function dataSummary(facts: DataFacts): HTMLElement {
  return h(
    'div',
    { class: 'stack' },
    h('p', { class: 'quiet' }, facts.name),
    table(facts),
    facts.notes.map((note) => h('p', { class: 'quiet' }, sentence(note))),
    findingsPart(facts.findings),
    h(
      'details',
      { open: matchMedia('(min-width: 56rem)').matches },
      h('summary', {}, 'Some of its identities'),
      h(
        'ul',
        { class: 'pictures' },
        facts.examples.map(({ identity, paths }) =>
          h(
            'li',
            {},
            h(
              'figure',
              {},
              h(
                'div',
                { class: 'strip' },
                paths.map((path) => picturePart(facts.id, path, `identity ${identity}`, 72)),
              ),
              h('figcaption', {}, identity),
            ),
          ),
        ),
      ),
    ),
  );
}
