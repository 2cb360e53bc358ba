/** What differs between two texts, as elements: struck through what went, underlined what came, both said to who listens. */
import { textDiff } from '../../eval/report/page/text-diff.ts';
import { element } from './element.ts';
import { label, tell } from './messages.ts';

export interface DiffNodes {
  readonly nodes: readonly (Node | string)[];
  /** Places that differ; 0 where at most the spaces do. */
  readonly places: number;
  /** Words or characters at the end that were not compared, since the texts are too long. */
  readonly leftOut: number;
}

/** By words where the script has spaces, by characters where it has none. */
export function diffNodes(before: string, after: string): DiffNodes {
  const { parts, leftOut } = textDiff(before, after);
  const nodes: (Node | string)[] = [];
  let places = 0;
  for (const part of parts) {
    if (part.kind === 'same') nodes.push(part.text);
    else if (part.kind === 'folded') {
      nodes.push(tell(element('span', { class: 'folded' }), 'compareFolded', { count: part.units }));
    } else {
      const { removed, added } = part;
      places++;
      if (removed !== '') nodes.push(label(element('del', {}, removed), 'compareRemoved', { text: removed }));
      if (removed !== '' && added !== '') nodes.push(' ');
      if (added !== '') nodes.push(label(element('ins', {}, added), 'compareAdded', { text: added }));
    }
  }
  return { nodes, places, leftOut };
}
