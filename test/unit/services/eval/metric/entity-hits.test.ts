import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EntityList, entityHits, namedEntityHits } from '../../../../../services/eval/metric/entity-hits.ts';
import { textNormalizer } from '../../../../../services/eval/normalizer/text-normalizer.ts';

function hits(language: string, entities: string[], ref: string, hyp: string, list?: string[]) {
  const normalize = textNormalizer(language);
  const names = list && new EntityList(language, list, normalize);
  const { tp, fp, fn } = entityHits(entities, { language, ref, hyp, normalize }, names);
  return [tp, fp, fn];
}

test('an entity is found at token boundaries, normalized', () => {
  assert.deepEqual(hits('en', ['Dr. Smith', 'IBM'], 'Dr. Smith left IBM.', 'doctor smith left i b m'), [1, 0, 1]);
  assert.deepEqual(hits('en', ['Ann'], 'Ann came', 'Anna came'), [0, 0, 1]);
  assert.deepEqual(hits('en', ['Ann'], "Ann's house", 'Ann’s house'), [1, 0, 0]);
  assert.deepEqual(hits('tr', ['Van'], 'Van soğuk', 'vanilya soğuk'), [0, 0, 1]);
});

test('Chinese entities are found between any two characters, Latin ones inside Chinese at their ends', () => {
  assert.deepEqual(hits('zh', ['北京大学'], '我在北京大学学习', '我在北京大学学习'), [1, 0, 0]);
  assert.deepEqual(hits('zh', ['北京大学'], '我在北京大学学习', '我在背景大学学习'), [0, 0, 1]);
  assert.deepEqual(hits('zh', ['iPhone'], '用iPhone打', '用 iPhones 打'), [0, 0, 1]);
  assert.deepEqual(hits('zh', ['iPhone'], '用iPhone打', '用iphone打'), [1, 0, 0]);
  assert.deepEqual(hits('zh', ['臺灣'], '台湾很好', '台湾很好'), [1, 0, 0]);
});

test('Turkish endings behind an apostrophe leave the name whole', () => {
  assert.deepEqual(hits('tr', ['Ankara'], "Ankara'da", 'Ankara’ya'), [1, 0, 0]);
  assert.deepEqual(hits('tr', ['İzmir'], "İzmir'in", "İZMİR'DEN"), [1, 0, 0]);
  assert.deepEqual(hits('tr', ['Mustafa Kemal'], "Mustafa Kemal'in sözü", "mustafa kemal'e"), [1, 0, 0]);
});

test('an ending without an apostrophe counts where the reference has the same one', () => {
  assert.deepEqual(hits('tr', ['Ankara'], "Ankara'da", 'ankarada'), [1, 0, 0]);
  assert.deepEqual(hits('tr', ['Ankara'], 'Ankarada', "Ankara'da"), [1, 0, 0]);
  assert.deepEqual(hits('tr', ['Ankara'], 'Ankarada', 'ankarada'), [1, 0, 0]);
  assert.deepEqual(hits('tr', ['Van'], "Van'da", 'vandal'), [0, 0, 1]);
  assert.deepEqual(hits('tr', ['Van'], "Van'da", 'vanda ve Van’da'), [1, 0, 0]);
});

test('a name must come as often as the reference has it', () => {
  assert.deepEqual(hits('en', ['Ann'], 'Ann saw Ann', 'Ann saw and'), [1, 0, 1]);
  assert.deepEqual(hits('en', ['Ann', 'Ann'], 'Ann saw Ann', 'Ann saw Ann and Ann'), [2, 0, 0]);
  assert.deepEqual(hits('zh', ['北京', '北京大学'], '北京大学', '北京'), [1, 0, 1]);
});

test('names of a list that only the hypothesis has are spurious, the longest at each place', () => {
  const list = ['Berlin', 'New Berlin', 'Rome'];
  assert.deepEqual(hits('en', [], 'in Berlin', 'in Rome'), [0, 0, 0]);
  assert.deepEqual(hits('en', ['Berlin'], 'in Berlin', 'in Rome', list), [0, 1, 1]);
  assert.deepEqual(hits('en', ['Berlin'], 'in Berlin', 'in Berlin', list), [1, 0, 0]);
  assert.deepEqual(hits('en', ['Berlin'], 'in Berlin', 'in New Berlin', list), [1, 1, 0]);
  assert.deepEqual(hits('zh', ['北京'], '去北京', '去南京', ['南京', '北京', '东京']), [0, 1, 1]);
  assert.deepEqual(hits('tr', [], 'evde', "Bursa'da", ['Bursa']), [0, 1, 0]);
});

test('entities that a system names itself are compared as multisets', () => {
  const normalize = textNormalizer('en');
  assert.deepEqual(namedEntityHits(['Dr. Smith', 'IBM', 'IBM'], ['doctor Smith', 'ibm', 'Rome'], normalize), {
    tp: 2,
    fp: 1,
    fn: 1,
  });
});

test('a list of 200,000 names is searched in time that does not depend on its length', () => {
  const normalize = (text: string) => text;
  const names = Array.from({ length: 200_000 }, (_, i) => `名${String(i).padStart(6, '零')}`);
  const list = new EntityList('zh', names, normalize);
  assert.deepEqual(list.namesIn(`甲${names[777]}乙${names[199_999]}`), [names[777], names[199_999]]);
});
