import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LlmText } from '../../../../fusion/gfd/llm-text.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const table = new Map([['體', '体']]);

test('finished characters are mapped, unfinished ones wait', () => {
  const text = new LlmText(table, { dropLeadingSpace: false });
  assert.deepEqual(text.view(bytes('身體')), bytes('身体'));
  assert.deepEqual(text.view(bytes('身體').subarray(0, 5)), bytes('身體').subarray(0, 5));
});

test('the space before the first word is dropped only when asked, and only the first', () => {
  assert.deepEqual(new LlmText(new Map(), { dropLeadingSpace: true }).view(bytes('  a')), bytes(' a'));
  assert.deepEqual(new LlmText(new Map(), { dropLeadingSpace: false }).view(bytes(' a')), bytes(' a'));
});

const numbers = new LlmText(new Map([['兩', '两']]), { dropLeadingSpace: false, hideNumbers: true });
const text = (shown: Uint8Array) => new TextDecoder().decode(shown);

test('numbers of three numerals or more are all shown as one, however they are written', () => {
  const view = (raw: string) => text(numbers.view(bytes(raw)));
  for (const number of [
    '1990',
    '1 9 9 0',
    '1,9,9,0',
    '一九九零',
    '一、九、九、零',
    '一九九六',
    '13334293735',
    '二十五',
  ]) {
    assert.equal(view(`生于${number}年`), '生于2000年', number);
  }
  assert.equal(view('in 1990, 3 of 25'), 'in 2000, 3 of 25', 'shorter ones are words like others');
  assert.equal(view('六本木的三星和两个'), '六本木的三星和两个');
  assert.equal(view('兩百'), '两百');
  const plain = new LlmText(new Map(), { dropLeadingSpace: false });
  assert.equal(text(plain.view(bytes('1990'))), '1990');
});

test('a number is hidden as soon as it is long, with whatever follows', () => {
  const view = (raw: Uint8Array) => text(numbers.view(raw));
  assert.equal(view(bytes('in 19')), 'in 19');
  assert.equal(view(bytes('in 199')), 'in 2000');
  assert.equal(view(bytes('in 1990')), 'in 2000');
  const cut = bytes('一九九年').subarray(0, -1);
  assert.deepEqual(
    [...numbers.view(cut)],
    [...bytes('2000'), ...cut.subarray(9)],
    'bytes of an unfinished character stay',
  );
});

test('a number that the context ends in is shown with the text that goes on with it', () => {
  const shown = (context: string, raw: string) => {
    const after = LlmText.after(context, new Map([['兩', '两']]), true);
    return [text(after.contextBytes), text(after.text.view(bytes(raw)))];
  };
  assert.deepEqual(shown('生于一九', '九零年'), ['生于', '2000年']);
  assert.deepEqual(shown('生于一九', '个'), ['生于', '一九个']);
  assert.deepEqual(shown('born in 19', '90, he'), ['born in', ' 2000, he']);
  assert.deepEqual(shown('born in 19', '96, he'), ['born in', ' 2000, he']);
  assert.deepEqual(shown('born in 1990', '8'), ['born in', ' 2000']);
  assert.deepEqual(shown('1、2、', '3、4'), ['', '2000']);
  assert.deepEqual(shown('兩個', ' a'), ['两個', ' a']);
  const plain = LlmText.after('born in 19', new Map(), false);
  assert.deepEqual([text(plain.contextBytes), text(plain.text.view(bytes('90')))], ['born in 19', '90']);
});

test('other numbers are other readings, though they look alike; other scripts are not', () => {
  assert.notDeepEqual(numbers.reading(bytes('1990')), numbers.reading(bytes('1996')));
  assert.deepEqual(numbers.reading(bytes('兩個')), numbers.reading(bytes('两個')));
});
