import type { LookGrid, Plate, RankedList, RankedLists, RankedPicture } from '../report-data.js';
import { html } from './html.js';
import { imageElement } from './picture.js';

const who = ({ identity, camera }: RankedPicture) =>
  html`<b><bdi>${identity}</bdi></b>${camera !== undefined && html`<br><bdi>${camera}</bdi>`}`;

/** One query with its list. */
function rankedList({ query, ap, firstMatch, length, nearest }: RankedList) {
  const found =
    firstMatch === undefined
      ? 'no match in the gallery'
      : firstMatch === 1
        ? 'first match at rank 1'
        : `first match at rank ${firstMatch}${length === undefined ? '' : ` of ${length}`}`;
  return html`<article class="ranked"><header><b>Query <bdi>${query.identity}</bdi></b> <span>${
    query.camera !== undefined && html`<bdi>${query.camera}</bdi> · `
  }${ap !== undefined && `AP ${ap.toFixed(3)} · `}${found}</span></header><figure class="item query">${imageElement(
    query.picture,
  )}<figcaption>query</figcaption></figure><ol>${nearest.map(
    (item, i) =>
      html`<li><figure class="item ${item.match ? 'right' : 'wrong'}">${imageElement(
        item.picture,
      )}<figcaption><span class="place"><span class="mark">${item.match ? '✓' : '✗'} ${i + 1}</span>${
        item.distance !== undefined && html`<span>${item.distance.toFixed(3)}</span>`
      }</span>${who(item)}</figcaption></figure></li>`,
  )}</ol></article>`;
}

/** A group of ranked lists. */
export function rankedLists({ title, note, lists }: RankedLists) {
  return html`<h3>${title}</h3>${note !== undefined && html`<p class="note">${note}</p>`}${lists.map(rankedList)}`;
}

/** Pictures with heat maps, as a table: a row for each picture, a column for each map. */
export function lookGrid({ title, note, columns, rows, ends }: LookGrid) {
  return html`<h3>${title}</h3>${note !== undefined && html`<p class="note">${note}</p>`}<div class="wide"><table class="looks"><thead><tr><td></td><th scope="col">picture</th>${columns.map(
    (column) => html`<th scope="col">${column}</th>`,
  )}</tr></thead><tbody>${rows.map(
    ({ caption, picture, maps }) =>
      html`<tr><th scope="row">${caption.map((line, i) =>
        i === 0 ? html`<b><bdi>${line}</bdi></b>` : html`<bdi>${line}</bdi><br>`,
      )}</th><td>${imageElement(picture)}</td>${maps.map((map) => html`<td>${map !== null && imageElement(map)}</td>`)}</tr>`,
  )}</tbody></table></div>${ends && html`<p class="ramp">${ends[0]}<i></i>${ends[1]}</p>`}`;
}

/** A single picture. */
export function plate({ title, note, picture }: Plate) {
  return html`<figure class="plate"><h3>${title}</h3>${note !== undefined && html`<p class="note">${note}</p>`}<div class="wide">${imageElement(
    picture,
  )}</div></figure>`;
}
