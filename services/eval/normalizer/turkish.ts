/**
 * Turkish:
 *
 * 1. Width folded (NFKC).
 * 2. Lower case by Turkish rules: İ is the capital of i, I that of ı. A plain toLowerCase makes i̇ (two code points) of
 *    İ and i of I, which turns KIRIK (broken) into another word. Its i̇ is taken for i.
 * 3. The apostrophe before an ending is dropped and the word stays one (Ankara'da -> ankarada), since recognizers and
 *    writers differ in it; other punctuation becomes a space.
 * 4. The circumflex is folded (kâğıt -> kağıt): the orthography itself leaves it out in most words.
 * 5. Number words become digits (yirmi dokuz -> 29). A lone "bir" is more often "a" than "one" and stays; a lone 1 becomes
 *    "bir". Numbers with endings (29'da, yirmi dokuzda) are left as they are.
 *
 * With punctuation kept, apostrophes stay where they are and a number ends at a comma.
 */
import { type BasicPolicies, finish, foldWidth } from './basic.ts';

const APOSTROPHE = /(?<=[\p{L}\p{N}])['’‘ʼ`´](?=\p{L})/gu;
const CIRCUMFLEX = new Map([
  ['â', 'a'],
  ['î', 'i'],
  ['û', 'u'],
  ['Â', 'A'],
  ['Î', 'İ'],
  ['Û', 'U'],
]);

const ONES = new Map(
  ['sıfır', 'bir', 'iki', 'üç', 'dört', 'beş', 'altı', 'yedi', 'sekiz', 'dokuz'].map((word, value) => [word, value]),
);
const TENS = new Map(
  ['on', 'yirmi', 'otuz', 'kırk', 'elli', 'altmış', 'yetmiş', 'seksen', 'doksan'].map((word, i) => [
    word,
    (i + 1) * 10,
  ]),
);
const THOUSANDS = new Map([
  ['bin', 1e3],
  ['milyon', 1e6],
  ['milyar', 1e9],
  ['trilyon', 1e12],
]);

export function normalizeTurkish(text: string, policies: BasicPolicies): string {
  let out = foldWidth(text, policies.width);
  if (policies.case === 'fold') out = lowerTurkish(out);
  if (policies.punctuation === 'drop') out = out.replace(APOSTROPHE, '');
  out = finish(
    out.replace(/[âîûÂÎÛ]/gu, (letter) => CIRCUMFLEX.get(letter)!),
    policies,
  );
  return policies.numerals === 'arabic' ? writeNumbers(out.split(' ')).join(' ') : out;
}

/** Lower case by Turkish rules, composed. Independent of the machine's locale data. */
export function lowerTurkish(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll('I\u0307', 'i')
    .replaceAll('İ', 'i')
    .replaceAll('I', 'ı')
    .toLowerCase()
    .replaceAll('i\u0307', 'i')
    .normalize('NFC');
}

function writeNumbers(words: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < words.length; ) {
    const read = readNumber(words, i);
    if (read === null) {
      out.push(words[i] === '1' ? 'bir' : words[i]!);
      i++;
    } else {
      out.push(read.value === 1 ? 'bir' : String(read.value));
      i = read.end;
    }
  }
  return out;
}

/** Reads ones, tens, yüz (hundred) and the thousands in falling order. Null where no number word stands at `start`. */
function readNumber(words: readonly string[], start: number): { value: number; end: number } | null {
  let total = 0;
  let section = 0;
  /** Largest kind of word that may still follow inside the section: 3 hundred, 2 tens, 1 ones, 0 none. */
  let open = 3;
  let scale = Number.POSITIVE_INFINITY;
  let end = start;
  for (; end < words.length; end++) {
    const word = lowerTurkish(words[end]!);
    const ones = ONES.get(word);
    const tens = TENS.get(word);
    const thousand = THOUSANDS.get(word);
    if (ones !== undefined && open >= 1 && !(ones === 0 && end > start)) {
      section += ones;
      // A digit may only be followed by yüz, and only where it is the section's first word.
      open = section === ones && ones > 1 ? 0.5 : 0;
      if (ones === 0) return { value: 0, end: end + 1 };
    } else if (word === 'yüz' && (open === 3 || open === 0.5)) {
      section = open === 0.5 ? section * 100 : 100;
      open = 2;
    } else if (tens !== undefined && open >= 2) {
      section += tens;
      open = 1;
    } else if (thousand !== undefined && thousand < scale && (section > 0 || thousand === 1e3)) {
      // "bin" alone is one thousand, but a lone "milyon" is no number.
      total += Math.max(1, section) * thousand;
      scale = thousand;
      section = 0;
      open = 3;
    } else break;
  }
  return end === start ? null : { value: total + section, end };
}
