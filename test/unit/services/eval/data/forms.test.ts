import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataFolder, readAll } from './temporary-data.ts';

const lines = (...all: readonly unknown[]) =>
  all.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');

test('a manifest gives media, language, the reference as spoken, set, group, length and entities', async () => {
  const folder = await dataFolder({
    'a.wav': 'x',
    'c.wav': 'x',
    'c.txt': '\uFEFFfrom\r\na file\r\n',
    'manifest.jsonl': lines(
      {
        file: 'a.wav',
        lang: 'EN',
        text: 'in 1455',
        text_normalized: 'in fourteen fifty-five',
        set: 's',
        speaker: 'S1',
        duration_s: 2,
        entities: ['Gutenberg', { text: 'Mainz' }],
      },
      '',
      { id: 'own', audio_filepath: 'c.wav', gt_file: 'c.txt' },
    ),
  });
  const { dataSet, items } = await readAll(folder, { task: 'asr' });
  assert.equal(dataSet.form, 'manifest');
  assert.equal(dataSet.count, 2);
  assert.equal(dataSet.location, folder);
  assert.deepEqual(items, [
    {
      id: 'a.wav',
      where: 'manifest.jsonl:1',
      language: 'en',
      set: 's',
      group: 's/S1',
      references: ['in fourteen fifty-five'],
      mediaPath: join(folder, 'a.wav'),
      durationS: 2,
      entities: ['Gutenberg', 'Mainz'],
    },
    {
      id: 'own',
      where: 'manifest.jsonl:3',
      language: 'und',
      set: '',
      group: 'own',
      references: ['from\na file'],
      mediaPath: join(folder, 'c.wav'),
    },
  ]);
});

test('boxes beside a page become its lines, commas in the text included', async () => {
  const folder = await dataFolder({
    'a.png': 'x',
    'a.csv': '1,2,30,2,30,12,1,12,TOTAL, 9.00\r\n\r\n1,20,30,20,30,32,1,32,CASH\r\n',
    'manifest.jsonl': lines({ file: 'a.png', lang: 'en', text: 'TOTAL', boxes_file: 'a.csv' }),
  });
  const { items } = await readAll(folder, { task: 'ocr' });
  assert.deepEqual(items[0]!.lines, [
    { text: 'TOTAL, 9.00', quad: [1, 2, 30, 2, 30, 12, 1, 12] },
    { text: 'CASH', quad: [1, 20, 30, 20, 30, 32, 1, 32] },
  ]);
});

test('a manifest of corrections gives its sentences, then those of the data sets that it names, each once', async () => {
  const folder = await dataFolder({
    'zh/wrong.txt': '甲\n乙\n',
    'zh/right.txt': '甲甲\n乙乙\n',
    'tr/x.txt': 'S bir iki\nA 1 2|||R|||üç|||REQUIRED|||-NONE-|||0\n',
    'tr/x-right.txt': 'bir  üç\n',
    'words.dic': '3\na\n',
    'manifest.jsonl': lines(
      { file: 'zh/wrong.txt', gt_file: 'zh/right.txt', lang: 'zh', set: 'one' },
      { file: 'zh/right.txt', gt_file: 'zh/right.txt', lang: 'zh', set: 'one' },
      { source: 'teh', targets: ['the'], lang: 'en', id: 'own' },
      { file: 'tr/x.txt', gt_file: 'tr/x-right.txt', lang: 'tr', set: 'two' },
      { file: 'words.dic', gt_file: null, lang: 'tr', set: 'dictionary' },
    ),
  });
  const { items } = await readAll(folder, { task: 'gec' });
  assert.deepEqual(
    items.map(({ id, where, language, set, source, references }) => [id, where, language, set, source, references]),
    [
      ['own', 'manifest.jsonl:3', 'en', '', 'teh', ['the']],
      ['zh/wrong.txt#1', 'zh/wrong.txt:1', 'zh', 'one', '甲', ['甲甲']],
      ['zh/wrong.txt#2', 'zh/wrong.txt:2', 'zh', 'one', '乙', ['乙乙']],
      ['tr/x.txt#1', 'tr/x.txt:1', 'tr', 'two', 'bir iki', ['bir üç']],
    ],
  );
  assert.deepEqual(items[3]!.goldEdits, [[{ start: 1, end: 2, type: 'R', corrections: ['üç'] }]]);
});

test('a folder of recordings and transcripts is walked by name, .gt.txt before .txt', async () => {
  const folder = await dataFolder({
    'b/2.FLAC': 'x',
    'b/2.txt': 'two\n',
    '1.wav': 'x',
    '1.txt': 'wrong',
    '1.gt.txt': 'one',
    '.hidden.wav': 'x',
    'README.txt': 'about this folder',
  });
  const { dataSet, items } = await readAll(folder, { task: 'asr', language: 'en' });
  assert.equal(dataSet.form, 'folder');
  assert.deepEqual(
    items.map(({ id, where, references, mediaPath, language }) => [id, where, references[0], mediaPath, language]),
    [
      ['1.wav', '1.gt.txt:1', 'one', join(folder, '1.wav'), 'en'],
      ['b/2.FLAC', 'b/2.txt:1', 'two', join(folder, 'b', '2.FLAC'), 'en'],
    ],
  );
  const images = await dataFolder({ 'a.png': 'x', 'a.txt': 'text', 'b.jpg': 'x' });
  await assert.rejects(readAll(images, { task: 'ocr' }), /b\.jpg: no transcript beside it \(b\.txt\)/);
});

test('CSV: quoted cells with commas, quotes and line ends; rows are named by their first line', async () => {
  const folder = await dataFolder({
    'a.wav': 'x',
    'b.wav': 'x',
    't.csv':
      '\uFEFFtext,file,lang,speaker,duration\r\n"Hello, ""you""\r\nthere",a.wav,en,S1,1.5\r\n\r\nplain "quote",b.wav,en,,\r\n',
  });
  const { dataSet, items } = await readAll(join(folder, 't.csv'), { task: 'asr' });
  assert.equal(dataSet.form, 'table');
  assert.deepEqual(
    items.map(({ id, where, references, group, durationS }) => [id, where, references[0], group, durationS]),
    [
      ['a.wav', 't.csv:2', 'Hello, "you"\nthere', 'S1', 1.5],
      ['b.wav', 't.csv:5', 'plain "quote"', 'b.wav', undefined],
    ],
  );
});

test('a Common Voice table finds its recordings in clips and takes quotes as they are', async () => {
  const folder = await dataFolder({
    'clips/one.mp3': 'x',
    'clips/two.mp3': 'x',
    'test.tsv': 'client_id\tpath\tsentence\tlocale\nc1\tone.mp3\t"Ja," sagte er.\tde\nc1\ttwo.mp3\t"Nein."\tde\n',
  });
  const { items } = await readAll(join(folder, 'test.tsv'), { task: 'asr' });
  assert.deepEqual(
    items.map(({ references, mediaPath, group, language }) => [references[0], mediaPath, group, language]),
    [
      ['"Ja," sagte er.', join(folder, 'clips', 'one.mp3'), 'c1', 'de'],
      ['Nein.', join(folder, 'clips', 'two.mp3'), 'c1', 'de'],
    ],
  );
});

test('a table of corrections: an empty gold word leaves the input alone in the gold,input form only', async () => {
  const folder = await dataFolder({
    'words.csv': 'gold,input\nkitap,kitab\n,daughter\n',
    'other.csv': 'gold,input,note\nkitap,kitab,\n,daughter,\n',
  });
  const { items } = await readAll(join(folder, 'words.csv'), { task: 'gec' });
  assert.deepEqual(
    items.map(({ source, references }) => [source, ...references]),
    [
      ['kitab', 'kitap'],
      ['daughter', 'daughter'],
    ],
  );
  await assert.rejects(readAll(join(folder, 'other.csv'), { task: 'gec' }), /other\.csv:3: the reference is empty/);
});

test('a Kaldi folder joins wav.scp, text and utt2spk', async () => {
  const folder = await dataFolder({
    'audio/1.wav': 'x',
    'audio/2.wav': 'x',
    'wav.scp': 'u1 audio/1.wav\nu2\taudio/2.wav\n',
    text: 'u1 HELLO  WORLD\nu2 BYE\n',
    utt2spk: 'u1 s1\nu2 s2\n',
  });
  for (const location of [folder, join(folder, 'wav.scp')]) {
    const { dataSet, items } = await readAll(location, { task: 'asr' });
    assert.equal(dataSet.form, 'kaldi');
    assert.deepEqual(
      items.map(({ id, where, references, mediaPath, group }) => [id, where, references[0], mediaPath, group]),
      [
        ['u1', 'wav.scp:1', 'HELLO  WORLD', join(folder, 'audio', '1.wav'), 's1'],
        ['u2', 'wav.scp:2', 'BYE', join(folder, 'audio', '2.wav'), 's2'],
      ],
    );
  }
});

test('M2: annotators, alternatives, deletions, insertions, noop, and edits that overlap', async () => {
  const edit = (span: string, type: string, correction: string, annotator = 0) =>
    `A ${span}|||${type}|||${correction}|||REQUIRED|||-NONE-|||${annotator}`;
  const folder = await dataFolder({
    'c.m2': lines(
      'S He go to to home .',
      edit('1 2', 'V', 'goes||went'),
      edit('2 4', 'U', '-NONE-'),
      edit('-1 -1', 'noop', '-NONE-', 1),
      edit('5 5', 'M', 'now', 2),
      edit('1 2', 'V', 'went', 2),
      '',
      'S Right as it is .',
      '',
      'S a b c',
      edit('0 2', 'R', 'x'),
      edit('1 3', 'R', 'y'),
    ),
  });
  const { dataSet, items } = await readAll(join(folder, 'c.m2'), { task: 'gec' });
  assert.equal(dataSet.form, 'm2');
  assert.deepEqual(items[0]!.goldEdits, [
    [
      { start: 1, end: 2, type: 'V', corrections: ['goes', 'went'] },
      { start: 2, end: 4, type: 'U', corrections: [''] },
    ],
    [],
    [
      { start: 5, end: 5, type: 'M', corrections: ['now'] },
      { start: 1, end: 2, type: 'V', corrections: ['went'] },
    ],
  ]);
  assert.deepEqual(
    items.map(({ id, references }) => [id, references]),
    [
      ['1', ['He goes home .', 'He go to to home .', 'He went to to home now .']],
      ['8', ['Right as it is .']],
      ['10', ['x c']],
    ],
  );
  assert.deepEqual(items[1]!.goldEdits, [[]]);
});

test('parallel text: tabs with several targets, two files, numbered references, a source that is right', async () => {
  const folder = await dataFolder({
    'p.tsv': 'one\t1\t1\tuno\t\t\n\ntwo\t没有错误\n',
    'x.src': 'one\n\ntwo\n',
    'x.ref0': '1\n\n2\n',
    'x.ref1': 'uno\n\n2\n',
    'named.txt': 'eins\nzwei\n',
  });
  const tabs = await readAll(join(folder, 'p.tsv'), { task: 'gec', form: 'parallel' });
  assert.deepEqual(
    tabs.items.map(({ id, source, references }) => [id, source, references]),
    [
      ['1', 'one', ['1', 'uno']],
      ['3', 'two', ['two']],
    ],
  );
  const byName = await readAll(join(folder, 'x.src'), { task: 'gec' });
  assert.equal(byName.dataSet.form, 'parallel');
  assert.deepEqual(
    byName.items.map(({ id, references }) => [id, references]),
    [
      ['1', ['1', 'uno']],
      ['3', ['2']],
    ],
  );
  const named = await readAll(join(folder, 'named.txt'), { task: 'gec', targets: [join(folder, 'named.txt')] });
  assert.deepEqual(named.items.at(-1)!.references, ['zwei']);
  const darag = await readAll(join(folder, 'named.txt'), { task: 'darag', targets: [join(folder, 'named.txt')] });
  assert.deepEqual(darag.items[0]!.hypotheses, [{ text: 'eins' }]);
});

test('MuCGEC and FASPell are told apart by their numbers', async () => {
  const folder = await dataFolder({
    'mucgec.txt': '1\t他高心\t他高兴\t他很高兴\n2\t对\t没有错误\n',
    'faspell.txt': '1\t碰拴\t碰撞\n2\t工伊上意\t工作上面\n1\t哈恶\t险恶\n',
  });
  const mucgec = await readAll(join(folder, 'mucgec.txt'), { task: 'gec' });
  assert.equal(mucgec.dataSet.form, 'mucgec');
  assert.deepEqual(
    mucgec.items.map(({ id, source, references }) => [id, source, references]),
    [
      ['1', '他高心', ['他高兴', '他很高兴']],
      ['2', '对', ['对']],
    ],
  );
  const faspell = await readAll(join(folder, 'faspell.txt'), { task: 'gec' });
  assert.equal(faspell.dataSet.form, 'faspell');
  assert.deepEqual(
    faspell.items.map(({ id, source, references }) => [id, source, ...references]),
    [
      ['1', '碰拴', '碰撞'],
      ['2', '工伊上意', '工作上面'],
      ['3', '哈恶', '险恶'],
    ],
  );
});

test('n-best lists: one array or JSON lines, plain, scored and named hypotheses', async () => {
  const plain = { input: ['the whether', 'the weather'], output: 'the weather' };
  const pairs = {
    id: 'u2',
    nbest: [
      [-1.5, 'a'],
      ['b', -2],
    ],
    reference: 'a',
  };
  const objects = { id: 3, hypotheses: [{ text: 'a', logprob: -1 }, { hyp: 'b' }], ref: 'b', entities: ['b'] };
  const apart = { hyps: ['a', 'b'], scores: [-0.5, -1], text: 'a', lang: 'en' };
  const rows = [plain, pairs, objects, apart];
  const folder = await dataFolder({
    'n.json': `${JSON.stringify(rows, null, 1)}\n`,
    'one-line.json': JSON.stringify(rows),
    'n.jsonl': lines(...rows),
  });
  for (const name of ['n.json', 'one-line.json', 'n.jsonl']) {
    const { dataSet, items } = await readAll(join(folder, name), { task: 'darag' });
    assert.equal(dataSet.form, 'nbest');
    assert.deepEqual(
      items.map(({ hypotheses, references }) => [hypotheses, references]),
      [
        [[{ text: 'the whether' }, { text: 'the weather' }], ['the weather']],
        [
          [
            { text: 'a', logProb: -1.5 },
            { text: 'b', logProb: -2 },
          ],
          ['a'],
        ],
        [[{ text: 'a', logProb: -1 }, { text: 'b' }], ['b']],
        [
          [
            { text: 'a', logProb: -0.5 },
            { text: 'b', logProb: -1 },
          ],
          ['a'],
        ],
      ],
      name,
    );
    assert.deepEqual([items[1]!.id, items[2]!.id, items[3]!.language], ['u2', '3', 'en']);
  }
});

test('entities: strings or objects; an empty list says that there are none', async () => {
  const folder = await dataFolder({
    'e.jsonl': lines(
      { text: 'Ada in London', entities: ['Ada', { text: 'London', type: 'LOC' }] },
      { text: 'none', entities: [] },
    ),
  });
  const { dataSet, items } = await readAll(join(folder, 'e.jsonl'), { task: 'ner', language: 'en' });
  assert.equal(dataSet.form, 'ner');
  assert.deepEqual(
    items.map(({ id, references, entities, language }) => [id, references, entities, language]),
    [
      ['1', ['Ada in London'], ['Ada', 'London'], 'en'],
      ['2', ['none'], [], 'en'],
    ],
  );
});
