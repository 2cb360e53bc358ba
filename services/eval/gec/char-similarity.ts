/**
 * What is known of characters when a substitution is priced: ChERRANT (Zhang et al. 2022) asks a thesaurus for meaning,
 * a pinyin table for sound and a confusion set for shape. Those tables are data of others and are not part of this
 * project; whoever has them can give them (`charKnowledge`) and then gets the published alignments. Without them
 * (`NOTHING_KNOWN`) every pair of Chinese characters costs the same, which rarely moves an edit, since neighbouring steps
 * are merged into one edit afterwards (README.md says how rarely).
 */
export interface CharKnowledge {
  /** Code of a character in the thesaurus, from coarse to fine: one letter, one letter, two digits, more. */
  meaningOf(char: string): string | undefined;
  /** Readings in pinyin without tones. */
  soundsOf(char: string): readonly string[];
  /** Either may be taken for the other. */
  mistakable(a: string, b: string): boolean;
}

export const NOTHING_KNOWN: CharKnowledge = {
  meaningOf: () => undefined,
  soundsOf: () => [],
  mistakable: () => false,
};

/**
 * Reads the tables in the form in which ChERRANT keeps them. `thesaurus` (Cilin): lines "CODE word word ...";
 * `confusions`: lines "char char char ..."; `sounds`: readings by character.
 */
export function charKnowledge(tables: {
  readonly thesaurus?: string;
  readonly confusions?: string;
  readonly sounds?: ReadonlyMap<string, readonly string[]>;
}): CharKnowledge {
  const meanings = new Map<string, string>();
  for (const line of linesOf(tables.thesaurus)) {
    const [code, ...words] = line.split(' ');
    for (const word of words) meanings.set(word, code!);
  }
  const confusions = new Map<string, ReadonlySet<string>>();
  for (const line of linesOf(tables.confusions)) {
    const [char, ...others] = line.split(' ');
    confusions.set(char!, new Set(others));
  }
  return {
    meaningOf: (char) => meanings.get(char),
    soundsOf: (char) => tables.sounds?.get(char) ?? [],
    mistakable: (a, b) => confusions.get(a)?.has(b) === true || confusions.get(b)?.has(a) === true,
  };
}

function linesOf(text: string | undefined): string[] {
  return (text ?? '').split(/\r?\n/u).filter((line) => line !== '');
}

/** ASCII punctuation and the Chinese marks that ChERRANT lists when it prices a substitution. */
const MARKS = new Set(
  '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~' +
    '！？｡＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､、〃》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟〰〾〿–—‘‛“”„‟…‧﹏',
);

/** Code points of CJK Unified Ideographs proper, which is what counts as Chinese here. */
const ALL_CHINESE = /^[\u4e00-\u9fff]+$/u;

/**
 * Price of writing `b` for `a`, 0 to 2 (an insertion and a deletion cost 2): meaning 0..1, sound and shape 0..0.5, kind of
 * character 0..0.499. The order of the sum is that of the published program, since equal prices are compared.
 */
export function substitutionCost(a: string, b: string, known: CharKnowledge): number {
  if (a === b) return 0;
  const meaning = meaningDistance(known.meaningOf(a), known.meaningOf(b)) / 6.0;
  const chinese = ALL_CHINESE.test(a) && ALL_CHINESE.test(b);
  const alike = chinese && (sharesSound(a, b, known) || known.mistakable(a, b));
  const marks = (MARKS.has(a) ? 1 : 0) + (MARKS.has(b) ? 1 : 0);
  const kind = marks === 2 ? 0.0 : marks === 0 ? 0.25 : 0.499;
  return meaning + (alike ? 0 : 0.5) + kind;
}

/** In sixths: 0 for one class of the thesaurus, 2 more for each of three levels that differs, 4 where one is unknown. */
function meaningDistance(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return 4;
  const same = [a[0] === b[0], a[1] === b[1], a.slice(2, 4) === b.slice(2, 4)];
  return 2 * same.filter((level) => !level).length;
}

function sharesSound(a: string, b: string, known: CharKnowledge): boolean {
  const sounds = known.soundsOf(b);
  return known.soundsOf(a).some((sound) => sounds.includes(sound));
}
